"""Protocols, sessions, calibrations and settings as the program keeps them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.storage.refusal import refused
from tosca_kiosk.domain.journal_lines import Summary
from tosca_kiosk.domain.rules import Limits
from tosca_kiosk.domain.site_limits import SITE_KEYS, site_limits
from tosca_kiosk.storage import calibrations, database_is_fresh, patients, protocols, sessions, settings

RING = "actuator_position_to_ring_size"
DONE = Summary("completed", None, 61.4, 60.0, 4.98, 5.07, 298.8)


@pytest.fixture
def saved(database, now):
    with database.transaction(1) as transaction:
        return protocols.add(
            transaction, "Gentle", "constant", '{"steps": []}', now, description="x", created_by=1
        )


def begin(transaction, now, **changes):
    values = {
        "patient_id": 1,
        "tech_id": 1,
        "start_utc": now,
        "protocol_name": "Gentle",
        "protocol_snapshot": "{}",
        "protocol_id": None,
        "origin": "sim",
    }
    return sessions.start(transaction, **{**values, **changes})


def calibrate(transaction, when, serial="-1", data="{}"):
    return calibrations.add(
        transaction,
        calibrated_utc=when,
        tech_id=1,
        device_type="actuator",
        device_serial=serial,
        calibration_type=RING,
        calibration_data=data,
    )


def test_a_protocol_is_saved_listed_changed_and_taken_off_the_list(database, now, saved):
    assert protocols.get(database, "Gentle").protocol_data == '{"steps": []}'
    with database.transaction(1) as transaction:
        protocols.change(
            transaction, saved, now, protocol_type="custom", protocol_data="{}", description=None
        )
    changed = protocols.list_all(database)[0]
    assert (changed.protocol_type, changed.protocol_data, changed.description) == ("custom", "{}", None)
    with database.transaction(1) as transaction:
        protocols.set_active(transaction, saved, now, active=False)
    assert protocols.list_all(database) == []
    assert protocols.list_all(database, retired=True)[0].is_active is False
    assert protocols.find(database, "Gentle") is None
    assert protocols.get(database, "Gentle").protocol_id == saved
    with refused("no protocol is named 'gentle'; 'Gentle' may be meant"):
        protocols.get(database, "gentle")


def test_a_name_in_use_and_an_unknown_type_are_refused(database, now, saved):
    with refused("protocol 'Gentle' exists already"), database.transaction() as transaction:
        protocols.add(transaction, "Gentle", "constant", "{}", now)
    with refused("type 'wild' is unknown; allowed: constant"), database.transaction() as transaction:
        protocols.add(transaction, "Wild", "wild", "{}", now)


def test_a_session_keeps_its_snapshot_counts_the_protocols_use_and_names_its_folder(database, now, saved):
    with database.transaction(1) as transaction:
        patients.add(transaction, now)
        started = begin(transaction, now, protocol_id=saved, treatment_site="cheek", treatment_notes="dry")
    assert started == sessions.get(database, started.session_id)
    assert (started.status, started.start_time, started.end_time) == ("in_progress", now, None)
    assert (started.protocol_name, started.protocol_data_snapshot) == ("Gentle", "{}")
    assert started.session_folder_path == "data/sessions/1_20260314_092653"
    assert sessions.folder_of(started, Path("/cart")) == Path("/cart/sessions/1_20260314_092653")
    assert sessions.origin(database, started.session_id) == "sim"
    used = protocols.get(database, "Gentle")
    assert (used.usage_count, used.last_used_date) == (1, now)


def test_a_sessions_folder_may_be_anywhere_in_the_data_directory_and_nowhere_else(database, now, session):
    with database.transaction() as transaction:
        sessions.finish(transaction, session.session_id, DONE)
        deeper = begin(transaction, now, session_data_path="/cart/big/one")
        assert sessions.folder_of(deeper, Path("/cart")) == Path("/cart/big/one/2_20260314_092653")
        sessions.finish(transaction, deeper.session_id, DONE)
        elsewhere = begin(transaction, now, session_data_path="/mnt/big")
    with refused(
        "session_folder_path of 3: '/mnt/big/3_20260314_092653' leads out of the data directory /cart"
    ):
        sessions.folder_of(elsewhere, Path("/cart"))


def test_a_finished_session_has_every_summary_column_and_stays_finished(database, now, session):
    with database.transaction() as transaction:
        finished = sessions.finish(transaction, session.session_id, DONE)
        sessions.annotate(
            transaction, session.session_id, post_treatment_notes="calm", video_path="video.mkv"
        )
    assert (finished.status, finished.abort_reason, finished.duration_seconds) == ("completed", None, 61)
    assert finished.end_time == now + timedelta(seconds=61.4)
    assert finished.total_laser_on_time_seconds == 60.0
    assert (finished.avg_power_watts, finished.max_power_watts) == (4.98, 5.07)
    assert finished.total_energy_joules == 298.8
    assert sessions.get(database, 1).post_treatment_notes == "calm"
    with refused("session 1 is completed already"), database.transaction() as transaction:
        sessions.finish(transaction, session.session_id, DONE)


def test_a_session_can_be_paused_and_only_one_is_open(database, now, session):
    with database.transaction() as transaction:
        sessions.set_paused(transaction, 1, True)
    assert [open_one.status for open_one in sessions.interrupted(database)] == ["paused"]
    with refused("session 1 is still open"), database.transaction() as transaction:
        begin(transaction, now)
    with database.transaction() as transaction:
        sessions.set_paused(transaction, 1, False)
        sessions.finish(transaction, 1, DONE)
    assert sessions.interrupted(database) == []


def test_sessions_are_found_for_their_patient_newest_first(database, now, session):
    aborted = Summary("aborted", "e_stop_pressed", 10.0, 5.0, 4.0, 5.0, 20.0)
    with database.transaction() as transaction:
        sessions.finish(transaction, 1, aborted)
        sessions.finish(transaction, begin(transaction, now + timedelta(hours=1)).session_id, DONE)
    assert [found.session_id for found in sessions.for_patient(database, 1)] == [2, 1]


def test_recordings_point_at_their_session(database, now, session):
    row = {"recording_type": "video", "file_path": "video.mkv", "timestamp": now}
    with database.transaction() as transaction:
        transaction.insert("session_recordings", session_id=1, duration_seconds=5.0, frame_count=150, **row)
    assert database.find("session_recordings", session_id=1)[0]["frame_count"] == 150
    with refused("FOREIGN KEY"), database.transaction() as transaction:
        transaction.insert("session_recordings", session_id=99, **row)


def test_the_newest_entry_counts_and_comes_first_whatever_the_wall_clock_said(database, now, session):
    slow = now.replace(year=1970)
    with database.transaction(1) as transaction:
        numbers = [calibrate(transaction, when) for when in (now, slow)]
        transaction.execute("UPDATE calibrations SET is_active = 1")
        sessions.finish(transaction, session.session_id, DONE)
        second = begin(transaction, slow)
        patients.add(transaction, slow, code="P-2026-0002")
    assert calibrations.active(database, RING, "-1").calibration_id == numbers[1]
    assert [row.calibration_id for row in calibrations.history(database)] == [*reversed(numbers)]
    found = [one.session_id for one in sessions.for_patient(database, session.patient_id)]
    assert found == [second.session_id, session.session_id]
    assert patients.search(database, "2026")[0].patient_code == "P-2026-0002"


def test_the_newest_calibration_of_a_device_is_the_active_one(database, now):
    with database.transaction(1) as transaction:
        calibrate(transaction, now, data="1")
        calibrate(transaction, now, data="2")
        calibrate(transaction, now, serial="-2", data="3")
    assert calibrations.active(database, RING, "-1").calibration_data == "2"
    assert calibrations.active(database, RING, "-2").calibration_data == "3"
    assert calibrations.active(database, RING, "-3") is None
    assert calibrations.active(database, "laser_power_verification", "-1") is None
    assert [row.calibration_data for row in calibrations.history(database, RING)] == ["3", "2", "1"]
    assert len(database.find("calibrations", is_active=True)) == 2


def test_unknown_kinds_of_calibration_are_refused(database, now):
    with refused("device type 'toaster' is unknown"), database.transaction() as transaction:
        calibrations.add(
            transaction,
            calibrated_utc=now,
            tech_id=1,
            device_type="toaster",
            device_serial="1",
            calibration_type=RING,
            calibration_data="{}",
        )


def test_a_database_is_fresh_until_something_is_put_in(database, now):
    assert database_is_fresh(database)
    with database.transaction(1) as transaction:
        calibrate(transaction, now)
        assert not database_is_fresh(transaction)


def test_settings_have_the_types_they_say(database):
    assert settings.get(database, "max_laser_power_watts") == 10.0
    assert type(settings.get(database, "photodiode_warning_threshold_percent")) is float
    assert type(settings.get(database, "video_fps")) is int
    assert settings.get(database, "session_data_path") == "data/sessions"
    assert len(settings.values(database)) == 9


@pytest.mark.parametrize(
    ("kind", "good", "wrong"),
    [
        ("string", ["", "x", "1"], [1, None, True]),
        ("integer", [0, -7], ["1", 1.0, True, None]),
        ("float", [0.5, 3], ["1", True, None, float("nan"), float("inf")]),
        ("boolean", [True, False], [1, "true", None]),
        ("json", [{"a": [1, None]}, [], None, "x", 1.5, True], []),
    ],
)
def test_a_value_comes_back_as_it_was_put_and_other_types_are_refused(database, now, kind, good, wrong):
    with database.transaction() as transaction:
        transaction.insert("system_config", config_key="k", config_value="?", config_type=kind)
    for value in good:
        with database.transaction(1) as transaction:
            settings.put(transaction, "k", value, now, 1)
        assert settings.get(database, "k") == value
        assert isinstance(settings.get(database, "k"), float if kind == "float" else type(value))
    for value in wrong:
        with refused(f"setting 'k' is of type {kind}"), database.transaction() as transaction:
            settings.put(transaction, "k", value, now)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("integer", "ten"),
        ("integer", "1.5"),
        ("float", "nan"),
        ("float", ""),
        ("boolean", "1"),
        ("json", "{"),
    ],
)
def test_a_stored_text_of_the_wrong_type_is_one_clear_error(database, kind, text):
    with database.transaction() as transaction:
        transaction.insert("system_config", config_key="k", config_value=text, config_type=kind)
    with refused(f"setting 'k' is of type {kind}, '.*' is not; give a {kind} value"):
        settings.get(database, "k")


def test_an_unknown_setting_is_refused_with_the_known_ones(database, now):
    with refused("setting 'colour' is unknown; there are earlier_dose_asked_above_joules, max"):
        settings.get(database, "colour")
    with refused("setting 'colour' is unknown"), database.transaction() as transaction:
        settings.put(transaction, "colour", "red", now)


def test_the_settings_of_a_new_database_are_the_designs_limits(database):
    assert site_limits(settings.values(database)) == Limits()


def test_any_limit_can_be_tightened_and_none_loosened(database, now):
    tried = 0
    for key, row in SITE_KEYS.items():
        tight = row.high if row.high > getattr(Limits(), row.field) / row.scale else row.low
        with database.transaction(1) as transaction:
            settings.put(transaction, key, int(tight) if row.scale == 1 and tight == 1 else tight, now)
        tried += 1
        with refused("a site can only tighten limits"), database.transaction() as transaction:
            settings.put(transaction, key, row.high * 2 + 1, now)
    assert tried > 20
    assert site_limits(settings.values(database)).max_power_w == 0.1
