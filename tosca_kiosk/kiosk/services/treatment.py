"""A session in the record: what counts before it, its opening, its adoption after a restart, its close."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from tosca_kiosk.domain.journal_lines import Summary
from tosca_kiosk.domain.protocol import Protocol
from tosca_kiosk.kiosk.services.record import Record
from tosca_kiosk.session import (
    BackupOvertakenError,
    EarlierDose,
    OpenedRecord,
    OpenRest,
    SessionPlan,
    earlier_dose,
    open_rests,
    opening,
    overdue_calibrations,
    plan_of,
    plan_session,
)
from tosca_kiosk.storage import (
    StorageError,
    calibration_sessions,
    close_session,
    patients,
    recover,
    recover_calibrations,
    sessions,
    users,
)
from tosca_kiosk.storage.archiving import take_back
from tosca_kiosk.storage.patients import Patient
from tosca_kiosk.storage.sessions import Session
from tosca_kiosk.storage.unopened import unopened_gone
from tosca_kiosk.storage.users import User


@dataclass(frozen=True, slots=True)
class Prepared:
    """A session that may be opened once its backup is made. earlier: the patient's light before it.

    rests: what is left of the patient's treatments that ended early, which could be finished in its place.
    """

    plan: SessionPlan
    earlier: EarlierDose
    rests: tuple[OpenRest, ...] = ()


@dataclass(frozen=True, slots=True)
class Adopted:
    """A session that control still runs, found again after a restart of the screen."""

    session: Session
    patient: Patient
    technician: User
    protocol: Protocol | None


def prepare(
    record: Record, patient_code: str, username: str, protocol_name: str | None, rest_of: int | None = None
) -> Prepared:
    """Check the session's plan: by a saved protocol, or the rest of a session. Raises one of REFUSALS.

    A session that could not be closed when it should have been is closed first, or says why it cannot be.
    """
    close_interrupted(record)
    plan = plan_session(
        record.database,
        record.config,
        patient=patient_code,
        technician=username,
        protocol=protocol_name,
        rest_of=rest_of,
    )
    plan = replace(plan, warnings=overdue_calibrations(record.database, record.config, record.utc()))
    patient_id = plan.patient.patient_id
    earlier = earlier_dose(record.database, patient_id, record.utc(), plan.counted_parts)
    with record.database.reading() as reader:
        return Prepared(plan, earlier, open_rests(reader, patient_id))


def open_row(record: Record, plan: SessionPlan, devices: dict[str, dict[str, str]]) -> OpenedRecord | None:
    """Make the session's row and folder, once its backup is made; control makes the journal in it.

    None where something was changed since that backup: another one must precede it. Raises one of REFUSALS,
    which may be why the backup failed.
    """
    now, backup = record.utc(), record.backup.taken()
    for told in backup.to_say:
        logging.getLogger(__name__).warning(told)  # the clock itself is an alarm, and in the safety log
    origin = record.config.origin
    try:
        with opening(record.database, record.data_dir, plan, devices, origin, now, backup) as opened:
            return opened
    except BackupOvertakenError:
        return None


def keep_paused(record: Record, session_id: int, paused: bool, tech_id: int | None) -> None:
    """Say in an open session's row whether it is paused. StorageError if the session is closed already."""
    with record.database.transaction(tech_id) as transaction:
        sessions.set_paused(transaction, session_id, paused)


def close_row(
    record: Record,
    session_id: int,
    tech_id: int | None,
    *,
    known: Summary | None = None,
    missing: str | None = None,
) -> Session:
    """Close a session's row from its journal, unless it is closed already. Raises StorageError.

    known: how it ended, where control said so; missing: why the end is not in the journal.
    """
    session = sessions.get(record.database, session_id)
    if session.status in sessions.OPEN_STATUSES:
        with record.sealing.signing(record.database) as key:
            close_session(
                record.database,
                session,
                record.data_dir,
                record.utc(),
                operator_id=tech_id,
                known=known,
                missing=missing,
                key=key,
            )
    return sessions.get(record.database, session_id)


def close_interrupted(record: Record) -> list[Session]:
    """Close every session that nobody runs any more, from its journal as far as that is whole.

    What else a crash left is ended too, as far as it can be.
    """
    closed: list[Session] = []
    log = logging.getLogger(__name__)
    if sessions.interrupted(record.database) or calibration_sessions.interrupted(record.database):
        with record.sealing.signing(record.database) as key:
            closed = recover(record.database, record.data_dir, record.utc(), key=key)
            for one in recover_calibrations(record.database, record.data_dir, record.utc(), key=key):
                log.warning(f"Calibration session {one.calibration_session_id} was left open; it is closed.")
    try:
        for said in take_back(record.database):
            log.warning(said)
    except StorageError as error:
        log.warning(f"What was left of an archiving stays: {error}")
    for said in unopened_gone(record.database, record.data_dir):
        log.warning(said)
    return closed


def adopt(record: Record, session_id: int) -> Adopted:
    """Find the session that control runs. Raises StorageError if the record does not know it."""
    session = sessions.get(record.database, session_id)
    patient = patients.of_id(record.database, session.patient_id)
    return Adopted(session, patient, users.get(record.database, session.tech_id), plan_of(session))
