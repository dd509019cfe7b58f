"""One simulated session without a screen, from the devices' start to the imported record."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from simulators.world import World
from tosca_kiosk.cli.console import say
from tosca_kiosk.cli.drawn_world import tell_drawn_world
from tosca_kiosk.cli.earlier_dose import as_result, tell_earlier_dose
from tosca_kiosk.cli.progress import Progress
from tosca_kiosk.cli.session_page import deviations
from tosca_kiosk.cli.session_record import OpenedSession, close_record, open_record
from tosca_kiosk.cli.workplace import Workplace
from tosca_kiosk.config import CartConfig
from tosca_kiosk.control.controller import Controller
from tosca_kiosk.control.frames import PolledCamera
from tosca_kiosk.control.loop import FixedRateLoop
from tosca_kiosk.control.operator import OperatorGaveUpError, Script, UnattendedOperator, Wish, drive
from tosca_kiosk.control.self_test import KeptSelfTest
from tosca_kiosk.domain.events import SafetyEvent
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.safety import Decision
from tosca_kiosk.domain.state import Phase
from tosca_kiosk.machine.clock import Clock, RealClock, VirtualClock
from tosca_kiosk.machine.stop_signals import on_interrupt
from tosca_kiosk.running.camera import camera_over
from tosca_kiosk.running.cart import connected_devices, planned_scenario, simulated_cart
from tosca_kiosk.session import (
    EarlierDose,
    PauseKeeper,
    RefusedError,
    SessionBackup,
    SessionPlan,
    compared_with_record,
    earlier_dose,
    overdue_calibrations,
    plan_session,
    session_result,
)
from tosca_kiosk.storage import Database, Imported, events, sessions
from tosca_kiosk.storage.clock_evidence import Doubt, clock_doubt

_LOOK_EVERY_S = 0.1
STOPPED_EARLY = "stopped before the session was opened; nothing was treated"


@dataclass(frozen=True)
class Request:
    """What `treat` was asked for."""

    patient: str
    technician: str
    protocol: str | None = None
    rest_of: int | None = None
    site: str | None = None
    notes: str | None = None
    scenario: Path | None = None
    seed: int | None = None
    fast: bool = False


def run_session(workplace: Workplace, request: Request) -> dict[str, Any]:
    """Run one session and return what `treat --json` prints.

    Raises one of EXPECTED_ERRORS before anything is switched on, and before the session has a row.
    """
    wall = RealClock()
    config = workplace.config
    refuse_real_ports(config)
    clock: Clock = VirtualClock() if request.fast else wall
    with (
        workplace.record() as database,
        SessionBackup(lambda: database, workplace.backup_dir, clock.utc, workplace.sealing) as backup,
        simulated_cart(config, clock, request.seed) as cart,
    ):
        plan = plan_session(
            database,
            config,
            patient=request.patient,
            technician=request.technician,
            protocol=request.protocol,
            rest_of=request.rest_of,
            site=request.site,
            notes=request.notes,
        )
        plan = replace(plan, warnings=overdue_calibrations(database, config, clock.utc()))
        doubted = clock_doubt(database, clock.utc())
        _warn((*plan.warnings, *plan.doubts), doubted)
        if cart is None:
            raise RefusedError(f"{config.source}: nothing is simulated; treat needs the simulated cart")
        cart.world.operator.present = True
        scenario = planned_scenario(request.scenario, cart)
        tell_drawn_world(config, cart)
        backup.begin()  # beside the question, the connecting and the homing
        earlier = earlier_dose(database, plan.patient.patient_id, clock.utc(), plan.counted_parts)
        tell_earlier_dose(workplace, plan.patient.patient_code, earlier)
        with (
            connected_devices(config, clock) as devices,
            camera_over(config, clock, cart.world) as camera,
            quiet_collector(),
        ):
            frames = None if camera is None else PolledCamera(camera)
            self_test = KeptSelfTest(devices, config.devices, plan.idle, clock)
            controller = Controller(devices, plan.idle, self_test, frames=frames)
            pressed_by_scenario = scenario is not None and scenario.presses_pedal
            if pressed_by_scenario:
                say(f"{request.scenario}: works the pedal itself; treat leaves the pedal to it.")
            operator = UnattendedOperator(
                controller,
                None if pressed_by_scenario else pedal_of(cart.world),
                user=plan.technician.username,
                wishes=_Wishes(cart.world),
            )
            session = _Session(
                workplace,
                database,
                plan,
                earlier,
                backup,
                doubted,
                controller,
                operator,
                clock,
                cart.world,
                request.fast,
            )
            session.run()
        simulated_s = clock.now_s()
        return session.result(simulated_s, wall.now_s())


def _warn(warnings: tuple[str, ...], doubted: Doubt | None) -> None:
    """Say each, but of the wall clock only what follows: its doubt was said as the record was opened."""
    for warning in warnings:
        rest = warning if doubted is None else warning.removeprefix(doubted.said).lstrip()
        if rest:
            say(f"Warning: {rest}")


def refuse_real_ports(config: CartConfig) -> None:
    """Raise RefusedError where any port is real: nobody watches this session, and no hand is on a STOP.

    A camera that is not simulated, a recording too, has its own time, which --fast would leave behind.
    """
    real = [f"{key} on {port}" for key, port in config.real_ports.items()]
    if config.camera is not None and not config.camera_simulated:
        real.append(f"camera by {config.camera.driver}")
    if real:
        raise RefusedError(
            f"{config.source}: treat, with or without --fast, runs simulated devices alone, "
            f"not {', '.join(real)}; use the kiosk"
        )


def pedal_of(world: World) -> Any:
    """Return what presses and releases a simulated pedal."""
    return lambda pressed: world.pedal.press() if pressed else world.pedal.release()


class _Wishes:
    """What the scenario has the operator do, in control's words."""

    _COMMANDS: Final = {"power": CommandType.POWER_OVERRIDE, "ring": CommandType.RING_OVERRIDE}

    def __init__(self, world: World) -> None:
        self._hands = world.operator

    def paused(self) -> bool:
        return self._hands.paused

    def take(self) -> list[Wish]:
        return [
            Wish(command=self._COMMANDS[wish.what], value=wish.value, reason=wish.reason)
            for wish in self._hands.take()
        ]


@contextmanager
def quiet_collector() -> Iterator[None]:
    """Keep the garbage collector from pausing a tick; the loop itself makes no cycles."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


@dataclass
class _Session:
    """One run: prepare, open the record, treat, close the record."""

    workplace: Workplace
    database: Database
    plan: SessionPlan
    earlier: EarlierDose
    backup: SessionBackup
    doubted: Doubt | None
    controller: Controller
    operator: UnattendedOperator
    clock: Clock
    world: World
    fast: bool
    opened: OpenedSession | None = None
    imported: Imported | None = None
    _stop: bool = False
    _energy_before_j: float = 0.0
    _unwritten: list[Decision] = field(default_factory=list)
    _before: list[tuple[datetime, SafetyEvent]] = field(default_factory=list)
    _progress: Progress = field(init=False)
    _pauses: PauseKeeper | None = None

    def run(self) -> None:
        self._progress = Progress(self.plan.protocol)
        with self._progress, on_interrupt(self._press_stop):
            try:
                self._prepare()
            finally:
                self._record_what_came_before()
            self._open()
            with PauseKeeper(self._keep_paused, say, waits=self.fast) as self._pauses:
                self._drive(self.operator.treat())
        self._close()

    def _prepare(self) -> None:
        try:
            self._drive(self.operator.prepare())
            self._wait_for_backup()
            self._drive(self.operator.settle())
        except OperatorGaveUpError as error:
            if not self._stop:
                raise
            raise RefusedError(STOPPED_EARLY) from error
        if self._stop:
            raise RefusedError(STOPPED_EARLY)

    def _wait_for_backup(self) -> None:
        """Wait for what is left of the backup that began with the session's plan; devices are left alone."""
        while not self.backup.wait(_LOOK_EVERY_S):
            if self._stop:
                raise RefusedError(STOPPED_EARLY)
            self._progress.wait_for("backup before the session", self.backup.share)
        _warn(self.backup.taken().to_say, self.doubted)

    def _press_stop(self) -> None:
        self._stop = True

    def _drive(self, script: Script) -> None:
        """Run a script to its end; ticks that passed since the last one are no overrun of this one."""
        drive(
            FixedRateLoop(self.clock, self.workplace.config.rate_hz),
            self.controller,
            self.operator,
            script,
            stop=lambda: self._stop,
            watch=self._watch,
        )

    def _watch(self, decision: Decision) -> None:
        state = decision.state
        if state.phase is Phase.ARMED:
            self.world.mark("armed")
        if self.opened is None:
            self._before += [(self.clock.utc(), event) for event in decision.safety]
        elif not self.opened.journal.recorded:
            self._unwritten.append(decision)
        if self._pauses is not None:
            self._pauses.follow(state)
        self._progress.show(decision)

    def _keep_paused(self, paused: bool) -> None:
        assert self.opened is not None
        with self.database.transaction(self.plan.technician.tech_id) as transaction:
            sessions.set_paused(transaction, self.opened.session.session_id, paused)

    def _record_what_came_before(self) -> None:
        """Write safety events from before the session; those inside it stand in its journal."""
        if not self._before:
            return
        tech_id = self.plan.technician.tech_id
        with self.database.transaction(tech_id) as transaction:
            for utc, event in self._before:
                events.append_safety(transaction, utc, [(0.0, event)], tech_id=tech_id)

    def _open(self) -> None:
        now, now_s = self.clock.utc(), self.clock.now_s()
        devices = self.controller.devices
        self.opened = open_record(
            self.workplace,
            self.database,
            self.plan,
            devices,
            now,
            self.backup.taken(),
            waits=self.fast,
        )
        self._energy_before_j = self.world.true_energy_j()
        self.world.mark("session")
        self.controller.open_session(self.plan.rules, self.opened.header, self.opened.journal, now_s)
        self.controller.rules_problem = compared_with_record(
            self.database, self.plan.config, self.opened.session.session_id, self.controller.rules
        )

    def _close(self) -> None:
        assert self.opened is not None
        summary = self.controller.end_session(self.operator.reason)
        now = self.clock.utc()
        self.imported = close_record(
            self.workplace, self.database, self.opened, now, summary, self._unwritten
        )

    def result(self, simulated_s: float, wall_s: float) -> dict[str, Any]:
        assert self.opened is not None
        assert self.imported is not None
        summary = self.imported.summary
        with self.database.reading() as reader:
            told = session_result(reader, self.opened.session.session_id)
        return {
            "session_id": self.opened.session.session_id,
            "session_folder": str(self.opened.folder),
            "status": summary.status,
            "abort_reason": summary.abort_reason,
            "origin": self.opened.header.origin,
            "planned_energy_joules": told.planned_j,
            "protocol_energy_joules": self.plan.protocol.planned_energy_j,
            "deviations": deviations(told),
            "total_energy_joules": summary.energy_j,
            "commanded_energy_joules": summary.commanded_j,
            "dose_energy_joules": summary.dose_j,
            "true_energy_joules": self.world.true_energy_j() - self._energy_before_j,
            "true_constants": self.world.true_constants(),
            "total_laser_on_time_seconds": summary.laser_on_time_s,
            "avg_power_watts": summary.avg_power_w,
            "max_power_watts": summary.max_power_w,
            "safety_events": self.imported.safety_events,
            "simulated_seconds": round(simulated_s, 3),
            "wall_seconds": round(wall_s, 3),
            **as_result(self.earlier),
        }
