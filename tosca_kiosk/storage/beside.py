"""The record for those who only read it: beside the program that writes, and on disks that take nothing.

SQLite reads by an index of the log, which it makes beside the database. Where the disk is full or cannot be
written and no index is there, a record without a log is read as a file that nobody changes, one with a log
from a copy in memory. A restored record that no writer has opened yet is read as such a file too: SQLite's
locks would keep its first writer off. Nothing is written, and nothing is ever checkpointed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from tosca_kiosk.storage.database import READ_ONLY_BUSY_TIMEOUT_S, Database
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.files import beside
from tosca_kiosk.storage.log_copy import with_log

_NO_INDEX: Final = (
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
)
_PRIMARY_CODE: Final = 0xFF
"""Of an error's code: what it is; the rest says where it came about."""
_COPIES: Final = 3
"""So often a file is read that changes meanwhile."""

_State = tuple[tuple[int, int] | None, ...]


@contextmanager
def record_to_read(path: Path, tell: Callable[[str], object]) -> Iterator[Database]:
    """Open the record at path to read alone, whatever the disk takes and whoever writes.

    tell(line) hears of a copy in memory. This process has no other connection to it: to close a file that was
    copied would take away that one's locks. Raises StorageError as Database.read_only does, for files that
    cannot be read, and where another program changes what is read without a lock.
    """
    if _has_log_and_index(path):
        with Database.read_only(path) as database:
            yield database
        return
    if not _log_bytes(path):
        with (
            _unchanged(path),
            Database.read_only(path, partial(_connected, path, "&immutable=1")) as database,
        ):
            yield database
        return
    content = _copy(path)
    tell(
        f"{path}: the disk is full or cannot be written, and a log lies beside the record: "
        "read from a copy in memory"
    )
    with Database.read_only(path, partial(_in_memory, content)) as database:
        yield database


def _has_log_and_index(path: Path) -> bool:
    """Whether SQLite reads the record beside a writer; of one that is damaged or locked it says so itself."""
    if beside(path, "-journal").exists():
        return True  # a write that was broken off without a log: only SQLite may undo it
    try:
        with closing(_connected(path)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            return bool(connection.execute("PRAGMA journal_mode").fetchone() == ("wal",))
    except sqlite3.OperationalError as error:
        return error.sqlite_errorcode & _PRIMARY_CODE not in _NO_INDEX
    except sqlite3.DatabaseError:
        return True


def _connected(path: Path, how: str = "") -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.resolve().as_uri()}?mode=ro{how}",
        timeout=READ_ONLY_BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,
        uri=True,
    )


def _in_memory(content: bytes) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    connection.deserialize(content)
    return connection


def _copy(path: Path) -> bytes:
    log = _log(path)
    try:
        for _ in range(_COPIES):
            before = _state(path)
            content, pending = path.read_bytes(), log.read_bytes()
            if _state(path) == before:
                return with_log(content, pending)
    except OSError as error:
        raise StorageError(
            f"{error.filename}: cannot be read ({error.strerror}); check the disk and the file's rights"
        ) from error
    except MemoryError as error:
        raise StorageError(
            f"{path}: neither has the disk room for an index of the log nor memory for a copy of the record; "
            "free space on this disk, then repeat"
        ) from error
    raise _changed(path)


@contextmanager
def _unchanged(path: Path) -> Iterator[None]:
    """Believe the block only where nobody wrote meanwhile: neither what it read nor what it calls damage."""
    before = _state(path)
    try:
        yield
    except StorageError:
        if _state(path) == before:
            raise
    if _state(path) != before:
        raise _changed(path)


def _state(path: Path) -> _State:
    """Return what tells whether the record's files were written."""
    return tuple(_written(each) for each in (path, _log(path)))


def _written(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def _log_bytes(path: Path) -> int:
    written = _written(_log(path))
    return 0 if written is None else written[0]


def _log(path: Path) -> Path:
    return beside(path, "-wal")


def _changed(path: Path) -> StorageError:
    return StorageError(f"{path}: another program wrote while the record was read; repeat")
