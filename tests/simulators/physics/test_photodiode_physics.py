"""The pick-off photodiode: scale, dark level, lag, saturation, faults."""

import math

import pytest

from simulators.world import World


def counts(world: World, number: int = 200) -> list[int]:
    start_s = world.kernel.now_s
    readings = []
    for step in range(1, number + 1):
        world.advance(start_s + step * 0.01)
        readings.append(world.photodiode.counts())
    return readings


def lit(power_w: float) -> World:
    """A world whose photodiode sees a constant light, without any diode."""
    world = World(4)
    world.photodiode.light(power_w, 0.0)
    world.advance(1.0)
    return world


def mean(values: list[int]) -> float:
    return sum(values) / len(values)


def test_half_a_volt_per_watt_over_five_volts_and_1024_steps() -> None:
    # A conversion rounds down, so the mean lies half a step lower; 5 mV of dark level are one step.
    assert mean(counts(lit(4.0))) == pytest.approx(0.5 * 4.0 * 1024 / 5 + 1.0 - 0.5, abs=0.3)


def test_dark_is_a_small_level_with_a_little_noise() -> None:
    dark = counts(lit(0.0), 500)
    assert 0.0 < mean(dark) < 2.0
    assert 1 < len(set(dark)) <= 5


def test_it_saturates_just_below_ten_watts() -> None:
    assert set(counts(lit(10.05))) == {1023}
    assert max(counts(lit(9.9))) < 1023


def test_it_follows_a_step_with_a_lag_of_one_millisecond() -> None:
    world = lit(0.0)
    world.photodiode.light(8.0, 0.0)
    dark = world.photodiode.counts()
    world.advance(1.001)
    assert world.photodiode.counts() - dark == pytest.approx(8.0 * 102.4 * (1.0 - math.exp(-1.0)), abs=2)


def test_it_follows_a_slope_one_lag_behind() -> None:
    world = lit(0.0)
    dark = world.photodiode.counts()
    world.photodiode.light(0.0, 800.0)
    world.advance(1.0095)
    assert world.photodiode.counts() - dark == pytest.approx(800.0 * (0.0095 - 0.001) * 102.4, rel=0.005)


def test_many_short_lines_are_one_long_line() -> None:
    """The lag's state is carried over exactly where the light is cut into pieces."""
    whole, pieces = lit(0.0), lit(0.0)
    whole.photodiode.light(0.0, 500.0)
    for piece in range(8):
        pieces.photodiode.light(piece * 0.5, 500.0)
        pieces.advance(1.0 + (piece + 1) * 0.001)
    whole.advance(1.008)
    assert pieces.photodiode._lagging_w() == pytest.approx(whole.photodiode._lagging_w(), rel=1e-9)


def test_blocked_it_reads_dark() -> None:
    world = lit(8.0)
    world.photodiode.blocked = True
    assert max(counts(world)) < 5


def test_drift_is_a_gain() -> None:
    world = lit(4.0)
    before = mean(counts(world))
    world.photodiode.drift = 1.1
    assert mean(counts(world)) == pytest.approx(1.1 * before, rel=0.002)
