"""The board's milliseconds on the host's clock: a status is as old as its measurement."""

import pytest

from hardware.interlock_board.clock import BoardClock

PERIOD_S = 0.01
DELAY_S = 0.002


@pytest.fixture
def clock():
    """A clock that has followed a second of lines, each delivered 2 ms after the board counted it."""
    clock = BoardClock()
    for count in range(100):
        told(clock, count)
    return clock


def told(clock, count, late_s=DELAY_S):
    """Return how old the board's count seems to be when its line is received, late_s after it."""
    board_s = count * PERIOD_S
    received_s = 10.0 + board_s + late_s
    return received_s - clock.host_s(round(1000 * board_s), received_s)


def test_a_backlog_shows_at_once(clock):
    assert told(clock, 100, late_s=0.2) == pytest.approx(0.198, abs=0.002)
    assert told(clock, 101, late_s=0.19) == pytest.approx(0.188, abs=0.002)


def test_a_delay_that_began_in_a_silence_shows_after_it(clock):
    assert told(clock, 150, late_s=0.2) == pytest.approx(0.198, abs=0.005)
    assert told(clock, 151, late_s=0.2) == pytest.approx(0.198, abs=0.005)


@pytest.mark.parametrize("stopped_s", [0.06, 0.15, 0.3, 30.0])
def test_a_host_stopped_between_its_clock_and_its_port_finds_the_next_status_fresh(clock, stopped_s):
    """The line read after the stop has the time before it; no later status may seem old for that."""
    count = 100 + round(stopped_s / PERIOD_S)
    assert told(clock, count, late_s=DELAY_S - stopped_s) <= 0.0 + 1e-9
    for later in range(1, 200):
        assert told(clock, count + later) == pytest.approx(0.0, abs=0.01)


def test_a_stop_in_the_first_line_of_all_is_forgotten(clock):
    clock.restart()
    assert told(clock, 300, late_s=DELAY_S - 0.3) == 0.0
    assert told(clock, 301) == pytest.approx(0.0, abs=1e-9)


def test_no_status_seems_measured_after_it_was_received(clock):
    for count in range(100, 200):
        assert told(clock, count, late_s=DELAY_S * (count % 3)) >= 0.0
