"""A whole simulated cart under treatment on a virtual clock: what benchmarks and campaigns measure.

The drivers, the controller, the journal and the operator's commands are those of `tosca-kiosk treat --fast`;
the hand that arms and holds the pedal never lets a treatment end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.rigs.cart_configs import warm_config
from benchmarks.rigs.light import EMITS_W
from benchmarks.rigs.sessions import (
    HOLD_ARM_S,
    IDLE,
    CartStuckError,
    constant,
    run_script,
    session_header,
    shipped_session_rules,
)
from simulators.cart import SimulatedCart
from tosca_kiosk.config import CartConfig
from tosca_kiosk.control.controller import Controller
from tosca_kiosk.control.devices import Devices
from tosca_kiosk.control.loop import FixedRateLoop
from tosca_kiosk.control.operator import Script, UnattendedOperator
from tosca_kiosk.control.self_test import KeptSelfTest
from tosca_kiosk.domain.inputs import Command, CommandType
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.state import Beam, Phase
from tosca_kiosk.journal.writer import Journal
from tosca_kiosk.machine.clock import VirtualClock
from tosca_kiosk.running.cart import connected_devices, simulated_cart

POWER_W = 5.0
TREATMENT_S = 20_000.0
"""Longer than any campaign, so that only a release or a fault ends the light."""
GIVE_UP_S = 60.0
BACK_UP_S = 0.5
"""A released pedal's contacts have settled, and the photodiode has been dark, for long enough to reset."""


class TreatingCart:
    """A connected, homed cart with an open session. hold_pedal: False keeps the foot off a released pedal."""

    def __init__(
        self, config: CartConfig, clock: VirtualClock, simulated: SimulatedCart, devices: Devices
    ) -> None:
        self.clock = clock
        self.simulated = simulated
        self.world = simulated.world
        self.devices = devices
        self.controller = Controller(devices, IDLE, KeptSelfTest(devices, config.devices, IDLE, clock))
        self.hold_pedal = True
        self._loop = FixedRateLoop(clock, config.rate_hz)
        self.period_s = self._loop.period_s
        self._operator = UnattendedOperator(self.controller, None)
        self._hand = self._treat_for_ever()
        self._commands = 0
        self._drive(self._operator.prepare())

    def open_session(self, rules: Rules, journal: Journal) -> None:
        self.controller.open_session(rules, session_header(rules), journal, self.clock.now_s())
        self.controller.rules_problem = None  # there is no record here that could say otherwise

    @property
    def emits(self) -> bool:
        """Whether the pedal is held and light leaves."""
        treating = self.controller.state.beam is Beam.EMITTING and self.world.pedal.pressed
        return treating and self.world.true_power_w() > EMITS_W

    def run_until(self, done: Callable[[], bool]) -> None:
        """Tick until done, asked at each deadline before its tick. Raises CartStuckError after a minute."""
        give_up_s = self.clock.now_s() + GIVE_UP_S

        def script() -> Script:
            while not done():
                if self.clock.now_s() > give_up_s:
                    state = self.controller.state
                    raise CartStuckError(f"{state.phase}, {state.beam}, faults {state.faults}")
                next(self._hand)
                yield

        self._drive(script())

    def run_ticks(self, ticks: int) -> None:
        """Run so many ticks."""
        left = iter(range(ticks))
        self.run_until(lambda: next(left, None) is None)

    def emit_for(self, ticks: int) -> None:
        """Run until light has left in each of so many ticks in a row."""
        in_a_row = 0

        def long_enough() -> bool:
            nonlocal in_a_row
            in_a_row = in_a_row + 1 if self.emits else 0
            return in_a_row > ticks

        self.run_until(long_enough)

    def fall_silent(self, duration_s: float) -> None:
        """Let the world go on without the host: no tick, so no heartbeat and no byte."""
        self.clock.sleep_until(self.clock.now_s() + duration_s)
        self.world.advance(self.clock.now_s())

    def _drive(self, script: Script) -> None:
        run_script(self._loop, self.controller, self._operator, script)

    # --- the hand ---------------------------------------------------------------------------------------

    def _treat_for_ever(self) -> Script:
        while True:
            phase = self.controller.state.phase
            if phase is Phase.FAULT:
                yield from self._reset()
            elif phase is Phase.READY:
                yield from self._arm()
            elif self.hold_pedal and self.controller.state.beam is Beam.WAITING:
                self.world.pedal.press()
            yield

    def _reset(self) -> Script:
        self.world.pedal.release()
        yield from self._wait(BACK_UP_S)
        self._submit(CommandType.ACKNOWLEDGE, role="supervisor")
        yield from self._wait(BACK_UP_S)

    def _arm(self) -> Script:
        self.world.pedal.release()
        self._submit(CommandType.BEGIN_ARM)
        yield from self._wait(HOLD_ARM_S)
        self._submit(CommandType.ARM)
        yield

    def _wait(self, duration_s: float) -> Script:
        until_s = self.clock.now_s() + duration_s
        while self.clock.now_s() < until_s:
            yield

    def _submit(self, command: CommandType, role: str | None = None) -> None:
        self._commands += 1
        self.controller.submit(Command(self._commands, command, role))


@contextmanager
def treating_cart(folder: Path, seed: int = 1) -> Iterator[TreatingCart]:
    """Build a warm cart, connect and home it and open a session whose journal is in folder."""
    config = warm_config()
    clock = VirtualClock()
    with simulated_cart(config, clock, seed) as simulated, connected_devices(config, clock) as devices:
        assert simulated is not None
        cart = TreatingCart(config, clock, simulated, devices)
        rules = shipped_session_rules(constant(POWER_W, TREATMENT_S))
        journal = Journal(folder, waits=True)
        try:
            cart.open_session(rules, journal)
            yield cart
        finally:
            journal.close()
