"""The one way in which a calibration session's row is closed: from its journal, whatever is left of that."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from tosca_kiosk.domain.journal_lines import CHAIN_START, Summary
from tosca_kiosk.domain.safety import Decision
from tosca_kiosk.domain.state import State
from tosca_kiosk.domain.summary import summarise
from tosca_kiosk.storage import calibration_journal, calibration_sessions, heads
from tosca_kiosk.storage.calibration_sessions import CalibrationSessionRow
from tosca_kiosk.storage.database import Database
from tosca_kiosk.storage.door import Transaction
from tosca_kiosk.storage.journal_contents import CUT_SHORT, Imported, ending
from tosca_kiosk.storage.journal_left import NOTHING_RECORDED, Left, left_of, told
from tosca_kiosk.storage.signing import SigningKey


def close_calibration(
    database: Database,
    row: CalibrationSessionRow,
    data_dir: Path,
    now: datetime,
    *,
    operator_id: int | None = None,
    known: Summary | None = None,
    missing: str | None = None,
    unwritten: Sequence[Decision] = (),
    key: SigningKey | None = None,
) -> Imported:
    """Close an open session from its journal, all or nothing, in the operator's name.

    known, missing, unwritten, key: as of `session_close.close_session`. The readings stay as they were saved.
    Raises StorageError while the journal is still written, for a session that is closed already, and where
    the database does not take it.
    """
    left = left_of(
        lambda: calibration_sessions.folder_of(row, data_dir),
        lambda header: calibration_journal.of_another_session(row, header),
    )
    with database.transaction(operator_id) as transaction:
        present = calibration_sessions.get(transaction, row.calibration_session_id)
        if present.status != calibration_sessions.OPEN_STATUS:
            raise calibration_sessions.closed_already(present)
        imported = _take(transaction, present, left, known, now)
        ended = known is not None or (left.contents is not None and left.contents.end is not None)
        lines = list(told(calibration_journal.named(row), imported, missing, ended=ended))
        calibration_journal.append_safety(transaction, present, now, lines)
        calibration_journal.append_unwritten(transaction, present, row.started_utc or now, unwritten)
        if key is not None:
            heads.sign(transaction.connection, key, "session")
    return imported


def recover_calibrations(
    database: Database,
    data_dir: Path,
    now: datetime,
    *,
    operator_id: int | None = None,
    key: SigningKey | None = None,
) -> list[CalibrationSessionRow]:
    """Close every session that a crash left open, from its journal as far as that is whole; return them.

    Raises StorageError for a journal that is still being written: its session stays open.
    """
    closed = []
    for row in calibration_sessions.interrupted(database):
        close_calibration(database, row, data_dir, now, operator_id=operator_id, key=key)
        closed.append(calibration_sessions.get(database, row.calibration_session_id))
    return closed


def _take(
    transaction: Transaction, row: CalibrationSessionRow, left: Left, known: Summary | None, now: datetime
) -> Imported:
    if left.contents is not None:
        found = ending(left.contents, known)
        return calibration_journal.take_rows(transaction, row, left.contents, found, now)
    summary = known
    if summary is None:
        # Without a header nothing was armed; a journal that breaks in its header may have held light.
        summary = summarise(State(), NOTHING_RECORDED if left.why is None else f"{CUT_SHORT}; {left.why}")
    tells = known is not None or left.why is None
    calibration_sessions.close(
        transaction,
        row,
        status=summary.status,
        abort_reason=summary.abort_reason,
        duration_s=summary.duration_s,
        light_s=summary.laser_on_time_s if tells else None,
        bound_energy_j=summary.commanded_j if tells else None,
        measured_energy_j=None,
    )
    return Imported(
        session_id=row.calibration_session_id,
        treatment_events=0,
        safety_events=0,
        ticks=0,
        head_hash=CHAIN_START.hex(),
        whole=False,
        summary=summary,
        damage=left.why,
        work="calibration",
    )
