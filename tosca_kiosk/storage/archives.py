"""Events of old sessions that lie in files beside the record, and how whoever asks for them finds them.

An archive is an SQLite file with a table `treatment_events` of its own, `archives/events_<first>_<last>.db`,
which is never written again. What lies where is said by the rows of `operations` that moved it: file, size,
SHA-256, spans of events and sessions. The links over the events, and the hash of each, stay in the record.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from tosca_kiosk.storage.door import Reader
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.values import held_text

ARCHIVES_NAME: Final = "archives"
"""In the data directory."""
OPERATION: Final = "archive"
_BRING_BACK: Final = (
    "bring it back from where DIR/archives is kept, such as by tosca-kiosk db restore-folders archives --to "
    "another folder"
)
_NAME: Final = re.compile(r"events_\d+_\d+\.db")

Span = tuple[int, int]


class Archive(msgspec.Struct, frozen=True):
    """A file as the record describes it. events, sessions: spans of numbers, first and last, in order."""

    file: str
    size_bytes: int
    sha256: str
    rows: int
    events: tuple[Span, ...]
    sessions: tuple[Span, ...]

    def holds(self, session_id: int) -> bool:
        """Whether events of this session were moved here."""
        return any(first <= session_id <= last for first, last in self.sessions)

    def path(self, record: Path) -> Path:
        """Return where the file belongs, from where the record is."""
        return directory_of(record) / self.file


class _Details(msgspec.Struct):
    files: tuple[Archive, ...] = ()
    spare_archives: tuple[str, ...] = ()


def directory_of(record: Path) -> Path:
    """Return where a record's archives are."""
    return record.parent / ARCHIVES_NAME


def file_name(events: Sequence[Span]) -> str:
    """Return how a file with these events is called."""
    return f"events_{events[0][0]}_{events[-1][1]}.db"


def known(connection: Connection) -> list[Archive]:
    """Return the archives that the record's operations made, the oldest events first.

    What in `operations` cannot be read as such is none; the audit names it.
    """
    found = [
        archive
        for details in _details(connection, OPERATION)
        for archive in details.files
        if _NAME.fullmatch(archive.file) and archive.events
    ]
    return sorted(found, key=lambda archive: archive.events)


def spare(connection: Connection) -> set[str]:
    """Return the names of the archives that a restore left there for the record that it replaced."""
    return {name for details in _details(connection, "restore") for name in details.spare_archives}


def _details(connection: Connection, operation: str) -> Iterator[_Details]:
    for (details,) in connection.exec_driver_sql(
        # Where files lie is asked of today, also by who reads the record as it was.
        "SELECT details FROM main.operations WHERE name = ? ORDER BY operation_id",
        (operation,),
    ):
        with suppress(msgspec.DecodeError, TypeError, UnicodeEncodeError):
            yield msgspec.json.decode(details, type=_Details)


def record_mark(connection: Connection) -> str:
    """Return what tells this record from every other one: the hash of its first link."""
    found = connection.exec_driver_sql(
        "SELECT hex(hash) FROM chain_links ORDER BY link_id LIMIT 1"
    ).fetchone()
    return "" if found is None else str(found[0]).lower()


def holds(reader: Reader, session_id: int) -> bool:
    """Say whether events of a session were moved into an archive; the file itself is not asked."""
    return any(archive.holds(session_id) for archive in known(reader.connection))


def select(
    reader: Reader, session_id: int, sql: str, parameters: tuple[Any, ...] = ()
) -> Iterator[tuple[Any, ...]]:
    """Yield what a SELECT finds in `treatment_events`, in a session's archives and then in the record.

    sql: for events of this session alone, ordered by event_id: those that were archived are older. Raises
    StorageError where an archive that holds some is missing, cut, or of another record.
    """
    mark: str | None = None
    for archive in known(reader.connection):
        if archive.holds(session_id):
            mark = record_mark(reader.connection) if mark is None else mark
            path = archive.path(reader.path)
            if (why := strange(path, archive, mark)) is not None:
                raise StorageError(f"{path}: {why}")
            with opened(path) as connection:
                _let_read_as_it_was(connection, reader.connection, session_id)
                yield from connection.execute(sql, parameters)
    driver = reader.connection.connection.driver_connection
    assert driver is not None
    yield from driver.execute(sql, parameters)


def _let_read_as_it_was(archive: sqlite3.Connection, record: Connection, session_id: int) -> None:
    """Make a session's events those of the moment that the record is read as of, where it is.

    The record's own view is made over the archive's table; all that it asks beside it is the session's row.
    """
    found = record.exec_driver_sql(
        "SELECT sql FROM sqlite_temp_master WHERE type = 'view' AND name = 'treatment_events'"
    ).fetchone()
    if found is not None:
        rows = record.exec_driver_sql(
            "SELECT session_id, status FROM sessions WHERE session_id = ?", (session_id,)
        )
        archive.execute("CREATE TEMP TABLE sessions (session_id, status)")
        archive.executemany("INSERT INTO sessions VALUES (?, ?)", [tuple(row) for row in rows])
        archive.execute(found[0].replace("CREATE VIEW", "CREATE TEMP VIEW", 1))


def strange(path: Path, archive: Archive, mark: str) -> str | None:
    """Say why a file cannot be this archive, as far as that is seen at once; None where it can."""
    try:
        size_bytes = path.stat().st_size
    except FileNotFoundError:
        return f"is missing; it holds the events of {in_words(archive)}: {_BRING_BACK}"
    except OSError as error:
        return f"cannot be read ({error.strerror}); check the disk and the file's rights"
    if size_bytes != archive.size_bytes:
        how = "was cut" if size_bytes < archive.size_bytes else "was changed"
        return f"{how}: {size_bytes} of {archive.size_bytes} bytes; {_BRING_BACK}"
    try:
        with opened(path) as connection:
            found = connection.execute("SELECT record FROM archive_of").fetchall()
    except StorageError as error:
        return f"was changed ({str(error).removeprefix(f'{path}: ')}); {_BRING_BACK}"
    return None if found == [(mark,)] else f"is of another record; {_BRING_BACK}"


def in_words(archive: Archive) -> str:
    """Return which sessions an archive holds."""
    spans = ", ".join(str(a) if a == b else f"{a} to {b}" for a, b in archive.sessions)
    return (
        f"session{'' if len(archive.sessions) == 1 and len(set(archive.sessions[0])) == 1 else 's'} {spans}"
    )


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Read an archive, which nobody writes: no lock, no file beside it. Raises StorageError."""
    try:
        uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
            connection.text_factory = held_text
            yield connection
    except sqlite3.Error as error:
        raise StorageError(f"{path}: {error}") from error


def spans(numbers: Iterable[int]) -> tuple[Span, ...]:
    """Return ascending numbers as spans, first and last of each run without a gap."""
    found: list[list[int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return tuple((first, last) for first, last in found)
