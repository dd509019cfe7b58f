"""Events of old sessions are moved into archives: written, proved by the record's hashes, and only then gone.

One archive after the other, each in one transaction of the record: its file is written under another name,
read back event by event, synced and named before the events are deleted. So a kill or a power cut at any
moment leaves every event in the record, in an archive that the record names, or in both; in the last case
the file is of no operation, counts for nothing, and goes at the next start.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from tosca_kiosk.machine.synced import make_folder, sync
from tosca_kiosk.storage import archives, audited, operations, schema, sessions
from tosca_kiosk.storage.archive_check import first_bad
from tosca_kiosk.storage.archives import Archive, Span
from tosca_kiosk.storage.chain import EVENTS
from tosca_kiosk.storage.clock_evidence import clock_doubt
from tosca_kiosk.storage.database import BUSY_TIMEOUT_S, Database
from tosca_kiosk.storage.door import Reader, Transaction
from tosca_kiosk.storage.errors import StorageError, storage_error, translating
from tosca_kiosk.storage.files import PART, delete, sha256
from tosca_kiosk.storage.telling import Tell, nobody

EVENTS_A_FILE: Final = 500_000
"""With so many events, and the whole session that brings them, a file is closed: a step of some seconds."""
_QUOTE: Final = "'"
_NO_DELETE: Final = "treatment_events_no_delete"
# What is written here is deleted where it fails, and synced before it counts.
_PRAGMAS: Final = ("PRAGMA journal_mode=OFF", "PRAGMA synchronous=OFF")


@dataclass(slots=True)
class Archived:
    """What was moved. sessions, events: how many; kept: which sessions were not, and why, a sentence each."""

    files: list[Archive] = field(default_factory=list)
    sessions: int = 0
    kept: list[str] = field(default_factory=list)

    @property
    def events(self) -> int:
        """How many events were moved."""
        return sum(archive.rows for archive in self.files)


def old_sessions(database: Database, now: datetime, older_than_days: int) -> list[int]:
    """Return the closed sessions that ended so many days ago and have events in the record, oldest first.

    One whose times are odd stays. Raises StorageError while the wall clock cannot be right.
    """
    doubted = clock_doubt(database, now)
    if doubted is not None:
        raise StorageError(f"{doubted.said} Until then nobody knows which sessions are old.")
    before = now - timedelta(days=older_than_days)
    with database.reading() as reader:
        having = {
            number
            for (number,) in reader.tuples("SELECT DISTINCT session_id FROM treatment_events")
            if isinstance(number, int)
        }
        return [
            row["session_id"]
            for row, _ in reader.held("sessions", order_by="session_id", status=sessions.CLOSED_STATUSES)
            if row["session_id"] in having
            and (ended := row["end_time"] or row["start_time"]) is not None
            and max(ended, row["start_time"] or ended) < before
        ]


def archive(
    database: Database,
    old: Sequence[int],
    *,
    operator_id: int | None,
    reason: str | None,
    details: dict[str, Any],
    tell: Tell = nobody,
    events_a_file: int = EVENTS_A_FILE,
) -> Archived:
    """Move the events of these sessions into archives, as one operation.

    A session of which an event is not what was written stays, and is named. details: what the operation's row
    says beside its files. The caller holds the data directory's lock. Raises StorageError, as on a full disk;
    what was moved until then stays moved, and the rest is in the record.
    """
    moved, waiting = Archived(), list(old)
    with database.transaction(operator_id) as transaction, translating(database.path):
        _check_trigger(transaction)
        operation_id = operations.begin(
            transaction.connection,
            archives.OPERATION,
            operator_id=operator_id,
            reason=reason,
            details=_said(moved, details),
        )
    while waiting:
        tell("archiving", 1.0 - len(waiting) / len(old))
        try:
            with database.transaction(operator_id) as transaction, translating(database.path):
                portion = _portion(transaction, waiting, events_a_file)
                made = _written(transaction, database.path, portion)
                _forget(transaction, made, portion)
                said = Archived([*moved.files, made], moved.sessions + len(portion), moved.kept)
                operations.update(transaction.connection, operation_id, _said(said, details))
        except _BadEventError as bad:
            moved.kept.append(
                f"session {bad.session_id} stays in the record: its event_id {bad.event_id} is not what was "
                "written, see tosca-kiosk db check"
            )
            waiting.remove(bad.session_id)
            continue
        moved = said
        del waiting[: len(portion)]
    with database.transaction(operator_id) as transaction, translating(database.path):
        operations.end(transaction.connection, operation_id, _said(moved, details))
    return moved


def take_back(database: Database) -> list[str]:
    """End an operation that was broken off, and take away what it left that counts for nothing.

    For a start. What it moved stays moved, the rest is in the record. Return what was done, a sentence each.
    The caller holds the data directory's lock.
    """
    said = []
    open_ones = "SELECT operation_id, details FROM operations WHERE name = ? AND ended_date IS NULL"
    with database.reading() as reader:
        broken_off = reader.tuples(open_ones, (archives.OPERATION,))
    directory = archives.directory_of(database.path)
    if broken_off or any(directory.glob(f"*{PART}*")):
        said += sweep(database)
    for operation_id, held in broken_off:
        details = audited.decoded(held) or {}
        with database.transaction() as transaction, translating(database.path):
            operations.end(transaction.connection, operation_id, {**details, "broken_off": True})
        files, days = details.get("files", []), details.get("older_than_days", "DAYS")
        count = len(files) if isinstance(files, list) else "an unknown number"
        said.append(
            f"An archiving was broken off; {count} of its files are whole and stay. Run tosca-kiosk db "
            f"archive --older-than {days} again for the rest."
        )
    return said


def sweep(database: Database) -> list[str]:
    """Take away files of no operation: half ones, and those whose every event stands in the record."""
    for path in sorted(archives.directory_of(database.path).glob(f"*{PART}*")):
        delete(path)
    spare = spare_files(database)
    for path in spare:
        delete(path)
    return [f"{path}: all of it is in the record; taken away." for path in spare]


def spare_files(database: Database) -> list[Path]:
    """Return the files of no operation of this record whose every event stands in it."""
    directory = archives.directory_of(database.path)
    with database.reading() as reader:
        named = {archive.file for archive in archives.known(reader.connection)}
        return [
            path
            for path in sorted(directory.glob("events_*.db"))
            if path.name not in named and _is_in_the_record(reader, path)
        ]


def shrink(database: Database, tell: Tell = nobody) -> str | None:
    """Give the room of what was moved back to the disk; return why not, None where it was done.

    What remains is written anew, which takes twice its room meanwhile. The caller holds the data directory's
    lock; a kill leaves the record as it was.
    """
    tell("making the record smaller", None)
    path = database.path
    try:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=BUSY_TIMEOUT_S)) as connection:
            pages, free, page_bytes = (
                connection.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("page_count", "freelist_count", "page_size")
            )
            needed = 2 * (pages - free) * page_bytes
            room = shutil.disk_usage(path.parent).free
            if room < needed:
                return f"{needed / 1e6:.0f} MB of free disk are needed, there are {room / 1e6:.0f}"
            connection.execute(
                f"PRAGMA temp_store_directory = '{str(path.parent).replace(_QUOTE, 2 * _QUOTE)}'"
            )
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        return str(error)
    return None


class _BadEventError(Exception):
    """An event that is not what was written, so that nobody may move it."""

    def __init__(self, session_id: int, event_id: int) -> None:
        super().__init__(event_id)
        self.session_id, self.event_id = session_id, event_id


def _said(moved: Archived, details: dict[str, Any]) -> dict[str, Any]:
    return {**details, "files": moved.files, "kept": moved.kept}


def _portion(transaction: Transaction, waiting: Sequence[int], events_a_file: int) -> list[int]:
    """Return the sessions of the next file: so many that it has enough events."""
    portion, count = [], 0
    for session_id in waiting:
        portion.append(session_id)
        count += transaction.tuples(
            "SELECT count(*) FROM treatment_events WHERE session_id = ?", (session_id,)
        )[0][0]
        if count >= events_a_file:
            break
    return portion


def _written(transaction: Transaction, record: Path, portion: Sequence[int]) -> Archive:
    """Write the file of these sessions, prove it, and give it its name."""
    directory = archives.directory_of(record)
    part = directory / f"events{PART}"
    try:
        make_folder(directory)
        delete(part)
        with closing(sqlite3.connect(part, isolation_level=None)) as file:
            numbers = _fill(transaction, file, portion)
        sync(part)
        _prove(transaction, part, numbers)
        made = Archive(
            file=archives.file_name(numbers),
            size_bytes=part.stat().st_size,
            sha256=sha256(part),
            rows=sum(last - first + 1 for first, last in numbers),
            events=numbers,
            sessions=archives.spans(sorted(portion)),
        )
        final = made.path(record)
        if final.exists():
            raise StorageError(f"{final}: stands there already, of no operation; move it away, then repeat")
        part.rename(final)
        sync(directory)
    except sqlite3.Error as error:
        raise storage_error(part, error) from error
    except OSError as error:
        raise StorageError(
            f"{part}: cannot be written ({error.strerror}); check the disk's space and rights"
        ) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return made


def _fill(transaction: Transaction, file: sqlite3.Connection, portion: Sequence[int]) -> tuple[Span, ...]:
    """Copy the events of these sessions into a new file; return their numbers."""
    for pragma in _PRAGMAS:
        file.execute(pragma)
    columns = transaction.tuples("SELECT name, type, pk FROM pragma_table_info(?) ORDER BY cid", (EVENTS,))
    shape = ", ".join(f"{name} {kind}{' PRIMARY KEY' if key else ''}" for name, kind, key in columns)
    file.execute("BEGIN")
    file.execute(f"CREATE TABLE {EVENTS} ({shape})")
    file.execute("CREATE TABLE archive_of (record TEXT)")
    file.execute("INSERT INTO archive_of VALUES (?)", (archives.record_mark(transaction.connection),))
    marks = ", ".join("?" * len(columns))
    driver = transaction.connection.connection.driver_connection
    assert driver is not None
    for session_id in portion:
        file.executemany(
            f"INSERT INTO {EVENTS} VALUES ({marks})",
            driver.execute(f"SELECT * FROM {EVENTS} WHERE session_id = ? ORDER BY event_id", (session_id,)),
        )
    file.execute(f"CREATE INDEX idx_event_session_time ON {EVENTS}(session_id, time_offset_ms)")
    file.execute("COMMIT")
    numbers = file.execute(f"SELECT event_id FROM {EVENTS} ORDER BY event_id")
    return archives.spans(number for (number,) in numbers)


def _prove(transaction: Transaction, part: Path, numbers: tuple[Span, ...]) -> None:
    """Read the file back, each event against the record's hash of it."""
    with archives.opened(part) as file:
        bad = first_bad(transaction.connection, file, numbers)
        if bad is not None:
            found = file.execute(f"SELECT session_id FROM {EVENTS} WHERE event_id >= ? LIMIT 1", (bad,))
            raise _BadEventError(found.fetchone()[0], bad)


def _forget(transaction: Transaction, made: Archive, portion: Sequence[int]) -> None:
    """Delete from the record what the file has: the one exception from its being append-only.

    Nobody else can delete meanwhile: the trigger is gone for this transaction alone.
    """
    connection = transaction.connection
    trigger = _check_trigger(transaction)
    connection.exec_driver_sql(f"DROP TRIGGER {_NO_DELETE}")
    gone = sum(
        connection.exec_driver_sql(f"DELETE FROM {EVENTS} WHERE session_id = ?", (session_id,)).rowcount
        for session_id in portion
    )
    connection.exec_driver_sql(trigger)
    if gone != made.rows:
        raise StorageError(f"{transaction.path}: {gone} events instead of {made.rows} would go; nothing was")


def _check_trigger(transaction: Transaction) -> str:
    """Return the SQL of the trigger that refuses deletes. Raises StorageError where another stands there."""
    expected = schema.expected_objects()["trigger", _NO_DELETE]
    if schema.objects_of(transaction.connection).get(("trigger", _NO_DELETE)) != expected:
        raise StorageError(
            f"{transaction.path}: trigger {_NO_DELETE} is not as this program makes it; run tosca-kiosk db "
            "check"
        )
    return expected


def _is_in_the_record(reader: Reader, path: Path) -> bool:
    """Say whether every event of a file stands in the record, and is as it is there."""
    driver = reader.connection.connection.driver_connection
    assert driver is not None
    try:
        with archives.opened(path) as file:
            return all(
                driver.execute(f"SELECT * FROM {EVENTS} WHERE event_id = ?", (row[0],)).fetchone() == row
                for row in file.execute(f"SELECT * FROM {EVENTS}")
            )
    except StorageError:
        return False
