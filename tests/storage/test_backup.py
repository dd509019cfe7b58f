"""Backups are whole, verified and kept as long as promised; one command brings one back."""

from __future__ import annotations

import resource
import shutil
import sqlite3
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta, timezone

import pytest

from tests.storage.refusal import refused
from tosca_kiosk.storage import (
    Database,
    check,
    make_backup,
    patients,
    prune_backups,
    restore_backup,
    verify_backup,
)


@pytest.fixture
def backups(tmp_path):
    return tmp_path / "backups"


def codes(path):
    with Database.open(path, create=False) as database:
        return [patient.patient_code for patient in patients.list_all(database)]


def add_patient(database, now):
    with database.transaction() as transaction:
        patients.add(transaction, now)


def files(folder):
    """Return every file with its content."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@contextmanager
def full_disk():
    """Let no file grow over 40 kB: a full disk to this program."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_backup_holds_what_was_committed_while_the_database_is_in_use(
    database, path, backups, session, now
):
    with database.reading() as reader:
        reader.find("patients")
        made = make_backup(path, backups, now)
    assert made == backups / "laser_control_20260314_092653.db"
    assert codes(made) == ["P-2026-0001"]
    with Database.open(made) as copy:
        assert check(copy).problems == ()


def test_a_backup_is_one_file_named_in_utc(database, path, backups, now):
    made = make_backup(path, backups, now.astimezone(timezone(timedelta(hours=5))))
    assert [file.name for file in backups.iterdir()] == [made.name] == ["laser_control_20260314_092653.db"]


def test_backups_within_one_second_replace_none(database, path, backups, now):
    made = []
    for _ in range(3):
        made.append(make_backup(path, backups, now))
        add_patient(database, now)
    assert [file.name for file in made] == [
        "laser_control_20260314_092653.db",
        "laser_control_20260314_092654.db",
        "laser_control_20260314_092655.db",
    ]
    assert [len(codes(file)) for file in made] == [0, 1, 2]


def test_what_is_not_committed_is_not_in_it(database, path, backups, now):
    with database.transaction() as transaction:
        patients.add(transaction, now)
        made = make_backup(path, backups, now)
    assert codes(made) == []


def test_a_damaged_database_makes_no_backup_and_leaves_no_part(path, backups, now):
    with closing(sqlite3.connect(path)) as tool:
        root = tool.execute("SELECT rootpage FROM sqlite_master WHERE name = 'idx_audit_row'").fetchone()[0]
        size = tool.execute("PRAGMA page_size").fetchone()[0]
    content = bytearray(path.read_bytes())
    content[(root - 1) * size : root * size] = bytes(size)
    path.write_bytes(content)
    with refused("damaged"):
        make_backup(path, backups, now)
    assert list(backups.iterdir()) == []


def test_a_backup_whose_keys_dangle_is_refused(path, backups, now):
    with closing(sqlite3.connect(path)) as tool, tool:
        tool.execute("INSERT INTO patients (patient_code, created_by_tech_id) VALUES ('P-2026-0001', 9)")
    with refused("table patients points at a missing row of tech_users"):
        make_backup(path, backups, now)


def test_no_place_for_backups_is_reported(path, tmp_path, now):
    (tmp_path / "backups").write_text("in the way")
    with refused("cannot be written"):
        make_backup(path, tmp_path / "backups", now)


def test_all_of_today_and_the_newest_of_thirty_days_are_kept(path, backups, now):
    backups.mkdir()
    made = {}
    for days in (0, 1, 2, 29, 30, 31, 400):
        for hours in (0, 3, 6):
            when = now.replace(hour=9) - timedelta(days=days) + timedelta(hours=hours)
            made[days, hours] = backups / f"laser_control_{when:%Y%m%d_%H%M%S}.db"
            shutil.copy(path, made[days, hours])
    (backups / "laser_control_of_mine.db").write_text("")
    (backups / "notes.txt").write_text("")
    deleted = prune_backups(backups, now)
    kept = {key for key, file in made.items() if file.exists()}
    assert kept == {(0, 0), (0, 3), (0, 6), (1, 6), (2, 6), (29, 6), (30, 6)}
    assert len(deleted) == len(made) - len(kept)
    assert (backups / "laser_control_of_mine.db").exists()
    assert (backups / "notes.txt").exists()
    assert prune_backups(backups, now) == []


def test_pruning_where_there_is_nothing_does_nothing(backups, now):
    assert prune_backups(backups, now) == []


def test_restoring_brings_back_the_old_and_keeps_the_newer_state(path, backups, now):
    with Database.open(path) as database:
        add_patient(database, now)
        made = make_backup(path, backups, now)
        add_patient(database, now)
    kept = restore_backup(made, path, backups, now + timedelta(hours=1))
    assert codes(path) == ["P-2026-0001"]
    assert codes(kept) == ["P-2026-0001", "P-2026-0002"]
    assert made.exists()


def test_a_write_ahead_log_of_the_old_state_does_not_reach_the_restored_one(path, backups, now):
    with Database.open(path) as database:
        made = make_backup(path, backups, now)
        add_patient(database, now)
        left = {suffix: path.with_name(path.name + suffix).read_bytes() for suffix in ("-wal", "-shm")}
    for suffix, content in left.items():
        path.with_name(path.name + suffix).write_bytes(content)
    restore_backup(made, path, backups, datetime(2026, 3, 15, tzinfo=UTC))
    assert codes(path) == []


def test_a_database_beyond_reading_is_put_aside_when_one_is_restored(path, backups, now):
    made = make_backup(path, backups, now)
    path.write_bytes(b"not a database" * 1000)
    kept = restore_backup(made, path, backups, now + timedelta(hours=1))
    assert kept == path.with_name("laser_control.db.damaged")
    assert kept.read_bytes().startswith(b"not a database")
    assert codes(path) == []


def test_a_damaged_database_is_put_aside_with_its_log_and_none_put_aside_before_is_lost(path, backups, now):
    made = make_backup(path, backups, now)
    for number in (1, 2):
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).write_bytes(b"%d%b" % (number, suffix.encode()) * 2000)
        restore_backup(made, path, backups, now)
    assert codes(path) == []
    aside = {name: content[:5] for name, content in files(path.parent).items() if "damaged" in name}
    indexes = {name for name in aside if name.endswith("-shm")}  # SQLite rebuilds these whenever it looks
    assert indexes == {"laser_control.db.damaged-shm", "laser_control.db.damaged2-shm"}
    assert {name: start for name, start in aside.items() if name not in indexes} == {
        "laser_control.db.damaged": b"11111",
        "laser_control.db.damaged-wal": b"1-wal",
        "laser_control.db.damaged2": b"22222",
        "laser_control.db.damaged2-wal": b"2-wal",
    }


@pytest.mark.parametrize("damaged", [False, True], ids=["whole", "damaged"])
def test_on_a_full_disk_the_database_keeps_its_place(path, backups, now, damaged):
    made = make_backup(path, backups, now)
    if damaged:
        path.write_bytes(b"not a database" * 1000)
    before = files(path.parent)
    with full_disk(), refused("disk"):
        restore_backup(made, path, backups, now + timedelta(hours=1))
    assert files(path.parent) == before


def test_a_whole_database_that_cannot_be_kept_is_not_replaced(path, backups, now, tmp_path):
    made = make_backup(path, tmp_path / "elsewhere", now)
    backups.write_text("in the way")
    before = files(path.parent)
    with refused("cannot be written"):
        restore_backup(made, path, backups, now)
    assert files(path.parent) == before


def test_a_restore_within_the_second_of_its_backup_loses_neither_state(path, backups, now):
    made = make_backup(path, backups, now)
    with Database.open(path) as database:
        add_patient(database, now)
    kept = restore_backup(made, path, backups, now)
    assert kept != made
    assert [codes(file) for file in (path, made, kept)] == [[], [], ["P-2026-0001"]]


def test_a_restore_into_an_empty_place_has_nothing_to_keep(path, backups, now, tmp_path):
    made = make_backup(path, backups, now)
    assert restore_backup(made, tmp_path / "fresh" / "laser_control.db", backups, now) is None
    assert codes(tmp_path / "fresh" / "laser_control.db") == []


def test_a_backup_that_is_none_leaves_the_database_alone(path, backups, now, tmp_path):
    before = path.read_bytes()
    with refused("there is no such file; see the backups directory"):
        restore_backup(backups / "missing.db", path, backups, now)
    (tmp_path / "letter.db").write_text("Dear Sir or Madam" * 100)
    with refused("not an SQLite database"):
        verify_backup(tmp_path / "letter.db")
    with refused("not an SQLite database"):
        restore_backup(tmp_path / "letter.db", path, backups, now)
    assert path.read_bytes() == before
