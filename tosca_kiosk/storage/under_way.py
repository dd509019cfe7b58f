"""An operation on the record that a crash breaks off: the next start says what became of it.

While one runs, a note lies beside the database. What is done is done in one step, a commit or a new
name for a whole file: so at the next start the record is as it was before or as it was to be. The row of
`operations` that carries the note's mark tells which, or the version, for a file of an older one keeps no
such row. What was half made beside it goes.
"""

from __future__ import annotations

import logging
import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from tosca_kiosk.machine.synced import sync
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.files import PART, beside, with_logs

_NOTE: Final = ".operation"
log = logging.getLogger("tosca_kiosk.storage.under_way")


class _Note(msgspec.Struct, frozen=True):
    """What is under way. what: for a person; run: the mark of its row; version: of the file before."""

    what: str
    run: str
    version: str | None


_decode: Final = msgspec.json.Decoder(_Note).decode


@contextmanager
def under_way(database_path: Path, what: str) -> Iterator[str]:
    """Keep a note of an operation inside `with`; give the mark for its row. what: such as "the upgrade".

    The caller holds the data directory's lock. Raises StorageError where the note cannot be written.
    """
    note = _Note(what=what, run=secrets.token_hex(8), version=_version(database_path))
    path = beside(database_path, _NOTE)
    try:
        _write(path, msgspec.json.encode(note))
    except OSError as error:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        raise StorageError(
            f"{path}: cannot be written ({error.strerror}); check the disk's space and rights"
        ) from error
    try:
        yield note.run
    finally:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            # What was done stays done, and what failed is raised: the next start says which, by the note.
            log.warning("%s: %s has ended, its note cannot be taken away (%s)", path, what, error.strerror)


def settled(database_path: Path) -> Iterator[str]:
    """Take away what a broken-off operation left, and yield what became of it, a sentence.

    The caller holds the data directory's lock, and nobody has the database open. Raises StorageError.
    """
    path = beside(database_path, _NOTE)
    try:
        said = path.read_bytes()
    except FileNotFoundError:
        return
    except OSError as error:
        raise _not_taken_away(path, error) from error
    try:
        note = _decode(said)
    except msgspec.DecodeError:
        note = None  # its writer died over it, before anything was begun
    half_made = beside(database_path, PART)
    try:
        for file in with_logs(half_made):
            file.unlink(missing_ok=True)
    except OSError as error:
        raise _not_taken_away(half_made, error) from error
    if note is not None:
        yield f"{database_path}: {note.what} was interrupted: {_became(database_path, note)}."
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise _not_taken_away(path, error) from error


def _became(database_path: Path, note: _Note) -> str:
    rows = (
        "SELECT 1 FROM operations WHERE json_valid(details) AND json_extract(details, '$.run') = ?",
        (note.run,),
    )
    try:
        done = _version(database_path) != note.version or _found(database_path, *rows) is not None
    except sqlite3.Error as error:
        return f"whether it was done cannot be read ({error}); run tosca-kiosk db check"
    if done:
        return "it had been done by then, and stays"
    return "nothing of it was done, the record is as it was; repeat it"


def _version(database_path: Path) -> str | None:
    """Return the version that a file says it has, None where it says none that can be read."""
    try:
        found = _found(database_path, "SELECT version_num FROM alembic_version")
    except sqlite3.Error:
        return None
    return None if found is None else str(found[0])


def _found(database_path: Path, statement: str, values: tuple[str, ...] = ()) -> tuple[Any, ...] | None:
    """Return the first row of what a file is asked; None also for a table that it does not have."""
    uri = f"{database_path.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            row: tuple[Any, ...] | None = connection.execute(statement, values).fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" not in str(error):
            raise
        row = None
    return row


def _write(path: Path, content: bytes) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o640)
    try:
        os.write(file, content)
        os.fsync(file)
    finally:
        os.close(file)
    sync(path.parent)


def _not_taken_away(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"{path}: what an interrupted operation left cannot be taken away ({error.strerror}); "
        "check the disk and its rights"
    )
