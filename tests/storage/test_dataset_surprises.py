"""Fourteen things that dataset 2.0.0 does without a word: each shown on the library, then on our wrapper."""

from __future__ import annotations

import math
import sqlite3
import threading
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta, timezone

import dataset
import pytest
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from tests.storage.refusal import refused
from tosca_kiosk.storage import Database
from tosca_kiosk.storage.database import _PRAGMAS

TABLE = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT UNIQUE, r REAL DEFAULT 2.5, at DATETIME)"


@pytest.fixture
def raw_path(tmp_path):
    path = tmp_path / "raw.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(TABLE)
    return path


@pytest.fixture
def raw(raw_path):
    """The library as it comes, automatic schema changes off."""
    opened = dataset.connect(f"sqlite:///{raw_path}", ensure_schema=False, row_type=dict)
    yield opened
    opened.close()


def can_write(path):
    """Say whether another program gets the write lock at once."""
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        other.execute("ROLLBACK")
        return True


def patient(transaction, code):
    return transaction.insert("patients", patient_code=code)


def test_01_a_failed_insert_keeps_the_lock_in_the_library_but_not_in_ours(raw, raw_path, database, path):
    raw["t"].insert({"name": "a"})
    with pytest.raises(IntegrityError):
        raw["t"].insert({"name": "a"})
    assert not can_write(raw_path)

    with (
        refused("such a row exists already"),
        database.transaction() as transaction,
    ):
        patient(transaction, "P-2026-0001")
        patient(transaction, "P-2026-0001")
    assert can_write(path)
    assert database.find("patients") == []


def test_02_an_inner_rollback_undoes_nothing_in_the_library_and_nesting_is_refused_by_ours(raw, database):
    with raw, suppress(KeyError), raw:
        raw["t"].insert({"name": "a"})
        raise KeyError
    assert raw["t"].count() == 1

    with database.transaction() as transaction:
        patient(transaction, "P-2026-0001")
        with refused("open already"), database.transaction():
            pass
    assert len(database.find("patients")) == 1


def test_03_a_query_that_writes_is_left_uncommitted_by_the_library_and_refused_by_ours(
    raw, raw_path, database, path
):
    raw.query("INSERT INTO t (name) VALUES ('a')")
    assert not can_write(raw_path)

    with refused("cannot be written"):
        database.rows("INSERT INTO patients (patient_code) VALUES ('a') RETURNING patient_id")
    assert can_write(path)
    assert database.find("patients") == []


def test_04_a_mistyped_key_is_dropped_by_the_library_and_named_by_ours(raw, database):
    raw["t"].insert({"name": "a", "nmae": "b"})
    assert raw["t"].count() == 1

    with refused("no column note; it has patient_id"), database.transaction() as transaction:
        transaction.insert("patients", patient_code="P-2026-0001", note="x")
    with refused("no column Notes"), database.transaction() as transaction:
        transaction.insert_rows("patients", ("patient_code", "Notes"), [("P-2026-0001", "x")])
    assert database.find("patients") == []


def test_05_unknown_names_read_as_nothing_in_the_library_and_are_errors_in_ours(raw, database, session):
    raw["t"].insert({"name": "a"})
    assert list(raw["t"].find(unknown=1)) == []
    assert list(raw["missing"].find()) == []
    assert len(list(raw["t"].find(order_by="unknown"))) == 1
    raw["t"].delete()
    assert raw["t"].count() == 0

    with refused("no column unknown"):
        database.find("patients", unknown=1)
    with refused("no column unknown"):
        database.find("patients", order_by="-unknown")
    with refused("no table 'missing'"):
        database.find("missing")
    with database.transaction() as transaction:
        assert not hasattr(transaction, "delete")
        with refused("needs a row's key"):
            transaction.update("patients", {}, notes="everyone")
        with refused("has 0 rows with patient_id=77"):
            transaction.update("patients", {"patient_id": 77}, notes="nobody")


def test_06_a_time_zone_is_lost_by_the_library_and_converted_by_ours(raw, database, session):
    summer = datetime(2026, 7, 1, 12, 0, tzinfo=timezone(timedelta(hours=2)))
    raw["t"].insert({"at": summer})
    assert raw["t"].find_one()["at"] == datetime(2026, 7, 1, 12, 0)
    with pytest.raises(StatementError):
        raw["t"].insert({"at": "2026-07-01 12:00:00"})

    with database.transaction() as transaction:
        transaction.update("patients", {"patient_id": 1}, last_modified_date=summer)
        for wrong in (datetime(2026, 7, 1), "2026-07-01 12:00:00"):
            with refused(r"no time zone|datetime allowed"):
                transaction.update("patients", {"patient_id": 1}, last_modified_date=wrong)
    assert database.rows("SELECT last_modified_date AS t FROM patients") == [
        {"t": "2026-07-01 10:00:00.000000"}
    ]
    read = database.find_one("patients", patient_id=1)["last_modified_date"]
    assert (read, read.tzinfo) == (summer, UTC)


def test_07_many_rows_lose_defaults_and_atomicity_in_the_library_but_not_in_ours(raw, database):
    raw["t"].insert_many([{"name": "a", "r": 1.0}, {"name": "b"}])
    assert raw["t"].find_one(name="b")["r"] is None
    with pytest.raises(IntegrityError):
        raw["t"].insert_many([{"name": "c"}, {"name": "a"}], chunk_size=1)
    assert raw["t"].find_one(name="c") is not None

    rows = [(f"P-2026-{number:04d}",) for number in range(1, 200)]
    with refused("exists already"), database.transaction() as transaction:
        transaction.insert_rows("patients", ("patient_code",), [*rows, rows[0]])
    assert database.find("patients") == []
    with database.transaction() as transaction:
        transaction.insert_rows("patients", ("patient_code",), rows)
    assert [(row["patient_code"],) for row in database.find("patients", order_by="patient_id")] == rows
    assert {row["is_active"] for row in database.find("patients")} == {True}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_08_nan_becomes_null_in_the_library_and_is_refused_by_ours(raw, database, session, value):
    raw["t"].insert({"name": "a", "r": math.nan})
    assert raw["t"].find_one(name="a")["r"] is None

    with refused("sessions.avg_power_watts: .* is not a number"), database.transaction() as transaction:
        transaction.update("sessions", {"session_id": 1}, avg_power_watts=value)


def test_09_a_block_of_reads_is_no_snapshot_in_the_library_but_is_one_in_ours(raw, raw_path, database, path):
    with raw:
        assert raw["t"].count() == 0
        with closing(sqlite3.connect(raw_path)) as other, other:
            other.execute("INSERT INTO t (name) VALUES ('a')")
        assert raw["t"].count() == 1

    with database.reading() as reader:
        assert reader.find("patients") == []
        with closing(sqlite3.connect(path)) as other, other:
            other.execute("INSERT INTO patients (patient_code) VALUES ('P-2026-0001')")
        assert reader.find("patients") == []
    assert len(database.find("patients")) == 1


def test_10_a_read_leaves_a_transaction_open_in_the_library_but_not_in_ours(raw, database):
    list(raw["t"].find())
    assert raw.executable.in_transaction()

    database.find("patients")
    with database.reading() as reader:
        reader.rows("SELECT 1")
    assert database._raw.connections == {}
    with refused("after the end of its `with`"):
        reader.rows("SELECT 1")


def test_11_an_unfinished_find_blocks_truncation_in_the_library_but_not_in_ours(
    raw, raw_path, database, path
):
    raw["t"].insert_many([{"name": str(number)} for number in range(10)])
    unfinished = raw["t"].find(_step=1)
    next(unfinished)
    with closing(sqlite3.connect(raw_path)) as other:
        other.execute("INSERT INTO t (name) VALUES ('a')")
        other.commit()
        other.execute("PRAGMA busy_timeout=0")
        assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 1

    with database.transaction() as transaction:
        patient(transaction, "P-2026-0001")
    next(iter(database.find("patients")))
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert path.with_name(path.name + "-wal").stat().st_size == 0


def test_12_sixteen_threads_exhaust_the_library_but_not_ours(raw_path, database):
    strict = dataset.connect(
        f"sqlite:///{raw_path}", ensure_schema=False, engine_kwargs={"pool_timeout": 0.01}
    )
    assert results_of_threads(20, strict["t"].count).count(PoolTimeout) == 5
    strict.close()

    assert results_of_threads(40, lambda: len(database.find("tech_users"))) == [1] * 40


def results_of_threads(count, work):
    """Run work in threads one after the other, all alive until the last has done it."""
    results, everyone_done = [], threading.Event()

    def run(done):
        try:
            results.append(work())
        except Exception as error:
            results.append(type(error))
        done.set()
        everyone_done.wait()

    threads = []
    for _ in range(count):
        done = threading.Event()
        threads.append(threading.Thread(target=run, args=(done,)))
        threads[-1].start()
        done.wait()
    everyone_done.set()
    for thread in threads:
        thread.join()
    return results


def test_13_the_library_changes_the_callers_list_of_pragmas_and_ours_gives_it_a_copy(raw_path, path):
    mine = ["PRAGMA foreign_keys=ON"]
    dataset.connect(f"sqlite:///{raw_path}", on_connect_statements=mine).close()
    assert mine == ["PRAGMA foreign_keys=ON", "PRAGMA journal_mode=WAL"]

    before = tuple(_PRAGMAS)
    for _ in range(2):
        Database.open(path).close()
    assert before == _PRAGMAS


def looks_at_tables(engine):
    """Return a list that grows by each statement that asks for a table's make."""
    looks = []

    @event.listens_for(engine, "before_cursor_execute")
    def note(connection, cursor, statement, *rest):
        if "table_info" in statement or "table_xinfo" in statement:
            looks.append(statement)

    return looks


def test_14_the_library_looks_at_a_table_again_after_each_rollback_and_ours_once(raw, database):
    looks = looks_at_tables(raw.engine)
    for _ in range(2):
        with suppress(ZeroDivisionError), raw:
            raw["t"].insert({"name": "a"})
            raise ZeroDivisionError
    assert len(looks) > 1

    looks = looks_at_tables(database._raw.engine)
    for _ in range(2):
        with suppress(ZeroDivisionError), database.transaction() as transaction:
            patient(transaction, "P-2026-0001")
            raise ZeroDivisionError
    assert len(looks) == 1
    with refused("no column note"), database.transaction() as transaction:
        transaction.insert("patients", note="x")
