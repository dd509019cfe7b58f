"""Backups are whole, verified and kept as long as promised; one command brings one back."""

from __future__ import annotations

import resource
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
from tosca_kiosk.storage.backup import Pruned
from tosca_kiosk.storage.clock_evidence import doubt


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


def of_days(backups, now, days, hours=(0,)):
    """Leave a file for each hour of each so many days ago; return them by (days, hours)."""
    backups.mkdir(exist_ok=True)
    made = {}
    for day in days:
        for hour in hours:
            when = now.replace(hour=9) - timedelta(days=day) + timedelta(hours=hour)
            made[day, hour] = backups / f"laser_control_{when:%Y%m%d_%H%M%S}.db"
            made[day, hour].write_text("")
    return made


def kept(made):
    return {key for key, file in made.items() if file.exists()}


def test_all_of_today_and_the_newest_of_thirty_days_that_have_one_are_kept(backups, now):
    made = of_days(backups, now.replace(hour=15), (0, *range(1, 60, 2), 400), hours=(0, 3, 6))
    (backups / "laser_control_of_mine.db").write_text("")
    (backups / "notes.txt").write_text("")
    pruned = prune_backups(backups, now.replace(hour=15), None)
    assert kept(made) == {(0, 0), (0, 3), (0, 6)} | {(day, 6) for day in range(1, 60, 2)}
    assert len(pruned.deleted) == len(made) - len(kept(made))
    assert (pruned.apart, pruned.untouched) == ((), None)
    assert (backups / "laser_control_of_mine.db").exists()
    assert (backups / "notes.txt").exists()
    assert prune_backups(backups, now.replace(hour=15), None) == Pruned()


@pytest.mark.parametrize("idle_days", [31, 400, 6000])
def test_backups_of_a_cart_that_stood_idle_are_kept(backups, now, idle_days):
    made = of_days(backups, now - timedelta(days=idle_days), range(10))
    assert prune_backups(backups, now, None) == Pruned()
    assert len(kept(made)) == 10


def test_backups_dated_after_now_are_set_apart_and_count_as_no_day(backups, now):
    made = of_days(backups, now, range(1, 32))
    ahead = of_days(backups, now.replace(year=2043), range(40))
    pruned = prune_backups(backups, now, None)
    assert kept(made) == {(day, 0) for day in range(1, 31)}
    assert len(kept(ahead)) == 40
    assert set(pruned.apart) == set(ahead.values())
    assert "laser_control_20430314" in " ".join(pruned.to_say)


def test_while_the_clock_is_doubted_nothing_is_deleted_and_that_is_said(backups, now):
    made = of_days(backups, now, range(100))
    doubted = doubt(now.replace(year=2043), now)
    pruned = prune_backups(backups, now.replace(year=2043), doubted)
    assert (len(kept(made)), pruned.deleted) == (100, ())
    assert list(pruned.to_say) == [f"{doubted.said} No backup is deleted until then."]


def test_what_a_killed_backup_or_restore_left_goes_at_the_next(path, backups, now):
    backups.mkdir()
    left = [backups / "laser_control_20260301_090000.db.part", path.with_name(f"{path.name}.part")]
    for file in left:
        file.write_text("half")
    (backups / "notes.part").write_text("")
    make_backup(path, backups, now)
    assert [file.exists() for file in left] == [False, False]
    assert (backups / "notes.part").exists()


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


def test_who_writes_beside_a_restore_waits_for_it_and_loses_nothing_in_silence(path, backups, now):
    """As a setting is changed without the directory's lock: while the file before is kept, and after it."""
    made = make_backup(path, backups, now)
    said = []

    def beside(_part=None):
        with closing(sqlite3.connect(path, timeout=0.0, isolation_level=None)) as tool:
            try:
                tool.execute("UPDATE system_config SET description = 'changed'")
                said.append("changed")
            except sqlite3.OperationalError as error:
                said.append(str(error))

    with Database.open(path) as database:
        kept = restore_backup(
            made, path, backups, now, beside, lambda done: beside() if said and done == 1.0 else None
        )
        assert said == ["changed", "database is locked"]
        with refused(r"laser_control\.db: another file has taken its place"), database.transaction():
            raise AssertionError
    with Database.open(kept, create=False) as database:
        assert {row["description"] for row in database.find("system_config")} == {"changed"}


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
