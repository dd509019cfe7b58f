"""The diode: light against current and temperature, energy, faults."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.physics.profiles import FIVE_WATT, TEN_WATT, DiodeProfile, steady_state_power_curve
from simulators.world import World

SETPOINT_C = 25.0


def emitting(profile: DiodeProfile, current_a: float, seconds: float) -> World:
    world = World(1, profile, warm=True)
    world.tec.regulate(True, SETPOINT_C, 4.0)
    world.diode.drive(current_a)
    world.advance(seconds)
    return world


def interpolated_w(curve: list[tuple[float, float]], current_ma: float) -> float:
    for (low_ma, low_w), (high_ma, high_w) in pairwise(curve):
        if low_ma <= current_ma <= high_ma:
            return low_w + (high_w - low_w) * (current_ma - low_ma) / (high_ma - low_ma)
    raise AssertionError(f"{current_ma} mA is outside the curve")


def mean_power_w(world: World, seconds: float = 1.0) -> float:
    start_s, start_j = world.kernel.now_s, world.true_energy_j()
    world.advance(start_s + seconds)
    return (world.true_energy_j() - start_j) / seconds


def test_the_ten_watt_module_gives_ten_watts_at_about_10_6_amperes_when_warm() -> None:
    world = emitting(TEN_WATT, 10.6, 120.0)
    assert mean_power_w(world) == pytest.approx(10.0, rel=0.01)
    assert world.diode.voltage_v() == pytest.approx(1.5 + 0.035 * 10.6)


def test_the_five_watt_module_gives_five_watts_within_its_10_5_amperes() -> None:
    world = emitting(FIVE_WATT, 10.5, 120.0)
    assert mean_power_w(world) == pytest.approx(5.0, rel=0.02)
    assert world.diode.voltage_v() == pytest.approx(3.2)


@pytest.mark.parametrize("profile", [TEN_WATT, FIVE_WATT], ids=lambda profile: profile.name)
def test_full_profile_power_holds_for_300_s(profile: DiodeProfile) -> None:
    """Once warm, power and mount temperature stay where they are until the end."""
    curve = steady_state_power_curve(profile, SETPOINT_C)
    current_ma = next(
        ma
        for ma in range(0, 12001, 10)
        if ma > curve[0][0] and interpolated_w(curve, ma) >= profile.rated_power_w
    )
    world = emitting(profile, current_ma / 1000.0, 60.0)
    for _ in range(24):
        assert mean_power_w(world, 10.0) == pytest.approx(profile.rated_power_w, rel=0.004)
        assert world.tec.temperature_c() == pytest.approx(SETPOINT_C, abs=0.05)
    assert world.kernel.now_s == pytest.approx(300.0)


@pytest.mark.parametrize("profile", [TEN_WATT, FIVE_WATT], ids=lambda profile: profile.name)
def test_the_steady_state_curve_is_what_the_world_settles_at(profile: DiodeProfile) -> None:
    curve = steady_state_power_curve(profile, SETPOINT_C)
    low_w, high_w = 0.2 * profile.rated_power_w, profile.rated_power_w
    tried = 0
    for current_ma in range(1300, 10500, 1130):
        if low_w <= interpolated_w(curve, current_ma) <= high_w:
            world = emitting(profile, current_ma / 1000.0, 60.0)
            assert mean_power_w(world) == pytest.approx(interpolated_w(curve, current_ma), rel=0.003)
            tried += 1
    assert tried >= 5


def test_the_steady_state_curve_rises_strictly_from_no_light() -> None:
    curve = steady_state_power_curve(TEN_WATT, SETPOINT_C)
    assert curve[0][1] == 0.0
    assert curve[-1][0] == pytest.approx(12000.0)
    assert all(low[0] < high[0] and low[1] < high[1] for low, high in pairwise(curve))


def test_the_junction_warms_up_with_the_time_constants_of_chip_and_submount() -> None:
    def rise_k(seconds: float) -> float:
        world = emitting(TEN_WATT, 10.0, seconds)
        return world.diode.junction_c() - world.tec.mount_c()

    chip, submount = TEN_WATT.chip, TEN_WATT.submount
    full_k = rise_k(10.0)
    assert full_k == pytest.approx(9.1, rel=0.05)
    for seconds in (0.05, 0.1, 0.4, 1.0):
        missing = chip.k_per_w * math.exp(-seconds / chip.time_constant_s)
        missing += submount.k_per_w * math.exp(-seconds / submount.time_constant_s)
        # A step of 10 ms behind at most.
        assert rise_k(seconds) == pytest.approx(full_k * (1.0 - missing), rel=0.06)


def test_below_threshold_there_is_no_light() -> None:
    world = emitting(TEN_WATT, 0.55, 1.0)
    assert world.diode.current_a() == 0.55
    assert world.true_power_w() == 0.0
    assert world.true_energy_j() == 0.0


def test_a_warmer_mount_costs_power() -> None:
    cold, hot = (steady_state_power_curve(TEN_WATT, mount_c)[-1][1] for mount_c in (15.0, 35.0))
    assert hot < 0.92 * cold


def test_the_current_slews_instead_of_jumping() -> None:
    world = World(1)
    world.diode.drive(10.0)
    world.advance(0.0025)
    assert world.diode.current_a() == pytest.approx(5.0)
    world.advance(0.1)
    assert world.diode.current_a() == 10.0
    world.diode.drive(0.0)
    world.advance(0.101)
    assert world.diode.current_a() == 0.0
    assert world.true_power_w() == 0.0


def test_the_emission_mark_is_the_instant_the_current_passes_the_threshold() -> None:
    world = World(1)
    world.advance(0.5)
    world.diode.drive(10.0)
    world.advance(1.0)
    threshold_a = TEN_WATT.threshold_a(22.0)
    assert world.marked_s("emission") == pytest.approx(0.5 + threshold_a / TEN_WATT.slew_a_per_s, abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.floats(0.0, 12.0), st.floats(0.0003, 0.04)), min_size=1, max_size=8))
def test_energy_is_the_integral_of_power(steps: list[tuple[float, float]]) -> None:
    """Against a sum of power over 10 us: straight lines, so only the bends differ."""
    world = World(3, warm=True)
    summed_j, tick_s = 0.0, 1e-5
    ticks = 0
    for current_a, seconds in steps:
        world.diode.drive(current_a)
        for _ in range(round(seconds / tick_s)):
            before_w = world.true_power_w()
            ticks += 1
            world.advance(ticks * tick_s)
            summed_j += 0.5 * (before_w + world.true_power_w()) * tick_s
    assert world.true_energy_j() == pytest.approx(summed_j, rel=1e-3, abs=2e-6)


def test_energy_is_exact_while_the_current_still_slews() -> None:
    world = World(1)
    world.diode.drive(10.0)
    world.advance(0.004)
    emission_s = world.marked_s("emission")
    assert emission_s is not None
    # A triangle: light has risen in a straight line since the threshold.
    assert world.true_energy_j() == pytest.approx(0.5 * world.true_power_w() * (0.004 - emission_s), rel=1e-9)


def test_ageing_costs_slope_and_threshold() -> None:
    world = emitting(TEN_WATT, 8.0, 60.0)
    fresh_w = mean_power_w(world)
    world.diode.ageing = 0.2
    world.advance(world.kernel.now_s + 60.0)
    assert 0.7 * fresh_w < mean_power_w(world) < 0.8 * fresh_w


def test_a_broken_lead_stops_current_and_light_at_once_and_a_repair_brings_them_back() -> None:
    world = emitting(TEN_WATT, 8.0, 1.0)
    world.diode.circuit = "open"
    assert (world.diode.current_a(), world.true_power_w()) == (0.0, 0.0)
    assert world.diode.voltage_v() == TEN_WATT.compliance_v
    world.advance(2.0)
    world.diode.circuit = "ok"
    world.advance(2.5)
    assert world.diode.current_a() == 8.0
    assert world.true_power_w() > 7.0


def test_a_short_carries_current_without_light() -> None:
    world = emitting(TEN_WATT, 8.0, 1.0)
    world.diode.circuit = "short"
    assert world.diode.current_a() == 8.0
    assert world.diode.voltage_v() < 0.5
    assert world.true_power_w() == 0.0


def test_light_rolls_over_when_the_junction_is_too_hot() -> None:
    assert TEN_WATT.slope_w_per_a(129.0) < 0.1 * TEN_WATT.slope_w_per_a(70.0)
    assert TEN_WATT.slope_w_per_a(200.0) == 0.0


def test_the_monitor_follows_the_light() -> None:
    world = emitting(TEN_WATT, 8.0, 1.0)
    assert world.diode.monitor_current_ua() == pytest.approx(100.0 * world.true_power_w())


@pytest.mark.parametrize("current_a", [-0.001, 100.1, math.nan, math.inf])
def test_an_impossible_current_is_refused(current_a: float) -> None:
    with pytest.raises(ValueError, match="0 to 100 A allowed"):
        World(1).diode.drive(current_a)


def test_it_ages_by_the_second_of_current_and_never_beyond_what_is_left() -> None:
    world = World(1, warm=True)
    world.diode.ageing_per_s = 0.02
    world.advance(5.0)
    assert world.diode.ageing == 0.0, "no current yet"
    world.diode.drive(6.0)
    fresh_w = mean_power_w(world, 0.5)
    world.advance(15.0)
    assert world.diode.ageing == pytest.approx(0.2, abs=0.001)
    assert mean_power_w(world, 0.5) < 0.8 * fresh_w
    world.diode.drive(0.0)
    world.advance(20.0)
    assert world.diode.ageing == pytest.approx(0.21, abs=0.001)
    world.diode.drive(6.0)
    world.advance(100.0)
    assert world.diode.ageing == 0.9
