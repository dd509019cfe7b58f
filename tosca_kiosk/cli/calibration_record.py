"""The record of one calibration, whoever gives its light: opened, readings kept, closed, judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import msgspec

from tosca_kiosk.calibration.certificate_file import CertificateError
from tosca_kiosk.calibration.engine import Engine, Wish
from tosca_kiosk.calibration.importing import judged_certificate, store
from tosca_kiosk.calibration.measured import certificate_of, check_values
from tosca_kiosk.calibration.opening import CalibrationOrder, OpenedCalibration, opening_calibration
from tosca_kiosk.calibration.planning import CalibrationPlan
from tosca_kiosk.cli.workplace import Workplace
from tosca_kiosk.domain.calibrating.check_kinds import Value
from tosca_kiosk.domain.calibrating.seen import Seen
from tosca_kiosk.domain.calibrating.validation import Validation
from tosca_kiosk.domain.journal_lines import Summary
from tosca_kiosk.domain.safety import Decision
from tosca_kiosk.session import RefusedError, SessionBackup
from tosca_kiosk.storage import Database, Imported, calibration_sessions, close_calibration
from tosca_kiosk.storage.calibration_sessions import CalibrationValue

_LOOK_EVERY_S: Final = 0.1


@dataclass(frozen=True)
class Calibrated:
    """What a calibration has come to. validation: of a curve; values: of what makes none."""

    session_id: int
    summary: Summary
    reasons: tuple[str, ...]
    calibration_id: int | None = None
    validation: Validation | None = None
    values: tuple[Value, ...] = ()

    def as_result(self) -> dict[str, Any]:
        """Return what `calibrate KIND --json` prints of it."""
        return {
            "calibration_session_id": self.session_id,
            "passed": not self.reasons,
            "reasons": list(self.reasons),
            "calibration_id": self.calibration_id,
            "status": self.summary.status,
            "abort_reason": self.summary.abort_reason,
            "laser_on_time_seconds": self.summary.laser_on_time_s,
            "bound_energy_joules": self.summary.commanded_j,
            "values": [one._asdict() | {"passed": one.passed} for one in self.values],
        }


@dataclass
class CalibrationRecord:
    """reasons: why the calibration fails, in the order in which it was found."""

    workplace: Workplace
    database: Database
    plan: CalibrationPlan
    reasons: list[str] = field(default_factory=list)
    opened: OpenedCalibration | None = None

    def __post_init__(self) -> None:
        range_w = 0.0 if self.plan.meter is None else self.plan.meter.range_watts
        self.engine = Engine(self.plan.procedure, self.plan.session, range_w)

    @property
    def number(self) -> int:
        """The session's. Raises AssertionError before it is opened."""
        assert self.opened is not None
        return self.opened.row.calibration_session_id

    def open(
        self,
        devices: Mapping[str, dict[str, str]],
        now: datetime,
        backup: SessionBackup,
        begin: Callable[[OpenedCalibration], None],
    ) -> None:
        """Make row and folder; begin: what belongs to it, whose error undoes the row."""
        plan = self.plan
        order = CalibrationOrder(
            technician=plan.technician,
            session=plan.session,
            config=plan.config,
            meter=None if plan.meter is None else msgspec.to_builtins(plan.meter),
        )
        data_dir = self.workplace.data_dir
        with opening_calibration(self.database, data_dir, order, devices, now, backup.taken()) as opened:
            begin(opened)
        self.opened = opened

    def follow(self, tick: Seen) -> Wish:
        """Let the engine see a tick and keep what it has measured; return its wish. Raises MeasuringError."""
        before = len(self.engine.measured)
        wish = self.engine.follow(tick)
        for one in self.engine.measured[before:]:
            with self.database.transaction(self.plan.technician.tech_id) as transaction:
                calibration_sessions.save_reading(transaction, self.number, one._asdict())
        return wish

    def close(
        self, now: datetime, summary: Summary, missing: str | None, unwritten: Sequence[Decision] = ()
    ) -> Imported:
        """Import the finished journal and close the row. Raises StorageError."""
        assert self.opened is not None
        with self.workplace.sealing.signing(self.database) as key:
            imported = close_calibration(
                self.database,
                self.opened.row,
                self.workplace.data_dir,
                now,
                operator_id=self.plan.technician.tech_id,
                known=summary,
                missing=missing,
                unwritten=unwritten,
                key=key,
            )
        if imported.summary.status != "completed" and not self.reasons:
            self.reasons.append(imported.summary.abort_reason or "it was not finished")
        return imported

    def judge(self, imported: Imported, now: datetime) -> Calibrated:
        """Judge what was measured, and keep verdict and values; what broke off has failed already."""
        validation, calibration_id = None, None
        values: tuple[Value, ...] = ()
        if not self.reasons and self.plan.procedure.calibration_type is not None:
            calibration_id, validation = self._stored(now)
        elif not self.reasons:
            values = check_values(self.plan, self.engine.measured)
            self.reasons += [one.why for one in values if not one.passed]
        kept = [
            CalibrationValue(
                name=one.name,
                value=one.value,
                unit=one.unit,
                low=one.low,
                high=one.high,
                passed=one.passed,
            )
            for one in values
        ]
        with self.database.transaction(self.plan.technician.tech_id) as transaction:
            calibration_sessions.finish(
                transaction,
                self.number,
                verdict="failed" if self.reasons else "passed",
                validation_data=msgspec.json.encode({"reasons": self.reasons}).decode(),
                values=kept,
                calibration_id=calibration_id,
            )
        return Calibrated(
            session_id=self.number,
            summary=imported.summary,
            reasons=tuple(self.reasons),
            calibration_id=calibration_id,
            validation=validation,
            values=values,
        )

    def _stored(self, now: datetime) -> tuple[int | None, Validation | None]:
        """Judge the curve and store it, passed or failed; what cannot be meant is a reason, not stored."""
        found = certificate_of(self.plan, self.number, self.engine.measured, now.date())
        source = f"calibration session {self.number}"
        try:
            judgement = judged_certificate(found, source, self.plan.config, now)
        except CertificateError as error:
            self.reasons += [f"{one.path}: {one.text}" for one in error.errors]
            return None, None
        with self.database.transaction(self.plan.technician.tech_id) as transaction:
            stored = store(transaction, found, judgement, source, self.plan.technician.tech_id)
        self.reasons += [failure.text for failure in judgement.failures]
        return stored.calibration_id, stored.validation


def wait_for_backup(backup: SessionBackup, stopped: Callable[[], bool]) -> None:
    """Wait for the backup that precedes a session. Raises RefusedError where that is called off."""
    while not backup.wait(_LOOK_EVERY_S):
        if stopped():
            raise RefusedError("stopped before it was opened; nothing was measured")
