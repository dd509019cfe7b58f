"""A whole cart under treatment whose devices are on pseudo-terminals, found by their serial numbers.

Drivers, controller, journal and record are those of the cart; the clock is virtual, so that a treatment
takes no longer than its ticks. The operator is a script that gives orders one by one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.rigs.cart_configs import real_config_file
from benchmarks.rigs.light import DARK_W, EMITS_W
from benchmarks.rigs.sessions import HOLD_ARM_S, CartStuckError, run_script
from simulators.cart import SimulatedCart
from simulators.servers import PtyCart
from simulators.world import World
from tosca_kiosk.cli.session_record import OpenedSession, close_record, open_record
from tosca_kiosk.cli.workplace import Workplace
from tosca_kiosk.config import bundled, load_config
from tosca_kiosk.control.controller import Controller
from tosca_kiosk.control.devices import Devices
from tosca_kiosk.control.loop import FixedRateLoop
from tosca_kiosk.control.operator import TEST_WITHIN_S, UnattendedOperator
from tosca_kiosk.control.self_test import KeptSelfTest
from tosca_kiosk.domain.events import SafetyEvent
from tosca_kiosk.domain.inputs import Command, CommandType
from tosca_kiosk.domain.protocol import Protocol, Step
from tosca_kiosk.domain.protocol_file import to_json
from tosca_kiosk.domain.ramps import RampType
from tosca_kiosk.domain.state import Beam, Phase
from tosca_kiosk.machine.clock import VirtualClock
from tosca_kiosk.running.cart import connected_devices
from tosca_kiosk.session import back_up, compared_with_record, plan_session
from tosca_kiosk.storage import Database, Imported, patients, users

PATIENT, TECHNICIAN = "P-2026-0001", "tech01"
SAMPLE_S = 0.0005
WITHIN_S = 60.0
SETTLE_S = 0.3
"""A released pedal's contacts have settled, and the photodiode is dark."""
STEP_S = 2.0
PAIRS = 20


class PumpedClock(VirtualClock):
    """A virtual clock whose waiting carries bytes both ways and lets the served cart go on."""

    def __init__(self, served: PtyCart) -> None:
        super().__init__()
        self._served = served

    def sleep_until(self, deadline_s: float) -> None:
        self._served.pump(self.now_s())  # what the host has just written goes out now, not at the deadline
        super().sleep_until(deadline_s)
        self._served.pump(self.now_s())
        self._served.settle()


class LightWatch:
    """Notes until when there was light, by the world alone. It only reads, so it changes nothing."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.lit_until_s = -math.inf
        self._look()

    def _look(self) -> None:
        kernel = self._world.kernel
        if self._world.true_power_w() >= DARK_W:
            self.lit_until_s = kernel.now_s + SAMPLE_S
        kernel.after(SAMPLE_S, self._look)


class FirstBytes:
    """Keeps what a host says first on a line after each time that it is told to `listen`."""

    def __init__(self, simulated: SimulatedCart, key: str) -> None:
        line = simulated.lines[key]
        self._hear = line.host_write
        self.said = b""
        self.from_s: float | None = None
        line.host_write = self._host_write  # type: ignore[method-assign]

    def listen(self) -> None:
        self.said, self.from_s = b"", None

    def _host_write(self, data: bytes, now: float) -> int:
        if self.from_s is None:
            self.from_s = now
        if len(self.said) < 64:
            self.said += data
        return self._hear(data, now)


class PluggedCart:
    """A connected, homed cart. safety: what was logged since the last `forget`, oldest first.

    look: called after every tick.
    """

    def __init__(
        self,
        workplace: Workplace,
        database: Database,
        protocol: Path,
        served: PtyCart,
        clock: PumpedClock,
        devices: Devices,
    ) -> None:
        self.served = served
        self.world = served.cart.world
        self.clock = clock
        self.devices = devices
        self.light = LightWatch(self.world)
        self.laser_hears = FirstBytes(served.cart, "laser")
        self.safety: list[SafetyEvent] = []
        self.look: Callable[[], None] = lambda: None
        self._workplace = workplace
        self._database = database
        # A camera is no device of these ports.
        config = replace(workplace.config, camera=None)
        self._plan = plan_session(
            database, config, patient=PATIENT, technician=TECHNICIAN, protocol=str(protocol)
        )
        self_test = KeptSelfTest(devices, workplace.config.devices, self._plan.idle, clock)
        self.controller = Controller(devices, self._plan.idle, self_test)
        self.period_s = 1.0 / workplace.config.rate_hz
        self._orders = 0
        self._refused: str | None = None
        self._opened: OpenedSession | None = None
        self._prepare()

    @property
    def emits(self) -> bool:
        return self.controller.state.beam is Beam.EMITTING and self.world.true_power_w() > EMITS_W

    # --- time -------------------------------------------------------------------------------------------

    def run_until(self, done: Callable[[], bool], what: str, within_s: float = WITHIN_S) -> None:
        """Tick until done, asked after each tick. Raises CartStuckError."""
        give_up_s = self.clock.now_s() + within_s
        self._tick()
        while not done():
            if self.clock.now_s() > give_up_s:
                raise CartStuckError(f"not within {within_s:g} s: {what}; {self._standing()}")
            self._tick()

    def wait(self, seconds: float) -> None:
        until_s = self.clock.now_s() + seconds
        self.run_until(lambda: self.clock.now_s() >= until_s, "time passes", seconds + 1.0)

    def _tick(self) -> None:
        self._ticks += 1
        self.clock.sleep_until(self._ticks * self.period_s)
        now_s = self.clock.now_s()
        self.controller.operator_alive(now_s)
        _, decision = self.controller.tick(now_s)
        self.safety += decision.safety
        for reply in decision.replies:
            self._refused = reply.refused
        self.look()

    def _standing(self) -> str:
        state = self.controller.state
        problems = [device.problem for device in self.devices.not_ready()]
        return f"{state.phase}, {state.beam}, faults {state.faults}, {problems}, newest no: {self._refused}"

    def _prepare(self) -> None:
        operator = UnattendedOperator(self.controller, None)
        loop = FixedRateLoop(self.clock, 1.0 / self.period_s)
        run_script(loop, self.controller, operator, operator.prepare())
        self._ticks = round(self.clock.now_s() / self.period_s)

    # --- the operator -----------------------------------------------------------------------------------

    def order(self, command: CommandType, role: str | None = None, reason: str | None = None) -> str | None:
        """Give an order in the coming tick; return why it was refused, None when it was taken."""
        self._orders += 1
        self.controller.submit(Command(self._orders, command, role, reason))
        self.wait(0.0)
        return self._refused

    def open_session(self) -> None:
        """Have the cart tested where no test counts, and open a session in the record.

        Raises CartStuckError when control refuses it.
        """
        if self.controller.self_test.problem() is not None:
            self.order(CommandType.RUN_SELF_TEST)
            self.run_until(lambda: self.controller.self_test.progress is None, "the test ends", TEST_WITHIN_S)
        now, now_s = self.clock.utc(), self.clock.now_s()
        backup = back_up(self._database, self._workplace.backup_dir, now)
        self._opened = open_record(
            self._workplace, self._database, self._plan, self.devices, now, backup, waits=True
        )
        self.controller.open_session(self._plan.rules, self._opened.header, self._opened.journal, now_s)
        self.controller.rules_problem = compared_with_record(
            self._database, self._plan.config, self._opened.session.session_id, self.controller.rules
        )
        self.run_until(lambda: self.controller.state.session_open, "a session is open", 1.0)

    def close_session(self) -> Imported:
        """Close the session, whatever stands, and import its record."""
        assert self._opened is not None
        self.world.pedal.release()
        if self.controller.state.phase in (Phase.ARMED, Phase.TREATING):
            self.order(CommandType.PAUSE)
        self.run_until(lambda: self.controller.dark, "it is read back dark")
        give_up_s = self.clock.now_s() + WITHIN_S
        while refused := self.order(CommandType.CLOSE_SESSION, reason="closed by the campaign"):
            if self.controller.dark or self.clock.now_s() > give_up_s:
                raise CartStuckError(f"the session is not closed: {refused}")
        opened, self._opened = self._opened, None
        summary = self.controller.end_session()
        return close_record(self._workplace, self._database, opened, self.clock.utc(), summary, ())

    def arm(self) -> None:
        """Arm as soon as that is allowed, with the pedal up."""
        self.world.pedal.release()
        self.wait(SETTLE_S)
        give_up_s = self.clock.now_s() + WITHIN_S
        while True:
            self.order(CommandType.BEGIN_ARM)
            self.wait(HOLD_ARM_S)
            refused = self.order(CommandType.ARM)
            if refused is None:
                break
            if self.clock.now_s() > give_up_s:
                raise CartStuckError(f"arming is refused: {refused}")
        self.run_until(lambda: self.controller.state.beam is Beam.WAITING, "the gate waits for the pedal")

    def press(self) -> None:
        """Press the pedal as soon as it counts, and wait for light."""
        limits, state = self._plan.rules.limits, self.controller.state
        self.wait(max(0.0, limits.pedal_after_arm_s - (state.now_s - state.armed_since_s)))
        self.world.pedal.press()
        self.run_until(lambda: self.emits, "light leaves")

    def reset(self) -> str:
        """Home the stage where that is needed, and reset the fault by the lowest role that may; return it."""
        self.world.pedal.release()
        self.wait(SETTLE_S)
        if not self._is_homed():
            self.order(CommandType.HOME_STAGE)
            self.run_until(self._is_homed, "the stage finds its index")
        for role in ("technician", "supervisor"):
            refused = self.order(CommandType.ACKNOWLEDGE, role)
            if refused is None:
                self.run_until(lambda: self.controller.state.phase is not Phase.FAULT, "the reset", 5.0)
                return role
        raise CartStuckError(f"the reset is refused: {refused}; {self._standing()}")

    def _is_homed(self) -> bool:
        status = self.devices.stage.status
        return status is not None and status.value.index_known


def ramps_and_rings() -> Protocol:
    """Return a long protocol: a ramp, then steady power with another ring, again and again."""
    rows = [(1.0, 2.0, RampType.LINEAR), (5.0, 3.0, RampType.CONSTANT)] * PAIRS
    return Protocol(
        "ramps and rings",
        "",
        tuple(
            Step(number, STEP_S, start_w, 5.0, ring_mm, ramp)
            for number, (start_w, ring_mm, ramp) in enumerate(rows, start=1)
        ),
    )


def new_record(data_dir: Path) -> None:
    """Make a record with the simulators' calibrations, a technician and a patient."""
    now = VirtualClock().utc()
    shipped = Workplace(bundled("simulated.yaml"), data_dir, as_json=True)
    with shipped.record() as database, database.transaction(1) as transaction:
        users.add(transaction, TECHNICIAN, "Jane Doe", "technician", now)
        patients.add(transaction, now, code=PATIENT, created_by=1)


@contextmanager
def plugged_cart(data_dir: Path, folder: Path, seed: int) -> Iterator[PluggedCart]:
    """Build a warm cart on pseudo-terminals, connect and home it. data_dir: see new_record."""
    links = folder / "by-id"
    serials = load_config(bundled("simulated.yaml")).devices
    with PtyCart(SimulatedCart(World(seed, warm=True)), links_dir=links) as served:
        ports = {
            key: f"usb://{getattr(serials, key).serial_number}?by-id={links}" for key in served.cart.lines
        }
        protocol = folder / "ramps_and_rings.json"
        protocol.write_text(to_json(ramps_and_rings(), named=True), encoding="utf-8")
        workplace = Workplace(real_config_file(ports, folder), data_dir, as_json=True)
        clock = PumpedClock(served)
        with workplace.record() as database, connected_devices(workplace.config, clock) as devices:
            yield PluggedCart(workplace, database, protocol, served, clock, devices)
