"""Drivers meet simulated devices that are not as they should be, over their serial lines."""

from contextlib import contextmanager
from dataclasses import replace

import pytest

from hardware.arroyo.models import LASER_MODELS
from hardware.interfaces import LinkState
from hardware.registry import DRIVERS
from hardware.trace import WireTrace
from hardware.transport import SerialPort
from simulators.cart import SimulatedCart, install, uninstall
from simulators.wire.arroyo_laser import LaserOptions
from simulators.wire.arroyo_tec import TecOptions
from simulators.wire.board import BoardOptions
from simulators.wire.xeryon import StageOptions
from simulators.world import World
from tosca_kiosk.config import bundled, load_config

CONFIG = load_config(bundled("simulated.yaml"))


@contextmanager
def met(key, options=None, prepare=lambda cart: None, **settings):
    """Yield a driver that has polled for five seconds, its world, and a way to go on."""
    now_s = [0.0]
    cart = SimulatedCart(World(1, warm=True), **({} if options is None else {key: options}))
    prepare(cart)
    install(cart, lambda: now_s[0])
    settings = replace(getattr(CONFIG.devices, key), **settings)
    port = SerialPort(settings.port, settings.baud, WireTrace(lambda: now_s[0]))
    driver = DRIVERS[CONFIG.drivers[key]](settings, port)

    def go_on(seconds, until=lambda: False):
        for _ in range(round(seconds * 100)):
            if until():
                return
            now_s[0] += 0.01
            driver.poll(now_s[0])
            driver.flush(now_s[0])

    try:
        go_on(5.0, until=lambda: driver.link in (LinkState.READY, LinkState.REFUSED, LinkState.LOST))
        yield driver, cart, go_on
    finally:
        driver.close()
        uninstall()


@pytest.mark.parametrize("key", ["laser", "tec", "stage", "board"])
def test_a_healthy_device_becomes_ready_without_a_problem(key):
    with met(key) as (driver, _, _):
        assert driver.link is LinkState.READY
        assert driver.problem is None
        assert driver.found_at_start == ()


@pytest.mark.parametrize(("key", "options"), [("laser", LaserOptions), ("tec", TecOptions)])
def test_where_nothing_answers_every_cause_is_named(key, options):
    with met(key, options(answers=False)) as (driver, _, _):
        assert driver.link is LinkState.LOST
        assert driver.problem.startswith(f"{key} on sim://{key}: nothing answers at 38400 baud; check that")
        assert driver.problem.endswith("the port in the configuration and the baud rate")


@pytest.mark.parametrize(("key", "baud"), [("laser", 9600), ("tec", 9600), ("board", 57600)])
def test_at_a_wrong_baud_rate_the_bytes_make_no_sense_and_that_is_said(key, baud):
    with met(key, baud=baud) as (driver, _, _):
        assert driver.link is LinkState.LOST
        assert driver.problem == (
            f"{key} on sim://{key}: the bytes make no sense at {baud} baud: check the baud rate and the cable"
        )


@pytest.mark.parametrize(
    ("key", "options", "said"),
    [
        (
            "laser",
            LaserOptions(model="4308"),
            ("model 4308", "names model 4320", "correct the configuration"),
        ),
        ("laser", LaserOptions(serial="OTHER"), ("serial OTHER", "serial SIM-LASER", "connect that device")),
        ("tec", TecOptions(model="5240"), ("model 5240", "names model 5305", "correct the configuration")),
        (
            "stage",
            StageOptions(serial=7),
            ("serial number is 7, configured is -1", "connect the right stage"),
        ),
        ("board", BoardOptions(serial="X"), ("serial number is X, configured is SIM-BOARD", "right board")),
        (
            "board",
            BoardOptions(protocol=9),
            ("protocol version 9, this program speaks 1", "load the firmware"),
        ),
    ],
)
def test_another_device_is_refused_with_what_it_is_and_what_to_do(key, options, said):
    with met(key, options) as (driver, _, _):
        assert driver.link is LinkState.REFUSED
        assert all(words in driver.problem for words in said), driver.problem
        assert "\n" not in driver.problem


def test_a_laser_that_powered_up_on_is_dark_at_once_and_that_is_reported():
    with met("laser", LaserOptions(output_on=True, setpoint_ma=4000)) as (driver, cart, _):
        assert driver.link is LinkState.READY
        assert "set point 4000 mA; set to 0" in driver.found_at_start
        assert driver.output_on is None or driver.output_on.value is False
        assert cart.world.true_energy_j() == 0.0


def test_a_controller_that_powered_up_elsewhere_takes_limits_and_set_point():
    with met("tec", TecOptions(output_on=True, setpoint_c=60.0)) as (driver, _, go_on):
        assert driver.link is LinkState.READY
        go_on(1.0)
        assert driver.setpoint_c.value == 25.0
        assert driver.errors.value == ()


def test_the_stages_own_period_is_the_simulated_controllers():
    with met("stage") as (driver, _, _):
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
