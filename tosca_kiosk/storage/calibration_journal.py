"""The journal of a session that calibrates becomes rows: beside those of treatments, in nobody's dose.

Its lines of the safety log are of no session there, for that column means treatments; they name it in their
details.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from tosca_kiosk.domain.events import SafetyEvent, noticed
from tosca_kiosk.domain.journal_lines import Header
from tosca_kiosk.domain.safety import Decision
from tosca_kiosk.storage import calibration_sessions, chain, energies, events
from tosca_kiosk.storage.calibration_sessions import CalibrationSessionRow
from tosca_kiosk.storage.door import Transaction
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.journal_contents import Contents, Ending, Imported, damaged, head_after, mended
from tosca_kiosk.storage.timestamps import from_utc_text

EVENTS: Final = "calibration_events"
IN_DETAILS: Final = "calibration_session"
"""The key under which a line of the safety log names such a session in its details."""
_COLUMNS: Final = tuple(
    "calibration_session_id" if name == "session_id" else name for name in events.TREATMENT_COLUMNS
)


def named(row: CalibrationSessionRow) -> str:
    """Return what a person calls the session."""
    return f"calibration session {row.calibration_session_id}"


def of_another_session(row: CalibrationSessionRow, header: Header) -> str | None:
    """Say of whom a journal is that is not this session's, None where it is, as far as the row tells."""
    pairs = (
        (header.session_id, row.calibration_session_id),
        (header.tech_id, row.tech_id),
        (from_utc_text(header.started_utc), row.started_utc),
    )
    if header.work == "calibration" and all(ours is None or ours == theirs for theirs, ours in pairs):
        return None
    return (
        f"the journal is of another session ({header.work} {header.session_id}, technician {header.tech_id}, "
        f"started {header.started_utc})"
    )


def take(
    transaction: Transaction, journal: Path, contents: Contents, found: Ending, now: datetime
) -> Imported:
    """Take a journal that is imported by itself, or what continues the part that its session was closed with.

    Raises StorageError for another session's, and where no more is found than the record has.
    """
    header = contents.reader.header
    row = calibration_sessions.get(transaction, header.session_id)
    if (other := of_another_session(row, header)) is not None:
        raise StorageError(f"{journal}: {other}; import it where it was recorded")
    if row.status == calibration_sessions.OPEN_STATUS:
        return take_rows(transaction, row, contents, found, now)
    taken, reader = row.tick_count or 0, contents.reader
    more = reader.ticks > taken or (reader.ticks == taken and reader.end is not None)
    if row.is_whole or not more or (taken and head_after(contents, taken) != row.head_hash):
        raise calibration_sessions.closed_already(row)
    imported = take_rows(transaction, row, contents, found, now, taken=taken)
    later = noticed(
        "interlock_failure",
        f"More of the journal of {named(row)} was found and taken over: it was closed after {taken} of "
        f"{reader.ticks} ticks.",
        "record_completed",
        {"trigger_source": "journal_completed", "ticks_before": taken, "ticks": reader.ticks},
    )
    append_safety(transaction, row, now, [(0.0, later)])
    return replace(imported, safety_events=imported.safety_events + 1)


def take_rows(
    transaction: Transaction,
    row: CalibrationSessionRow,
    contents: Contents,
    found: Ending,
    now: datetime,
    *,
    taken: int = 0,
) -> Imported:
    """Write a journal's rows and how its session ended. taken: so many ticks are in the record already."""
    reader, summary = contents.reader, found.summary
    start_utc = from_utc_text(reader.header.started_utc)
    new = [tick for number, tick in contents.ticks if number > taken]
    safety = [(tick.t, event) for tick in new for event in tick.s]
    if contents.mended is not None:
        safety.append((0.0, mended(named(row), contents.mended)))
    if found.left_in_light is not None:
        safety.append(found.left_in_light)
    written = append_events(
        transaction, row, start_utc, ((tick.t, event) for tick in new for event in tick.e)
    )
    append_safety(transaction, row, start_utc, safety)
    whole = reader.end is not None and contents.broken is None
    told = energies.tells(summary, whole=found.tells_all)
    rules = reader.header.rules.calibration_session
    calibration_sessions.close(
        transaction,
        row,
        status=summary.status,
        abort_reason=summary.abort_reason,
        duration_s=summary.duration_s,
        light_s=summary.laser_on_time_s if told else None,
        bound_energy_j=summary.commanded_j if told else None,
        measured_energy_j=summary.energy_j if told and rules is not None and rules.photodiode else None,
    )
    calibration_sessions.keep_journal(
        transaction,
        row,
        head_hash=reader.head.hex(),
        header_digest=reader.header_digest.hex(),
        ticks=reader.ticks,
        whole=whole,
        now=now,
    )
    return Imported(
        session_id=row.calibration_session_id,
        treatment_events=written,
        safety_events=len(safety),
        ticks=reader.ticks,
        head_hash=reader.head.hex(),
        whole=whole,
        summary=summary,
        damage=None if contents.broken is None else damaged(contents.broken),
        mended=contents.mended,
        work="calibration",
    )


def append_events(
    transaction: Transaction,
    row: CalibrationSessionRow,
    start_utc: datetime,
    timed: Iterable[tuple[float, events.AnyTreatmentEvent]],
) -> int:
    """Append (session seconds, event) pairs to the events of calibrations; return how many.

    Raises StorageError for a number that is not finite; nothing is written then.
    """
    first = chain.next_row(transaction.connection, EVENTS)
    rows = list(events.treatment_rows(row.calibration_session_id, start_utc, timed, first))
    transaction.insert_rows(EVENTS, _COLUMNS, rows)
    return len(rows)


def append_safety(
    transaction: Transaction,
    row: CalibrationSessionRow,
    start_utc: datetime,
    timed: Iterable[tuple[float, SafetyEvent]],
) -> int:
    """Append (seconds after start_utc, event) pairs to the safety log, with the session in their details."""
    told = of_session(row.calibration_session_id, timed)
    return events.append_safety(transaction, start_utc, told, tech_id=row.tech_id)


def of_session(
    number: int, timed: Iterable[tuple[float, SafetyEvent]]
) -> Iterator[tuple[float, SafetyEvent]]:
    """Yield events of the safety log as the record keeps them of such a session."""
    for t_s, event in timed:
        details = {**event.details, IN_DETAILS: number}
        yield t_s, msgspec.structs.replace(event, details=details)


def append_unwritten(
    transaction: Transaction, row: CalibrationSessionRow, start_utc: datetime, decisions: Iterable[Decision]
) -> None:
    """Append what was decided after the journal took no more, oldest first."""
    made = list(decisions)
    append_events(
        transaction, row, start_utc, ((one.state.now_s, event) for one in made for event in one.events)
    )
    append_safety(
        transaction, row, start_utc, [(one.state.now_s, event) for one in made for event in one.safety]
    )
