"""What the board's driver sends, and what simulator and firmware do of it: heartbeats, outputs, clearing."""

from dataclasses import replace

import pytest

from hardware.interfaces import LinkState
from tests.hardware.board_bench import SETTINGS, line
from tests.hardware.board_rig import words


def beats(rig, ticks):
    """Return the wishes of the heartbeats of each tick."""
    rig.take_sent()
    sent = []
    for _ in range(ticks):
        rig.tick()
        sent.append([int(body[-1:]) for body in rig.take_sent() if body.startswith(b"HB,")])
    return sent


def test_heartbeats_go_out_every_40_ms(ready):
    ready.wants = False
    ready.tick(4)
    sent = beats(ready, 12)
    assert [tick % 4 for tick, wishes in enumerate(sent) if wishes] in ([k] * 3 for k in range(4))
    assert ready.status.host_alive


@pytest.mark.parametrize("wish", [True, False])
def test_a_change_goes_out_at_once_and_every_tick_until_the_board_agrees(ready, wish):
    ready.wants = not wish
    ready.tick(10)
    ready.wants = wish
    sent = []
    while ready.status.gate_wanted != wish:
        sent += beats(ready, 1)
        assert len(sent) <= 4
    assert sent == [[int(wish)]] * (len(sent) - 1) + [[]]
    assert len(sent) >= 2
    assert [wishes for wishes in beats(ready, 8) if wishes] in ([[int(wish)]], [[int(wish)]] * 2)
    assert ready.status.gate_wanted == wish


def test_a_wish_taken_back_before_the_board_showed_it_goes_out_at_once(ready):
    ready.wants = False
    ready.tick(10)
    ready.take_sent()
    ready.driver.heartbeat(True)
    ready.driver.heartbeat(False)
    assert words(ready.take_sent()) == [[b"HB", b"1"], [b"HB", b"0"]]
    ready.tick(5)
    assert not ready.status.gate_wanted


def test_without_control_no_heartbeat_is_sent_and_the_board_finds_no_host(ready):
    ready.tick(30)
    assert ready.take_sent() == []
    assert not ready.status.host_alive
    assert ready.status.faults == 0


def test_no_heartbeat_leaves_before_the_board_is_ready(wired):
    wired.wants = True
    wired.wire.cut_to_host = True
    wired.tick(30)
    assert wired.take_sent() == []


def test_the_motor_runs_with_the_configured_pwm_which_is_sent_once(ready):
    ready.driver.set_motor(True)
    ready.tick(30)
    assert words(ready.take_sent()) == [[b"MO", b"127"]]
    assert ready.board.outputs().pwm == SETTINGS.motor_pwm
    assert ready.status.motor_on
    ready.driver.set_motor(False)
    ready.tick(30)
    assert words(ready.take_sent()) == [[b"MO", b"0"]]
    assert ready.board.outputs().pwm == 0
    assert not ready.status.motor_on


def test_the_aiming_beam_follows(ready):
    for on in (True, False):
        ready.driver.set_aiming(on)
        ready.tick(3)
        assert ready.board.outputs().aiming == on
        assert ready.status.aiming_on == on


def test_an_aiming_beam_that_the_board_shows_otherwise_is_asked_again_until_it_agrees(ready):
    ready.driver.set_aiming(True)
    ready.tick(3)
    ready.take_sent()
    ready.board.write(line(b"AI,60000,0"))
    ready.tick(3)
    assert not ready.status.aiming_on, "another one switched it off, or the board forgot it"
    ready.tick(15)
    assert ready.status.aiming_on
    assert ready.board.outputs().aiming
    ready.driver.set_aiming(False)
    ready.tick(3)
    ready.take_sent()
    ready.tick(30)
    assert ready.take_sent() == [], "and no more is said once it agrees"


def test_a_command_whose_answer_is_lost_is_repeated_until_it_comes(ready):
    ready.wire.cut_to_host = True
    ready.driver.set_motor(True)
    ready.tick(25)
    assert words(ready.take_sent()) == [[b"MO", b"127"]] * 3
    ready.wire.cut_to_host = False
    ready.tick(15)
    assert words(ready.take_sent()) == [[b"MO", b"127"]]
    ready.tick(30)
    assert ready.take_sent() == []


def test_an_impossible_value_is_named_and_not_sent_for_ever(wired):
    wired.configure(replace(SETTINGS, motor_pwm=154))
    wired.connect()
    wired.driver.set_motor(True)
    wired.tick(40)
    assert words(wired.take_sent()) == [[b"MO", b"154"]]
    assert "MO 154 refused: value out of range (ER 2)" in wired.driver.problem
    assert wired.board.outputs().pwm == 0


def test_clearing_sends_one_cl_and_tells_why_it_was_refused(ready):
    ready.board.set(stop=0)
    ready.tick(3)
    assert ready.status.faults == 0x02
    ready.driver.clear_faults()
    ready.tick(30)
    assert words(ready.take_sent()) == [[b"CL"]]
    assert "not now (ER 3)" in ready.driver.clear_refusal
    assert ready.status.faults == 0x02
    ready.board.set(stop=1)
    ready.driver.clear_faults()
    assert ready.driver.clear_refusal is None
    ready.tick(30)
    assert words(ready.take_sent()) == [[b"CL"]]
    assert ready.driver.clear_refusal is None
    assert ready.status.faults == 0


def test_nothing_is_cleared_under_a_pressed_pedal(treating):
    treating.board.set(stop=0)
    treating.tick(3)
    treating.board.set(stop=1)
    treating.driver.clear_faults()
    treating.tick(5)
    assert "release the pedal" in treating.driver.clear_refusal
    treating.release()
    treating.tick(3)
    treating.driver.clear_faults()
    treating.tick(5)
    assert (treating.driver.clear_refusal, treating.status.faults) == (None, 0)


def test_an_unanswered_clear_says_so(ready):
    ready.wire.cut_to_board = True
    ready.driver.clear_faults()
    ready.tick(60)
    assert words(ready.take_sent()) == [[b"CL"]]
    assert "no answer" in ready.driver.clear_refusal


@pytest.mark.parametrize("how", ["wish", "pedal", "stop", "silence"])
def test_whatever_takes_the_gate_away_shows_in_the_status(treating, how):
    if how == "wish":
        treating.wants = False
    elif how == "pedal":
        treating.release()
    elif how == "stop":
        treating.board.set(stop=0)
    else:
        treating.wire.cut_to_board = True
    treating.tick(30)
    assert treating.driver.link is LinkState.READY
    assert not treating.status.gate_closed
    assert not treating.board.outputs().gate
    assert treating.status.faults == {"stop": 0x02, "silence": 0x08}.get(how, 0)
