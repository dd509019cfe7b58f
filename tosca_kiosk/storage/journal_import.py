"""A session's journal becomes rows: events, safety events and the session's summary, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from tosca_kiosk.domain.events import SafetyEvent
from tosca_kiosk.domain.journal_lines import (
    ChainReader,
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
from tosca_kiosk.storage import energies, events, sessions
from tosca_kiosk.storage.database import Database
from tosca_kiosk.storage.door import Transaction
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.timestamps import from_utc_text

JOURNAL_NAME = "journal.jsonl"
CUT_SHORT = "the program ended before the session was closed"
NOTHING_RECORDED = "the program ended before anything was recorded"


class _EventsOfTick(msgspec.Struct, frozen=True, gc=False):
    t: float
    e: tuple[events.JournalTreatmentEvent, ...] = ()
    s: tuple[SafetyEvent, ...] = ()


_events_of_tick = msgspec.json.Decoder(_EventsOfTick)
_line = msgspec.json.Decoder(TickLine)


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did. whole: the journal had its end, and nothing before it was broken."""

    session_id: int
    treatment_events: int
    safety_events: int
    ticks: int
    head_hash: str
    whole: bool
    summary: Summary


@dataclass(slots=True)
class _Contents:
    """What stands in a journal, checked. ticks: those with events; broken: where it breaks, in words."""

    content: bytes
    reader: ChainReader
    ticks: list[_EventsOfTick] = field(default_factory=list)
    broken: str | None = None


def import_journal(
    database: Database,
    journal: Path,
    now: datetime,
    *,
    operator_id: int | None = None,
    salvage: bool = False,
    known: Summary | None = None,
) -> Imported:
    """Import one journal file and close its session, all or nothing.

    What a killed writer had not copied to the disk yet is part of it (see journal_tail.read_journal).
    A journal without its end (the program died) is imported as far as it goes; the session is aborted and
    its summary comes from deciding every recorded tick again. salvage: do the same where the chain breaks.
    A session that its journal leaves open, its darkness not known, is closed as "light not confirmed ended",
    with a critical row in the safety log.
    known: what a journal without its end does not tell, where the caller knows how the session ended.
    Raises StorageError for a file that cannot be read or is of another format, for a broken chain or a tick
    that is not of this program (without salvage), for a session that is another's or closed already, and
    while control still writes the journal.
    """
    contents = _contents(_read(journal), journal, salvage)
    summary = _summary(contents, journal, salvage, known)
    with database.transaction(operator_id) as transaction:
        return _import(transaction, contents, summary, journal, now)


def recover(
    database: Database, data_dir: Path, now: datetime, *, operator_id: int | None = None
) -> list[sessions.Session]:
    """Close every session that a crash left open, from its journal as far as that is whole; return them.

    Raises StorageError for a journal of another format or another session, or that is still being written:
    it stays open.
    """
    closed = []
    for session in sessions.interrupted(database):
        journal, nothing = _journal_of(session, data_dir)
        if journal is not None and nothing is None:
            import_journal(database, journal, now, operator_id=operator_id, salvage=True)
        else:
            empty = summarise(State(), nothing or NOTHING_RECORDED)
            with database.transaction(operator_id) as transaction:
                sessions.finish(transaction, session.session_id, empty)
                # Without a header nothing was armed; a journal that breaks in its header may have held light.
                energies.keep(transaction, session.session_id, empty, whole=nothing == NOTHING_RECORDED)
        closed.append(sessions.get(database, session.session_id))
    return closed


def _journal_of(session: sessions.Session, data_dir: Path) -> tuple[Path | None, str | None]:
    """Return the journal of a session that was left open, and why nothing of it can be imported."""
    try:
        journal = sessions.folder_of(session, data_dir) / JOURNAL_NAME
    except StorageError as error:
        return None, f"{CUT_SHORT}, and its row names no folder of its journal: {error}"
    return journal, _why_nothing(journal)


def _read(journal: Path) -> bytes:
    try:
        return read_journal(journal)
    except StillWrittenError as error:
        raise StorageError(str(error)) from error
    except OSError as error:
        raise StorageError(
            f"{journal}: the journal cannot be read ({error.strerror}); check the path"
        ) from error


def _why_nothing(journal: Path) -> str | None:
    """Say why nothing of a journal can be imported, None where its header stands."""
    content = _read(journal) if journal.exists() else b""
    if b"\n" not in content:
        return NOTHING_RECORDED
    try:
        ChainReader(content)
    except OtherFormatError as error:
        raise StorageError(f"{journal}: {error}") from error
    except JournalError as error:
        return _breaks(str(error))
    return None


def _contents(content: bytes, journal: Path, salvage: bool) -> _Contents:
    try:
        contents = _Contents(content, ChainReader(content))
    except OtherFormatError as error:
        raise StorageError(f"{journal}: {error}") from error
    except JournalError as error:
        raise _not_what_was_written(journal, str(error)) from error
    try:
        for line in contents.reader.ticks_json():
            # Most ticks hold no event and are not decoded; the few that only look so cost a decode.
            if b'"e":[' in line or b'"s":[' in line:
                contents.ticks.append(_events_of_tick.decode(line))
    except (JournalError, msgspec.DecodeError) as error:
        contents.broken = _where(error, contents.reader)
        if not salvage:
            raise _not_what_was_written(journal, contents.broken) from error
    return contents


def _import(
    transaction: Transaction, contents: _Contents, summary: Summary, journal: Path, now: datetime
) -> Imported:
    reader = contents.reader
    header, start_utc = reader.header, from_utc_text(reader.header.started_utc)
    _check_session(transaction, header, start_utc, journal)
    treatment = ((tick.t, event) for tick in contents.ticks for event in tick.e)
    safety = ((tick.t, event) for tick in contents.ticks for event in tick.s)
    treatment_events = events.append_treatment(transaction, header.session_id, start_utc, treatment)
    safety_events = events.append_safety(
        transaction, start_utc, safety, session_id=header.session_id, tech_id=header.tech_id
    )
    whole = reader.end is not None and contents.broken is None
    sessions.finish(transaction, header.session_id, summary)
    # Where nobody knows when the light ended, a part of it falls behind the record's end.
    tells_all = contents.broken is None and not unconfirmed(summary.abort_reason)
    kept = energies.keep(transaction, header.session_id, summary, whole=tells_all)
    if kept.differ:
        safety_events += events.append_safety(
            transaction,
            start_utc,
            [(summary.duration_s, energies.warning(kept))],
            session_id=header.session_id,
            tech_id=header.tech_id,
        )
    transaction.update(
        "session_journals",
        {"session_id": header.session_id},
        head_hash=reader.head.hex(),
        tick_count=reader.ticks,
        is_whole=whole,
        imported_date=now,
    )
    return Imported(
        session_id=header.session_id,
        treatment_events=treatment_events,
        safety_events=safety_events,
        ticks=reader.ticks,
        head_hash=reader.head.hex(),
        whole=whole,
        summary=summary,
    )


def _check_session(transaction: Transaction, header: Header, start_utc: datetime, journal: Path) -> None:
    session = sessions.get(transaction, header.session_id)
    pairs = (
        (header.patient_id, session.patient_id),
        (header.tech_id, session.tech_id),
        (start_utc, session.start_time),
    )
    if any(ours is not None and ours != theirs for theirs, ours in pairs):  # None: its row does not tell
        raise StorageError(
            f"{journal}: the journal is of another session {header.session_id} (patient {header.patient_id}, "
            f"technician {header.tech_id}, started {header.started_utc}); import it where it was recorded"
        )


def _summary(contents: _Contents, journal: Path, salvage: bool, known: Summary | None) -> Summary:
    """Return the summary that the journal ends with, else the known one, else that of its last whole tick.

    Where the session was left in light, the row that says so is added to the last tick's.
    """
    end = contents.reader.end
    told = known if end is None else end.summary
    if told is not None and not unconfirmed(told.abort_reason):
        return told
    last, broken = _decided_again(contents, journal, salvage)
    if last.row is not None:
        contents.ticks.append(_EventsOfTick(last.state.now_s, s=(last.row,)))
    if told is not None:
        return told
    return summarise(last.state, CUT_SHORT if broken is None else _breaks(broken))


class _Last(NamedTuple):
    """What the last whole tick left. row: that the session was left in light, None where it was not."""

    state: State
    row: SafetyEvent | None = None


def _decided_again(contents: _Contents, journal: Path, salvage: bool) -> tuple[_Last, str | None]:
    """Decide every tick again, which is exact, for the step is pure; return the last and where it breaks."""
    reader, newest, state, broken = ChainReader(contents.content), b"", State(), None
    try:
        for line, decision in decide_again(reader):
            newest, state = line, decision.state
    except (JournalError, msgspec.DecodeError) as error:
        broken = _where(error, reader)
        if not salvage:
            raise _not_what_was_written(journal, broken) from error
    if not left_in_light(state):
        return _Last(state), broken
    rows = StepRows(reader.header.rules, state, _line.decode(newest).i)
    rows.left_in_light()
    return _Last(state, rows.safety[0]), broken


def _where(error: JournalError | msgspec.DecodeError, reader: ChainReader) -> str:
    if isinstance(error, JournalError):
        return str(error)
    return f"line {reader.ticks + 1}: not a tick of this program ({error})"


def _breaks(broken: str) -> str:
    return f"{CUT_SHORT}; its journal breaks at {broken}"


def _not_what_was_written(journal: Path, broken: str) -> StorageError:
    return StorageError(f"{journal}: the journal is broken at {broken}; nothing was imported, keep the file")
