"""Calibrations by command: what is in force for which device, how old, and when it is due."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tosca_kiosk.config import bundled
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.storage import Database, calibrations

PHOTODIODE = "photodiode_voltage_to_power"
POINTS = {
    "calibration_points": [{"voltage_v": 0.4, "power_watts": 1.0}, {"voltage_v": 4.0, "power_watts": 9.5}]
}


def add(cart, *, days_ago=0, data=None, serial="SIM-BOARD", kind=PHOTODIODE, device="photodiode"):
    with Database.open(cart.database, create=False) as database, database.transaction(1) as transaction:
        return calibrations.add(
            transaction,
            calibrated_utc=utc_now() - timedelta(days=days_ago),
            tech_id=1,
            device_type=device,
            device_serial=serial,
            calibration_type=kind,
            calibration_data=json.dumps(POINTS) if data is None else data,
        )


def by_number(cart, *words):
    return {one["calibration_id"]: one for one in cart.json("calibrations", *words)["calibrations"]}


def test_what_is_in_force_is_listed_with_its_device_age_and_due_day(cart):
    number = add(cart, days_ago=400)
    other = add(cart, serial="B-17")
    found = by_number(cart, "list")
    assert sorted(found) == [1, 3, number, other]
    old = found[number]
    assert (old["device_of_this_cart"], old["age_days"], old["overdue"]) == ("interlock board", 400, True)
    assert (found[other]["device_of_this_cart"], found[other]["overdue"]) == (None, False)
    assert found[1]["due"] > found[1]["calibration_date"]
    lines = cart.text("calibrations", "list").splitlines()
    assert lines[0].split()[:2] == ["Number", "Calibration"]
    assert any("another photodiode" in line and "B-17" in line for line in lines)


def test_what_the_cart_lacks_is_said(cart, tmp_path):
    file = tmp_path / "other.yaml"
    shipped = bundled("simulated.yaml").read_text(encoding="utf-8")
    file.write_text(shipped.replace('serial_number: "-1"', 'serial_number: "-2"'), encoding="utf-8")
    result = cart.run("calibrations", "list", "--json", "--config", str(file))
    [line] = json.loads(result.stdout)["missing"]
    assert line == (
        "actuator_position_to_ring_size: none is active for the stage -2; no treatment can be armed; "
        "calibration 1 is of another one, -1; "
        "tosca-kiosk calibrate import FILE brings in the stage's certificate"
    )
    assert f"Missing: {line}" in result.stderr


def test_one_is_shown_with_its_points_as_a_table(cart):
    shown = cart.json("calibrations", "show", "1")
    assert shown["points"][1] == {"actuator_position_um": 1000.0, "ring_size_mm": 3.0}
    assert shown["validation_data"]["greatest_deviation_mm"] == 0.0
    lines = cart.text("calibrations", "show", "1").splitlines()
    assert any(line.startswith("Validation: {") for line in lines)
    assert [line.split() for line in lines[-3:]] == [["0", "2"], ["1000", "3"], ["2000", "4"]]


def test_the_newest_points_of_a_type_of_device(cart):
    add(cart)
    shown = cart.json("calibrations", "show", "photodiode")
    assert shown == {"device_type": "photodiode", "points": POINTS["calibration_points"]}


@pytest.mark.parametrize("wanted", [PHOTODIODE, "photodiode", "SIM-BOARD"])
def test_the_history_of_a_type_a_device_or_a_serial_number(cart, wanted):
    number = add(cart)
    found = by_number(cart, "history", wanted)
    assert {one["calibration_id"]: one["is_active"] for one in found.values()} == {number: True, 2: False}
    assert "State" in cart.text("calibrations", "history", wanted).splitlines()[0]
    states = {one["calibration_id"]: one["state"] for one in found.values()}
    assert states == {number: "in force", 2: "out of force"}


def test_as_of_shows_what_was_in_force_then(cart):
    then = f"{utc_now():%Y-%m-%d %H:%M:%S.%f}"
    number = add(cart)
    assert number in by_number(cart, "list")
    assert sorted(by_number(cart, "list", "--as-of", then)) == [1, 2, 3]


def test_a_row_that_another_program_spoilt_is_marked(cart):
    number = add(cart, data="{}")
    [odd] = by_number(cart, "list")[number]["odd"]
    assert odd == f"calibration {number}: calibration_points: is missing"
    assert f"calibration {number}:" in " ".join(cart.text("calibrations", "list").split())
    assert cart.json("calibrations", "show", str(number))["points"] is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "99"), "no calibration has the number 99; see tosca-kiosk calibrations list"),
        (("show", "fotodiode"), "'fotodiode' is no calibration's type or device; photodiode may be meant"),
        (("history", "SIM-BORD"), "'SIM-BORD' is no calibration's type or device"),
        (("list", "--as-of", "soon"), "'soon' is no time"),
    ],
)
def test_what_there_is_not_is_refused(cart, words, said):
    assert said in cart.refused("calibrations", *words)
