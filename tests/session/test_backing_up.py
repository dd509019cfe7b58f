"""A backup beside everything else: what makes it the one that precedes a session, what overtakes it."""

from __future__ import annotations

import threading

import pytest

from tests.waiting import until
from tosca_kiosk.domain.events import SafetyEvent
from tosca_kiosk.session import (
    BackupOvertakenError,
    RefusedError,
    Sealing,
    SessionBackup,
    opening,
    plan_session,
)
from tosca_kiosk.storage import Database, StorageError, backup, events, patients

WAIT_S = 20.0
NOTICED = SafetyEvent("e_stop_pressed", "emergency", "pressed", "idle", "off", False, None, 0.0, "none", {})


@pytest.fixture
def making(database, data_dir, now):
    sealing = Sealing(data_dir, None, print)
    with SessionBackup(lambda: database, data_dir / "backups", lambda: now, sealing) as made:
        yield made


def made(making):
    making.begin()
    assert making.wait(WAIT_S)
    return making.taken()


def add_patient(database, now):
    with database.transaction() as transaction:
        patients.add(transaction, now)


def open_with(database, data_dir, config, now, backed_up):
    plan = plan_session(
        database, config, patient="P-2026-0001", technician="jane", protocol="Constant 5 W, 60 s"
    )
    with opening(database, data_dir, plan, {}, "sim", now, backed_up) as opened:
        return opened


def test_a_line_of_the_safety_log_needs_no_other_backup(database, data_dir, config, now, making):
    first = made(making)
    with database.transaction() as transaction:
        events.append_safety(transaction, now, [(0.0, NOTICED)])
    assert made(making) is first
    assert open_with(database, data_dir, config, now, first).session.session_id == 1


def test_no_row_is_made_after_a_backup_that_lacks_a_change(database, data_dir, config, now, making):
    first = made(making)
    add_patient(database, now)
    with pytest.raises(BackupOvertakenError, match="changed since the backup"):
        open_with(database, data_dir, config, now, first)
    assert database.find("sessions") == []
    second = made(making)
    assert second.path != first.path
    open_with(database, data_dir, config, now, second)
    with Database(second.path) as copy:
        assert (copy.find("sessions"), len(copy.find("patients"))) == ([], 2)
    assert made(making).path not in (first.path, second.path)  # the session itself is a change


def test_what_is_changed_while_it_is_copied_is_in_the_next_that_follows_by_itself(
    database, making, now, monkeypatch
):
    copying, changed, copy = threading.Event(), threading.Event(), backup._copy

    def copied(*arguments):
        copy(*arguments)
        copying.set()
        assert changed.wait(WAIT_S)

    monkeypatch.setattr(backup, "_copy", copied)
    making.begin()
    assert copying.wait(WAIT_S)
    assert making.running
    assert 0.3 <= making.share < 1.0
    add_patient(database, now)
    making.begin()
    changed.set()
    assert making.wait(WAIT_S)
    with Database(making.taken().path) as copy_of_it:
        assert len(copy_of_it.find("patients")) == 2
    assert len(list(making.taken().path.parent.iterdir())) == 2


def test_a_failure_is_told_once_and_the_next_try_is_a_new_one(data_dir, making):
    with pytest.raises(RefusedError, match="no backup precedes"):
        making.taken()
    (data_dir / "backups").write_text("in the way")
    making.begin()
    assert making.wait(WAIT_S)
    assert making.failed
    with pytest.raises(StorageError, match="cannot be written"):
        making.taken()
    assert not making.failed
    (data_dir / "backups").unlink()
    assert made(making).path.exists()
    assert not making.failed


def test_closing_ends_one_that_is_under_way_and_leaves_no_part(data_dir, making, monkeypatch):
    at_a_step, told_before = threading.Event(), making._told
    told_to_leave = []

    def told(copied):
        at_a_step.set()
        told_to_leave.append(until(lambda: making._leaving, "it is told to leave"))
        told_before(copied)

    monkeypatch.setattr(making, "_told", told)
    making.begin()
    assert at_a_step.wait(WAIT_S)
    making.close()
    assert making.wait(WAIT_S)
    assert told_to_leave == [True]
    assert list((data_dir / "backups").iterdir()) == []
