"""A session's journal becomes rows: events, safety events and the session's summary, in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from tosca_kiosk.domain.events import SafetyEvent, noticed
from tosca_kiosk.domain.journal_lines import (
    ChainReader,
    End,
    Header,
    JournalError,
    OtherFormatError,
    Summary,
    TickLine,
)
from tosca_kiosk.domain.replay import decide_again
from tosca_kiosk.domain.rows import StepRows
from tosca_kiosk.domain.state import State
from tosca_kiosk.domain.summary import left_in_light, summarise, unconfirmed
from tosca_kiosk.journal.tail import StillWrittenError, read_journal
from tosca_kiosk.storage import archives, energies, events, session_timing, sessions
from tosca_kiosk.storage.database import Database
from tosca_kiosk.storage.door import Transaction
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.session_timing import TickTimes
from tosca_kiosk.storage.sessions import Session
from tosca_kiosk.storage.timestamps import from_utc_text

CUT_SHORT = "the program ended before the session was closed"
_CONTINUED = frozenset(("is_whole", "tick_count", "head_hash"))
"""What of a journal's row says where its rest goes on."""


class EventsOfTick(msgspec.Struct, frozen=True, gc=False):
    """What of a tick line becomes rows. t: session seconds; e, s: events and safety events."""

    t: float
    e: tuple[events.JournalTreatmentEvent, ...] = ()
    s: tuple[SafetyEvent, ...] = ()


events_of_tick = msgspec.json.Decoder(EventsOfTick).decode
_line = msgspec.json.Decoder(TickLine)
log = logging.getLogger("tosca_kiosk.storage.journal_import")


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did. whole: the journal had its end, and nothing before it was broken.

    damage: what is wrong with the journal, in words, None where nothing is. mended: as in `Contents`.
    """

    session_id: int
    treatment_events: int
    safety_events: int
    ticks: int
    head_hash: str
    whole: bool
    summary: Summary
    damage: str | None = None
    mended: str | None = None


@dataclass(slots=True)
class Contents:
    """What stands in a journal, checked. ticks: those with events, by their numbers from 1. times: of all.

    broken: where it breaks, in words, None where it does not. mended: what of it one of its two copies no
    longer had, in words, None where both were the same.
    """

    content: bytes
    reader: ChainReader
    mended: str | None = None
    ticks: list[tuple[int, EventsOfTick]] = field(default_factory=list)
    times: TickTimes = field(default_factory=TickTimes)
    broken: str | None = None

    @property
    def end(self) -> End | None:
        """How the session ended, as the journal says; also where it breaks before that."""
        return self.reader.end or (None if self.broken is None else self.reader.end_by_itself())


Around = Callable[[Transaction, Callable[[], Imported]], Imported]


class Found(NamedTuple):
    """All of a journal that disk and memory have. mended: as in `Contents`."""

    content: bytes
    mended: str | None


class Ending(NamedTuple):
    """How a session ended. tells_all: whether its record tells all of its light.

    left_in_light: the row that says so, with its session time, None where it was not.
    """

    summary: Summary
    tells_all: bool
    left_in_light: tuple[float, SafetyEvent] | None = None


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
    with database.transaction(operator_id) as transaction:
        session = sessions.get(transaction, contents.reader.header.session_id)
        if (other := of_another_session(session, contents.reader.header)) is not None:
            raise StorageError(f"{journal}: {other}; import it where it was recorded")
        take = take_rows if session.status in sessions.OPEN_STATUSES else _take_rest
        return around(transaction, lambda: take(transaction, session, contents, found, now))


def read(journal: Path) -> Found:
    """Return all of a journal. Raises StorageError while it is written, OSError for what cannot be read."""
    told: list[str] = []
    try:
        content = read_journal(journal, told.append)
    except StillWrittenError as error:
        raise StorageError(str(error)) from error
    for each in told:
        log.warning(each)
    return Found(content, "; ".join(told) or None)


def contents_of(content: bytes, mended: str | None = None) -> Contents:
    """Check a journal as far as it is whole. Raises JournalError where it breaks in its header."""
    contents = Contents(content, ChainReader(content), mended)
    try:
        for line in contents.reader.ticks_json():
            contents.times.take(line)
            if may_hold_events(line):
                contents.ticks.append((contents.reader.ticks, events_of_tick(line)))
    except (JournalError, msgspec.DecodeError) as error:
        contents.broken = _where(error, contents.reader)
    return contents


def may_hold_events(line: bytes) -> bool:
    """Say whether a tick has to be decoded for its events: most hold none, a few only look so."""
    return b'"e":[' in line or b'"s":[' in line


def ending(contents: Contents, known: Summary | None) -> Ending:
    """Return how the session ended: as its journal's end says, else as known, else by its last whole tick.

    An end is believed by itself, also where the journal breaks before it. Where every tick must be decided
    again and one cannot be, contents are broken there.
    """
    told = known if contents.end is None else contents.end.summary
    if told is not None and not unconfirmed(told.abort_reason):
        return Ending(told, tells_all=True)
    last = _decided_again(contents)
    row = None if last.row is None else (last.state.now_s, last.row)
    if told is not None:
        return Ending(told, tells_all=False, left_in_light=row)
    summary = summarise(last.state, CUT_SHORT)
    if contents.broken is not None:
        reason = f"{summary.abort_reason}; {damaged(contents.broken)}"
        summary = msgspec.structs.replace(summary, status="aborted", abort_reason=reason)
    tells_all = contents.broken is None and not unconfirmed(summary.abort_reason)
    return Ending(summary, tells_all=tells_all, left_in_light=row)


def damaged(broken: str) -> str:
    """Return the words of a session's reason for a journal that breaks there."""
    return f"its journal is damaged at {broken}"


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
        safety.append((0.0, _mended(session_id, contents.mended)))
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


def _mended(session_id: int, mended: str) -> SafetyEvent:
    return noticed(
        "interlock_failure",
        f"The journal of session {session_id} was mended from its two copies: {mended}. Check disk and "
        "memory.",
        "record_mended",
        {"trigger_source": "journal_mended"},
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
    if not more or (taken and _head_after(contents, taken) != kept["head_hash"]):
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


def _head_after(contents: Contents, ticks: int) -> str:
    reader = ChainReader(contents.content)
    for _ in reader.ticks_json():
        if reader.ticks == ticks:
            break
    return reader.head.hex()


class _Last(NamedTuple):
    """What the last whole tick left. row: that the session was left in light, None where it was not."""

    state: State
    row: SafetyEvent | None = None


def _decided_again(contents: Contents) -> _Last:
    """Decide every tick again, which is exact, for the step is pure; return what the last whole one left."""
    reader, newest, state = ChainReader(contents.content), b"", State()
    try:
        for line, decision in decide_again(reader):
            newest, state = line, decision.state
    except (JournalError, msgspec.DecodeError) as error:
        contents.broken = _where(error, reader)
    if not left_in_light(state):
        return _Last(state)
    rows = StepRows(reader.header.rules, state, _line.decode(newest).i)
    rows.left_in_light()
    return _Last(state, rows.safety[0])


def _where(error: JournalError | msgspec.DecodeError, reader: ChainReader) -> str:
    if isinstance(error, JournalError):
        return str(error)
    return f"line {reader.ticks + 1}: not a tick of this program ({error})"


def _damaged(journal: Path, broken: str) -> StorageError:
    return StorageError(f"{journal}: the journal is damaged at {broken}; nothing was imported, keep the file")
