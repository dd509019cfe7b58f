"""The one way in which a session's row is closed: from its journal, whatever is left of that.

A journal may be whole, cut short, empty, damaged, another session's or not there. Each closes the session, so
that none keeps a cart from its next start; what is missing is named in its reason or in the safety log, its
light is then unknown, and `import_journal` can still take the rest when it is found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from tosca_kiosk.domain.journal_lines import CHAIN_START, Summary
from tosca_kiosk.domain.safety import Decision
from tosca_kiosk.domain.state import State
from tosca_kiosk.domain.summary import summarise, unconfirmed
from tosca_kiosk.storage import energies, events, heads, sessions
from tosca_kiosk.storage.database import Database
from tosca_kiosk.storage.door import Transaction
from tosca_kiosk.storage.journal_contents import CUT_SHORT, Imported, ending
from tosca_kiosk.storage.journal_import import of_another_session, take_rows, without_row
from tosca_kiosk.storage.journal_left import NOTHING_RECORDED, Left, left_of, told
from tosca_kiosk.storage.sessions import Session
from tosca_kiosk.storage.signing import SigningKey


def close_session(
    database: Database,
    session: Session,
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

    known: how it ended, where the caller knows; a journal's own end comes before it. missing: why the end is
    not in the journal, as its writer said. unwritten: what was decided after the journal took no more, oldest
    first; its events follow the others. key: signs the record's new head; None where it cannot be used.
    Raises StorageError while the journal is still written, for a session that is closed already, and where
    the database does not take it.
    """
    left = left_of(
        lambda: sessions.folder_of(session, data_dir), lambda header: of_another_session(session, header)
    )
    with database.transaction(operator_id) as transaction:
        present = sessions.get(transaction, session.session_id)
        if present.status not in sessions.OPEN_STATUSES:
            raise sessions.closed_already(present)
        lost = () if left.contents else without_row(transaction, session.session_id)
        lacking = [(0.0, event) for event in lost]
        imported = _take(transaction, present, left, known, now)
        ended = known is not None or (left.contents is not None and left.contents.end is not None)
        more = [*lacking, *told(f"session {session.session_id}", imported, missing, ended=ended)]
        events.append_safety(transaction, now, more, session_id=session.session_id, tech_id=session.tech_id)
        treatment = [(made.state.now_s, event) for made in unwritten for event in made.events]
        safety = [(made.state.now_s, event) for made in unwritten for event in made.safety]
        start, number = session.start_time or now, session.session_id
        events.append_treatment(transaction, number, start, treatment)
        events.append_safety(transaction, start, safety, session_id=number, tech_id=session.tech_id)
        if key is not None:
            heads.sign(transaction.connection, key, "session")
    return replace(
        imported,
        treatment_events=imported.treatment_events + len(treatment),
        safety_events=imported.safety_events + len(safety) + len(more),
    )


def recover(
    database: Database,
    data_dir: Path,
    now: datetime,
    *,
    operator_id: int | None = None,
    key: SigningKey | None = None,
) -> list[Session]:
    """Close every session that a crash left open, from its journal as far as that is whole; return them.

    key: as in `close_session`. Raises StorageError for a journal that is still being written: its session
    stays open.
    """
    closed = []
    for session in sessions.interrupted(database):
        close_session(database, session, data_dir, now, operator_id=operator_id, key=key)
        closed.append(sessions.get(database, session.session_id))
    return closed


def _take(
    transaction: Transaction, session: Session, left: Left, known: Summary | None, now: datetime
) -> Imported:
    if left.contents is not None:
        return take_rows(transaction, session, left.contents, ending(left.contents, known), now)
    summary = known
    if summary is None:
        # Without a header nothing was armed; a journal that breaks in its header may have held light.
        reason = NOTHING_RECORDED if left.why is None else f"{CUT_SHORT}; {left.why}"
        summary = summarise(State(), reason)
    tells_all = (left.why is None or known is not None) and not unconfirmed(summary.abort_reason)
    sessions.correct(transaction, session, summary, told=energies.tells(summary, whole=tells_all))
    energies.keep(transaction, session.session_id, summary, whole=tells_all)
    return Imported(
        session_id=session.session_id,
        treatment_events=0,
        safety_events=0,
        ticks=0,
        head_hash=CHAIN_START.hex(),
        whole=False,
        summary=summary,
        damage=left.why,
    )
