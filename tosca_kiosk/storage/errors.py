"""The one error of the record: what happened, where, and what to do about it.

No error of a library leaves the storage package. An engine's connections translate their own; `translating`
does it for what fails elsewhere: in dataset, in the pool, in SQLAlchemy's conversion of values.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dataset
from sqlalchemy import Engine, ExceptionContext, event
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout


class StorageError(Exception):
    """The record cannot do what was asked. The text says what, where and what to do."""


# What SQLite says (part of its message), what that means and what to do. First match wins.
_SQLITE_CAUSES = (
    ("not a database", "the file is not an SQLite database", "choose another file or restore a backup"),
    (
        "disk image is malformed",
        "the database is damaged",
        "restore the newest backup: tosca-kiosk db restore",
    ),
    ("disk is full", "the disk is full, nothing was written", "free space on this disk, then repeat"),
    ("readonly database", "the database cannot be written", "check the rights of the file and its directory"),
    ("unable to open", "the database cannot be opened", "check that its directory exists and its rights"),
    ("database is locked", "another program holds the database", "close that program, then repeat"),
    ("disk i/o error", "the disk cannot be read or written", "check the disk, then run tosca-kiosk db check"),
)


def translate_errors(engine: Engine, path: Path) -> None:
    """Let what fails on any connection of the engine, whoever uses it, be a StorageError about path."""

    def translated(context: ExceptionContext) -> StorageError | None:
        failed = context.sqlalchemy_exception or context.original_exception
        return storage_error(path, failed) if isinstance(failed, SQLAlchemyError) else None

    event.listen(engine, "handle_error", translated)


@contextmanager
def translating(path: Path) -> Iterator[None]:
    """Turn what the libraries raise about the database at path into a StorageError."""
    try:
        yield
    except (SQLAlchemyError, dataset.DatasetError, sqlite3.Error, ValueError, TypeError) as error:
        raise storage_error(path, error) from error


def storage_error(path: Path, error: Exception) -> StorageError:
    """Translate what SQLite, SQLAlchemy or dataset raised about the database at path."""
    said = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    for part, what, todo in _SQLITE_CAUSES:
        if part in said.lower():
            return StorageError(f"{path}: {what} ({said}); {todo}")
    if isinstance(error, IntegrityError):
        return StorageError(f"{path}: refused, nothing was written: {said}; correct the values, then repeat")
    if isinstance(error, UnicodeEncodeError):
        return StorageError(f"{path}: a text is not UTF-8 ({said}); give it in UTF-8, then repeat")
    if isinstance(error, PoolTimeout):
        return StorageError(f"{path}: too many threads use the database at once; repeat later")
    return StorageError(f"{path}: {said}; run tosca-kiosk db check")
