"""A backup in steps: little waits for the disk at once, one snapshot is copied, and it comes to an end."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from contextlib import closing, contextmanager
from math import ceil

import pytest

from tests.storage.refusal import refused
from tests.waiting import WITHIN_S
from tosca_kiosk.storage import backup, make_backup, restore_backup

SIZE = 24 * 1024 * 1024
CACHED_BYTES = 2 * 1024 * 1024
"""What SQLite holds back of a file that it writes, unless told otherwise."""


@pytest.fixture
def large(path):
    """The test's database with filler rows, many steps long, and a table for a writer."""
    with closing(sqlite3.connect(path, isolation_level=None)) as tool:
        tool.execute("PRAGMA synchronous=OFF")
        tool.execute("CREATE TABLE filler (content BLOB)")
        tool.execute("CREATE TABLE written (number INTEGER)")
        tool.executemany("INSERT INTO filler VALUES (zeroblob(?))", [(65536,)] * (SIZE // 65536))
        tool.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture
def writer(large):
    with closing(sqlite3.connect(large, isolation_level=None, check_same_thread=False)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        yield connection


@contextmanager
def after_each_sync(monkeypatch, work):
    """Have work(size of the file) done after every real sync of a file's data."""
    real = os.fdatasync

    def synced(file):
        real(file)
        if stat.S_ISREG(os.fstat(file).st_mode):
            work(os.fstat(file).st_size)

    with monkeypatch.context() as patched:
        patched.setattr(backup.os, "fdatasync", synced)
        yield


def written(path):
    with closing(sqlite3.connect(path)) as tool:
        return tool.execute("SELECT count(*) FROM written").fetchone()[0]


def assert_synced_in_steps(sizes, total):
    steps = [after - before for before, after in zip([0, *sizes], [*sizes, total], strict=False)]
    assert len(sizes) >= ceil(SIZE / backup.SYNCED_BYTES)
    assert max(steps) <= backup.SYNCED_BYTES + CACHED_BYTES


def test_no_more_than_a_step_and_the_cache_waits_for_the_disk(large, tmp_path, now, monkeypatch):
    sizes = []
    with after_each_sync(monkeypatch, sizes.append):
        made = make_backup(large, tmp_path / "backups", now)
    assert_synced_in_steps(sizes, made.stat().st_size)


def test_a_restore_writes_in_the_same_steps(large, tmp_path, now, monkeypatch):
    made = make_backup(large, tmp_path / "backups", now)
    sizes = []
    with after_each_sync(monkeypatch, sizes.append):
        restore_backup(made, tmp_path / "fresh" / "laser_control.db", tmp_path / "backups", now)
    assert_synced_in_steps(sizes, made.stat().st_size)


def test_a_writer_that_commits_after_every_step_neither_restarts_it_nor_is_in_it(
    large, writer, tmp_path, now, monkeypatch
):
    writer.execute("INSERT INTO written VALUES (0)")
    steps = []

    def commit(size):
        steps.append(size)
        writer.execute("INSERT INTO written VALUES (?)", (len(steps),))

    with after_each_sync(monkeypatch, commit):
        made = make_backup(large, tmp_path / "backups", now)
    assert len(steps) == ceil(made.stat().st_size / backup.SYNCED_BYTES)
    assert written(made) == 1
    assert written(large) == 1 + len(steps)


def test_a_writer_that_commits_all_the_time_does_not_keep_it_from_its_end(large, writer, tmp_path, now):
    begun, ended = threading.Event(), threading.Event()

    def commit():
        while not ended.is_set():
            writer.execute("INSERT INTO written VALUES (1)")
            begun.set()

    thread = threading.Thread(target=commit)
    thread.start()
    try:
        assert begun.wait(WITHIN_S)
        made = make_backup(large, tmp_path / "backups", now)
    finally:
        ended.set()
        thread.join()
    assert 1 <= written(made) <= written(large)


def test_a_copy_that_begins_again_is_refused(large, writer, tmp_path):
    """Without the snapshot, as copies of SQLite are by themselves, one commit sends it back to the start."""
    target = tmp_path / "copy.db"
    with (
        closing(sqlite3.connect(large, isolation_level=None)) as reading,
        closing(sqlite3.connect(target)) as writing,
        backup._Steps(large, target) as steps,
    ):

        def commit_then_step(status, left, total):
            writer.execute("INSERT INTO written VALUES (1)")
            steps(status, left, total)

        with refused("another program changes the database while it is copied"):
            reading.backup(writing, pages=64, progress=commit_then_step)


def test_a_database_locked_for_good_is_reported(large, tmp_path, now, monkeypatch):
    with closing(sqlite3.connect(large, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode=DELETE")
        other.execute("BEGIN EXCLUSIVE")
        monkeypatch.setattr(backup, "BUSY_TIMEOUT_S", 0.0)
        with refused("another program holds the database"):
            make_backup(large, tmp_path / "backups", now)
    assert list((tmp_path / "backups").iterdir()) == []
