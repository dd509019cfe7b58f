"""A session's journal becomes rows: events, safety events and the session's summary, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from tosca_kiosk.domain.events import SafetyEvent, noticed
from tosca_kiosk.domain.journal_lines import (
    Header,
    JournalError,
    OtherFormatError,
)
from tosca_kiosk.storage import archives, calibration_journal, energies, events, session_timing, sessions
from tosca_kiosk.storage.database import Database
from tosca_kiosk.storage.door import Transaction
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.journal_contents import (
    Contents,
    Ending,
    Imported,
    contents_of,
    damaged,
    ending,
    head_after,
    mended,
    read,
)
from tosca_kiosk.storage.sessions import Session
from tosca_kiosk.storage.timestamps import from_utc_text

_CONTINUED = frozenset(("is_whole", "tick_count", "head_hash"))
"""What of a journal's row says where its rest goes on."""


Around = Callable[[Transaction, Callable[[], Imported]], Imported]


def import_journal(
    database: Database,
    journal: Path,
    now: datetime,
    *,
    operator_id: int | None = None,
    salvage: bool = False,
    around: Around = lambda _transaction, take: take(),
) -> Imported:
    """Import one journal file and close its session, all or nothing.

    around: what is done in the same transaction before and after the rows are taken.

    What a killed writer had not copied to the disk yet is part of it (see journal_tail.read_journal).
    A journal without its end (the program died) is imported as far as it goes; the session is aborted and
    its summary comes from deciding every recorded tick again. salvage: do the same where the chain breaks.
    A session that its journal leaves open, its darkness not known, is closed as "light not confirmed ended",
    with a critical row in the safety log.
    Of a session that was closed with a part of its journal, what continues that part is taken, and its
    figures are corrected.
    Raises StorageError for a file that cannot be read or is of another format, for a broken chain or a tick
    that is not of this program (without salvage), for a session that is another's, or closed with as much
    already, and while control still writes the journal.
    """
    try:
        contents = contents_of(*read(journal))
    except OSError as error:
        raise StorageError(
            f"{journal}: the journal cannot be read ({error.strerror}); check the path"
        ) from error
    except OtherFormatError as error:
        raise StorageError(f"{journal}: {error}") from error
    except JournalError as error:
        raise _damaged(journal, str(error)) from error
    found = ending(contents, None)
    if contents.broken is not None and not salvage:
        raise _damaged(journal, contents.broken)
    header = contents.reader.header
    with database.transaction(operator_id) as transaction:
        if header.work == "calibration":
            return around(
                transaction, lambda: calibration_journal.take(transaction, journal, contents, found, now)
            )
        session = sessions.get(transaction, header.session_id)
        if (other := of_another_session(session, header)) is not None:
            raise StorageError(f"{journal}: {other}; import it where it was recorded")
        take = take_rows if session.status in sessions.OPEN_STATUSES else _take_rest
        return around(transaction, lambda: take(transaction, session, contents, found, now))


def of_another_session(session: Session, header: Header) -> str | None:
    """Say of whom a journal is that is not this session's, None where it is, as far as the row tells."""
    pairs = (
        (header.session_id, session.session_id),
        (header.patient_id, session.patient_id),
        (header.tech_id, session.tech_id),
        (from_utc_text(header.started_utc), session.start_time),
    )
    if all(ours is None or ours == theirs for theirs, ours in pairs):
        return None
    return (
        f"the journal is of another session {header.session_id} (patient {header.patient_id}, "
        f"technician {header.tech_id}, started {header.started_utc})"
    )


def take_rows(
    transaction: Transaction,
    session: Session,
    contents: Contents,
    found: Ending,
    now: datetime,
    *,
    taken: int = 0,
) -> Imported:
    """Write a journal's rows and its session's summary. taken: so many ticks are in the record already."""
    reader, summary = contents.reader, found.summary
    # The header says what a row with an odd value does not tell; else both are the same.
    start_utc, tech_id = from_utc_text(reader.header.started_utc), reader.header.tech_id
    session_id = session.session_id
    new = [tick for number, tick in contents.ticks if number > taken]
    treatment = ((tick.t, event) for tick in new for event in tick.e)
    safety = [(tick.t, event) for tick in new for event in tick.s]
    safety.extend((0.0, event) for event in without_row(transaction, session_id))
    if contents.mended is not None:
        safety.append((0.0, mended(f"session {session_id}", contents.mended)))
    if found.left_in_light is not None:
        safety.append(found.left_in_light)
    treatment_events = events.append_treatment(transaction, session_id, start_utc, treatment)
    whole = reader.end is not None and contents.broken is None
    sessions.correct(transaction, session, summary, told=energies.tells(summary, whole=found.tells_all))
    kept = energies.keep(transaction, session_id, summary, whole=found.tells_all)
    session_timing.keep(transaction, session_id, contents.times.timing())
    if kept.differ:
        safety.append((summary.duration_s, energies.warning(kept)))
    safety_events = events.append_safety(
        transaction, start_utc, safety, session_id=session_id, tech_id=tech_id
    )
    kept_as = {
        "head_hash": reader.head.hex(),
        "header_digest": reader.header_digest.hex(),
        "tick_count": reader.ticks,
        "is_whole": whole,
        "imported_date": now,
    }
    if sessions.origin(transaction, session_id) is None:
        transaction.insert("session_journals", session_id=session_id, origin=reader.header.origin, **kept_as)
    else:
        transaction.update("session_journals", {"session_id": session_id}, **kept_as)
    return Imported(
        session_id=session_id,
        treatment_events=treatment_events,
        safety_events=safety_events,
        ticks=reader.ticks,
        head_hash=reader.head.hex(),
        whole=whole,
        summary=summary,
        damage=None if contents.broken is None else damaged(contents.broken),
        mended=contents.mended,
    )


def without_row(transaction: Transaction, session_id: int) -> Iterator[SafetyEvent]:
    """Yield the line of the safety log for a session that has lost its row of session_journals."""
    if sessions.origin(transaction, session_id) is None:
        yield noticed(
            "interlock_failure",
            f"Session {session_id} had no row in session_journals when it was closed: another hand has taken "
            "it out. Compare the record with its backups.",
            "session_closed",
            {"trigger_source": "session_journals"},
        )


def _take_rest(
    transaction: Transaction, session: Session, contents: Contents, found: Ending, now: datetime
) -> Imported:
    """Take what continues the part of a journal with which a session was closed."""
    held = transaction.held_one("session_journals", session_id=session.session_id)
    if held is None:
        if _has_events(transaction, session.session_id):
            raise sessions.closed_already(session)
        return take_rows(transaction, session, contents, found, now)
    if held.row["is_whole"]:
        raise sessions.closed_already(session)
    for odd in held.odd:
        if odd.column in _CONTINUED:
            raise StorageError(f"{odd}; correct it, then repeat")
    kept = held.row
    taken, reader = kept["tick_count"] or 0, contents.reader
    more = reader.ticks > taken or (reader.ticks == taken and reader.end is not None)
    if not more or (taken and head_after(contents, taken) != kept["head_hash"]):
        raise sessions.closed_already(session)
    imported = take_rows(transaction, session, contents, found, now, taken=taken)
    later = noticed(
        "interlock_failure",
        f"More of the journal of session {session.session_id} was found and taken over: it was closed after "
        f"{taken} of {reader.ticks} ticks.",
        "record_completed",
        {"trigger_source": "journal_completed", "ticks_before": taken, "ticks": reader.ticks},
    )
    events.append_safety(
        transaction, now, [(0.0, later)], session_id=session.session_id, tech_id=session.tech_id
    )
    return replace(imported, safety_events=imported.safety_events + 1)


def _has_events(transaction: Transaction, session_id: int) -> bool:
    here = transaction.tuples("SELECT 1 FROM treatment_events WHERE session_id = ? LIMIT 1", (session_id,))
    return bool(here) or archives.holds(transaction, session_id)


def _damaged(journal: Path, broken: str) -> StorageError:
    return StorageError(f"{journal}: the journal is damaged at {broken}; nothing was imported, keep the file")
