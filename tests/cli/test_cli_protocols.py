"""Protocols by command: a file is checked against this cart, and every mistake is named by its path."""

from __future__ import annotations

import json
import re

import pytest

from tests.cli.kiosk_command import Cart, next_second
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


@pytest.fixture
def staffed(cart, document):
    """A cart with a technician, a supervisor and the ramp."""
    cart.text("users", "add", "jane", "--full-name", "Jane Doe", "--role", "technician")
    cart.text("users", "add", "sue", "--full-name", "Sue Poe", "--role", "supervisor")
    cart.text("protocols", "add", document(), "--tech", "jane")
    return cart


def used(cart):
    """Count a use of the ramp."""
    with Database.open(cart.database, create=False) as database, database.transaction(1) as transaction:
        protocols.count_use(transaction, protocols.get(transaction, "Ramp").protocol_id, utc_now())


def test_another_content_is_put_under_the_name_and_the_earlier_one_can_be_had(staffed, document, tmp_path):
    when = f"{next_second():%Y-%m-%d %H:%M:%S}"
    edit = ("protocols", "edit", "Ramp", document(with_step(power_end_watts=3.0)), "--tech", "sue")
    assert staffed.json(*edit)["planned_energy_joules"] == 75.0
    assert staffed.text(*edit).startswith("Is so already")
    used(staffed)
    again = ("protocols", "edit", "Ramp", document(with_step(power_end_watts=2.0)), "--tech", "sue")
    assert "protocol 'Ramp' was used in sessions: a change needs a reason" in staffed.refused(*again)
    staffed.text(*again, "--reason", "gentler")
    *_, counted, changed = staffed.json("audit", "show", "--table", "protocols", "--row", "Ramp")["changes"]
    assert {field["field"] for field in counted["fields"]} == {"usage_count", "last_used_date"}
    assert (changed["operator"], changed["reason"]) == ("sue", "gentler")
    staffed.text("protocols", "export", "Ramp", str(tmp_path / "before.json"), "--as-of", when)
    assert json.loads((tmp_path / "before.json").read_text()) == RAMP | {"safety_limits": {}}
    assert staffed.json("protocols", "show", "Ramp", "--as-of", when)["planned_energy_joules"] == 90.0


def test_what_is_written_out_is_taken_again_to_the_same(staffed, tmp_path):
    new_cart = Cart(tmp_path / "other")
    file = tmp_path / "out.json"
    for name in names(staffed):
        staffed.text("protocols", "export", name, str(file))
        assert "exists already; give another name" in staffed.refused("protocols", "export", name, str(file))
        if name == "Ramp":
            new_cart.text("protocols", "add", str(file))
            assert (
                new_cart.json("protocols", "show", name)["protocol"]
                == staffed.json("protocols", "show", name)["protocol"]
            )
        else:
            staffed.text("protocols", "edit", name, str(file), "--tech", "sue")
            assert "last_modified_date" not in str(
                staffed.json("audit", "show", "--table", "protocols", "--row", name)["changes"][-1]
            )
        file.unlink()
    assert "cannot be made (No such file" in staffed.refused("protocols", "export", "Ramp", "/none/x.json")


def test_a_copy_has_another_name(staffed):
    staffed.text("protocols", "copy", "Ramp", "Knee", "--tech", "jane")
    one, other = (staffed.json("protocols", "show", name) for name in ("Ramp", "Knee"))
    assert (one["protocol"]["steps"], other["protocol_name"]) == (other["protocol"]["steps"], "Knee")


def test_what_was_printed_is_printed_as_of_then(staffed):
    asked = [("protocols", "usage"), ("protocols", "list"), ("protocols", "show", "Ramp 2 to 8 W, 90 s")]
    printed = [staffed.text(*words) for words in asked]
    then = f"{next_second():%Y-%m-%d %H:%M:%S}"
    staffed.text("protocols", "retire", "Ramp 2 to 8 W, 90 s", "--tech", "sue")
    assert [staffed.text(*words, "--as-of", then) for words in asked] == printed
    assert staffed.text(*asked[0]) != printed[0]


def test_a_retired_one_is_off_the_list_keeps_its_name_and_no_session_begins(staffed, document):
    staffed.text("protocols", "retire", "Ramp", "--tech", "sue")
    assert "Ramp" not in names(staffed)
    every = staffed.json("protocols", "list", "--retired")["protocols"]
    assert [row["is_active"] for row in every if row["protocol_name"] == "Ramp"] == [False]
    assert "exists already, perhaps retired" in staffed.refused("protocols", "add", document())
    edit = ("protocols", "edit", "Ramp", document(), "--tech", "sue")
    assert "'Ramp' is retired; tosca-kiosk protocols activate" in staffed.refused(*edit)
    code = staffed.text("patients", "add")
    treat = ("treat", "--patient", code, "--tech", "jane", "--protocol", "Ramp", "--fast")
    assert "protocol 'Ramp' is retired" in staffed.refused(*treat)
    assert staffed.json("protocols", "activate", "Ramp", "--tech", "sue")["changed"] is True
    assert "Ramp" in names(staffed)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("copy", "Ramp", "Ramp", "--tech", "jane"), "protocol 'Ramp' exists already"),
        (
            ("copy", "Ramp", " ramp ", "--tech", "jane"),
            "'Ramp' exists already, perhaps retired, and ' ramp '",
        ),
        (("copy", "Ramp", " ", "--tech", "jane"), "must be 1 to 80 printable characters"),
        (("copy", "Ramq", "Knee", "--tech", "jane"), "no protocol is named 'Ramq'; 'Ramp' may be meant"),
        (("retire", "Ramp", "--tech", "jane"), "'jane' is no active supervisor"),
        (("retire", "Ramp"), "a supervisor has to be named"),
        (("show", "Ramp", "--as-of", "2999-01-01"), "is still to come"),
    ],
)
def test_bad_input_changes_nothing(staffed, words, said):
    before = staffed.json("protocols", "list", "--retired")
    assert said in staffed.refused("protocols", *words)
    assert staffed.json("protocols", "list", "--retired") == before


def test_a_file_that_calls_itself_otherwise_is_not_put_under_the_name(staffed, document):
    other = document(RAMP | {"protocol_name": "Other"}, "other.json")
    said = staffed.refused("protocols", "edit", "Ramp", other, "--tech", "sue")
    assert "the content calls itself 'Other', not 'Ramp'" in said
