"""The sessions' folders beside the record: journals against rows, recordings against what is said of them.

A journal is proved by its own chain, whose head and header's digest the row of `session_journals` holds. So
rows, summary and journal are compared each with the other, and what is missing or too much is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Connection

from tosca_kiosk.domain.events import SafetyEvent
from tosca_kiosk.domain.journal_lines import End, JournalError, StreamedJournal, Summary
from tosca_kiosk.domain.setting_table import SESSION_DATA_PATH
from tosca_kiosk.journal import JOURNAL_NAME
from tosca_kiosk.storage import (
    archives,
    calibration_journal,
    calibration_sessions,
    events,
    sessions,
    settings,
)
from tosca_kiosk.storage.chain import LogRow
from tosca_kiosk.storage.door import Reader
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.files import sha256
from tosca_kiosk.storage.journal_contents import events_of_tick, may_hold_events
from tosca_kiosk.storage.timestamps import from_utc_text

_SESSIONS: Final = (
    "SELECT s.session_id, s.session_folder_path, s.status, s.abort_reason, s.duration_seconds, "
    "s.total_laser_on_time_seconds, s.avg_power_watts, s.max_power_watts, s.total_energy_joules, "
    "j.head_hash, j.header_digest, j.tick_count, j.is_whole, j.imported_date "
    "FROM sessions s LEFT JOIN session_journals j USING (session_id) ORDER BY s.session_id"
)
_CALIBRATIONS: Final = (
    "SELECT calibration_session_id AS session_id, folder_path AS session_folder_path, status, abort_reason, "
    "light_s, bound_energy_j, head_hash, header_digest, tick_count, is_whole, imported_utc AS imported_date "
    "FROM calibration_sessions ORDER BY calibration_session_id"
)
_EVENTS_OF_SESSION: Final = "SELECT * FROM treatment_events WHERE session_id = ? ORDER BY event_id"
_EVENTS_OF_CALIBRATION: Final = (
    "SELECT * FROM calibration_events WHERE calibration_session_id = ? ORDER BY event_id"
)
_SAFETY_OF_SESSION: Final = "SELECT * FROM safety_log WHERE session_id = ? ORDER BY log_id"
_SAFETY_OF_CALIBRATION: Final = (
    "SELECT * FROM safety_log WHERE session_id IS NULL AND CASE WHEN json_valid(details) "
    f"THEN json_extract(details, '$.{calibration_journal.IN_DETAILS}') END = ? ORDER BY log_id"
)
_LATE_EVENTS: Final = (
    "SELECT 1 FROM chain_links WHERE log = 'treatment_events' AND late <> 0 "
    "AND ? BETWEEN first_row AND last_row UNION ALL "
    "SELECT 1 WHERE ? > (SELECT coalesce(max(last_row), 0) FROM chain_links WHERE log = 'treatment_events')"
)
_EDITED: Final = (
    "SELECT 1 FROM audit_log l LEFT JOIN chain_links k ON k.log = 'audit_log' AND k.last_row = l.audit_id "
    "WHERE l.table_name = ? AND l.row_key = CAST(? AS TEXT) AND coalesce(k.late, 1) <> 0"
)

Row = dict[str, Any]


class _NoArchiveError(Exception):
    """Events of the session lie in an archive that cannot be read."""


class _Work(NamedTuple):
    """Sessions of one kind. sql: their rows, by the columns of treatments; safety: the SQL of their lines.

    told: what the row says of a summary, by column with what may stand there.
    """

    named: str
    table: str
    sql: str
    events: str
    safety: str
    told: Callable[[Summary], dict[str, tuple[Any, ...]]]


def _of_treatment(told: Summary) -> dict[str, tuple[Any, ...]]:
    return {
        "status": (told.status,),
        "abort_reason": (told.abort_reason,),
        "duration_seconds": (round(told.duration_s),),
        "total_laser_on_time_seconds": (told.laser_on_time_s, None),
        "avg_power_watts": (told.avg_power_w,),
        "max_power_watts": (told.max_power_w,),
        "total_energy_joules": (told.energy_j, None),
    }


def _of_calibration(told: Summary) -> dict[str, tuple[Any, ...]]:
    return {
        "status": (told.status,),
        "abort_reason": (told.abort_reason,),
        "light_s": (told.laser_on_time_s, None),
        "bound_energy_j": (told.commanded_j, None),
    }


_TREATMENT: Final = _Work(
    named="session",
    table="sessions",
    sql=_SESSIONS,
    events="treatment_events",
    safety=_SAFETY_OF_SESSION,
    told=_of_treatment,
)
_CALIBRATION: Final = _Work(
    named="calibration session",
    table="calibration_sessions",
    sql=_CALIBRATIONS,
    events=calibration_journal.EVENTS,
    safety=_SAFETY_OF_CALIBRATION,
    told=_of_calibration,
)


def differences(reader: Reader, data_dir: Path, tell: Callable[[float], object]) -> Iterator[str]:
    """Yield what in the folders is not as the record says, by session. tell: hears how much is done."""
    found = [(work, row) for work in (_TREATMENT, _CALIBRATION) for row in reader.rows(work.sql)]
    known: set[Path] = set()
    for number, (work, row) in enumerate(found, start=1):
        tell(number / len(found))
        try:
            folder = sessions.inside(data_dir, row["session_folder_path"], f"{work.table}, its folder's path")
        except (StorageError, TypeError):
            continue  # an odd value, named as one
        known.add(folder)
        if row["imported_date"] is not None and row["status"] not in sessions.OPEN_STATUSES:
            for what in _of_session(reader, work, row, folder):
                yield f"{work.named} {row['session_id']}: {what}"
                break
    yield from _orphans(reader, data_dir, known)
    yield from _recordings(reader, data_dir)


def _of_session(reader: Reader, work: _Work, row: Row, folder: Path) -> Iterator[str]:
    """Yield what is wrong with a session's journal; the first thing is what counts."""
    journal = folder / JOURNAL_NAME
    if not folder.is_dir():
        yield f"its folder {folder} is missing"
        return
    try:
        with journal.open("rb") as lines:
            yield from _of_journal(reader, work, row, StreamedJournal(lines))
    except FileNotFoundError:
        yield f"its journal {journal} is missing"
    except OSError as error:
        yield f"its journal {journal} cannot be read ({error.strerror})"
    except (JournalError, msgspec.DecodeError, StorageError) as error:
        yield f"its journal {journal} is not this program's ({error})"


def _of_journal(reader: Reader, work: _Work, row: Row, journal: StreamedJournal) -> Iterator[str]:
    ticks = row["tick_count"] or 0
    first_differing = None
    if journal.header is not None:
        if row["header_digest"] not in (None, journal.header_digest and journal.header_digest.hex()):
            yield "the header of its journal is not the one that was recorded"
        first_differing = _rows_differ(reader, work, row, journal, ticks)
    if journal.ticks < ticks and journal.broken is None:
        yield f"its journal is cut after {journal.ticks} of {ticks} ticks"
    elif journal.ticks < ticks or (journal.broken is not None and row["is_whole"]):
        yield f"its journal is not what was written: {journal.broken}"
    if journal.head.hex() != row["head_hash"]:
        yield "the head of its journal is not the one that was recorded"
    if row["is_whole"] and (journal.end is None or journal.more):
        yield (
            "its journal is cut: it has no end"
            if journal.end is None
            else "its journal goes on after its end"
        )
    if first_differing is not None:
        yield first_differing
    if row["is_whole"] and journal.end is not None:
        yield from _summary_differs(reader.connection, work, row, journal.end)


def _rows_differ(reader: Reader, work: _Work, row: Row, journal: StreamedJournal, ticks: int) -> str | None:
    """Read the journal, its events beside the session's rows; return the first row that differs, in words."""
    assert journal.header is not None
    header, safety = journal.header, list[tuple[float, SafetyEvent]]()

    def timed() -> Iterator[tuple[float, events.AnyTreatmentEvent]]:
        for line in journal.ticks_json(ticks):
            if may_hold_events(line):
                tick = events_of_tick(line)
                yield from ((tick.t, event) for event in tick.e)
                safety.extend((tick.t, event) for event in tick.s)

    number, start = row["session_id"], from_utc_text(header.started_utc)
    treatment = events.treatment_rows(number, start, timed(), 0)
    differing = _first_differing(reader, work, row, treatment)
    for _ in treatment:
        pass  # the rest of the journal is read all the same, for its chain
    of_calibration = work is _CALIBRATION
    told = calibration_journal.of_session(number, safety) if of_calibration else iter(safety)
    written = events.safety_rows(None if of_calibration else number, header.tech_id, start, told, 0)
    return differing or _first_unlogged(reader.connection, work, number, written)


def _first_differing(reader: Reader, work: _Work, row: Row, written: Iterator[LogRow]) -> str | None:
    """Compare a journal's events with those in the record; what other programs added is no difference."""
    number = row["session_id"]
    try:
        kept = _kept_events(reader, work, number)
        return _first_of_two(reader.connection, work, kept, written, whole=row["is_whole"])
    except _NoArchiveError:
        return None  # it is named by itself


def _kept_events(reader: Reader, work: _Work, session_id: int) -> Iterator[LogRow]:
    if work is _CALIBRATION:  # whose events are never archived
        yield from reader.tuples(_EVENTS_OF_CALIBRATION, (session_id,))
        return
    try:
        yield from archives.select(reader, session_id, _EVENTS_OF_SESSION, (session_id,))
    except StorageError as error:
        raise _NoArchiveError from error


def _first_of_two(
    connection: Connection, work: _Work, kept: Iterator[LogRow], written: Iterator[LogRow], *, whole: bool
) -> str | None:
    for expected in written:
        for held in kept:
            if held[1:] == expected[1:]:
                break
            if not _is_late(connection, work, held[0]):
                return f"{work.events}, event_id {held[0]} is not as its journal says"
        else:
            return f"an event of its journal is not in {work.events}"
    for held in kept if whole else ():
        if not _is_late(connection, work, held[0]):
            return f"{work.events}, event_id {held[0]} is not in its journal"
    return None


def _first_unlogged(
    connection: Connection, work: _Work, session_id: int, written: Iterator[LogRow]
) -> str | None:
    """Find a journal's safety events in safety_log, where a session has other rows between them."""
    driver = connection.connection.driver_connection
    assert driver is not None
    kept = driver.execute(work.safety, (session_id,))
    for expected in written:
        if not any(held[1:] == expected[1:] for held in kept):
            return f"an event of its journal, {expected[4]}, is not in safety_log"
    return None


def _is_late(connection: Connection, work: _Work, event_id: int) -> bool:
    """Say whether another program wrote this event: an edit, and named as one."""
    if work is _CALIBRATION:
        return _is_edited(connection, work.events, event_id)
    return connection.exec_driver_sql(_LATE_EVENTS, (event_id, event_id)).fetchone() is not None


def _summary_differs(connection: Connection, work: _Work, row: Row, end: End) -> Iterator[str]:
    """Compare the session's row with its journal's summary, unless somebody edited the row openly."""
    columns = [name for name, may_be in work.told(end.summary).items() if row[name] not in may_be]
    if columns and not _is_edited(connection, work.table, row["session_id"]):
        yield f"its row is not as its journal's summary says: {', '.join(columns)}"


def _is_edited(connection: Connection, table: str, key: int) -> bool:
    """Say whether another program changed a row, which is named by itself."""
    return connection.exec_driver_sql(_EDITED, (table, key)).fetchone() is not None


def _orphans(reader: Reader, data_dir: Path, known: set[Path]) -> Iterator[str]:
    """Yield the folders where sessions' folders are that are no session's."""
    places = {folder.parent for folder in known} | {data_dir / calibration_sessions.FOLDERS_NAME}
    try:
        stored = settings.session_data_path(reader, data_dir)
        places.add(sessions.inside(data_dir, stored, SESSION_DATA_PATH))
    except StorageError:
        pass  # an odd value, named as one
    for place in sorted(places - {data_dir}):
        for folder in sorted(place.iterdir()) if place.is_dir() else ():
            if folder.is_dir() and folder not in known:
                yield f"session folder {folder} belongs to no session"


def _recordings(reader: Reader, data_dir: Path) -> Iterator[str]:
    """Yield the recordings whose file is not there, or is not of the size and content that are recorded."""
    for number, stored, size, digest in reader.tuples(
        "SELECT recording_id, file_path, file_size_bytes, sha256 FROM session_recordings "
        "LEFT JOIN recording_hashes USING (recording_id) ORDER BY recording_id"
    ):
        where = f"session_recordings, recording_id {number}"
        try:
            path = sessions.inside(data_dir, stored, where)
            found = path.stat().st_size
            if size is not None and found != size:
                yield f"{where}: {path} has {found} bytes, {size} are recorded"
            elif digest is not None and sha256(path) != digest:
                yield f"{where}: {path} is not what was recorded"
        except OSError as error:
            yield f"{where}: {stored} cannot be read ({error.strerror})"
        except (StorageError, TypeError) as error:
            yield f"{where}: {error}"
