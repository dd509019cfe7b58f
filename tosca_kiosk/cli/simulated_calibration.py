"""One calibration of the simulated cart in this process: a person without hands arms, presses and reads."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

import msgspec

from simulators.world import World
from tosca_kiosk.calibration.certificate_file import CertificateError
from tosca_kiosk.calibration.engine import Engine, Measured, MeasuringError, Wants
from tosca_kiosk.calibration.importing import judged_certificate, store
from tosca_kiosk.calibration.measured import certificate_of, check_values
from tosca_kiosk.calibration.opening import CalibrationOrder, OpenedCalibration, opening_calibration
from tosca_kiosk.calibration.planning import CalibrationPlan, MeterSaid, plan_calibration
from tosca_kiosk.cli.drawn_world import tell_drawn_world
from tosca_kiosk.cli.simulated_session import pedal_of, quiet_collector, refuse_real_ports
from tosca_kiosk.cli.workplace import Workplace
from tosca_kiosk.control.controller import Controller
from tosca_kiosk.control.devices import described
from tosca_kiosk.control.frames import PolledCamera
from tosca_kiosk.control.loop import FixedRateLoop
from tosca_kiosk.control.operator import OperatorGaveUpError, Script, drive
from tosca_kiosk.control.self_test import KeptSelfTest
from tosca_kiosk.control.station_operator import StationOperator
from tosca_kiosk.domain.calibrating.check_kinds import Value
from tosca_kiosk.domain.calibrating.procedures import ProcedureKind
from tosca_kiosk.domain.calibrating.validation import Validation
from tosca_kiosk.domain.safety import Decision
from tosca_kiosk.domain.state import Beam
from tosca_kiosk.journal.writer import Journal
from tosca_kiosk.machine.clock import Clock, RealClock, VirtualClock
from tosca_kiosk.machine.stop_signals import on_interrupt
from tosca_kiosk.running.camera import camera_over
from tosca_kiosk.running.cart import connected_devices, planned_scenario, simulated_cart
from tosca_kiosk.session import RefusedError, SessionBackup
from tosca_kiosk.session.calibration_rules import calibration_compared
from tosca_kiosk.storage import Database, Imported, calibration_sessions, close_calibration
from tosca_kiosk.storage.calibration_sessions import CalibrationValue

METER: Final = MeterSaid(
    serial_number="SIM-METER",
    wavelength_nm=1550.0,
    range_watts=15.0,
    uncertainty_percent=1.0,
    calibrated_until=date(9999, 12, 31),
)
"""The simulated world's, where nobody says another."""
_ARM_WITHIN_S: Final = 120.0
_LOOK_EVERY_S: Final = 0.1
_LOOKS: Final = 100
"""So many ticks before the light's end a person sees whether the display has come to rest."""
STILL_PART: Final = 0.015
"""A display that moves by more than this part meanwhile has not."""


@dataclass(frozen=True)
class Request:
    """What `calibrate KIND` was asked for."""

    kind: ProcedureKind
    technician: str
    meter: MeterSaid = METER
    scenario: Path | None = None
    seed: int | None = None
    fast: bool = False


@dataclass(frozen=True)
class Calibrated:
    """What a calibration has come to. validation: of a curve; values: of what makes none."""

    session_id: int
    imported: Imported
    true_energy_j: float
    seconds: float
    reasons: tuple[str, ...]
    calibration_id: int | None = None
    validation: Validation | None = None
    values: tuple[Value, ...] = ()


def run_calibration(workplace: Workplace, request: Request) -> Calibrated:
    """Calibrate the simulated cart; what was measured stands in the record then.

    Raises one of EXPECTED_ERRORS before anything is opened.
    """
    config = workplace.config
    refuse_real_ports(config)
    clock: Clock = VirtualClock() if request.fast else RealClock()
    with (
        workplace.record() as database,
        SessionBackup(lambda: database, workplace.backup_dir, clock.utc, workplace.sealing) as backup,
        simulated_cart(config, clock, request.seed) as cart,
    ):
        plan = plan_calibration(
            database, config, kind=request.kind, technician=request.technician, meter=request.meter
        )
        if cart is None:
            raise RefusedError(f"{config.source}: nothing is simulated; calibrate at the cart by --at-cart")
        backup.begin()  # beside the connecting and the homing
        planned_scenario(request.scenario, cart)
        tell_drawn_world(config, cart)
        with (
            connected_devices(config, clock) as devices,
            camera_over(config, clock, cart.world) as camera,
            quiet_collector(),
        ):
            kept = KeptSelfTest(devices, config.devices, plan.idle, clock)
            frames = None if camera is None else PolledCamera(camera)
            controller = Controller(devices, plan.idle, kept, frames=frames)
            operator = StationOperator(controller, pedal_of(cart.world), user=plan.technician.username)
            run = _Run(workplace, database, plan, backup, controller, operator, clock, cart.world)
            return run.run()


@dataclass
class _Run:
    """One calibration: prepare, open, measure, close, judge."""

    workplace: Workplace
    database: Database
    plan: CalibrationPlan
    backup: SessionBackup
    controller: Controller
    operator: StationOperator
    clock: Clock
    world: World
    reasons: list[str] = field(default_factory=list)
    _opened: OpenedCalibration | None = None
    _stop: bool = False
    _shown_w: deque[float] = field(default_factory=lambda: deque(maxlen=_LOOKS))
    _station: int = 0
    _unwritten: list[Decision] = field(default_factory=list)

    def __post_init__(self) -> None:
        range_w = 0.0 if self.plan.meter is None else self.plan.meter.range_watts
        self.engine = Engine(self.plan.procedure, self.plan.session, range_w)

    def run(self) -> Calibrated:
        with on_interrupt(self._press_stop):
            self._drive(self.operator.prepare())
            while not self.backup.wait(_LOOK_EVERY_S):
                if self._stop:
                    raise RefusedError("stopped before it was opened; nothing was measured")
            self._drive(self.operator.settle())
            opened, journal = self._open()
            energy_before_j = self.world.true_energy_j()
            self.world.mark("session")
            self.controller.open_session(opened.header.rules, opened.header, journal, self.clock.now_s())
            number = opened.row.calibration_session_id
            self.controller.rules_problem = calibration_compared(
                self.database, self.plan.config, number, self.controller.rules
            )
            try:
                self._drive(self._measure())
            except (OperatorGaveUpError, MeasuringError) as error:
                self.reasons.append(str(error))
            reason = self.reasons[0] if self.reasons else None
            self._drive(self.operator.close(reason))
        imported = self._close(opened, journal, reason)
        true_j = self.world.true_energy_j() - energy_before_j
        if imported.summary.status != "completed" and not self.reasons:
            self.reasons.append(imported.summary.abort_reason or "it was not finished")
        return self._judge(number, imported, true_j)

    # --- the session ------------------------------------------------------------------------------------

    def _open(self) -> tuple[OpenedCalibration, Journal]:
        devices = {device.key: described(device) for device in self.controller.devices}
        plan = self.plan
        order = CalibrationOrder(
            technician=plan.technician,
            session=plan.session,
            config=plan.config,
            meter=None if plan.meter is None else msgspec.to_builtins(plan.meter),
        )
        data_dir, now = self.workplace.data_dir, self.clock.utc()
        with opening_calibration(self.database, data_dir, order, devices, now, self.backup.taken()) as opened:
            journal = Journal(opened.folder, waits=isinstance(self.clock, VirtualClock))
        self._opened = opened
        return opened, journal

    def _measure(self) -> Script:
        yield from self.operator.open()
        engine, operator = self.engine, self.operator
        while not engine.done:
            wish = self._follow()
            if wish is Wants.SELECT:
                yield from self._followed(operator.go_to(self._station))
            elif wish is Wants.LIGHT:
                yield from self._followed(operator.give_light(operator.now_s + _ARM_WITHIN_S))
            elif wish is Wants.READING:
                first_w, last_w = self._shown_w[0], self._shown_w[-1]
                still = abs(last_w - first_w) <= STILL_PART * abs(last_w)
                if (refused := engine.answer(last_w, still=still)) is not None:
                    raise MeasuringError(refused)
            yield

    def _followed(self, script: Script) -> Script:
        for _ in script:
            self._follow()
            yield

    def _follow(self) -> Wants:
        """Let the engine see the newest tick, and the meter its light."""
        meter = self.world.meter
        meter.light(self.world.true_power_w(), self.clock.now_s())
        if self.controller.state.beam is Beam.EMITTING:
            self._shown_w.append(meter.read_w())
        inputs, board = self.operator.inputs, self.controller.devices.board.status
        if inputs is None:
            return Wants.NOTHING
        before = len(self.engine.measured)
        vibration_mg = None if board is None else board.value.vibration_mg
        wish = self.engine.follow(inputs, self.controller.state, vibration_mg)
        self._station = 0 if wish.station is None else wish.station
        for one in self.engine.measured[before:]:
            self._save(one)
        return wish.wants

    def _save(self, one: Measured) -> None:
        assert self._opened is not None
        with self.database.transaction(self.plan.technician.tech_id) as transaction:
            calibration_sessions.save_reading(
                transaction, self._opened.row.calibration_session_id, one._asdict()
            )

    def _close(self, opened: OpenedCalibration, journal: Journal, reason: str | None) -> Imported:
        summary = self.controller.end_session(reason)
        with self.workplace.sealing.signing(self.database) as key:
            return close_calibration(
                self.database,
                opened.row,
                self.workplace.data_dir,
                self.clock.utc(),
                operator_id=self.plan.technician.tech_id,
                known=summary,
                missing=None if journal.recorded else journal.problem,
                unwritten=self._unwritten,
                key=key,
            )

    # --- what it comes to -------------------------------------------------------------------------------

    def _judge(self, number: int, imported: Imported, true_energy_j: float) -> Calibrated:
        validation, calibration_id = None, None
        values: tuple[Value, ...] = ()
        if not self.reasons and self.plan.procedure.calibration_type is not None:
            calibration_id, validation = self._stored(number)
        elif not self.reasons:
            values = check_values(self.plan, self.engine.measured)
            self.reasons += [one.why for one in values if not one.passed]
        with self.database.transaction(self.plan.technician.tech_id) as transaction:
            calibration_sessions.finish(
                transaction,
                number,
                verdict="failed" if self.reasons else "passed",
                validation_data=msgspec.json.encode({"reasons": self.reasons}).decode(),
                values=[
                    CalibrationValue(
                        name=one.name,
                        value=one.value,
                        unit=one.unit,
                        low=one.low,
                        high=one.high,
                        passed=one.passed,
                    )
                    for one in values
                ],
                calibration_id=calibration_id,
            )
        return Calibrated(
            session_id=number,
            imported=imported,
            true_energy_j=true_energy_j,
            seconds=self.clock.now_s(),
            reasons=tuple(self.reasons),
            calibration_id=calibration_id,
            validation=validation,
            values=tuple(values),
        )

    def _stored(self, number: int) -> tuple[int | None, Validation | None]:
        """Judge the curve and store it, passed or failed; what cannot be meant is a reason, not stored."""
        now = self.clock.utc()
        found = certificate_of(self.plan, number, self.engine.measured, now.date())
        source = f"calibration session {number}"
        try:
            judgement = judged_certificate(found, source, self.plan.config, now)
        except CertificateError as error:
            self.reasons += [f"{one.path}: {one.text}" for one in error.errors]
            return None, None
        with self.database.transaction(self.plan.technician.tech_id) as transaction:
            stored = store(transaction, found, judgement, source, self.plan.technician.tech_id)
        self.reasons += [failure.text for failure in judgement.failures]
        return stored.calibration_id, stored.validation

    # --- ticks ------------------------------------------------------------------------------------------

    def _drive(self, script: Script) -> None:
        drive(
            FixedRateLoop(self.clock, self.workplace.config.rate_hz),
            self.controller,
            self.operator,
            script,
            stop=lambda: self._stop,
            watch=self._watch,
        )

    def _watch(self, decision: Decision) -> None:
        self._unwritten += [decision] if self._opened is not None and not self.controller.recorded else []

    def _press_stop(self) -> None:
        self._stop = True


def result_of(done: Calibrated) -> dict[str, Any]:
    """Return what `calibrate KIND --json` prints."""
    summary = done.imported.summary
    return {
        "calibration_session_id": done.session_id,
        "passed": not done.reasons,
        "reasons": list(done.reasons),
        "calibration_id": done.calibration_id,
        "status": summary.status,
        "abort_reason": summary.abort_reason,
        "laser_on_time_seconds": summary.laser_on_time_s,
        "bound_energy_joules": summary.commanded_j,
        "true_energy_joules": done.true_energy_j,
        "values": [one._asdict() | {"passed": one.passed} for one in done.values],
        "simulated_seconds": round(done.seconds, 3),
    }
