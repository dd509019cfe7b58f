"""What the board's driver sends: heartbeats, outputs, the clearing of faults."""

import pytest
from board_bench import GATE_WANTED, Bench, line


@pytest.fixture
def bench():
    return Bench()


@pytest.fixture
def ready():
    bench = Bench()
    bench.connect()
    return bench


def beats(bench, ticks, want_gate):
    """Return in which of the ticks a heartbeat went out."""
    sent = []
    for tick in range(ticks):
        bench.tick()
        bench.port.take_sent()
        bench.driver.heartbeat(want_gate)
        sent += [tick] * len(bench.port.take_sent())
    return sent


def test_heartbeats_go_out_every_40_ms(ready):
    assert beats(ready, 9, want_gate=False) == [0, 4, 8]


def test_a_change_goes_out_at_once_and_every_tick_until_the_board_agrees(ready):
    beats(ready, 2, want_gate=False)
    assert beats(ready, 3, want_gate=True) == [0, 1, 2]
    ready.flags |= GATE_WANTED
    assert beats(ready, 5, want_gate=True) == [3]
    assert beats(ready, 2, want_gate=False) == [0, 1]


def test_a_wish_taken_back_before_the_board_showed_it_goes_out_at_once(ready):
    beats(ready, 1, want_gate=True)
    assert not ready.driver.status.value.gate_wanted
    assert beats(ready, 1, want_gate=False) == [0]


def test_the_wish_is_on_the_wire(ready):
    ready.port.take_sent()
    ready.driver.heartbeat(True)
    [body] = ready.port.take_sent()
    assert body.startswith(b"HB,")
    assert body.endswith(b",1")


def test_without_control_no_heartbeat_is_sent(ready):
    for _ in range(30):
        ready.tick()
        ready.driver.flush(ready.now_s)
    assert ready.port.sent == []


def test_no_heartbeat_leaves_before_the_board_is_ready(bench):
    bench.tick()
    bench.port.take_sent()
    bench.driver.heartbeat(True)
    assert bench.port.sent == []


def test_the_motor_command_carries_the_configured_pwm_and_is_repeated_until_ok(ready):
    ready.driver.set_motor(True)
    ready.driver.flush(ready.now_s)
    for _ in range(25):
        ready.tick()
    sent = ready.answer()
    assert [body.split(b",")[::2] for body in sent] == [[b"MO", b"127"]] * 3
    for _ in range(25):
        ready.tick()
    assert ready.port.sent == []
    ready.driver.set_motor(False)
    ready.driver.flush(ready.now_s)
    assert [body.split(b",")[::2] for body in ready.answer()] == [[b"MO", b"0"]]


def test_the_answer_to_an_older_command_confirms_nothing(ready):
    ready.driver.set_aiming(True)
    ready.driver.flush(ready.now_s)
    ready.driver.set_aiming(False)
    ready.driver.flush(ready.now_s)
    on, off = ready.port.take_sent()
    assert (on[-2:], off[-2:]) == (b",1", b",0")
    ready.tick(ready.st() + line(b"OK,%s" % on.split(b",")[1]))
    for _ in range(11):
        ready.tick()
    assert [body[-2:] for body in ready.port.take_sent()] == [b",0"]


def test_an_impossible_value_is_named_and_not_sent_for_ever(ready):
    ready.answers[b"MO"] = b"ER,%s,2"
    ready.driver.set_motor(True)
    ready.driver.flush(ready.now_s)
    ready.answer()
    for _ in range(30):
        ready.tick()
    assert ready.port.sent == []
    assert "MO 127 refused: value out of range (ER 2)" in ready.driver.problem


def test_not_now_is_asked_again(ready):
    ready.answers[b"MO"] = b"ER,%s,3"
    ready.driver.set_motor(True)
    ready.driver.flush(ready.now_s)
    ready.answer()
    for _ in range(12):
        ready.tick()
    assert len(ready.port.sent) == 1


def test_clearing_sends_one_cl_and_tells_why_it_was_refused(ready):
    ready.answers[b"CL"] = b"ER,%s,3"
    ready.driver.clear_faults()
    for _ in range(100):
        ready.tick()
        sent = ready.answer()
        assert len(sent) <= 1
    assert "not now (ER 3)" in ready.driver.clear_refusal
    del ready.answers[b"CL"]
    ready.driver.clear_faults()
    assert ready.driver.clear_refusal is None
    for _ in range(100):
        ready.tick()
        ready.answer()
    assert ready.driver.clear_refusal is None


def test_an_unanswered_clear_says_so(ready):
    ready.driver.clear_faults()
    for _ in range(60):
        ready.tick()
    assert [body[:2] for body in ready.port.take_sent()] == [b"CL"]
    assert "no answer" in ready.driver.clear_refusal
