"""A few thousand bad lines for each driver; `python -m benchmarks.fuzz` sends a million.

The far end is the simulated device, over a port that spoils what it says and adds lines of its own.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.fuzz.drivers import IN_STEP_WITHIN_S, KINDS, DriverFuzz, fuzz_driver, installed
from benchmarks.rigs.variants import BOARDS
from hardware.interfaces import LinkState
from tests.hardware.variants import on_the_wire

pytestmark = pytest.mark.slow

LINES = 4000


@on_the_wire(*KINDS)
def test_bad_lines_raise_nothing_invent_nothing_and_switch_nothing_on(key, variant):
    found = fuzz_driver(key, variant, LINES, seed=1)
    assert found.problems == []
    assert found.lines >= LINES
    assert found.bursts > 20


@on_the_wire(*KINDS)
def test_a_driver_is_in_step_within_200_ms_of_clean_bytes(key, variant):
    found = fuzz_driver(key, variant, LINES, seed=2)
    assert 0.0 < found.worst_in_step_s <= IN_STEP_WITHIN_S + 1e-6


@on_the_wire(*KINDS)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(3, 1 << 32))
def test_no_seed_finds_a_problem(key, variant, seed):
    assert fuzz_driver(key, variant, 300, seed).problems == []


@pytest.fixture
def board():
    variant = BOARDS["usual"]
    with installed(1, "board", variant) as now_s:
        fuzz = DriverFuzz("board", variant, 1, now_s)
        fuzz.become_ready()
        yield fuzz
        fuzz.driver.close()


def test_a_reading_made_from_nothing_would_be_found(board):
    """The judge can fail: a driver that renews its old reading on a silent wire is caught."""
    board.port.spoil = lambda data: b""
    reading = board.driver.status
    board.driver.status = reading._replace(received_s=board.now_s + 0.005)
    board.tick()
    assert "was made from nothing" in board.found.problems[0]


def test_a_wish_that_nobody_has_would_be_found(board):
    board.driver.set_motor(True)
    board.tick()
    assert "sent b'$MO," in board.found.problems[0]


def test_on_a_wire_that_says_nothing_true_no_driver_stays_ready(board):
    board.port.spoil = lambda data: bytes(byte ^ 0x55 for byte in data)
    for _ in range(60):
        board.tick()
    assert board.driver.link is LinkState.LOST
    assert board.found.problems == []
