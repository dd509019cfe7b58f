"""`check-cart`: a sound cart passes, what is wrong with one is found by name, and what is found is kept."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from tests.cli.kiosk_command import Cart
from tests.e2e.treat_bench import TECHNICIAN
from tosca_kiosk.domain.calibrating.morning import ROWS
from tosca_kiosk.domain.calibration import PHOTODIODE, POWER
from tosca_kiosk.storage import Database, calibrations

pytestmark = pytest.mark.slow

MOST_S = 60.0
HISTORY = {"power_moved_percent"}
"""What is found only behind earlier checks."""


@pytest.fixture
def cart(data_dir, warm):
    made = Cart(data_dir)
    made.config = warm
    return made


def checked(cart, *more, code=0):
    """Return what a check answers, and its lines on standard error."""
    result = cart.run(
        "check-cart", "--tech", TECHNICIAN, "--fast", "--config", str(cart.config), "--json", *more
    )
    assert result.exit_code == code, result.stderr
    return json.loads(result.stdout), result.stderr


def rows(cart, sql):
    with closing(sqlite3.connect(cart.database)) as connection:
        return connection.execute(sql).fetchall()


def test_a_sound_cart_passes_and_what_was_found_is_kept(cart):
    answer, said = checked(cart)
    assert (answer["passed"], answer["reasons"], answer["no_light_because"]) == (True, [], None)
    assert answer["seconds"] < MOST_S
    assert {one["name"] for one in answer["values"]} == {row.name for row in ROWS} - HISTORY
    assert {one["result"] for one in answer["checks"]} == {"passed"}
    assert "The check passed after" in said
    [(kind, status, light_s, verdict)] = rows(
        cart, "SELECT kind, status, light_s, verdict FROM calibration_sessions"
    )
    assert (kind, status, light_s, verdict) == ("morning_check", "completed", 1.0, "passed")
    assert len(rows(cart, "SELECT 1 FROM calibration_values")) == len(answer["values"])
    assert rows(cart, "SELECT count(*) FROM sessions") == [(0,)]
    assert rows(cart, "SELECT count(*) FROM treatment_events") == [(0,)]


def test_its_light_is_a_second_of_a_watt_and_its_journal_decides_the_same_again(cart):
    checked(cart)
    [journal] = cart.data_dir.glob("calibrations/*/journal.jsonl")
    assert "every decision is the same" in cart.run("replay", str(journal)).stdout
    [(bound_j, measured_j)] = rows(cart, "SELECT bound_energy_j, measured_energy_j FROM calibration_sessions")
    assert 0.5 < measured_j < 1.1 < bound_j < 3.0


def test_a_cart_that_was_just_switched_on_is_checked_within_a_minute(data_dir):
    cold = Cart(data_dir)
    result = cold.run("check-cart", "--tech", TECHNICIAN, "--fast", "--json", "--seed", "15")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["seconds"] < MOST_S


def test_without_light_there_is_none(cart):
    answer, said = checked(cart, "--no-light")
    assert answer["no_light_because"] == "it was asked for without"
    assert "No light was made" in said
    assert rows(cart, "SELECT light_s, bound_energy_j FROM calibration_sessions") == [(0.0, 0.0)]


@pytest.mark.parametrize(("kind", "missing"), [(PHOTODIODE, "the photodiode"), (POWER, "the laser")])
def test_a_cart_without_calibrations_is_checked_without_light(cart, kind, missing):
    with Database.open(cart.database, create=False) as database, database.transaction(1) as transaction:
        for saved in calibrations.history(database, kind):
            calibrations.take_out_of_force(transaction, saved, saved.validation_data)
    answer, _ = checked(cart)
    assert answer["passed"]
    assert answer["no_light_because"] == f"no calibration of {missing} is in force"


FOUND = {
    "pickoff_dirty": "laser: light off what is calibrated -39",
    "diode_aged": "laser: light off what is calibrated -2",
    "stage_stuck": "stage: no index found within",
    "accelerometer_dead": "board: accelerometer: does not answer",
    "tec_module_dead": "TEC module open",
    "gate_welded_shut": "board: gate open: read back closed although nobody wants it closed",
    "interlock_plug_bridged": "The laser's interlock loop is bridged",
    "photodiode_offset": "Light is measured while the laser is off",
}


@pytest.mark.parametrize("scenario", FOUND)
def test_what_is_wrong_is_found_by_name(cart, scenario):
    answer, said = checked(cart, "--scenario", scenario, code=1)
    assert not answer["passed"]
    assert any(FOUND[scenario] in reason for reason in answer["reasons"]), answer["reasons"]
    assert all(f"tosca-kiosk: {reason}" in said for reason in answer["reasons"])
    assert answer["seconds"] < MOST_S
    light_s = 1.0 if scenario in {"pickoff_dirty", "diode_aged"} else 0.0
    assert rows(cart, "SELECT total(light_s) FROM calibration_sessions") == [(light_s,)]


def test_light_that_has_moved_since_the_last_checks_is_found_inside_the_tolerance(cart):
    for _ in range(3):
        checked(cart)
    answer, _ = checked(cart, "--scenario", "pickoff_dusty", code=1)
    values = {one["name"]: one for one in answer["values"]}
    assert values["power_off_percent"]["passed"]
    assert not values["power_moved_percent"]["passed"]
    assert values["power_moved_percent"]["value"] == pytest.approx(-10.0, abs=0.5)
    trends = {one["name"]: one for one in answer["trends"]}
    assert len(trends["power_off_percent"]["values"]) == 4


def test_at_a_cart_without_a_control_that_runs_it_is_said_what_to_start(cart):
    check = ("check-cart", "--tech", TECHNICIAN, "--at-cart")
    assert "tosca-kiosk run --without-kiosk" in cart.refused(*check)
    assert "for a simulated cart in this process alone" in cart.refused(*check, "--fast")


def test_whoever_may_not_treat_does_not_check(cart):
    assert "no active user" in cart.refused("check-cart", "--tech", "nobody", "--fast")
    assert rows(cart, "SELECT count(*) FROM calibration_sessions") == [(0,)]
