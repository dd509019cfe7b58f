"""A database made of file and log in memory: what SQLite itself reads there, whatever broke off the log."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tosca_kiosk.storage.log_copy import with_log


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("log_copy")


def written(path, batches, checkpoint_after):
    """Commit batches of rows; return file and log as a killed program leaves them."""
    for each in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
        each.unlink(missing_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("PRAGMA wal_autocheckpoint=0")
        writer.execute("CREATE TABLE kept (number INTEGER PRIMARY KEY, content BLOB)")
        for count, bytes_each in batches:
            writer.execute("BEGIN")
            writer.executemany(
                "INSERT INTO kept (content) VALUES (?)", [(bytes([count]) * bytes_each,)] * count
            )
            writer.execute("DELETE FROM kept WHERE number % 7 = 3")
            writer.execute("COMMIT")
            if count == checkpoint_after:
                writer.execute("PRAGMA wal_checkpoint(RESTART)")
        return path.read_bytes(), path.with_name(path.name + "-wal").read_bytes()


def read_by_sqlite(folder, database, log):
    """Let SQLite read a copy of both files."""
    copy = folder / "copy.db"
    copy.write_bytes(database)
    copy.with_name("copy.db-shm").unlink(missing_ok=True)
    copy.with_name("copy.db-wal").write_bytes(log)
    with closing(sqlite3.connect(copy)) as connection:
        return tables_of(connection)


def read_from_memory(database, log):
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.deserialize(with_log(database, log))
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return tables_of(connection)


def tables_of(connection):
    return [
        (name, connection.execute(f"SELECT * FROM {name}").fetchall())
        for (name,) in connection.execute("SELECT name FROM sqlite_master ORDER BY name").fetchall()
    ]


batches = st.lists(st.tuples(st.integers(1, 30), st.integers(0, 9000)), min_size=1, max_size=4)


@settings(max_examples=25, deadline=None)
@given(batches=batches, checkpoint_after=st.integers(0, 30), kept=st.floats(0.0, 1.0), flipped=st.booleans())
def test_the_copy_holds_what_sqlite_reads(folder, batches, checkpoint_after, kept, flipped):
    database, log = written(folder / "record.db", batches, checkpoint_after)
    damaged = bytearray(log[: round(len(log) * kept)])
    if flipped and damaged:
        damaged[len(damaged) // 2] ^= 1
    for each in (log, bytes(damaged)):
        assert read_from_memory(database, each) == read_by_sqlite(folder, database, each)


def test_without_a_log_the_file_is_the_database(folder):
    database, log = written(folder / "record.db", [(3, 100)], 3)
    assert read_from_memory(database, b"") == read_by_sqlite(folder, database, b"")
    assert read_from_memory(database, b"no log at all" * 9) == read_by_sqlite(folder, database, log)
