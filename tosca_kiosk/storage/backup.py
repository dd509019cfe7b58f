"""Copies of the database: one before each session, verified, of 30 days with one kept; and the way back."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import count
from math import inf
from pathlib import Path
from typing import Self

from tosca_kiosk.machine.synced import make_folder, sync
from tosca_kiosk.storage.clock_evidence import SLACK, Doubt
from tosca_kiosk.storage.database import BUSY_TIMEOUT_S
from tosca_kiosk.storage.errors import StorageError, storage_error
from tosca_kiosk.storage.files import LOG_SUFFIXES, PART, beside, delete, with_logs
from tosca_kiosk.storage.timestamps import naive_utc

KEEP_DAYS = 30
NEWEST_CHANGE = "SELECT coalesce(max(audit_id), 0) AS newest FROM audit_log"
_NAME = "laser_control_%Y%m%d_%H%M%S.db"
SYNCED_BYTES = 4 * 1024 * 1024
"""How much is copied between two syncs; more at once makes others wait, control's journal among them.

With one sync at the end of 500 MB the slowest sync of another file took 90 to 270 ms, medians of six series
(2 cores, virtual disk, loads from 1 to 8); with these steps 2 to 14 ms, though 110 and 499 ms were seen once
each. Where the processors are busy the steps cost time. `python -m benchmarks.bench.backup` measures it.
"""
# After these the driver tries another step, for as long as it takes.
_GOES_ON = (sqlite3.SQLITE_OK, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
# Nothing is to be brought back: a copy that fails is deleted, and each step is synced here.
_COPY_PRAGMAS = ("PRAGMA journal_mode=OFF", "PRAGMA synchronous=OFF")


def _nobody(_copied: float) -> None:
    """Be told how much is copied, and say nothing."""


def make_backup(
    database_path: Path, backup_dir: Path, now: datetime, told: Callable[[float], object] = _nobody
) -> Path:
    """Copy the database as it stands, verify the copy and put it into backup_dir; return its path.

    Others may write meanwhile: what they commit is in the next backup. A file under the
    final name is always whole and verified. A backup of the same second is not replaced: the name is of the
    next free one. What a killed backup or restore left goes first, for its room. told: is called with the
    share that is copied, from 0 to 1; the verification follows. The caller holds the data directory's lock.
    Raises StorageError, and what told raises; no half copy stays behind.
    """
    for part in (
        *with_logs(beside(database_path, PART)),
        *sorted(backup_dir.glob(f"laser_control_*.db{PART}*")),
    ):
        delete(part)
    return _made(database_path, backup_dir, now, told)


def half_backups_gone(backup_dir: Path) -> Iterator[str]:
    """Take away the halves of backups that were broken off, and yield a sentence each.

    For a start, which makes no backup of its own. One that cannot go is no reason to go no further: the next
    backup names it. The caller holds the data directory's lock.
    """
    for part in sorted(backup_dir.glob(f"laser_control_*.db{PART}")):
        try:
            for file in with_logs(part):
                delete(file)
        except StorageError:
            continue
        yield f"{part.name}: a backup was broken off; its half was taken away."


def _made(
    database_path: Path, backup_dir: Path, now: datetime, told: Callable[[float], object] = _nobody
) -> Path:
    final = _free_name(backup_dir, now)
    with _unfinished(final) as part:
        _copy(database_path, part, told)
        verify_backup(part)
    return final


def newest_change(backup: Path) -> int:
    """Return the number of the newest audited change in a backup, 0 where there is none."""
    with _opened(backup) as connection:
        return int(connection.execute(NEWEST_CHANGE).fetchone()[0])


@dataclass(frozen=True, slots=True)
class Pruned:
    """What became of the backups. deleted: those that are gone.

    apart: dated after now, so dated by a clock that was wrong: kept, and counted as no day. untouched: why
    nothing was thinned, None where it was.
    """

    deleted: tuple[Path, ...] = ()
    apart: tuple[Path, ...] = ()
    untouched: str | None = None

    @property
    def to_say(self) -> Iterator[str]:
        """What a person must know of it, a sentence each."""
        if self.untouched is not None:
            yield f"{self.untouched} No backup is deleted until then."
        if self.apart:
            names = ", ".join(path.name for path in self.apart)
            yield f"Backups dated after now are kept apart; the clock was wrong then, or is now: {names}."


def prune_backups(backup_dir: Path, now: datetime, doubt: Doubt | None) -> Pruned:
    """Delete backups that are no longer kept; say what became of them.

    Kept: all of today (UTC), and the newest of each of the KEEP_DAYS newest days before that have one,
    however long ago. Other files are left alone. doubt: why the clock cannot be right, which keeps them all.
    The caller holds the data directory's lock. Raises StorageError for one that cannot be deleted.
    """
    if doubt is not None:
        return Pruned(untouched=doubt.said)
    naive_now = naive_utc(now)
    kept_days: set[date] = set()
    deleted, apart = [], []
    for made, path in sorted(_backups(backup_dir), reverse=True):
        day = made.date()
        if made > naive_now + SLACK:
            apart.append(path)
        elif day < naive_now.date() and (day in kept_days or len(kept_days) == KEEP_DAYS):
            delete(path)
            deleted.append(path)
        elif day < naive_now.date():
            kept_days.add(day)
    return Pruned(deleted=tuple(deleted), apart=tuple(apart))


def verify_backup(path: Path) -> None:
    """Raise StorageError unless the file is a whole database with every foreign key in place."""
    with _opened(path) as connection:
        if (said := connection.execute("PRAGMA integrity_check(1)").fetchone()[0]) != "ok":
            raise StorageError(
                f"{path}: the copy is damaged ({said}); check the disk, then make another backup"
            )
        if broken := connection.execute("PRAGMA foreign_key_check").fetchone():
            raise StorageError(
                f"{path}: table {broken[0]} points at a missing row of {broken[2]}; run db check"
            )


def restore_backup(
    backup: Path,
    database_path: Path,
    backup_dir: Path,
    now: datetime,
    prepare: Callable[[Path], object] = lambda _part: None,
    told: Callable[[float], object] = _nobody,
) -> Path | None:
    """Put a verified copy of backup in the database's place; return where the database before was kept.

    prepare(copy): what is done to the copy before it takes the place. What it leaves is verified. told: is
    called with the share that is copied, of the backup and then of the database before.
    Who writes without the directory's lock waits meanwhile, and then finds another file (see `database`).
    The database before goes to the backups; one that verify_backup refuses is kept beside its place, under
    `.damaged`, with its log. The caller holds the data directory's lock, and nobody has the database open.
    Raises StorageError, as on a full disk, and what prepare raises; the database then still stands in its
    place. Killed at any moment it is there too, with all that was committed, until the copy has its name.
    """
    verify_backup(backup)
    with ExitStack() as writers, _unfinished(database_path) as part:
        _copy(backup, part, told)
        verify_backup(part)
        prepare(part)
        _to_one_file(part)
        verify_backup(part)
        writers.enter_context(_kept_off(database_path))
        kept = _keep(database_path, backup_dir, now, told) if database_path.exists() else None
        _take_in_log(database_path)
        for suffix in LOG_SUFFIXES:
            beside(database_path, suffix).unlink(missing_ok=True)
    return kept


@contextmanager
def _kept_off(database_path: Path) -> Iterator[None]:
    """Let nobody write into the database inside `with`; a damaged or missing one takes nothing anyway."""
    with ExitStack() as held:
        if database_path.exists():
            reader = held.enter_context(closing(_connected(database_path)))
            connection = held.enter_context(
                closing(sqlite3.connect(database_path, timeout=BUSY_TIMEOUT_S, isolation_level=None))
            )
            try:
                # Who may only read is the last to close it: that leaves the log as it is.
                reader.execute("SELECT count(*) FROM sqlite_master").fetchone()
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.Error as error:
                if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                    raise storage_error(database_path, error) from error
        yield


def _to_one_file(part: Path) -> None:
    """Leave nothing in a log beside the copy, which takes its place alone."""
    try:
        with closing(sqlite3.connect(part, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        raise storage_error(part, error) from error


def _take_in_log(database_path: Path) -> None:
    """Bring into the file what its log holds, which goes before the file: it may be left there for ever.

    One that is damaged was put aside with its log.
    """
    if database_path.exists():
        with suppress(sqlite3.Error), closing(sqlite3.connect(database_path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")  # all of it, while writers are kept off


def _keep(database_path: Path, backup_dir: Path, now: datetime, told: Callable[[float], object]) -> Path:
    try:
        verify_backup(database_path)
    except StorageError:
        return _put_aside(database_path)
    return _made(database_path, backup_dir, now, told)


def _put_aside(database_path: Path) -> Path:
    """Give a damaged database and its log second names: the place is never empty."""
    names = (beside(database_path, f".damaged{number if number > 1 else ''}") for number in count(1))
    aside = next(name for name in names if not name.exists())
    for suffix in ("", *LOG_SUFFIXES):
        if (standing := beside(database_path, suffix)).exists():
            beside(aside, suffix).hardlink_to(standing)
    return aside


def _free_name(backup_dir: Path, now: datetime) -> Path:
    second = naive_utc(now)
    while (name := backup_dir / second.strftime(_NAME)).exists():
        second += timedelta(seconds=1)
    return name


def _copy(source: Path, target: Path, told: Callable[[float], object] = _nobody) -> None:
    """Copy one snapshot of a database into a new file, synced step by step."""
    with _opened(source) as reading, closing(sqlite3.connect(target, isolation_level=None)) as writing:
        try:
            # Without a read transaction of its own a stepwise copy starts again after every foreign commit.
            reading.execute("BEGIN")
            page_bytes = _page_bytes(reading)
            for pragma in _COPY_PRAGMAS:
                writing.execute(pragma)
            with _Steps(source, target, told) as steps:
                reading.backup(writing, pages=max(1, SYNCED_BYTES // page_bytes), progress=steps)
            writing.execute("PRAGMA journal_mode=DELETE")  # one file: nothing is left in a log beside it
        except sqlite3.Error as error:
            raise storage_error(source, error) from error


def _page_bytes(reading: sqlite3.Connection) -> int:
    """Read from the database, which begins the transaction's snapshot; return the size of its pages."""
    reading.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return int(reading.execute("PRAGMA page_size").fetchone()[0])


class _Steps:
    """Syncs the copy after each step; refuses to go on where a step brought it no nearer to its end.

    told: is called with the share that is copied.
    """

    def __init__(self, source: Path, target: Path, told: Callable[[float], object] = _nobody) -> None:
        self._source = source
        self._told = told
        self._file = os.open(target, os.O_RDONLY)
        self._left: float = inf

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    def __call__(self, status: int, left: int, total: int) -> None:
        if status in _GOES_ON and left >= self._left:
            raise StorageError(
                f"{self._source}: another program changes the database while it is copied; close it, "
                "then repeat"
            )
        self._left = left
        os.fdatasync(self._file)
        self._told(1.0 - left / total if total else 1.0)


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    if not path.is_file():
        raise StorageError(f"{path}: there is no such file; see the backups directory")
    try:
        with closing(_connected(path)) as connection:
            yield connection
    except sqlite3.Error as error:
        raise storage_error(path, error) from error


def _connected(path: Path) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode=ro"
    return sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None)


@contextmanager
def _unfinished(final: Path) -> Iterator[Path]:
    """Give a name to write under; what stands there afterwards reaches the disk and takes the final name."""
    part = beside(final, PART)
    try:
        make_folder(part.parent)
        try:
            for left in with_logs(part):
                left.unlink(missing_ok=True)
            yield part
            sync(part)
            part.replace(final)
            sync(final.parent)
        finally:
            for left in with_logs(part):
                left.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(
            f"{final}: cannot be written ({error.strerror}); check the disk's space and rights"
        ) from error


def _backups(backup_dir: Path) -> Iterator[tuple[datetime, Path]]:
    for path in backup_dir.glob("laser_control_*.db"):
        try:
            yield datetime.strptime(path.name, _NAME), path
        except ValueError:
            continue
