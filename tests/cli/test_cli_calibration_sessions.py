"""`calibrations sessions` and `calibrations session N`: what has calibrated the cart, as it was measured."""

from __future__ import annotations

import pytest

from tests.storage.trusted import calibrate
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.storage import Database, calibration_sessions


@pytest.fixture
def calibrated(cart):
    with Database.open(cart.database, create=False) as database:
        calibrate(database, cart.data_dir, 1, utc_now())
    return cart


def test_they_are_listed_and_shown_with_light_values_and_events(calibrated):
    [listed] = calibrated.json("calibrations", "sessions")["sessions"]
    assert (listed["kind"], listed["status"], listed["verdict"]) == ("photodiode", "completed", "passed")
    assert calibrated.json("calibrations", "sessions", "--kind", "laser")["sessions"] == []
    shown = calibrated.json("calibrations", "session", "1", "--events")
    assert shown["device_serials"] == {"laser": "1"}
    assert shown["values"] == [
        {"name": "span", "value": 0.1, "unit": "W", "passed": True, "low": None, "high": 0.3}
    ]
    assert {"laser_on", "laser_off"} <= {event["event_type"] for event in shown["events"]}
    text = calibrated.text("calibrations", "session", "1", "--events")
    assert "Light: 1.0 s, at most" in text
    assert "laser_on" in text
    assert calibrated.json("replay", str(calibrated.data_dir / "calibrations" / _folder(shown)))["same"]


def test_before_it_was_opened_there_is_none(calibrated):
    with Database.open(calibrated.database, create=False) as database:
        before = calibration_sessions.get(database, 1).started_utc
    as_of = f"{before:%Y-%m-%d %H:%M:%S.%f}"
    assert calibrated.json("calibrations", "sessions", "--as-of", as_of)["sessions"] == []


def test_one_that_is_not_there_is_refused(cart):
    result = cart.run("calibrations", "session", "7")
    assert result.exit_code == 1
    assert "no calibration session has the number 7; see tosca-kiosk calibrations sessions" in result.stderr


def test_what_another_hand_wrote_is_shown_and_marked(calibrated):
    with Database.open(calibrated.database, create=False) as database, database.transaction() as transaction:
        transaction.execute(
            "UPDATE calibration_sessions SET readings = 'x', light_s = 'long', status = 'odd'"
        )
    shown = calibrated.json("calibrations", "session", "1")
    assert (shown["readings"], len(shown["odd"])) == ("x", 3)
    assert "Readings: x" in calibrated.text("calibrations", "session", "1")


def _folder(shown):
    return shown["folder_path"].rpartition("/")[2]
