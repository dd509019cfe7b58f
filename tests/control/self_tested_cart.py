"""A simulated cart under self-test: the real drivers on simulated wires, with faults before and during it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType

from simulators.cart import SimulatedCart, install, uninstall
from simulators.physics.profiles import TEN_WATT
from simulators.settable import set_value
from simulators.world import World
from tosca_kiosk.config import CartConfig, bundled, idle_rules, load_config
from tosca_kiosk.control.devices import Devices
from tosca_kiosk.control.self_test import Outcome, Result, SelfTest, run_self_test
from tosca_kiosk.machine.clock import VirtualClock
from tosca_kiosk.running.cart import connected_devices

CONFIG = load_config(bundled("simulated.yaml"))
RULES = idle_rules(CONFIG)
Change = tuple[str, bool | float | str]


@dataclass
class TestedCart:
    """The cart, its drivers and its clock."""

    __test__ = False

    simulated: SimulatedCart
    devices: Devices
    clock: VirtualClock
    config: CartConfig

    def change(self, *changes: Change) -> None:
        """Change the simulated world by its settable paths."""
        for path, value in changes:
            set_value(self.simulated, path, value)

    def self_test(
        self,
        during: Mapping[str, tuple[Change, ...]] = MappingProxyType({}),
        watch: Callable[[SelfTest], None] | None = None,
    ) -> SelfTest:
        """Run the self-test. during: changes to make when a step begins, by its name."""
        test = SelfTest(self.devices, self.config.devices, RULES)
        waiting = dict(during)

        def look(seen: SelfTest) -> None:
            self.change(*waiting.pop(seen.step.name, ()))
            if watch is not None:
                watch(seen)

        run_self_test(test, self.devices, self.clock, watch=look)
        assert not waiting, "a step that was to bring a change never came"
        return test


@contextmanager
def cart_under_test(seed: int = 1, config: CartConfig = CONFIG, **options: object) -> Iterator[TestedCart]:
    """Yield a cart whose devices are about to be connected. options: of `SimulatedCart`."""
    clock = VirtualClock()
    world = World(seed, TEN_WATT, warm=True, warm_setpoint_c=CONFIG.devices.tec.setpoint_c)
    simulated = SimulatedCart(world, **options)  # type: ignore[arg-type]
    install(simulated, clock.now_s)
    try:
        with connected_devices(config, clock) as devices:
            yield TestedCart(simulated, devices, clock, config)
    finally:
        uninstall()


def failed(results: tuple[Result, ...]) -> set[tuple[str, str]]:
    """Return device and name of every failed check."""
    return {(result.device, result.check) for result in results if result.outcome is Outcome.FAILED}
