"""Cyclictest's lines become wake-ups on the monotonic clock, and what it saw is told from what not."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tosca_kiosk.timing.witness import (
    Wakeups,
    deadlines_ns,
    half_a_period_after,
    missed_unseen,
    period_us,
    wakeups,
)

PERIOD_NS = 1_000_000


def lines(late_ns):
    head = "Max CPUs = 2\n# /dev/cpu_dma_latency set to 0us\nThread 0 Interval: 1000\n"
    return (head + "".join(f"{0:8}:{count:8}:{late:8}\n" for count, late in enumerate(late_ns))).encode()


def test_lateness_is_read_in_its_order_and_a_line_cut_off_is_left_out():
    text = lines([20_000, 31_000, 25_000]) + b"       0:       3:   9"
    found = wakeups(text, 1000, 0, [(len(text), 10**10)])
    assert found.late.tolist() == [20_000, 31_000, 25_000]


def test_a_witness_that_said_nothing_has_no_wakeups():
    assert len(wakeups(b"Max CPUs = 2\n", 1000, 0, [(13, 10**10)]).late) == 0


def test_a_late_wakeup_skips_the_deadlines_it_has_missed():
    """3.2 ms late: three deadlines have passed, and the next wake-up is for the fourth."""
    deadlines = deadlines_ns(np.array([0, 3_200_000, 0]), PERIOD_NS)
    assert deadlines.tolist() == [0, PERIOD_NS, 5 * PERIOD_NS]


@settings(max_examples=50, deadline=None)
@given(
    second=st.integers(1, 100_000),
    offset_us=st.integers(0, 999),
    late=st.lists(st.integers(0, 5_000_000), min_size=1, max_size=50),
    delay_ns=st.integers(0, 400_000_000),
)
def test_the_full_second_of_the_first_period_follows_from_when_the_lines_came(
    second, offset_us, late, delay_ns
):
    text = lines(late)
    first = second * 1_000_000_000 + offset_us * 1000 + PERIOD_NS
    last = first + int(deadlines_ns(np.array(late), PERIOD_NS)[-1]) + late[-1]
    found = wakeups(text, 1000, offset_us, [(len(text), last + delay_ns)])
    assert found.woke[0] == first + late[0]
    assert found.woke[-1] == last


@settings(max_examples=50, deadline=None)
@given(start_us=st.integers(0, 10**9), rate_hz=st.sampled_from([50, 100, 125, 200, 250, 500, 1000]))
def test_the_witness_wakes_half_a_period_from_controls_deadlines(start_us, rate_hz):
    period = period_us(rate_hz)
    offset = half_a_period_after(start_us / 1e6, rate_hz)
    assert abs((offset - start_us) % period - period / 2) <= 1


def test_a_witness_that_was_late_meanwhile_has_seen_what_control_missed():
    due = np.arange(20, dtype=np.int64) * PERIOD_NS + PERIOD_NS // 2
    late = np.full(20, 20_000, dtype=np.int64)
    late[10] = 700_000
    witness = Wakeups.of_one(due + late, late)
    seen, unseen = (10 * PERIOD_NS, 12 * PERIOD_NS), (3 * PERIOD_NS, 5 * PERIOD_NS)
    assert missed_unseen([seen, unseen], witness, PERIOD_NS) == [False, True]


def test_one_processor_that_stood_still_was_seen_by_the_thread_on_it():
    due = np.arange(20, dtype=np.int64) * PERIOD_NS + PERIOD_NS // 2
    late = np.full(20, 20_000, dtype=np.int64)
    late[10] = 700_000
    both = Wakeups(
        np.concatenate([due + 20_000, due + late]),
        np.concatenate([np.full(20, 20_000), late]),
        np.repeat([0, 1], 20),
    )
    assert missed_unseen([(10 * PERIOD_NS, 12 * PERIOD_NS)], both, PERIOD_NS) == [False]
    assert missed_unseen([(3 * PERIOD_NS, 5 * PERIOD_NS)], both, PERIOD_NS) == [True]


def test_the_threads_lines_are_told_apart():
    text = b"".join(
        lines(each).replace(b"       0:", f"{n:8}:".encode()) for n, each in enumerate([[1, 2], [3, 4]])
    )
    found = wakeups(text, 1000, 0, [(len(text), 10**10)])
    assert [found.late[found.thread == n].tolist() for n in (0, 1)] == [[1, 2], [3, 4]]
    assert (np.diff(found.woke) >= 0).all()


def test_a_witness_that_did_not_wake_up_at_all_has_seen_it():
    due = np.array([0, PERIOD_NS, 9 * PERIOD_NS])
    witness = Wakeups.of_one(due, np.zeros(3, dtype=np.int64))
    assert missed_unseen([(4 * PERIOD_NS, 6 * PERIOD_NS)], witness, PERIOD_NS) == [False]
