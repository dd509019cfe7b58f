"""Every connection has its pragmas, writes take turns, errors say what, where and what to do."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import threading
from contextlib import closing
from pathlib import Path

import pytest

from tests.ordinary_user import ordinary_user
from tests.storage.cast import safety_event
from tests.storage.refusal import refused
from tosca_kiosk.storage import Database, check, events, schema


@pytest.fixture
def common_folder():
    """A folder that an ordinary user may enter, wherever the test's own one is."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_every_connection_has_foreign_keys_wal_and_full_synchronous(database):
    found = []

    def look():
        with database.reading() as reader:
            found.extend(reader.tuples(f"PRAGMA {name}")[0][0] for name in PRAGMAS)

    thread = threading.Thread(target=look)
    with database.reading() as reader:
        found.extend(reader.tuples(f"PRAGMA {name}")[0][0] for name in PRAGMAS)
        thread.start()
        thread.join()
    assert found == [1, "wal", 2] * 2


PRAGMAS = ("foreign_keys", "journal_mode", "synchronous")


@pytest.mark.parametrize("name", ["a b.db", "50%?.db", "#1.db", "mode=ro&x.db", "Größe.db"])
def test_a_path_may_hold_any_character(tmp_path, name):
    with Database.open(tmp_path / "new folder" / name) as database:
        assert database.find_one("tech_users")["username"] == "admin"
    assert (tmp_path / "new folder" / name).is_file()


def test_a_missing_database_is_made_unless_told_not_to(tmp_path):
    with refused("there is no database; create it with tosca-kiosk db init"):
        Database.open(tmp_path / "none" / "laser_control.db", create=False)
    assert list(tmp_path.iterdir()) == []


def test_an_exception_inside_a_transaction_undoes_all_of_it(database):
    def write_and_fail():
        with database.transaction() as transaction:
            transaction.insert("patients", patient_code="P-2026-0001")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    assert database.find("patients") == []
    with database.transaction() as transaction:
        transaction.insert("patients", patient_code="P-2026-0001")


def test_a_foreign_key_that_points_nowhere_is_refused(database):
    with (
        refused("FOREIGN KEY constraint failed"),
        database.transaction() as transaction,
    ):
        transaction.insert("patients", patient_code="P-2026-0001", created_by_tech_id=99)
    assert database.find("patients") == []


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("patient_code", 5),
        ("notes", b"x"),
        ("created_by_tech_id", "1"),
        ("created_by_tech_id", 1.0),
        ("created_by_tech_id", True),
        ("is_active", 1),
        ("date_of_birth", "1970-01-01"),
    ],
)
def test_a_value_of_another_type_than_the_columns_is_refused(database, column, value):
    with (
        refused(f"patients.{column}: .* allowed"),
        database.transaction() as transaction,
    ):
        transaction.insert("patients", **{"patient_code": "P-2026-0001", column: value})


def test_threads_take_turns_in_writing_and_all_rows_arrive(database):
    def write(number):
        with database.transaction() as transaction:
            transaction.insert("patients", patient_code=f"P-2026-{number:04d}")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(database.find("patients")) == 12


def test_a_reader_inside_a_transaction_sees_what_was_written_there(database):
    with database.transaction() as transaction:
        transaction.insert("patients", patient_code="P-2026-0001")
        assert len(database.find("patients")) == 1
        with database.reading() as reader:
            assert reader is transaction


def test_another_program_that_holds_the_database_is_reported(database, path, monkeypatch):
    monkeypatch.setattr("tosca_kiosk.storage.database.BUSY_TIMEOUT_S", 0.01)
    with Database.open(path) as impatient, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(2):
            with refused("another program holds the database"), impatient.transaction():
                pass
        other.execute("ROLLBACK")
        with impatient.transaction() as transaction:
            transaction.insert("patients", patient_code="P-2026-0001")


def test_a_full_disk_is_reported_and_nothing_is_half_written(database, path):
    rows = [(f"P-2026-{number:04d}", "x" * 4000) for number in range(1000)]
    with refused("the disk is full, nothing was written.*free space"), database.transaction() as transaction:
        transaction.tuples("PRAGMA max_page_count=200")
        transaction.insert_rows("patients", ("patient_code", "notes"), rows)
    assert database.find("patients") == []


def test_a_commit_that_fails_frees_the_database_and_keeps_nothing(database, path):
    with refused("FOREIGN KEY constraint failed"), database.transaction() as transaction:
        transaction.execute("PRAGMA defer_foreign_keys=ON")
        transaction.insert("patients", patient_code="P-2026-0001", created_by_tech_id=99)
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")
    with database.transaction() as transaction:
        assert transaction.find("patients") == []
        transaction.insert("patients", patient_code="P-2026-0001")
    assert len(database.find("patients")) == 1


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path):
    file = tmp_path / "letter.db"
    file.write_text("Dear Sir or Madam, " * 100)
    with refused(f"{file}: the file is not an SQLite database .*restore a backup"):
        Database.open(file)
    assert file.read_text().startswith("Dear Sir")


@pytest.mark.parametrize("content", [b"", None], ids=["no byte", "no table"])
def test_an_empty_file_is_made_a_record_by_nobody_who_did_not_ask_for_one(tmp_path, content):
    file = tmp_path / "laser_control.db"
    file.write_bytes(b"")
    if content is None:
        with closing(sqlite3.connect(file)) as tool:
            tool.execute("PRAGMA journal_mode=WAL")
    with refused(f"{file}: the database is empty; create it with tosca-kiosk db init"):
        Database.open(file, create=False)
    with closing(sqlite3.connect(file)) as tool:
        assert tool.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    Database.open(file).close()
    Database.open(file, create=False).close()


def test_a_file_that_another_one_replaces_while_it_is_opened_takes_no_write(path, tmp_path, monkeypatch):
    """As a restore does: the name leads to the new one, and what the old one took would be lost."""
    other = tmp_path / "restored.db"
    shutil.copy(path, other)
    connect = sqlite3.connect

    def replaced_meanwhile(*asked, **named):
        connection = connect(*asked, **named)
        if other.exists():
            other.replace(path)
        return connection

    monkeypatch.setattr(sqlite3, "connect", replaced_meanwhile)
    with Database.open(path, create=False) as database:
        assert not other.exists()
        with refused("another file has taken its place"), database.transaction():
            raise AssertionError


def test_a_damaged_database_is_refused(path):
    content = bytearray(path.read_bytes())
    content[100:4096] = bytes(3996)
    path.write_bytes(content)
    with refused(r"damaged .*restore the newest backup"):
        Database.open(path)


def overwritten(path, name):
    """Make the first page of a table or index of the file a page of nonsense."""
    with closing(sqlite3.connect(path)) as tool:
        root = tool.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,)).fetchone()[0]
        size = tool.execute("PRAGMA page_size").fetchone()[0]
    content = bytearray(path.read_bytes())
    content[(root - 1) * size : root * size] = b"\xff" * size
    path.write_bytes(content)


def append(database, now):
    with database.transaction() as transaction:
        events.append_safety(transaction, now, [(0.0, safety_event())])


@pytest.mark.parametrize("table", ["safety_log", "chain_links", "sqlite_sequence"])
@pytest.mark.parametrize("work", [lambda database, now: check(database), append], ids=["check", "append"])
def test_damage_that_is_met_later_is_a_storage_error_too(path, now, table, work):
    overwritten(path, table)
    with Database.open(path) as database, refused(f"{path}: the database is damaged .*restore the newest"):
        work(database, now)


def test_damage_is_a_storage_error_inside_the_snapshot_already(path):
    overwritten(path, "chain_links")
    # SQLite says it again at the end of the snapshot.
    with Database.open(path) as database, refused("damaged"), database.reading() as reader:
        with refused("damaged"):
            reader.tuples("SELECT * FROM chain_links")
        assert not reader.connection.closed


def test_a_file_whose_version_cannot_be_read_is_refused(path):
    overwritten(path, "alembic_version")
    with refused("damaged"):
        Database.open(path)
    with refused("damaged"):
        schema.version_of_file(path)


def test_what_is_not_the_librarys_error_stays_what_it_is(database):
    def interrupted():
        with database.transaction() as transaction:
            transaction.insert("patients", patient_code="P-2026-0001")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert database.find("patients") == []


def test_a_directory_without_the_right_to_write_is_reported(common_folder):
    common_folder.chmod(0o555)
    with ordinary_user(), refused("cannot be opened .*check that its directory exists and its rights"):
        Database.open(common_folder / "laser_control.db")
    with ordinary_user(), refused(r"cannot be made \(Permission denied\)"):
        Database.open(common_folder / "new" / "laser_control.db")


def test_a_database_without_the_right_to_write_is_reported(common_folder, path):
    target = common_folder / "laser_control.db"
    shutil.copy(path, target)
    target.chmod(0o444)
    common_folder.chmod(0o555)
    with ordinary_user(), refused("cannot be (opened|written)"):
        Database.open(target)


def test_a_directory_in_the_place_of_the_database_is_reported(tmp_path):
    with refused("cannot be opened"):
        Database.open(tmp_path)
