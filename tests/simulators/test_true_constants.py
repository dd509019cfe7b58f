"""What a world truly is: as shipped, or drawn by its seed beside what the calibrations believe."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from simulators import true_constants
from simulators.physics.profiles import FIVE_WATT, TEN_WATT, DiodeProfile, steady_state_power_curve
from simulators.settable import set_value
from simulators.true_constants import CONSTANTS, Constant, drawn_constants, shipped_constants
from simulators.world import World

SEEDS = range(200)
BY_CHANCE = "motor.rest_mg"
"""Every world's own, drawn or not: the board takes it off, and no calibration has it."""


@pytest.fixture(scope="module")
def drawn() -> list[true_constants.TrueConstants]:
    return [World(seed, drawn=True).true_constants() for seed in SEEDS]


@pytest.mark.parametrize(("name", "row"), CONSTANTS.items())
def test_each_lies_within_half_of_its_tolerance_and_spreads_over_it(drawn, name, row: Constant) -> None:
    """Of 200 evenly drawn values each tenth of the range has some, and their mean is near its middle."""
    width = row.half_width(TEN_WATT)
    off = sorted((constants[name] - row.shipped(TEN_WATT)) / width for constants in drawn)
    assert off[0] >= -1.0 - 1e-9
    assert off[-1] <= 1.0 + 1e-9
    assert {min(9, int((value + 1.0) * 5.0)) for value in off} == set(range(10))
    assert abs(sum(off) / len(off)) < 0.2


def test_none_follows_another(drawn) -> None:
    """Streams of their own: over 200 seeds no two constants go together."""
    names = list(CONSTANTS)
    for number, one in enumerate(names):
        for other in names[number + 1 :]:
            assert abs(_correlation([c[one] for c in drawn], [c[other] for c in drawn])) < 0.3, (one, other)


def _correlation(first: list[float], second: list[float]) -> float:
    middle_1, middle_2 = sum(first) / len(first), sum(second) / len(second)
    off_1, off_2 = [value - middle_1 for value in first], [value - middle_2 for value in second]
    together = sum(a * b for a, b in zip(off_1, off_2, strict=True))
    return float(together / (sum(a * a for a in off_1) * sum(b * b for b in off_2)) ** 0.5)


@pytest.mark.parametrize("missing", CONSTANTS)
def test_a_new_constant_changes_no_other(monkeypatch, missing) -> None:
    seed_of = World(7).random_seed
    whole = drawn_constants(seed_of)
    monkeypatch.setattr(
        true_constants, "CONSTANTS", {name: row for name, row in CONSTANTS.items() if name != missing}
    )
    assert drawn_constants(seed_of) == {n: v for n, v in whole.items() if n != missing}


def test_a_seed_draws_the_same_in_every_process() -> None:
    """A fixed value, since a draw that changed from run to run would pass any comparison within one."""
    assert World(7, drawn=True).true_constants()["diode.slope_25_w_per_a"] == pytest.approx(
        1.0207653803319117, rel=1e-12
    )
    assert World(7, drawn=True).true_constants() == World(7, drawn=True).true_constants()


@pytest.mark.parametrize("profile", [TEN_WATT, FIVE_WATT], ids=lambda profile: profile.name)
def test_a_world_as_shipped_is_what_the_calibrations_believe(profile: DiodeProfile) -> None:
    true = World(7, profile).true_constants()
    believed = shipped_constants(profile)
    assert {**true, BY_CHANCE: 0.0} == {**believed, BY_CHANCE: 0.0}
    assert World(7, profile).diode.profile == profile


def test_all_of_it_together_stays_within_power_and_ring(drawn) -> None:
    """Of what the shipped calibrations ask for: power 8 % off at 1 W, 6 % from 2.5 W on; ring 4 %."""
    believed = steady_state_power_curve(TEN_WATT, 25.0)
    for seed, true in zip(SEEDS, drawn, strict=True):
        curve = steady_state_power_curve(
            World(seed, drawn=True).diode.profile, 25.0, points=2 * len(believed)
        )
        for current_ma, power_w in believed:
            if power_w >= 1.0:
                allowed = 0.06 if power_w >= 2.5 else 0.08
                assert _interpolated(curve, current_ma) == pytest.approx(power_w, rel=allowed)
        for carriage_mm in (0.0, 1.0, 3.0):
            place_mm = true["stage.scale"] * carriage_mm + true["stage.index_offset_um"] / 1000.0
            ring_mm = true["optics.ring_at_index_mm"] + true["optics.ring_mm_per_mm"] * place_mm
            assert ring_mm == pytest.approx(2.0 + carriage_mm, rel=0.04)


def _interpolated(curve: list[tuple[float, float]], current_ma: float) -> float:
    [line] = [
        (low, high)
        for low, high in pairwise(curve)
        if low[0] < current_ma <= high[0] or (high == curve[-1] and current_ma > high[0])
    ]
    (low_ma, low_w), (high_ma, high_w) = line
    return low_w + (high_w - low_w) * (current_ma - low_ma) / (high_ma - low_ma)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_devices_are_what_is_told(seed: int) -> None:
    """Judged by what comes out: light over current, voltage over light, vibration, ring over the way."""
    world = World(seed, warm=True, drawn=True)
    true = world.true_constants()
    profile = replace(
        TEN_WATT,
        threshold_25_a=true["diode.threshold_25_a"],
        slope_25_w_per_a=true["diode.slope_25_w_per_a"],
        t0_k=true["diode.t0_k"],
        t1_k=true["diode.t1_k"],
    )
    world.tec.regulate(True, 25.0, 4.0)
    world.diode.drive(8.0)
    world.advance(90.0)
    curve = steady_state_power_curve(profile, 25.0)
    assert world.true_power_w() == pytest.approx(_interpolated(curve, 8000.0), rel=0.005)
    told_v = true["photodiode.volt_per_watt"] * world.true_power_w() + true["photodiode.dark_v"]
    assert world.photodiode.counts() * 5.0 / 1024.0 == pytest.approx(told_v, abs=0.012)
    world.smoothing.set_motor_pwm(127)
    windows_mg = []
    for _ in range(100):
        world.advance(world.kernel.now_s + 0.1)
        windows_mg.append(world.smoothing.vibration_mg())
    assert sum(windows_mg[10:]) / 90 == pytest.approx(2147.0 * true["motor.vibration_gain"], rel=0.05)
    rings = []
    for position_um in (0.0, 3000.0):
        world.stage.move_to_um(position_um, 50_000.0, 1e6)
        world.advance(world.kernel.now_s + 3.0)
        rings.append(world.ring_size_mm())
    growth = true["optics.ring_mm_per_mm"] * true["stage.scale"]
    assert rings[1] - rings[0] == pytest.approx(3.0 * growth, rel=1e-9)
    offset_mm = true["stage.index_offset_um"] / 1000.0
    at_index_mm = true["optics.ring_at_index_mm"] + true["optics.ring_mm_per_mm"] * offset_mm
    assert rings[0] == pytest.approx(at_index_mm, rel=1e-9)


def test_what_has_worn_and_slipped_since_is_told_too() -> None:
    world = World(3, drawn=True)
    made = world.true_constants()
    for path, value in {
        "diode.ageing": 0.1,
        "photodiode.drift": 0.9,
        "photodiode.dark_v": 0.02,
        "optics.ring_offset_mm": 0.3,
        "optics.ring_gain": 1.1,
        "stage.scale_slip_um": 400.0,
        "smoothing.strength": 0.5,
    }.items():
        set_value(world, path, value)
    expected = {
        "diode.threshold_25_a": 1.1 * made["diode.threshold_25_a"],
        "diode.slope_25_w_per_a": 0.9 * made["diode.slope_25_w_per_a"],
        "photodiode.volt_per_watt": 0.9 * made["photodiode.volt_per_watt"],
        "photodiode.dark_v": 0.02,
        "optics.ring_at_index_mm": made["optics.ring_at_index_mm"] + 0.3,
        "optics.ring_mm_per_mm": 1.1 * made["optics.ring_mm_per_mm"],
        "stage.index_offset_um": made["stage.index_offset_um"] + 400.0,
        "motor.vibration_gain": 0.5 * made["motor.vibration_gain"],
    }
    assert world.true_constants() == pytest.approx({**made, **expected})
