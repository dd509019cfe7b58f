"""A session's close in the record: its journal is imported, and its row says how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from tosca_kiosk.domain.journal_lines import Summary
from tosca_kiosk.domain.safety import Decision
from tosca_kiosk.journal import JOURNAL_NAME
from tosca_kiosk.storage import Database, Imported, events, import_journal
from tosca_kiosk.storage.sessions import Session


def close_session(
    database: Database,
    session: Session,
    folder: Path,
    now: datetime,
    *,
    operator_id: int | None,
    known: Summary | None = None,
    unwritten: Sequence[Decision] = (),
) -> Imported:
    """Import the finished journal in an open session's folder and close its row, in the operator's name.

    known: how it ended, where the journal may lack its end and the caller knows. unwritten: what was decided
    after the journal took no more, oldest first; its events follow the others. Raises StorageError.
    """
    imported = import_journal(database, folder / JOURNAL_NAME, now, operator_id=operator_id, known=known)
    if not unwritten:
        return imported
    start, session_id = session.start_time or now, session.session_id
    treatment = [(made.state.now_s, event) for made in unwritten for event in made.events]
    safety = [(made.state.now_s, event) for made in unwritten for event in made.safety]
    with database.transaction(operator_id) as transaction:
        events.append_treatment(transaction, session_id, start, treatment)
        events.append_safety(transaction, start, safety, session_id=session_id, tech_id=operator_id)
    return replace(
        imported,
        treatment_events=imported.treatment_events + len(treatment),
        safety_events=imported.safety_events + len(safety),
    )
