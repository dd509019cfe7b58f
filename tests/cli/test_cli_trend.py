"""`calibrations trend`: a value's course over mornings, when it leaves its tolerance, what does not count."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tosca_kiosk.domain.calibration_session import CalibrationSession, LightBounds, Station
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.storage import Database, calibration_sessions
from tosca_kiosk.storage.calibration_sessions import CalibrationValue

NAME = "power_off_percent"
DEVICES = {"laser": "SIM-LASER", "stage": "-1"}
RULES = CalibrationSession(kind="morning_check", stations=(Station(),), bounds=LightBounds())


def mornings(cart, values, *, devices=DEVICES, calibrations=(2, 3), name=NAME, until_days_ago=0):
    """Have a check find these values of one thing, one a day."""
    with Database.open(cart.database, create=False) as database, database.transaction(1) as transaction:
        for at, value in enumerate(values):
            began = utc_now() - timedelta(days=until_days_ago + len(values) - 1 - at)
            row = calibration_sessions.start(
                transaction,
                tech_id=1,
                start_utc=began,
                rules=RULES,
                device_serials=devices,
                origin="sim",
            )
            found = CalibrationValue(
                name=name, value=value, unit="%", low=-10.0, high=10.0, passed=abs(value) < 10.0
            )
            calibration_sessions.finish(
                transaction,
                row.calibration_session_id,
                verdict="passed",
                validation_data=json.dumps({"calibrations": calibrations}),
                values=[found],
            )
            calibration_sessions.close(
                transaction,
                row,
                status="completed",
                abort_reason=None,
                duration_s=20.0,
                light_s=1.0,
                bound_energy_j=2.4,
                measured_energy_j=1.0,
            )


def test_a_falling_power_is_told_with_the_day_on_which_it_leaves(cart):
    mornings(cart, [-0.2 * day for day in range(11)])
    found = cart.json("calibrations", "trend", NAME)
    assert len(found["values"]) == 11
    assert found["trend"]["per_year"] == pytest.approx(-73.05)
    days = (utc_now() + timedelta(days=40)).date()
    assert found["trend"]["leaves_on"] in {str(days), str(days - timedelta(days=1))}
    result = cart.run("calibrations", "trend", NAME)
    assert "moves by -73 % a year; it leaves its tolerance about 20" in result.stderr
    assert result.stdout.splitlines()[-1].split()[-5:] == ["-2", "%", "-10", "10", "yes"]


@pytest.mark.parametrize("changed", [{"devices": {**DEVICES, "laser": "NEW"}}, {"calibrations": (2, 9)}])
def test_another_laser_or_a_new_calibration_begins_anew(cart, changed):
    mornings(cart, [-1.0 * day for day in range(9)], until_days_ago=2)
    mornings(cart, [0.0], **changed)
    found = cart.json("calibrations", "trend", NAME)
    assert (found["before"], found["trend"]["values"], found["trend"]["per_year"]) == (9, 1, None)
    assert "9 older values are of another device" in cart.run("calibrations", "trend", NAME).stderr


def test_what_is_of_the_stage_goes_on_beside_another_laser(cart):
    mornings(cart, [0.1], name="stage_repeat_um", until_days_ago=1)
    mornings(cart, [0.2], name="stage_repeat_um", devices={**DEVICES, "laser": "NEW"}, calibrations=())
    assert cart.json("calibrations", "trend", "stage_repeat_um")["before"] == 0


def test_a_name_under_which_nothing_was_found_is_refused_with_the_nearest(cart):
    assert "check-cart finds some every morning" in cart.refused("calibrations", "trend", NAME)
    mornings(cart, [0.0])
    assert f"{NAME} may be meant" in cart.refused("calibrations", "trend", "power_of_percent")
    assert f"there are {NAME}" in cart.refused("calibrations", "trend", "xyz")
