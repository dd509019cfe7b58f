"""Protocols, sessions, calibrations and settings as the program keeps them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.storage.refusal import refused
from tosca_kiosk.domain.journal_lines import Summary
from tosca_kiosk.domain.rules import Limits
from tosca_kiosk.domain.site_limits import LIMIT_KEYS, SiteLimitError, site_limits
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
        sessions.correct(transaction, session, DONE, told=True)
        deeper = begin(transaction, now, session_data_path="/cart/big/one")
        assert sessions.folder_of(deeper, Path("/cart")) == Path("/cart/big/one/2_20260314_092653")
        sessions.correct(transaction, deeper, DONE, told=True)
        elsewhere = begin(transaction, now, session_data_path="/mnt/big")
    with refused(
        "session_folder_path of 3: '/mnt/big/3_20260314_092653' leads out of the data directory /cart"
    ):
        sessions.folder_of(elsewhere, Path("/cart"))


def test_a_finished_session_has_every_summary_column(database, now, session):
    with database.transaction() as transaction:
        finished = sessions.correct(transaction, session, DONE, told=True)
    assert (finished.status, finished.abort_reason, finished.duration_seconds) == ("completed", None, 61)
    assert finished.end_time == now + timedelta(seconds=61.4)
    assert finished.total_laser_on_time_seconds == 60.0
    assert (finished.avg_power_watts, finished.max_power_watts) == (4.98, 5.07)
    assert finished.total_energy_joules == 298.8


def test_a_session_can_be_paused_and_only_one_is_open(database, now, session):
    with database.transaction() as transaction:
        sessions.set_paused(transaction, 1, True)
    assert [open_one.status for open_one in sessions.interrupted(database)] == ["paused"]
    with refused("session 1 is still open"), database.transaction() as transaction:
        begin(transaction, now)
    with database.transaction() as transaction:
        sessions.set_paused(transaction, 1, False)
        sessions.correct(transaction, sessions.get(transaction, 1), DONE, told=True)
    assert sessions.interrupted(database) == []


def test_sessions_are_found_for_their_patient_newest_first(database, now, session):
    aborted = Summary("aborted", "e_stop_pressed", 10.0, 5.0, 4.0, 5.0, 20.0)
    with database.transaction() as transaction:
        sessions.correct(transaction, sessions.get(transaction, 1), aborted, told=True)
        sessions.correct(transaction, begin(transaction, now + timedelta(hours=1)), DONE, told=True)
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
        sessions.correct(transaction, session, DONE, told=True)
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
    held = settings.values(database)
    assert held["max_laser_power_watts"] == 10.0
    assert type(held["photodiode_warning_threshold_percent"]) is float
    assert type(held["video_fps"]) is int
    assert held["session_data_path"] == "data/sessions"
    assert len(held) == 9


@pytest.mark.parametrize(
    ("key", "good", "wrong"),
    [
        (
            "session_data_path",
            ["data/sessions", "sessions", "data/a b"],
            [1, None, True, "", "..", "/mnt"],
        ),
        ("video_resolution", ["640x480"], ["x", "0x480", "640 x 480", 640]),
        ("treatment_loop_frequency_hz", [10, 50, 20.0], ["20", 20.5, True, None, 9, 51]),
        ("max_laser_power_watts", [0.5, 3], ["1", True, None, float("nan"), float("inf"), 10.1]),
        ("max_treatment_duration_seconds", [90, 1.0], [0, -1, "x"]),
    ],
)
def test_a_value_comes_back_as_it_was_put_and_others_are_refused(database, now, key, good, wrong):
    for value in good:
        with database.transaction(1) as transaction:
            settings.put(transaction, key, value, now, 1)
        assert settings.values(database)[key] == value
    before = settings.state(database, key)
    assert (before.stored, before.modified_by, before.odd) == (True, "admin", ())
    for value in wrong:
        with refused(f"system_config.{key}"), database.transaction() as transaction:
            settings.put(transaction, key, value, now)
    assert settings.state(database, key) == before


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
    key = "max_laser_power_watts"
    with database.transaction() as transaction:
        transaction.update("system_config", {"config_key": key}, config_value=text, config_type=kind)
    with refused(f"setting '{key}' is of type {kind}, '.*' is not; give a {kind} value"):
        settings.values(database)
    found = settings.state(database, key)
    assert found.value == text
    assert f"is of type {kind}" in found.odd[-1]


def test_an_unknown_setting_is_refused_with_the_nearest(database, now):
    with refused("setting 'max_lazer_power' is unknown; max_laser_power_watts may be meant; see tosca-kiosk"):
        settings.state(database, "max_lazer_power")
    with refused("setting 'xyz' is unknown; see tosca-kiosk"), database.transaction() as transaction:
        settings.put(transaction, "xyz", "red", now)


def test_a_key_that_means_nothing_is_listed_as_odd_and_not_set(database, now):
    with database.transaction() as transaction:
        transaction.insert("system_config", config_key="Video_Fps", config_value="60", config_type="integer")
    found = settings.states(database)[-1]
    assert (found.key, found.value, found.setting) == ("Video_Fps", 60, None)
    assert found.odd == ("Setting 'Video_Fps' is unknown and governs nothing; video_fps may be meant.",)
    with refused("setting 'Video_Fps' is unknown"), database.transaction() as transaction:
        settings.put(transaction, "Video_Fps", 30, now)


def test_the_settings_of_a_new_database_are_the_designs_limits(database):
    assert site_limits(settings.values(database)) == Limits()


BESIDE_EACH_OTHER = {"arm_hold_s": 3.0, "arm_hold_max_s": 3.1, "pedal_after_arm_s": 3.0, "armed_max_s": 3.1}


def test_any_limit_can_be_tightened_and_none_loosened(database, now):
    tried = 0
    for field, row in LIMIT_KEYS.items():
        key = row.key
        tight = row.highest if row.highest > getattr(Limits(), field) / row.scale else row.lowest
        tight = BESIDE_EACH_OTHER.get(field, tight)
        with database.transaction(1) as transaction:
            settings.put(transaction, key, tight, now)
        tried += 1
        with refused("a site can only tighten limits"), database.transaction() as transaction:
            settings.put(transaction, key, row.highest * 2 + 1, now)
    assert tried > 20
    assert site_limits(settings.values(database)).max_power_w == 0.1


def test_two_settings_that_contradict_each_other_are_odd_and_can_be_mended(database, now):
    low, high = "interlock_arm_hold_s", "interlock_arm_hold_max_s"
    with database.transaction() as transaction:
        for key, text in ((low, "6.0"), (high, "1.0")):
            transaction.insert("system_config", config_key=key, config_value=text, config_type="float")
    said = f"system_config.{low}: 6 s, and system_config.{high}: 1 s; the first must be at least 0.1 s under"
    [odd] = settings.doubts(database)
    assert said in odd
    assert settings.state(database, low).odd == settings.state(database, high).odd == (odd,)
    with pytest.raises(SiteLimitError, match=said):
        site_limits(settings.values(database))
    for key, value in ((low, 2.0), (high, 4.0)):
        with refused(f"system_config.{low}: "), database.transaction(1) as transaction:
            settings.put(transaction, key, value, now)
    for key, value in ((low, 1.5), (high, 4.0), (low, 3.0)):
        with database.transaction(1) as transaction:
            settings.put(transaction, key, value, now)
    assert settings.doubts(database) == ()
    assert site_limits(settings.values(database)).arm_hold_s == 3.0
