"""The simulated interlock board closes its gate only when WIRE.md allows it, and opens it in time."""

import pytest

from tests.simulators.wire.sim_board_rig import ALIVE, GATE, HEALTHY, LOOP, MOTOR, PEDAL, WANTED, Rig
from tests.simulators.wire.wire_bench import framed

# The pedal.


def test_a_press_counts_after_20_ms_and_a_release_at_once(rig):
    rig.bench.press()
    rig.run(0.0199)
    assert not rig.board._pedal.pressed
    rig.run(0.0002)
    assert rig.board._pedal.pressed
    rig.bench.pedal_no.move(False)
    assert not rig.board._pedal.pressed


def test_either_contact_leaving_the_pressed_pair_is_a_release(rig):
    rig.bench.press()
    rig.run(0.03)
    rig.bench.pedal_nc.move(True)
    assert not rig.board._pedal.pressed


def test_bounce_starts_the_debounce_anew(rig):
    rig.bench.press()
    for _ in range(10):
        rig.run(0.015)
        rig.bench.pedal_no.move(False)
        rig.bench.pedal_no.move(True)
    assert not rig.board._pedal.pressed
    rig.run(0.021)
    assert rig.board._pedal.pressed


@pytest.mark.parametrize(("closed", "limit_s"), [(False, 1.0), (True, 0.05)])
def test_contacts_that_stay_alike_are_a_wiring_fault(rig, closed, limit_s):
    rig.bench.pedal_no.move(closed)
    rig.bench.pedal_nc.move(closed)
    rig.run(limit_s - 0.001)
    assert rig.board.faults == 0
    rig.run(0.002)
    assert rig.board.faults == 1
    assert rig.command("CL,{n}") == "ER,3"
    rig.bench.release()
    assert rig.command("CL,{n}") == "OK"
    assert rig.newest.faults == 0


# The gate.


def test_the_gate_closes_when_everything_holds_within_2_ms(rig):
    rig.command("MO,{n},127")
    rig.run(1.0)
    rig.set_want(1)
    rig.run(0.1)
    assert rig.gate.coil_moves == []
    pressed_s = rig.kernel.now_s
    rig.bench.press()
    rig.run(0.1)
    ((closed_s, on),) = rig.gate.coil_moves
    assert on
    assert 0.020 < closed_s - pressed_s <= 0.022
    assert rig.newest.flags & (PEDAL | LOOP | GATE | WANTED | MOTOR | HEALTHY | ALIVE) == (
        PEDAL | LOOP | GATE | WANTED | MOTOR | HEALTHY | ALIVE
    )


def missing_pedal(rig):
    rig.bench.release()


def missing_want(rig):
    rig.want = 0


def missing_host(rig):
    rig.beating = False


def missing_loop(rig):
    rig.bench.stop_loop.move(False)


def missing_motor(rig):
    rig.command("MO,{n},0")


def missing_vibration(rig):
    rig.bench.smoothing.mg_per_pwm = 1


def missing_accelerometer(rig):
    rig.bench.smoothing.accelerometer_present = False


@pytest.mark.parametrize(
    "take_away",
    [
        missing_pedal,
        missing_want,
        missing_host,
        missing_loop,
        missing_motor,
        missing_vibration,
        missing_accelerometer,
    ],
)
def test_the_gate_does_not_close_while_any_one_condition_is_missing(rig, take_away):
    rig.bench.press()
    rig.command("MO,{n},127")
    rig.want = 1
    take_away(rig)
    rig.run(3.0)
    assert rig.gate.coil_moves == []


@pytest.mark.parametrize(
    ("take_away", "within_s", "fault"),
    [
        (missing_pedal, 0.002, 0),
        (missing_loop, 0.002, 1 << 1),
        (missing_host, 0.252, 1 << 3),
        (missing_vibration, 0.402, 1 << 2),
        (missing_accelerometer, 0.012, 1 << 6),
    ],
)
def test_taking_a_condition_away_opens_the_gate_and_latches_its_fault(firing, take_away, within_s, fault):
    before_s = firing.kernel.now_s
    take_away(firing)
    firing.run(1.0)
    opened_s, on = firing.gate.coil_moves[-1]
    assert not on
    assert 0.0 < opened_s - before_s <= within_s
    assert firing.newest.faults == fault


def test_want_gate_0_opens_within_2_ms_of_its_line_and_latches_nothing(firing):
    sent_s = firing.kernel.now_s
    firing.set_want(0)
    wire_s = len(framed(f"HB,{firing.number},0")) * 10 / 115200
    firing.run(0.1)
    opened_s, on = firing.gate.coil_moves[-1]
    assert not on
    assert wire_s < opened_s - sent_s <= wire_s + 0.002
    assert firing.newest.faults == 0


def test_switching_the_motor_off_under_a_closed_gate_opens_it_as_lost_vibration(firing):
    firing.command("MO,{n},0")
    assert not firing.gate.coil
    assert firing.newest.faults == 1 << 2


def test_the_motor_may_stop_as_soon_as_the_gate_is_no_longer_wanted(firing):
    firing.set_want(0)
    firing.want = 0
    firing.send("MO,{n},0")
    firing.run(1.0)
    assert firing.newest.faults == 0


def test_opening_takes_at_most_2_ms_for_every_seed():
    delays = []
    for seed in range(20):
        rig = Rig(seed)
        rig.close_gate()
        before_s = rig.kernel.now_s
        rig.bench.pedal_no.move(False)
        rig.run(0.01)
        delays.append(rig.gate.coil_moves[-1][0] - before_s)
    assert min(delays) > 0.0
    assert max(delays) <= 0.002


def test_a_fault_keeps_the_gate_open_until_it_is_cleared_with_the_pedal_up(firing):
    firing.bench.stop_loop.move(False)
    firing.run(0.1)
    firing.bench.stop_loop.move(True)
    firing.run(0.5)
    assert not firing.gate.coil
    assert firing.command("CL,{n}") == "ER,3"
    firing.bench.release()
    assert firing.command("CL,{n}") == "OK"
    firing.bench.press()
    firing.run(0.1)
    assert firing.gate.coil


def test_a_fault_is_not_cleared_while_the_loop_is_open(rig):
    rig.bench.stop_loop.move(False)
    assert rig.command("CL,{n}") == "ER,3"
    assert rig.newest.faults == 1 << 1


def test_a_host_that_did_not_want_the_gate_may_fall_silent(rig):
    rig.beating = False
    rig.run(1.0)
    assert rig.newest.faults == 0
    assert not rig.newest.flags & ALIVE


def test_a_silent_host_must_speak_again_before_its_fault_clears(firing):
    firing.beating = False
    firing.run(0.5)
    firing.bench.release()
    assert firing.command("CL,{n}") == "ER,3"
    firing.beating, firing.want = True, 0
    firing.run(0.1)
    assert firing.command("CL,{n}") == "OK"


def test_the_host_is_alive_for_250_ms_after_a_heartbeat(firing):
    firing.run(0.02)
    firing.beating = False
    firing.run(0.23)
    assert firing.gate.coil
    firing.run(0.04)
    assert not firing.gate.coil


def test_the_motor_must_have_run_for_500_ms(rig):
    rig.bench.press()
    rig.want = 1
    started_s = rig.kernel.now_s
    rig.command("MO,{n},127")
    rig.run(1.0)
    ((closed_s, _),) = rig.gate.coil_moves
    assert 0.5 < closed_s - started_s <= 0.505


def test_a_motor_that_was_off_must_run_for_500_ms_again(rig):
    rig.bench.press()
    rig.command("MO,{n},127")
    rig.run(1.0)
    rig.command("MO,{n},0")
    rig.want = 1
    started_s = rig.kernel.now_s
    rig.command("MO,{n},127")
    rig.run(1.0)
    ((closed_s, _),) = rig.gate.coil_moves
    assert 0.5 < closed_s - started_s <= 0.505


def test_the_gate_is_not_driven_again_before_its_contact_has_opened(firing):
    firing.gate.stuck = True
    firing.set_want(0)
    firing.run(0.005)
    firing.set_want(1)
    firing.run(0.005)
    assert not firing.gate.coil
    firing.gate.stuck = None
    firing.gate.follow()
    firing.run(0.01)
    assert firing.gate.coil


def test_three_windows_over_the_threshold_make_the_vibration_healthy(rig):
    rig.command("VT,{n},50")
    rig.command("MO,{n},127")
    rig.run(0.15)
    assert not rig.newest.flags & HEALTHY
    rig.run(0.2)
    assert rig.newest.flags & HEALTHY


def test_two_windows_under_the_threshold_are_forgiven(firing):
    firing.run(0.1)
    firing.bench.smoothing.mg_per_pwm = 1
    firing.run(0.2)
    firing.bench.smoothing.mg_per_pwm = 20
    firing.run(1.0)
    assert firing.gate.coil
    assert firing.newest.faults == 0


def test_the_status_shows_the_newest_window(firing):
    assert firing.newest.vib == 127 * 20


def test_a_welded_gate_is_a_fault_after_20_ms(firing):
    firing.gate.stuck = True
    firing.bench.release()
    firing.run(0.015)
    assert firing.board.faults == 0
    firing.run(0.01)
    assert firing.board.faults == 1 << 4
    assert firing.command("CL,{n}") == "ER,3"


def test_a_gate_that_closes_by_itself_is_welded(rig):
    rig.gate.contact.move(True)
    rig.run(0.019)
    assert rig.board.faults == 0
    rig.run(0.002)
    assert rig.board.faults == 1 << 4


def test_a_gate_that_does_not_close_is_stuck_open(rig):
    rig.gate.stuck = False
    rig.command("MO,{n},127")
    rig.run(1.0)
    rig.bench.press()
    rig.set_want(1)
    rig.run(0.2)
    (closed_s, _), (opened_s, _) = rig.gate.coil_moves
    assert 0.020 <= opened_s - closed_s <= 0.022
    assert rig.newest.faults == 1 << 5


def test_a_gate_contact_that_falls_open_is_a_fault(firing):
    firing.run(0.1)
    firing.gate.contact.move(False)
    firing.run(0.01)
    assert not firing.gate.coil
    assert firing.newest.faults == 1 << 5


@pytest.mark.parametrize("seed", range(20))
def test_each_heartbeat_of_one_write_moves_the_gate(seed):
    """As in the firmware, which looks four times a millisecond; a heartbeat takes 1.1 ms on the wire."""
    rig = Rig(seed)
    rig.close_gate()
    rig.beating = False
    before = len(rig.gate.coil_moves)
    rig.type(framed("HB,1,1") + framed("HB,2,0") + framed("HB,3,1"))
    rig.run(0.05)
    moves = rig.gate.coil_moves[before:]
    assert [on for _, on in moves] == [False, True]
    assert moves[1][0] - moves[0][0] == pytest.approx(0.005, abs=0.0006)  # when the contact has followed
    assert rig.board.faults == 0


def test_a_status_for_an_edge_waits_for_room_and_is_told_once(rig):
    rig.beating = False
    rig.statuses.clear()
    rig.type(b"".join(framed(f"ID,{number}") for number in range(8)))
    rig.run(0.007)
    opened_ms = rig.statuses[-1].ms if rig.statuses else 0
    rig.bench.stop_loop.move(False)
    rig.run(0.05)
    told = [status for status in rig.statuses if not status.flags & LOOP]
    assert told[0].ms - opened_ms < 30
    assert all(
        (two.seq - one.seq) % 65536 == 1 for one, two in zip(rig.statuses, rig.statuses[1:], strict=False)
    )


def test_a_command_that_cannot_be_answered_is_not_done_and_counted(rig):
    rig.beating = False
    rig.answers.clear()
    rig.type(b"".join(framed(f"ID,{number}") for number in range(60)))
    rig.run(0.3)
    assert 0 < len(rig.answers) < 30
    assert rig.board.dropped_lines == 60 - len(rig.answers)
