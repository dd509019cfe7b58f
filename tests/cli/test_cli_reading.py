"""Commands that only read: beside whoever holds and writes the record, and on disks that take nothing."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing, contextmanager

import pytest

from tests.cli.kiosk_command import WHY, Cart, one_line
from tests.cli.small_disk import small_disk
from tosca_kiosk.cli.workplace import Workplace
from tosca_kiosk.config import bundled
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.storage import Database, StorageError, patients, record_to_read
from tosca_kiosk.storage.timestamps import from_utc_text

PROTOCOL = str(bundled("protocols/constant_5w_60s.json"))
READING = (
    ("users", "list"),
    ("patients", "list"),
    ("protocols", "list"),
    ("protocols", "show", "Constant 5 W, 60 s"),
    ("protocols", "check", PROTOCOL),
    ("audit", "show"),
    ("users", "list", "--as-of"),
    ("db", "check"),
)
NOW = from_utc_text("2026-03-14 09:26:53")
COPIED = "the disk is full or cannot be written, and a log lies beside the record: read from a copy in memory"


def answers(cart):
    """Return what every reading command answers, and what they say beside it."""
    found, said = {}, set()
    for words in READING:
        now = (f"{utc_now():%Y-%m-%d %H:%M:%S.%f}",) if words[-1] == "--as-of" else ()
        result = cart.run(*words, *now, "--json")
        assert result.exit_code == 0, result.stderr
        found[words] = result.stdout.replace(str(cart.data_dir), "")
        said |= set(result.stderr.splitlines())
    return found, said


@contextmanager
def written_beside(database):
    """Hold the write lock of SQLite inside, with a change that is not committed."""
    with closing(sqlite3.connect(database, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE protocols SET usage_count = 99")
        yield
        writer.execute("ROLLBACK")


def test_the_directorys_holder_and_a_writer_keep_no_reader_off(cart):
    before = answers(cart)
    workplace = Workplace(bundled("simulated.yaml"), cart.data_dir, as_json=False)
    with workplace.locked(), Database.open(cart.database), written_beside(cart.database):
        assert answers(cart) == before
        assert cart.json("devices")["passed"] is True
    assert before[1] == set()


def test_a_reader_leaves_the_log_to_those_who_write(cart):
    with Database.open(cart.database) as database, database.transaction() as transaction:
        patients.add(transaction, NOW)
        shutil.copytree(cart.data_dir, cart.data_dir.with_name("killed"))
    killed = Cart(cart.data_dir.with_name("killed"))
    log = killed.database.with_name("laser_control.db-wal")
    before = killed.database.read_bytes(), log.read_bytes()
    answers(killed)
    assert (killed.database.read_bytes(), log.read_bytes()) == before


def leave_log(cart):
    """Let the newest patient stand in the log alone, without its index, as a kill and a copy leave it."""
    with Database.open(cart.database) as database:
        with database.transaction() as transaction:
            patients.add(transaction, NOW)
        kept = {path: path.read_bytes() for path in cart.data_dir.glob("laser_control.db*")}
    for path, content in kept.items():
        path.write_bytes(content)
    cart.database.with_name("laser_control.db-shm").unlink()


@pytest.mark.process
@pytest.mark.parametrize("log", [False, True], ids=["no log", "log"])
@pytest.mark.parametrize("disk", ["full", "read-only"])
def test_a_disk_that_takes_nothing_keeps_no_reader_off(cart, tmp_path, disk, log):
    if log:
        leave_log(cart)
    with small_disk(tmp_path / "disk") as small:
        there = Cart(small.path / "data")
        shutil.copytree(cart.data_dir, there.data_dir)
        if disk == "full":
            small.fill()
        else:
            small.close_to_writing()
        found, said = answers(there)
        stand = {path.name for path in there.data_dir.iterdir()}
        assert one_line(there.process("patients", "add").stderr)
    assert found == answers(cart)[0]
    assert found["patients", "list"].count("P-2026-0001") == log
    assert said == ({f"{there.database}: {COPIED}"} if log else set())
    assert stand >= {path.name for path in cart.data_dir.iterdir()} - {
        "laser_control.db-shm",
        "laser_control.db-wal",
    }


def test_a_restored_record_is_read_without_a_lock_and_what_a_writer_changes_meanwhile_is_not_believed(cart):
    cart.text("db", "restore", cart.text("db", "backup"), *WHY)
    assert cart.json("db", "check")["ok"] is True

    def read_while_a_writer_begins():
        with record_to_read(cart.database, pytest.fail) as record, record.reading() as reader:
            assert reader.rows("SELECT count(*) AS number FROM protocols") == [{"number": 4}]
            with closing(sqlite3.connect(cart.database, timeout=0.0)) as writer:
                assert writer.execute("PRAGMA journal_mode=WAL").fetchone() == ("wal",)

    with pytest.raises(StorageError, match="another program wrote while the record was read; repeat"):
        read_while_a_writer_begins()
    assert cart.json("db", "check")["ok"] is True


def test_a_write_that_was_broken_off_without_a_log_is_left_to_sqlite(cart):
    cart.text("db", "restore", cart.text("db", "backup"), *WHY)
    cart.database.with_name("laser_control.db-journal").write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" * 64)
    before = cart.database.read_bytes()
    assert str(cart.database) in cart.refused("users", "list")
    assert cart.database.read_bytes() == before


@pytest.mark.process
def test_a_full_disk_keeps_no_name_of_who_holds_the_directory(cart, tmp_path):
    with small_disk(tmp_path / "disk") as small:
        there = Cart(small.path / "data")
        shutil.copytree(cart.data_dir, there.data_dir)
        (there.data_dir / "laser_control.lock").write_bytes(b"")
        small.fill()
        workplace = Workplace(bundled("simulated.yaml"), there.data_dir, as_json=False)
        with workplace.locked(), pytest.raises(StorageError, match="in use by another program; close it"):
            workplace.locked(timeout_s=0.0).__enter__()


@pytest.mark.process
def test_a_directory_whose_name_is_no_text_serves_every_command(tmp_path):
    cart = Cart(tmp_path / os.fsdecode(b"d\xff\n"))
    for words in (("db", "init"), ("db", "backup"), ("db", "check")):
        ended = cart.process(*words)
        assert (ended.returncode, ended.stderr) == (0, "")
