"""Protocols by command: a file is checked against this cart, and every mistake is named by its path."""

from __future__ import annotations

import json
import re

import pytest

from tosca_kiosk.config import bundled
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.storage import Database, protocols, settings

RAMP = {
    "version": "1.0",
    "protocol_name": "Ramp",
    "description": "From 2 W to 4 W.",
    "steps": [
        {
            "step_number": 1,
            "duration_seconds": 30.0,
            "power_start_watts": 2.0,
            "power_end_watts": 4.0,
            "ring_size_mm": 3.0,
            "ramp_type": "linear",
        }
    ],
}


@pytest.fixture
def document(tmp_path):
    """Write a document and return its path."""

    def written(content=RAMP, name="ramp.json"):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return str(path)

    return written


def with_step(**changes):
    """Return the ramp with another first step."""
    return RAMP | {"steps": [RAMP["steps"][0] | changes]}


def names(cart):
    return [row["protocol_name"] for row in cart.json("protocols", "list")["protocols"]]


def tighten(cart, **values):
    with Database.open(cart.database, create=False) as database, database.transaction(1) as transaction:
        for key, value in values.items():
            settings.put(transaction, key, value, utc_now())


def test_a_file_is_saved_under_its_name_and_can_be_shown(cart, document):
    added = cart.json("protocols", "add", document())
    assert (added["protocol_name"], added["protocol_type"]) == ("Ramp", "linear_ramp")
    assert (added["steps"], added["duration_seconds"], added["planned_energy_joules"]) == (1, 30.0, 90.0)
    shown = cart.json("protocols", "show", "Ramp")
    assert shown["protocol_id"] == added["protocol_id"]
    assert shown["protocol"] == RAMP | {"safety_limits": {}}
    assert shown["problems"] == []


def test_a_document_without_a_name_takes_the_files(cart, document):
    unnamed = {key: value for key, value in RAMP.items() if key != "protocol_name"}
    assert cart.json("protocols", "add", document(unnamed, "gentle.json"))["protocol_name"] == "gentle"
    assert "gentle" in names(cart)


def test_the_page_for_people_has_steps_duration_energy_and_a_table(cart, document):
    cart.text("protocols", "add", document())
    heading, description, columns, _, step = cart.text("protocols", "show", "Ramp").splitlines()
    assert heading == "Ramp (linear_ramp): 1 step, 30 s, 90.0 J"
    assert description == "From 2 W to 4 W."
    assert re.split(r"  +", columns)[:2] == ["Step", "Duration s"]
    assert step.split() == ["1", "30", "2", "4", "linear", "3", "90"]


def test_the_list_for_people_is_a_table(cart):
    heading, _, *rows = cart.text("protocols", "list").splitlines()
    assert re.split(r"  +", heading)[:3] == ["Name", "Type", "Steps"]
    assert len(rows) == 4
    assert rows[0].startswith("Constant 5 W, 60 s")


def test_a_name_in_use_is_refused_and_nothing_is_saved(cart, document):
    cart.text("protocols", "add", document())
    before = names(cart)
    assert "protocol 'Ramp' exists already" in cart.refused("protocols", "add", document())
    assert names(cart) == before


MISTAKES = [
    (with_step(power_end_watts=10.5), "steps[0].power_end_watts"),
    (with_step(ring_size_mm=4.5), "steps[0].ring_size_mm"),
    (with_step(step_number=2), "steps[0].step_number"),
    (with_step(duration_seconds="30"), "steps[0].duration_seconds"),
    (with_step(speed=1), "steps[0].speed"),
    (RAMP | {"steps": []}, "steps"),
    (RAMP | {"version": "2.0"}, "version"),
    ("{", "line 1, column 2"),
]


@pytest.mark.parametrize(("content", "path"), MISTAKES, ids=[path for _, path in MISTAKES])
def test_every_mistake_is_named_by_its_path(cart, document, content, path):
    file = document(content)
    result = cart.run("protocols", "check", file, "--json")
    answer = json.loads(result.stdout)
    assert (result.exit_code, answer["ok"]) == (1, False)
    assert [error["path"] for error in answer["errors"]] == [path]
    assert f"the first: {path}: " in result.stderr
    assert f"{file}: {path}: " in cart.refused("protocols", "add", file)


def test_all_mistakes_are_told_at_once(cart, document):
    result = cart.run("protocols", "check", document(with_step(power_end_watts=11, ring_size_mm=9.0)))
    assert [line.partition(":")[0] for line in result.stdout.splitlines()] == [
        "steps[0].power_end_watts",
        "steps[0].ring_size_mm",
    ]
    assert result.stderr.count("\n") == 1


def test_a_good_file_is_said_to_be_good_and_is_not_saved(cart, document):
    before = names(cart)
    assert cart.json("protocols", "check", document())["ok"] is True
    assert "allowed on this cart: 1 step, 30 s, 90.0 J" in cart.text("protocols", "check", document())
    assert names(cart) == before


def test_a_site_that_tightened_its_limit_refuses_what_the_design_allows(cart, document):
    cart.text("protocols", "add", document())
    tighten(cart, max_laser_power_watts=3.0)
    wanted = "steps[0].power_end_watts: 4.0 is over 3.0 W (max_laser_power_watts)"
    assert wanted in cart.refused("protocols", "add", document(RAMP | {"protocol_name": "Again"}))
    # What was saved before is still shown, with what is wrong with it now.
    assert cart.json("protocols", "show", "Ramp")["problems"] == [wanted]


def test_a_check_makes_no_database(new_cart, document):
    assert new_cart.json("protocols", "check", document())["ok"] is True
    assert "10.5 is over 10.0 W" in new_cart.run("protocols", "check", document(MISTAKES[0][0])).stderr
    assert not new_cart.data_dir.exists()


def test_a_cart_without_a_ring_calibration_allows_any_ring(cart, document, tmp_path):
    other = tmp_path / "other.yaml"
    shipped = bundled("simulated.yaml").read_text(encoding="utf-8")
    other.write_text(shipped.replace('serial_number: "-1"', 'serial_number: "-2"'), encoding="utf-8")
    wide = document(with_step(ring_size_mm=9.0))
    assert cart.json("protocols", "check", wide, "--config", str(other))["ok"] is True


def test_a_row_that_another_program_spoilt_is_listed_and_told_when_shown(cart):
    with Database.open(cart.database, create=False) as database, database.transaction() as transaction:
        protocols.add(transaction, "Spoilt", "custom", "{}", utc_now())
    (row,) = [row for row in cart.json("protocols", "list")["protocols"] if row["protocol_name"] == "Spoilt"]
    assert row["steps"] is None
    assert "protocol 'Spoilt': version: is missing" in cart.refused("protocols", "show", "Spoilt")


def test_an_unknown_name_is_refused(cart):
    assert "no protocol is named 'None such'" in cart.refused("protocols", "show", "None such")


@pytest.mark.parametrize("words", [("add", "none.json"), ("check", "none.json"), ("add", "."), ("show",)])
def test_wrong_use_is_exit_code_2(cart, words):
    assert cart.run("protocols", *words).exit_code == 2
