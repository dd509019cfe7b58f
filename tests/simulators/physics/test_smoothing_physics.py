"""The speckle smoother: vibration against the measured table."""

import pytest

from simulators.world import World

BOARD_THRESHOLD_MG = 800
# PWM, mean over rest and deviation of single samples in mg, as measured on a real cart.
MEASURED = [(76, 975.0, 411.0), (102, 1665.0, 435.0), (127, 2147.0, 634.0), (153, 2244.0, 631.0)]


def windows_mg(world: World, number: int) -> list[int]:
    start = round(world.kernel.now_s * 10)
    readings = []
    for window in range(1, number + 1):
        world.advance((start + window) / 10)
        readings.append(world.smoothing.vibration_mg())
    return readings


def running(pwm: int, seed: int = 6) -> World:
    world = World(seed)
    world.smoothing.set_motor_pwm(pwm)
    world.advance(1.0)
    return world


@pytest.mark.parametrize(("pwm", "mean_mg", "single_sd_mg"), MEASURED)
def test_windows_average_the_measured_table_with_the_rest_level_removed(pwm, mean_mg, single_sd_mg) -> None:
    readings = windows_mg(running(pwm), 600)
    mean = sum(readings) / len(readings)
    sd = (sum((reading - mean) ** 2 for reading in readings) / len(readings)) ** 0.5
    assert mean == pytest.approx(mean_mg, rel=0.03)
    assert sd == pytest.approx(single_sd_mg / 10**0.5, rel=0.15)


def test_at_rest_nearly_nothing_is_left() -> None:
    assert max(windows_mg(World(6), 600)) < 150


def test_at_the_default_pwm_no_window_falls_below_the_boards_threshold() -> None:
    assert min(windows_mg(running(127), 6000)) > BOARD_THRESHOLD_MG


def test_at_1_5_volts_single_windows_fall_below_it_so_a_debounce_is_needed() -> None:
    low = [reading < BOARD_THRESHOLD_MG for reading in windows_mg(running(76), 1000)]
    assert 20 < sum(low) < 200


def test_spin_up_takes_about_three_windows() -> None:
    world = World(6)
    world.smoothing.set_motor_pwm(127)
    readings = windows_mg(world, 6)
    assert readings[0] < 1300
    assert world.smoothing.speed_pwm() > 0.95 * 127
    assert min(readings[3:]) > 1400


def test_the_rest_level_wanders_within_what_was_measured() -> None:
    world = World(6)
    levels = []
    for minute in range(1, 61):
        world.advance(60.0 * minute)
        levels.append(world.smoothing.rest_mg())
    assert all(140.0 <= level <= 430.0 for level in levels)
    assert max(levels) - min(levels) > 20.0


def test_a_dead_motor_does_not_vibrate() -> None:
    world = running(127)
    world.smoothing.strength = 0.0
    assert max(windows_mg(world, 20)[1:]) < 150
    assert world.smoothing.speed_pwm() == 0.0


def test_a_missing_accelerometer_reads_nothing() -> None:
    world = running(127)
    world.smoothing.accelerometer_present = False
    assert world.smoothing.vibration_mg() == 0


@pytest.mark.parametrize("pwm", [-1, 154])
def test_more_than_three_volts_is_refused(pwm: int) -> None:
    with pytest.raises(ValueError, match="0 to 153 allowed"):
        World(6).smoothing.set_motor_pwm(pwm)
