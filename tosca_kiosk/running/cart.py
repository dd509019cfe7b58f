"""From a checked configuration to running devices: the simulated world where it says so, and the drivers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from hardware.interfaces import LinkState
from hardware.registry import make_drivers
from simulators.cart import SimulatedCart, install, uninstall
from simulators.physics.profiles import FIVE_WATT, TEN_WATT
from simulators.scenario import Mistake, Scenario, ScenarioError, apply, load_scenario
from simulators.wire.arroyo_laser import LaserOptions
from simulators.world import World
from tosca_kiosk.config import CartConfig
from tosca_kiosk.config.cart import SIMULATED_COMBOS, SIMULATED_LASERS
from tosca_kiosk.control.devices import Devices
from tosca_kiosk.machine.clock import Clock
from tosca_kiosk.running.scenarios import scenario_file

PROFILES = {"10w": TEN_WATT, "5w": FIVE_WATT}
STOP_WITHIN_S = 5.0
STOP_POLL_S = 0.01


@contextmanager
def simulated_cart(
    config: CartConfig, clock: Clock, seed: int | None = None
) -> Iterator[SimulatedCart | None]:
    """Put the simulated devices behind their `sim://` ports; None where nothing is simulated.

    seed: in place of the configuration's.
    """
    simulation = config.simulation
    if simulation is None:
        yield None
        return
    if seed is not None:
        simulation = replace(simulation, seed=seed)
    world = World(
        simulation.seed,
        PROFILES[simulation.laser_profile],
        warm=simulation.warm,
        warm_setpoint_c=config.devices.tec.setpoint_c,
        drawn=simulation.true_constants == "drawn",
    )
    cart = SimulatedCart(world, laser=_laser_options(config, simulation.laser_profile))
    install(cart, clock.now_s)
    try:
        yield cart
    finally:
        uninstall()


def _laser_options(config: CartConfig, profile: str) -> LaserOptions:
    """Return what the simulated laser driver says it is; a ComboSource's model brings its TEC along."""
    if config.combo_simulated:
        return LaserOptions(model=config.devices.laser.model, serial=SIMULATED_COMBOS[profile])
    return LaserOptions(serial=SIMULATED_LASERS[profile])


@contextmanager
def connected_devices(config: CartConfig, clock: Clock) -> Iterator[Devices]:
    """Make the drivers; afterwards stop every device in order and close its port, whatever happened."""
    settings = {key: getattr(config.devices, key) for key in config.drivers}
    made, traces = make_drivers(config.drivers, settings, clock.now_s)
    devices = Devices(**made, traces=traces)
    try:
        yield devices
    finally:
        stop(devices, clock)


def stop(devices: Devices, clock: Clock) -> None:
    """Run every device's stop sequence; close what does not finish in time.

    The laser's cooling goes last: it stays on until the laser is read back off.
    """
    for group in ((devices.laser, devices.board, devices.stage), (devices.tec,)):
        for device in group:
            device.begin_stop()
        deadline_s = clock.now_s() + STOP_WITHIN_S
        while clock.now_s() < deadline_s and any(device.link is LinkState.STOPPING for device in group):
            clock.sleep_until(clock.now_s() + STOP_POLL_S)
            devices.poll(clock.now_s())
        for device in group:
            device.close()


def planned_scenario(path: Path | None, cart: SimulatedCart) -> Scenario | None:
    """Load a scenario, by its file or the name of a shipped one, and plan it on the cart.

    Raises ScenarioError, also where the scenario has an operator do something and there is none.
    """
    if path is None:
        return None
    scenario = load_scenario(scenario_file(path))
    if scenario.works_operator and not cart.world.operator.present:
        nobody = "operator.* is done by treat's operator; run it by treat --scenario"
        raise ScenarioError(path, (Mistake(path="events", line=None, text=nobody),))
    apply(scenario, cart)
    return scenario
