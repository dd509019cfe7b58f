"""The life of the link to the interlock board: start, refusal, loss, stop."""

import pytest
from board_bench import Bench, line

from hardware.interfaces import LinkState


@pytest.fixture
def bench():
    return Bench()


@pytest.fixture
def ready():
    bench = Bench()
    bench.connect()
    return bench


def test_start_identifies_the_board_makes_everything_off_and_sets_the_threshold(bench):
    assert bench.connect() == [b"ID,0", b"HB,1,0", b"MO,2,0", b"AI,3,0", b"VT,4,800"]
    assert bench.driver.identity.model == "TOSCA-IL"
    assert bench.driver.identity.serial_number == "SIM-0001"
    assert bench.driver.identity.firmware == "1.0.0"
    assert bench.driver.problem is None


def test_nothing_is_sent_before_the_board_was_heard(bench):
    bench.tick(b"")
    assert bench.port.sent == []


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        (b"ID,0,OTHER,1,1.0.0,SIM-0001", "name is OTHER, configured is TOSCA-IL"),
        (
            b"ID,0,TOSCA-IL,2,1.0.0,SIM-0001",
            "protocol version 2, this program speaks 1; load the firmware",
        ),
        (b"ID,0,TOSCA-IL,1,1.0.0,SIM-0002", "serial number is SIM-0002, configured is SIM-0001"),
        (b"ER,0,1", "ID is refused: unknown command (ER 1); load this project's firmware"),
        (b"ID,0,TOSCA-IL", "it speaks protocol version none, this program speaks 1; load the firmware"),
        (b"ID,0,TOSCA-IL,2,x,y,z", "protocol version 2, this program speaks 1; load the firmware"),
    ],
)
def test_another_board_is_refused_by_name_and_nothing_more_is_sent(bench, answer, named):
    bench.tick()
    bench.port.take_sent()
    bench.tick(bench.st() + line(answer))
    for _ in range(5):
        bench.tick()
    assert bench.driver.link is LinkState.REFUSED
    assert named in bench.driver.problem
    assert bench.driver.status is None
    assert bench.port.sent == []


def test_a_wrong_baud_rate_is_named(bench):
    for _ in range(310):
        bench.tick(b"\xe0\x1c\x00\xfe")
    assert bench.driver.link is LinkState.LOST
    assert bench.driver.problem == (
        "board on sim://board: the bytes make no sense at 115200 baud: check the baud rate and the cable"
    )


def test_another_devices_words_are_quoted(bench):
    for _ in range(310):
        bench.tick(b"STAT=+00001024\n")
    assert "STAT=+00001024" in bench.driver.problem
    assert "is no answer of a board: check that the port is this device's" in bench.driver.problem


def test_a_threshold_the_board_refuses_is_a_refused_link(bench):
    bench.answers[b"VT"] = b"ER,%s,2"
    for _ in range(10):
        bench.tick()
        bench.answer()
    assert bench.driver.link is LinkState.REFUSED
    assert "VT 800 is refused: value out of range (ER 2)" in bench.driver.problem


def test_a_question_is_asked_three_times_and_then_the_link_is_lost(bench):
    for _ in range(160):
        bench.tick()
    assert bench.port.take_sent() == [b"ID,0"] * 3
    assert bench.driver.link is LinkState.LOST
    assert "no answer to ID" in bench.driver.problem


def test_faults_found_at_start_are_recorded_and_not_cleared(bench):
    bench.faults = 0x82
    sent = bench.connect()
    assert bench.driver.found_at_start == (
        "board: fault: stop loop opened",
        "board: fault: restarted by its own watchdog",
    )
    assert not any(body.startswith(b"CL") for body in sent)
    assert bench.driver.status.value.faults == 0x82


def test_half_a_second_of_silence_loses_the_link_and_every_reading(ready):
    for _ in range(49):
        ready.tick(b"")
    assert ready.driver.link is LinkState.READY
    for _ in range(2):
        ready.tick(b"")
    assert ready.driver.link is LinkState.LOST
    assert ready.driver.status is None
    assert ready.driver.identity is None
    assert "board on sim://board: nothing heard for 0.5 s" in ready.driver.problem


def test_a_board_that_boots_after_opening_is_waited_for(bench):
    for _ in range(250):
        bench.tick(b"")
    bench.connect()


def test_a_lost_port_is_tried_with_growing_pauses(ready):
    ready.port.broken = True
    ready.port.openings.clear()
    for _ in range(4000):
        ready.tick(b"")
    pauses = [b - a for a, b in zip(ready.port.openings, ready.port.openings[1:], strict=False)]
    assert pauses == pytest.approx([1, 2, 4, 8, 8, 8, 8], abs=0.03)
    assert ready.driver.link is LinkState.LOST
    ready.port.broken = False
    for _ in range(800):
        ready.tick()
        ready.answer()
    assert ready.driver.link is LinkState.READY
    assert ready.driver.problem is None


def test_a_port_that_breaks_in_a_heartbeat_is_a_lost_link_not_an_exception(ready):
    ready.port.broken = True
    ready.driver.heartbeat(True)
    assert ready.driver.link is LinkState.LOST


def test_stop_wants_no_gate_switches_off_and_closes(ready):
    ready.driver.heartbeat(True)
    ready.port.take_sent()
    ready.driver.begin_stop()
    assert ready.driver.link is LinkState.STOPPING
    sent = ready.answer()
    for _ in range(3):
        ready.tick()
        sent += ready.answer()
    assert [body.split(b",")[::2] for body in sent] == [[b"HB", b"0"], [b"MO", b"0"], [b"AI", b"0"]]
    assert ready.driver.link is LinkState.CLOSED
    assert not ready.port.is_open


def test_stop_ends_even_when_the_board_is_silent(ready):
    ready.driver.begin_stop()
    for _ in range(60):
        ready.tick(b"")
    assert ready.driver.link is LinkState.CLOSED


def test_closed_stays_closed(ready):
    ready.driver.close()
    for _ in range(100):
        ready.tick()
    assert ready.driver.link is LinkState.CLOSED
    assert not ready.port.is_open
