"""The one way in which a session's row is closed: from its journal, whatever is left of that.

A journal may be whole, cut short, empty, damaged, another session's or not there. Each closes the session, so
that none keeps a cart from its next start; what is missing is named in its reason or in the safety log, its
light is then unknown, and `import_journal` can still take the rest when it is found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from tosca_kiosk.domain.events import SafetyEvent, noticed
from tosca_kiosk.domain.journal_lines import CHAIN_START, JournalError, OtherFormatError, Summary
from tosca_kiosk.domain.safety import Decision
from tosca_kiosk.domain.state import State
from tosca_kiosk.domain.summary import summarise, unconfirmed
from tosca_kiosk.journal import JOURNAL_NAME
from tosca_kiosk.storage import energies, events, heads, sessions
from tosca_kiosk.storage.database import Database
from tosca_kiosk.storage.door import Transaction
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.journal_import import (
    CUT_SHORT,
    Contents,
    Imported,
    contents_of,
    damaged,
    ending,
    of_another_session,
    read,
    take_rows,
    without_row,
)
from tosca_kiosk.storage.sessions import Session
from tosca_kiosk.storage.signing import SigningKey

NOTHING_RECORDED: Final = "the program ended before anything was recorded"
_TAKE_IT_LATER: Final = (
    "Keep the session's folder; a whole journal can still be taken with tosca-kiosk db import-journal."
)


class _Left(NamedTuple):
    """What is left of a journal: its contents, or none and why. Neither: nothing was recorded."""

    contents: Contents | None = None
    why: str | None = None


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
    left = _left(session, data_dir)
    with database.transaction(operator_id) as transaction:
        present = sessions.get(transaction, session.session_id)
        if present.status not in sessions.OPEN_STATUSES:
            raise sessions.closed_already(present)
        lost = () if left.contents else without_row(transaction, session.session_id)
        lacking = [(0.0, event) for event in lost]
        imported = _take(transaction, present, left, known, now)
        ended = known is not None or (left.contents is not None and left.contents.end is not None)
        more = [*lacking, *_told(session, imported, missing, ended=ended)]
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


def _left(session: Session, data_dir: Path) -> _Left:
    try:
        folder = sessions.folder_of(session, data_dir)
    except StorageError as error:
        return _Left(why=f"its row names no folder of its journal: {error}")
    journal = folder / JOURNAL_NAME
    if not folder.is_dir():
        return _Left(why=f"its folder {folder} is not there")
    return _content_left(session, journal) if journal.exists() else _Left()


def _content_left(session: Session, journal: Path) -> _Left:
    try:
        found = read(journal)
        contents = contents_of(*found) if b"\n" in found.content else None
    except OSError as error:
        return _Left(why=f"its journal {journal} cannot be read ({error.strerror})")
    except OtherFormatError as error:
        return _Left(why=f"its journal is not read: {error}")
    except JournalError as error:
        return _Left(why=damaged(str(error)))
    other = None if contents is None else of_another_session(session, contents.reader.header)
    return _Left(contents) if other is None else _Left(why=f"in its folder {other}")


def _take(
    transaction: Transaction, session: Session, left: _Left, known: Summary | None, now: datetime
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


def _told(
    session: Session, imported: Imported, missing: str | None, *, ended: bool
) -> Iterator[tuple[float, SafetyEvent]]:
    """Yield the line of the safety log that says what the record of this session does not tell.

    ended: whether it is known how it ended all the same.
    """
    if imported.damage is not None:
        text = f"Not all of session {session.session_id} is known: {imported.damage}."
        if not ended:
            text += " Turn the laser's key off before the next session."
        yield 0.0, _critical("journal_damaged", text)
    elif missing is not None:
        text = f"The end of session {session.session_id} is not in its journal: {missing}."
        yield 0.0, _critical("journal_incomplete", text)


def _critical(source: str, text: str) -> SafetyEvent:
    event = noticed(
        "interlock_failure", f"{text} {_TAKE_IT_LATER}", "session_closed", {"trigger_source": source}
    )
    return msgspec.structs.replace(event, severity="critical", laser_state="unknown")
