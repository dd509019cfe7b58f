"""Drivers meet simulated devices that are not as they should be, over their serial lines."""

from contextlib import contextmanager
from dataclasses import replace

import pytest

from benchmarks.rigs.variants import VARIANTS
from hardware.arroyo.models import LASER_MODELS
from hardware.arroyo.names import TecCondition
from hardware.interfaces import LinkState
from hardware.registry import make_drivers
from simulators.cart import SimulatedCart, install, uninstall
from simulators.wire.arroyo_laser import LaserOptions
from simulators.wire.arroyo_tec import MISSING_SENSOR
from simulators.wire.board import BoardOptions
from simulators.wire.xeryon_tags import Stat
from simulators.world import World
from tests.hardware.variants import on_the_wire
from tosca_kiosk.config import bundled, load_config

CONFIG = load_config(bundled("simulated.yaml"))


BOX_KEYS = "laser", "tec"
KEYS = *BOX_KEYS, "stage", "board"
OF_A_BOX = frozenset(("model", "serial", "answers"))
"""Options that both halves of a ComboSource have alike."""


@contextmanager
def met(key, options=None, prepare=lambda cart: None, **settings):
    """Yield a driver that has met its device or given it up, its world, and a way to go on.

    options: of the simulated device, or by key of both halves of a box, which then are both at work.
    """
    now_s = [0.0]
    options = {} if options is None else options if isinstance(options, dict) else {key: options}
    cart = SimulatedCart(World(1, warm=True), **options)
    prepare(cart)
    install(cart, lambda: now_s[0])
    every = {name: getattr(CONFIG.devices, name) for name in KEYS}
    every[key] = replace(every[key], **settings)
    for other in options.keys() - {key}:
        every[other] = replace(every[other], **VARIANTS[other]["ComboSource"].settings)
    drivers, _ = make_drivers(CONFIG.drivers, every, lambda: now_s[0])
    driver, at_work = drivers[key], [drivers[name] for name in KEYS if name in {key, *options}]

    def go_on(seconds, until=lambda: False):
        for _ in range(round(seconds * 100)):
            if until():
                return
            now_s[0] += 0.01
            for each in at_work:
                each.poll(now_s[0])
            for each in at_work:
                each.flush(now_s[0])

    try:
        go_on(10.0, until=lambda: driver.link in (LinkState.READY, LinkState.REFUSED, LinkState.LOST))
        yield driver, cart, go_on
    finally:
        for each in at_work:
            each.close()
        uninstall()


def port_of(key, variant):
    return variant.settings.get("port", f"sim://{key}")


def met_variant(key, variant, prepare=lambda cart: None, **options):
    """Meet a variant, as it is or with other options; its configuration is the variant's."""
    built = {key: replace(variant.options, **options)}
    if variant.combo:
        (other,) = {*BOX_KEYS} - {key}
        of_box = {name: value for name, value in options.items() if name in OF_A_BOX}
        built[other] = replace(VARIANTS[other]["ComboSource"].options, **of_box)
    return met(key, built, prepare, **variant.settings)


@on_the_wire(*KEYS)
def test_a_healthy_device_becomes_ready_without_a_problem(key, variant):
    with met_variant(key, variant) as (driver, _, go_on):
        assert driver.link is LinkState.READY
        assert driver.problem is None
        assert driver.found_at_start == variant.said
        go_on(20.0)
        assert (driver.link, driver.problem, driver.connections) == (LinkState.READY, None, 1)


@on_the_wire(*BOX_KEYS)
def test_where_nothing_answers_every_cause_is_named(key, variant):
    with met_variant(key, variant, answers=False) as (driver, _, _):
        assert driver.link is LinkState.LOST
        nothing = f"{key} on {port_of(key, variant)}: nothing answers at 38400 baud; check that"
        assert driver.problem.startswith(nothing)
        assert driver.problem.endswith("the port in the configuration and the baud rate")


@on_the_wire(*BOX_KEYS)
@pytest.mark.parametrize("radix", ["HEX", "OCT", "BIN"])
def test_the_forms_that_another_program_left_are_set_right(key, variant, radix):
    def leave(cart):
        form = getattr(cart, key).form
        form.radix, form.hexfloat, form.echo, form.terminal_mode = radix, True, True, 6

    with met_variant(key, variant, leave) as (driver, _, _):
        assert (driver.link, driver.problem) == (LinkState.READY, None)
        assert driver.found_at_start == variant.said


@on_the_wire(*KEYS)
def test_a_cable_that_was_out_is_met_again(key, variant):
    with met_variant(key, variant) as (driver, cart, go_on):
        line = getattr(cart, key).line
        line.unplugged = True
        go_on(1.0)
        assert driver.link is LinkState.LOST
        line.unplugged = False
        go_on(20.0, until=lambda: driver.link is LinkState.READY)
        assert (driver.link, driver.problem, driver.connections) == (LinkState.READY, None, 2)


@on_the_wire(*KEYS)
def test_the_stop_comes_to_its_end(key, variant):
    with met_variant(key, variant) as (driver, _, go_on):
        driver.begin_stop()
        go_on(5.0, until=lambda: driver.link is LinkState.CLOSED)
        assert (driver.link, driver.problem) == (LinkState.CLOSED, None)


@pytest.mark.parametrize(("key", "baud"), [("laser", 9600), ("tec", 9600), ("board", 57600)])
def test_at_a_wrong_baud_rate_the_bytes_make_no_sense_and_that_is_said(key, baud):
    with met(key, baud=baud) as (driver, _, _):
        assert driver.link is LinkState.LOST
        assert driver.problem == (
            f"{key} on sim://{key}: the bytes make no sense at {baud} baud: check the baud rate and the cable"
        )


@on_the_wire(*BOX_KEYS)
@pytest.mark.parametrize("name", ["model", "serial"])
def test_another_instrument_is_refused_with_what_it_is_and_what_to_do(key, variant, name):
    wrong = {name: "OTHER" if name == "serial" else "6305" if variant.combo else "4304"}
    with met_variant(key, variant, **wrong) as (driver, _, _):
        right = {"model": variant.options.model, "serial": variant.options.serial}
        answers, named = (
            " ".join(f"{name} {value}" for name, value in each.items()) for each in (right | wrong, right)
        )
        assert driver.link is LinkState.REFUSED
        assert driver.problem == (
            f"{key} on {port_of(key, variant)}: {answers} answers, the configuration names {named}: "
            "connect that device or correct the configuration"
        )


@on_the_wire("stage")
def test_another_stage_is_refused_with_both_numbers(key, variant):
    with met_variant(key, variant, serial=7) as (driver, _, _):
        assert driver.link is LinkState.REFUSED
        assert "serial number is 7, configured is -1; connect the right stage" in driver.problem


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (BoardOptions(serial="X"), ("serial number is X, configured is SIM-BOARD", "right board")),
        (BoardOptions(protocol=9), ("protocol version 9, this program speaks 1", "load the firmware")),
    ],
)
def test_another_board_is_refused_with_what_it_is_and_what_to_do(options, said):
    with met("board", options) as (driver, _, _):
        assert driver.link is LinkState.REFUSED
        assert all(words in driver.problem for words in said), driver.problem
        assert "\n" not in driver.problem


def plug_interlock(cart):
    cart.laser.fail_interlock_plug("closed")


def power_up_on(cart):
    plug_interlock(cart)
    cart.tec.switch_output(True)  # without it the laser of a box may not be on
    cart.laser.switch_output(True)


@on_the_wire("laser")
def test_a_laser_that_powered_up_on_is_dark_at_once_and_that_is_reported(key, variant):
    with met_variant(key, variant, power_up_on, setpoint_ma=4000) as (driver, cart, go_on):
        assert driver.link is LinkState.READY
        found_on = ("output found on; switched off first of all", "set point 4000 mA; set to 0")
        assert driver.found_at_start[:2] == found_on
        go_on(0.5)
        assert driver.output_on.value is False
        assert cart.world.true_power_w() == 0.0
        if variant.options.on_delay:
            assert cart.world.true_energy_j() == 0.0, "off was said before the current came"


@on_the_wire("laser")
def test_a_wanted_current_flows_is_read_back_and_ends_with_off(key, variant):
    with met_variant(key, variant, plug_interlock) as (driver, cart, go_on):
        driver.want(True, 0.0)
        go_on(1.0)
        assert driver.output_on.value is True
        assert cart.world.true_power_w() == 0.0
        driver.want(True, 2000.0)
        go_on(2.0)
        assert driver.set_current_ma.value == 2000.0
        assert driver.measured_current_ma.value == pytest.approx(2000.0, abs=20.0)
        assert cart.world.true_power_w() > 0.5
        assert driver.errors.value == ()
        driver.want(False, 0.0)
        go_on(0.2)
        assert driver.output_on.value is False
        assert cart.world.true_power_w() == 0.0
        go_on(0.5)
        assert driver.measured_current_ma.value == pytest.approx(0.0, abs=20.0)


@on_the_wire("tec")
def test_a_controller_that_powered_up_elsewhere_takes_limits_and_set_point(key, variant):
    with met_variant(key, variant, output_on=True, setpoint_c=60.0) as (driver, _, go_on):
        assert driver.link is LinkState.READY
        go_on(1.0)
        assert driver.setpoint_c.value == 25.0
        assert driver.errors.value == ()


@on_the_wire("tec")
def test_a_temperature_is_read_and_settles(key, variant):
    with met_variant(key, variant) as (driver, _, go_on):
        go_on(15.0)
        assert driver.temperature_c.value == pytest.approx(25.0, abs=0.1)
        assert driver.condition_bits.value & TecCondition.OUTPUT_ON
        assert not driver.condition_bits.value & TecCondition.OUT_OF_TOLERANCE


@on_the_wire("tec")
@pytest.mark.parametrize("said", MISSING_SENSOR)
def test_a_temperature_that_is_none_is_never_a_reading(key, variant, said):
    with met_variant(key, variant) as (driver, cart, go_on):
        go_on(1.0)
        before, cart.tec.missing_sensor = driver.temperature_c, said
        cart.world.tec.sensor = "open"
        go_on(2.0)
        assert driver.link is LinkState.READY
        assert driver.temperature_c.value == pytest.approx(25.0, abs=0.1)
        assert driver.temperature_c.asked_s <= before.asked_s + 0.5, "the old one ages"
        assert driver.condition_bits.value & TecCondition.SENSOR_OPEN
        assert not driver.output_on.value


@on_the_wire("stage")
def test_a_stage_finds_its_index_moves_and_arrives(key, variant):
    with met_variant(key, variant) as (driver, cart, go_on):
        driver.home()
        go_on(45.0, until=lambda: driver.status.value.index_known and driver.status.value.settled)
        assert driver.status.value.position_um == pytest.approx(0.0, abs=5.0)
        driver.move_to_um(2500.0)
        assert not driver.status.value.settled
        go_on(10.0, until=lambda: driver.status.value.settled)
        assert driver.status.value.position_um == pytest.approx(2500.0, abs=5.0)
        assert cart.world.stage.position_um() == pytest.approx(2500.0, abs=5.0)


@on_the_wire("stage")
@pytest.mark.parametrize("trip", [Stat.THERMAL_1, Stat.ENCODER_ERROR])
def test_a_tripped_stage_waits_for_the_operator_and_goes_on(key, variant, trip):
    with met_variant(key, variant) as (driver, cart, go_on):
        driver.home()
        go_on(45.0, until=lambda: driver.status.value.index_known and driver.status.value.settled)
        cart.stage.trip(trip)
        go_on(1.0)
        assert driver.status.value.trips
        driver.acknowledge_trip()
        go_on(10.0, until=lambda: driver.status is not None and not driver.status.value.trips)
        go_on(1.0)
        assert (driver.link, driver.status.value.trips) == (LinkState.READY, ())
        assert driver.status.value.index_known is (trip is Stat.THERMAL_1)


@on_the_wire("stage")
def test_the_stages_own_period_is_the_simulated_controllers(key, variant):
    with met_variant(key, variant) as (driver, _, _):
        assert driver._fresh_after_s == pytest.approx(0.097 + 0.030)


LIMIT_MA = 1_500.0
"""All models can hold it."""


def met_holding(model, held_ma):
    """Meet a laser driver that keeps a current limit of its own, whatever it is told."""

    def keep_limit(cart):
        cart.laser.ignores = "LASER:LIMIT:LDI"

    options = LaserOptions(model=model, limit_ma=held_ma)
    return met("laser", options, keep_limit, model=model, current_limit_ma=LIMIT_MA, voltage_limit_v=3.0)


@pytest.mark.parametrize("model", LASER_MODELS)
@pytest.mark.parametrize("steps", [1, 2, 99, -1])
def test_a_limit_that_is_held_steps_of_its_model_away_is_refused(model, steps):
    held_ma = LIMIT_MA + steps * LASER_MODELS[model].limit_step_ma
    with met_holding(model, held_ma) as (driver, _, _):
        assert driver.link is LinkState.REFUSED
        wanted = f"LAS:LIM:LDI: wanted {LIMIT_MA:g} mA, got {held_ma:g} mA"
        assert driver.problem.startswith(f"laser on sim://laser: {wanted}")


@pytest.mark.parametrize("model", LASER_MODELS)
@pytest.mark.parametrize("steps", [0, 0.4, -0.4])
def test_a_limit_that_is_held_within_the_step_of_its_model_is_the_same(model, steps):
    with met_holding(model, LIMIT_MA + steps * LASER_MODELS[model].limit_step_ma) as (driver, _, _):
        assert driver.link is LinkState.READY


@pytest.mark.parametrize("model", LASER_MODELS)
def test_every_model_takes_a_limit_on_its_own_steps_and_keeps_it(model):
    limit_ma = LIMIT_MA + LASER_MODELS[model].limit_step_ma
    settings = {"model": model, "current_limit_ma": limit_ma, "voltage_limit_v": 3.0}
    with met("laser", LaserOptions(model=model), **settings) as (driver, cart, _):
        assert driver.link is LinkState.READY
        assert cart.laser.settings()["_limit_ma"] == limit_ma


@pytest.mark.parametrize("model", LASER_MODELS)
@pytest.mark.parametrize("off_steps", [1, 2, -1])
def test_a_limit_that_moves_a_step_of_its_model_while_running_refuses_the_device(model, off_steps):
    settings = {"model": model, "current_limit_ma": LIMIT_MA, "voltage_limit_v": 3.0}
    with met("laser", LaserOptions(model=model), **settings) as (driver, cart, go_on):
        assert driver.link is LinkState.READY
        cart.laser._limit_ma = LIMIT_MA + off_steps * LASER_MODELS[model].limit_step_ma
        go_on(20.0, until=lambda: driver.link is LinkState.REFUSED)
        assert driver.problem.startswith("laser on sim://laser: changed while running: LAS:LIM:LDI: wanted")
