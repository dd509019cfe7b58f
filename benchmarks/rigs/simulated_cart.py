"""A whole cart in the test's own process: real drivers, simulated wires, a clock that the test moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.rigs.sessions import IDLE, run_script, session_header, shipped_session_rules
from simulators.cart import SimulatedCart
from simulators.settable import set_value
from tosca_kiosk.config import Simulation, bundled, load_config
from tosca_kiosk.control.controller import Controller
from tosca_kiosk.control.loop import FixedRateLoop
from tosca_kiosk.control.operator import Script, UnattendedOperator
from tosca_kiosk.control.self_test import KeptSelfTest
from tosca_kiosk.domain.protocol import Protocol
from tosca_kiosk.journal.writer import Journal
from tosca_kiosk.machine.clock import VirtualClock
from tosca_kiosk.running.cart import connected_devices, simulated_cart

CONFIG = load_config(bundled("simulated.yaml"))


class Bench:
    """The running cart with its operator."""

    def __init__(self, controller: Controller, cart: SimulatedCart, clock: VirtualClock) -> None:
        self.controller = controller
        self.cart = cart
        self.world = cart.world
        self.clock = clock
        self.operator = UnattendedOperator(controller, self.press)
        self._loop = FixedRateLoop(clock, 100.0)

    def change(self, path: str, value: bool | float | str) -> None:
        """Change the simulated cart by a settable path."""
        set_value(self.cart, path, value)

    def press(self, pressed: bool) -> None:
        """Press or release the pedal."""
        if pressed:
            self.world.pedal.press()
        else:
            self.world.pedal.release()

    def run(self, script: Script) -> None:
        """Run an operator's script to its end."""
        run_script(self._loop, self.controller, self.operator, script)

    def run_until(self, condition: Callable[[], bool], within_s: float = 60.0) -> None:
        """Let time pass until a condition holds; fail when it does not in time."""
        deadline_s = self.clock.now_s() + within_s

        def script() -> Script:
            while not condition():
                assert self.clock.now_s() < deadline_s, self.controller.state
                yield

        self.run(script())

    def run_until_script(self, script: Script, condition: Callable[[], bool]) -> None:
        """Run an operator's script until a condition holds, and leave it there."""

        def part() -> Script:
            for _ in script:
                if condition():
                    return
                yield

        self.run(part())

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        until_s = self.clock.now_s() + seconds
        self.run_until(lambda: self.clock.now_s() >= until_s, within_s=seconds + 1.0)

    def open(self, folder: Path, protocol: Protocol) -> None:
        """Open a session with a journal in the folder."""
        rules = shipped_session_rules(protocol)
        journal = Journal(folder, waits=True)
        try:
            self.controller.open_session(rules, session_header(rules), journal, self.clock.now_s())
        except RuntimeError:
            journal.close()
            raise
        self.controller.rules_problem = None  # there is no record here that could say otherwise


@contextmanager
def bench(seed: int = 1, warm: bool = True) -> Iterator[Bench]:
    """Yield a cart whose devices are about to be connected."""
    clock = VirtualClock()
    config = replace(CONFIG, simulation=Simulation(seed=seed, laser_profile="10w", warm=warm))
    with simulated_cart(config, clock) as cart, connected_devices(config, clock) as devices:
        assert cart is not None
        self_test = KeptSelfTest(devices, config.devices, IDLE, clock)
        yield Bench(Controller(devices, IDLE, self_test), cart, clock)
