"""The files of a record and what lies beside it: names, what takes one away, what tells its content."""

from __future__ import annotations

from hashlib import file_digest
from pathlib import Path
from typing import Final

from tosca_kiosk.storage.errors import StorageError

PART: Final = ".part"
"""Behind a name: what is to take its place, half made."""
LOG_SUFFIXES: Final = ("-wal", "-shm", "-journal")
"""Behind a database's name: what SQLite itself lays beside it."""


def beside(path: Path, suffix: str) -> Path:
    """Return the file beside another whose name goes on with a suffix."""
    return path.with_name(path.name + suffix)


def with_logs(path: Path) -> tuple[Path, ...]:
    """Return a database's file and those that SQLite lays beside it, whether they are there or not."""
    return tuple(beside(path, suffix) for suffix in ("", *LOG_SUFFIXES))


def delete(path: Path) -> None:
    """Take a file away; one that is not there is gone. Raises StorageError where it stays."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(
            f"{path}: cannot be deleted ({error.strerror}); check the disk and its rights"
        ) from error


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's content. Raises OSError."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
