"""The fixed-rate loop on a clock that the test moves."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tosca_kiosk.control.loop import FixedRateLoop


class HandClock:
    """A clock whose ticks take as long as the test says."""

    def __init__(self) -> None:
        self.time_s = 0.0

    def now_s(self) -> float:
        return self.time_s

    def sleep_until(self, deadline_s: float) -> None:
        self.time_s = max(self.time_s, deadline_s)

    def utc(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)


def run(
    costs_s: list[float], rate_hz: float = 100.0
) -> tuple[FixedRateLoop, list[tuple[float, float, float]]]:
    """Run one tick for each cost; return the loop and what each tick was told."""
    clock = HandClock()
    loop = FixedRateLoop(clock, rate_hz)
    told: list[tuple[float, float, float]] = []

    def tick(now_s: float, late_s: float, overrun_s: float) -> bool:
        told.append((now_s, late_s, overrun_s))
        clock.time_s += costs_s[len(told) - 1]
        return len(told) < len(costs_s)

    loop.run_while(tick)
    return loop, told


def test_deadlines_are_absolute_and_do_not_drift() -> None:
    _, told = run([0.003] * 1000)
    assert [now_s for now_s, _, _ in told] == [(number + 1) / 100.0 for number in range(1000)]


def test_a_missed_period_is_counted_and_never_replayed() -> None:
    loop, told = run([0.001, 0.035, 0.001, 0.001])
    assert loop.missed == 3
    assert [round(now_s, 4) for now_s, _, _ in told] == [0.01, 0.02, 0.06, 0.07]


def test_ticks_that_keep_overrunning_tell_for_how_long() -> None:
    _, told = run([0.015] * 20 + [0.001, 0.001])
    overruns_s = [overrun_s for _, _, overrun_s in told]
    assert overruns_s[0] == 0.0
    assert max(overruns_s) > 0.2
    assert overruns_s[-1] == 0.0


def test_a_pause_makes_one_tick_late_and_not_the_next() -> None:
    clock = HandClock()
    loop = FixedRateLoop(clock, 100.0)
    pauses_s = iter([0.0, 0.117, 0.0, 0.0])
    sleep_until = clock.sleep_until

    def oversleep(deadline_s: float) -> None:
        sleep_until(deadline_s)
        clock.time_s += next(pauses_s)

    clock.sleep_until = oversleep  # type: ignore[method-assign]
    seen: list[float] = []
    missed: list[int] = []

    def tick(now_s: float, late_s: float, overrun_s: float) -> bool:
        seen.append(late_s)
        missed.append(loop.missed)
        return len(seen) < 4

    loop.run_while(tick)
    assert seen == [0.0, pytest.approx(0.117), pytest.approx(0.0), pytest.approx(0.0)]
    assert missed == [0, 11, 11, 11], "the late tick itself knows that it is late"


def test_a_tick_that_overran_makes_the_next_one_late() -> None:
    _, told = run([0.001, 0.117, 0.001])
    assert told[2][1] == pytest.approx(0.11)


def test_a_late_start_is_told() -> None:
    clock = HandClock()
    loop = FixedRateLoop(clock, 100.0)
    clock.time_s = 0.25
    seen: list[float] = []

    def tick(now_s: float, late_s: float, overrun_s: float) -> bool:
        seen.append(late_s)
        return False

    loop.run_while(tick)
    assert seen == [pytest.approx(0.24)]
