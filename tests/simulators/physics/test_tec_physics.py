"""The cooled mount: settling, load, runaway, faults."""

import math

import pytest

from simulators.physics.profiles import TEN_WATT
from simulators.world import World

SETPOINT_C = 25.0
LIMIT_A = 4.0


def temperatures_c(world: World, seconds: float) -> list[float]:
    """Every tenth of a second, from now on."""
    start_s = world.kernel.now_s
    readings = []
    for tenth in range(1, round(seconds * 10) + 1):
        world.advance(start_s + tenth / 10)
        readings.append(world.tec.temperature_c())
    return readings


def regulated(warm: bool = True) -> World:
    world = World(2, warm=warm)
    world.tec.regulate(True, SETPOINT_C, LIMIT_A)
    return world


@pytest.mark.parametrize("ambient_c", [18.0, 22.0, 30.0])
def test_it_settles_within_a_tenth_of_a_degree_in_20_to_60_s(ambient_c: float) -> None:
    world = World(2, ambient_c=ambient_c)
    world.tec.regulate(True, SETPOINT_C, LIMIT_A)
    outside = [abs(reading - SETPOINT_C) > 0.1 for reading in temperatures_c(world, 120.0)]
    settled_s = (len(outside) - outside[::-1].index(True)) / 10
    assert 20.0 <= settled_s <= 60.0


def test_minutes_at_the_current_limit_do_not_wind_the_loop_up() -> None:
    world = World(2, ambient_c=10.0)
    world.tec.regulate(True, 35.0, 2.0)
    readings = temperatures_c(world, 300.0)
    assert world.tec.current_a() > -1.5
    assert max(readings) < 36.0
    assert readings[-1] == pytest.approx(35.0, abs=0.05)


def test_switched_on_again_it_has_forgotten_the_load_before() -> None:
    world = regulated()
    world.diode.drive(10.6)
    temperatures_c(world, 60.0)
    world.diode.drive(0.0)
    world.tec.regulate(False, SETPOINT_C, LIMIT_A)
    temperatures_c(world, 1800.0)
    world.tec.regulate(True, 22.0, LIMIT_A)
    assert all(abs(reading - 22.0) < 0.1 for reading in temperatures_c(world, 20.0))


def test_full_power_makes_it_sag_mildly_and_it_recovers() -> None:
    world = regulated()
    world.diode.drive(10.6)
    readings = temperatures_c(world, 90.0)
    assert 0.1 < max(readings) - SETPOINT_C < 0.8
    assert all(abs(reading - SETPOINT_C) < 0.05 for reading in readings[-100:])
    assert world.tec.current_a() > 0.5


def test_beyond_what_the_module_can_pump_it_runs_away() -> None:
    world = regulated()
    world.diode.drive(32.0)
    readings = temperatures_c(world, 120.0)
    assert world.tec.current_a() == LIMIT_A
    assert readings[-1] > SETPOINT_C + 20.0
    assert readings[-1] > readings[-100]


def test_without_its_fan_the_sink_heats_up_and_the_mount_runs_away() -> None:
    world = regulated()
    world.diode.drive(10.6)
    temperatures_c(world, 60.0)
    world.tec.fan_running = False
    readings = temperatures_c(world, 1500.0)
    assert readings[-1] > SETPOINT_C + 10.0
    assert math.isfinite(readings[-1])


def test_a_module_wired_backwards_drives_away_from_the_set_point() -> None:
    world = World(2)
    world.tec.leads_reversed = True
    world.tec.regulate(True, SETPOINT_C, LIMIT_A)
    assert temperatures_c(world, 60.0)[-1] < 10.0
    # Pumping works against the module's own voltage, so it takes more than its resistance alone.
    assert world.tec.voltage_v() < 1.5 * world.tec.current_a() < 0.0


def test_warm_starts_settled_and_stays_so() -> None:
    assert all(abs(reading - SETPOINT_C) < 0.02 for reading in temperatures_c(World(2, warm=True), 20.0))
    world = World(2, warm=True)
    world.tec.regulate(False, SETPOINT_C, LIMIT_A)
    temperatures_c(world, 5.0)
    world.tec.regulate(True, SETPOINT_C, LIMIT_A)
    assert all(abs(reading - SETPOINT_C) < 0.02 for reading in temperatures_c(world, 20.0))


def test_switched_off_it_drifts_to_the_air() -> None:
    world = regulated()
    world.tec.regulate(False, SETPOINT_C, LIMIT_A)
    assert (world.tec.current_a(), world.tec.voltage_v()) == (0.0, 0.0)
    assert temperatures_c(world, 900.0)[-1] == pytest.approx(22.0, abs=0.3)


def test_the_current_stays_within_its_limit() -> None:
    world = World(2)
    world.tec.regulate(True, 40.0, 1.5)
    temperatures_c(world, 5.0)
    assert world.tec.current_a() == -1.5


@pytest.mark.parametrize(("sensor", "shown_c", "current_a"), [("open", -99.0, -4.0), ("short", 199.0, 4.0)])
def test_a_broken_sensor_drives_the_loop_to_its_limit(sensor, shown_c: float, current_a: float) -> None:
    world = regulated()
    world.tec.sensor = sensor
    temperatures_c(world, 1.0)
    assert world.tec.temperature_c() == shown_c
    assert world.tec.current_a() == current_a


def test_an_open_module_carries_no_current_and_a_shorted_one_pumps_nothing() -> None:
    world = regulated()
    world.tec.module = "open"
    world.diode.drive(TEN_WATT.max_current_a)
    assert temperatures_c(world, 30.0)[-1] > SETPOINT_C + 2.0
    assert world.tec.current_a() == 0.0
    assert world.tec.voltage_v() == 12.0
    world.tec.module = "short"
    assert world.tec.current_a() > 0.0
    assert world.tec.voltage_v() == 0.0


@pytest.mark.parametrize(
    ("setpoint_c", "limit_a"), [(math.nan, 1.0), (25.0, math.nan), (251.0, 1.0), (25.0, -1.0)]
)
def test_an_impossible_regulation_is_refused(setpoint_c: float, limit_a: float) -> None:
    with pytest.raises(ValueError, match="allowed"):
        World(2).tec.regulate(True, setpoint_c, limit_a)


def test_a_driven_current_flows_whatever_the_temperature_until_it_is_regulated_again() -> None:
    world = regulated()
    world.tec.drive(1.5)
    readings = temperatures_c(world, 20.0)
    assert world.tec.current_a() == 1.5
    assert readings[-1] < SETPOINT_C - 2.0
    world.tec.drive(0.0)
    temperatures_c(world, 1.0)
    assert (world.tec.current_a(), world.tec.voltage_v()) == (0.0, 0.0)
    world.tec.regulate(True, SETPOINT_C, LIMIT_A)
    assert temperatures_c(world, 120.0)[-1] == pytest.approx(SETPOINT_C, abs=0.1)
    for impossible_a in (math.nan, -20.1):
        with pytest.raises(ValueError, match="allowed"):
            world.tec.drive(impossible_a)
