"""When the kiosk backs up the sessions' folders: with the real program, and never beside a session."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.kiosk.screens.cast import telemetry
from tosca_kiosk.kiosk.alarms.conditions import FOLDERS_NOT_SAVED
from tosca_kiosk.kiosk.services import Record
from tosca_kiosk.session import FolderKeeper


@pytest.fixture
def saving(opened):
    """A cart in a session, whose configuration names a place that is not mounted."""
    record = opened.record
    config = replace(record.config, folder_backup_to=opened.folder / "not_mounted")
    record.folders = Record(config, opened.folder).folders
    assert isinstance(record.folders, FolderKeeper)
    record.folders._database = lambda: record.database
    begun = []
    begin = record.folders.begin
    record.folders.begin = lambda: begun.append(True) or begin()
    opened.begun = begun
    yield opened
    record.folders.close()


def settled(desk):
    desk.settle()
    assert desk.record.folders.wait(20.0)
    return desk.settle()


def test_it_waits_for_the_session_says_what_is_wrong_and_tries_again_after_a_while(saving):
    (saving.folder / "sessions").mkdir(exist_ok=True)
    for phase in ("ready", "armed", "treating"):
        saving.cart = telemetry(session_id=1, phase=phase)
        settled(saving)
    assert saving.begun == []
    saving.presenter.desk.session = None  # as after its close
    settled(saving)
    assert saving.begun == []  # control has it still
    saving.cart = telemetry(session_id=None, phase="idle")
    state = settled(saving)
    assert len(saving.begun) == 1
    alarm = next(alarm for alarm in state.alarms if alarm.source == FOLDERS_NOT_SAVED)
    assert "have not been backed up yet" in alarm.what
    assert "not_mounted" in alarm.what
    settled(saving)
    assert len(saving.begun) == 1
    saving.turn(601.0)
    settled(saving)
    assert len(saving.begun) == 2


def test_one_that_is_under_way_is_ended_by_a_session(saving):
    folders = saving.record.folders
    saving.cart = telemetry(session_id=1, phase="armed")
    folders._stopping = False
    saving.settle()
    assert folders._stopping
