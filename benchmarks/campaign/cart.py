"""The cart of a batch: the controller, drivers and simulators of `treat --fast`, with a journal in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, cast

from benchmarks.campaign.monitor import Monitor
from benchmarks.campaign.plan import HOST_SILENT, JOURNAL_FAILS, KIOSK_SILENT, Batch, Fault
from benchmarks.campaign.record import LIES, record
from benchmarks.rigs.cart_configs import warm_config
from benchmarks.rigs.changed_plan import change_of
from benchmarks.rigs.sessions import HOLD_ARM_S, IDLE, run_script, session_header
from simulators.cart import SimulatedCart
from simulators.settable import PEDAL_PATH, set_value
from tosca_kiosk.config import CartConfig
from tosca_kiosk.control.controller import Controller
from tosca_kiosk.control.devices import Devices
from tosca_kiosk.control.loop import FixedRateLoop
from tosca_kiosk.control.operator import Script, UnattendedOperator
from tosca_kiosk.control.self_test import KeptSelfTest
from tosca_kiosk.domain.inputs import Command, CommandType
from tosca_kiosk.domain.journal_lines import ChainWriter, Header, Summary, TickLine
from tosca_kiosk.domain.state import Beam
from tosca_kiosk.journal.fault_traces import FaultTrace
from tosca_kiosk.journal.writer import Journal
from tosca_kiosk.machine.clock import VirtualClock
from tosca_kiosk.running.cart import connected_devices, simulated_cart

SETTLE_S = 5.3
"""Arming asks for a temperature that has held for 5 s since the session was opened."""
PEDAL_AFTER_S = 2.1
_CLOSING = (CommandType.CLOSE_SESSION, CommandType.CONFIRM_KEY_OFF)


class Act(NamedTuple):
    """What a hand or a foot did, as a scenario says it. at_s: session time."""

    at_s: float
    path: str
    value: bool


class MemoryJournal:
    """A session's journal, chained as on disk, whose bytes a forked process may go on with."""

    def __init__(self) -> None:
        self._chain = ChainWriter()
        self._lines: list[bytes] = []
        self.ok = True
        self.disk_ok = True

    @property
    def content(self) -> bytes:
        """Everything written so far."""
        return b"".join(self._lines)

    @property
    def lines(self) -> int:
        return len(self._lines)

    def begin(self, header: Header) -> None:
        self._write(self._chain.header(header))

    def tick(self, line: TickLine, urgent: bool) -> None:
        self._write(self._chain.tick(line))

    def finish(self, summary: Summary, *, wait: bool = True) -> None:
        self._write(self._chain.end(summary))

    def keep_trace(self, trace: FaultTrace) -> None:
        """Wire traces are kept beside a journal, not in it."""

    def _write(self, line: bytes) -> None:
        # As on a disk that fails: the line that would tell of it is the first one missing.
        if self.ok:
            self._lines.append(line)


class Cart:
    """A connected cart on a virtual clock, its monitor, and what a technician can do to it."""

    def __init__(
        self,
        config: CartConfig,
        clock: VirtualClock,
        simulated: SimulatedCart,
        devices: Devices,
        batch: Batch,
    ) -> None:
        self.clock = clock
        self.simulated = simulated
        self.world = simulated.world
        self.batch = batch
        self._session_id, recorded = record().add_session(config, batch.protocol)
        self.rules = recorded if batch.lie is None else LIES[batch.lie](recorded)
        self.controller = Controller(devices, IDLE, KeptSelfTest(devices, config.devices, IDLE, clock))
        self._config = config
        self.monitor = Monitor(
            self.world, batch.protocol, recorded.power_limit_w, lied_to=batch.lie is not None
        )
        self.journal = MemoryJournal()
        self.opened_s = 0.0
        self.acts: list[Act] = []
        self._rate_hz = config.rate_hz
        self._kiosk_alive = True
        self._silent_s = 0.0
        self._commands = 0

    def prepare(self) -> None:
        """Connect, home, open the session and wait until it may be armed."""
        operator = UnattendedOperator(self.controller, None)
        loop = FixedRateLoop(self.clock, self._rate_hz)
        run_script(loop, self.controller, operator, operator.prepare())
        self.opened_s = self.clock.now_s()
        self.monitor.session_opened()
        self.controller.open_session(
            self.rules, session_header(self.rules), cast(Journal, self.journal), self.opened_s
        )
        self.controller.rules_problem = record().compared(self._config, self._session_id, self.rules)
        self.run(self.wait(SETTLE_S))

    def arm(self) -> None:
        """Arm and wait until the pedal may be pressed. Raises RuntimeError where that does not happen."""
        self.run(self._hold_arm())
        if self.controller.state.beam is not Beam.WAITING:
            raise RuntimeError(f"batch {self.batch.number}: not armed, {self.controller.state}")

    def _hold_arm(self) -> Script:
        self.tell(CommandType.BEGIN_ARM)
        yield from self.wait(HOLD_ARM_S)
        self.tell(CommandType.ARM)
        yield from self.wait(PEDAL_AFTER_S)

    def wait(self, duration_s: float) -> Script:
        """Let ticks pass."""
        until_s = self.clock.now_s() + duration_s
        while self.clock.now_s() < until_s:
            yield

    def tell(
        self,
        command: CommandType,
        role: str | None = None,
        *,
        reason: str | None = None,
        value: float | None = None,
    ) -> None:
        """Give a command, as from the screen."""
        self._commands += 1
        self.monitor.told(command, role)
        reason = "the key is turned" if command is CommandType.CONFIRM_KEY_OFF else reason
        self.controller.submit(
            Command(id=self._commands, type=command, role=role, reason=reason, value=value)
        )

    def foot(self, down: bool, after_s: float) -> None:
        """Put the foot on the pedal, or lift it, after_s from now."""
        pedal = self.world.pedal
        self._act(PEDAL_PATH, down, pedal.press if down else pedal.release, after_s)

    def red_button(self, pressed: bool, after_s: float) -> None:
        """Press the emergency stop, or turn it out again, after_s from now."""
        loop = self.world.stop_loop
        self._act("stop_loop.closed", not pressed, loop.press if pressed else loop.reset, after_s)

    def _act(self, path: str, value: bool, act: Callable[[], None], after_s: float) -> None:
        self.acts.append(Act(self.clock.now_s() + after_s - self.opened_s, path, value))
        self.world.kernel.after(after_s, act)

    def plan_fault(self, fault: Fault) -> None:
        """Have a fault happen at_s from now."""
        self.world.kernel.after(fault.at_s, partial(self._fail, fault.path, fault.value))

    def _fail(self, path: str, value: Any) -> None:
        if path == HOST_SILENT:
            self._silent_s = value
        elif path == KIOSK_SILENT:
            self._kiosk_alive = not value
            self.monitor.kiosk_silent(value)
        elif path == JOURNAL_FAILS:
            self.journal.ok = False
            self.monitor.journal_failed()
        else:
            set_value(self.simulated, path, value)
            self.monitor.disturbances.changed(path, value)

    def run(self, script: Iterator[None]) -> None:
        """Run ticks until the script ends."""
        controller, clock = self.controller, self.clock

        def tick(now_s: float, late_s: float, overrun_s: float) -> bool:
            self.world.advance(now_s)  # what the technician does, happens now
            if next(script, self) is self:
                return False
            if self._kiosk_alive:
                controller.operator_alive(now_s)
            _, decision = controller.tick(now_s, late_s, overrun_s)
            for reply in decision.replies:
                if reply.refused is None:
                    self._taken(reply.command)
            if self._silent_s:
                self._fall_silent()
            return True

        FixedRateLoop(clock, self._rate_hz).run_while(tick)

    def _taken(self, command: Command) -> None:
        if command.type in _CLOSING:
            self.monitor.session_closed(command.type, command.role)
        change = change_of(command, self.controller.state.elapsed_s)
        if change is not None:
            self.monitor.overridden(change)

    def _fall_silent(self) -> None:
        """Let the world go on without the host, as when its process stands still inside a tick."""
        self.monitor.disturbances.host_silent(True)
        self.clock.sleep_until(self.clock.now_s() + self._silent_s)
        self._silent_s = 0.0
        self.world.advance(self.clock.now_s())
        self.monitor.disturbances.host_silent(False)


@contextmanager
def campaign_cart(batch: Batch) -> Iterator[Cart]:
    """Build a warm cart with the batch's world and protocol; nothing is connected yet."""
    config = replace(warm_config(), camera=None)
    clock = VirtualClock()
    with (
        simulated_cart(config, clock, batch.world_seed) as simulated,
        connected_devices(config, clock) as devices,
    ):
        assert simulated is not None
        yield Cart(config, clock, simulated, devices, batch)
