"""Patients by command: a code, and nothing that must be there beside it."""

from __future__ import annotations

import re

import pytest

from tosca_kiosk.machine.clock import utc_now

YEAR = utc_now().year


def test_add_prints_the_new_code_and_nothing_else(cart):
    assert cart.text("patients", "add") == f"P-{YEAR}-0001"
    assert cart.text("patients", "add") == f"P-{YEAR}-0002"


def test_a_program_gets_number_and_code(cart):
    assert cart.json("patients", "add") == {"patient_id": 1, "patient_code": f"P-{YEAR}-0001"}


def test_what_is_known_of_a_patient_is_kept(cart):
    cart.text("users", "add", "bob", "--full-name", "Bob Brown", "--role", "technician")
    known = ("--date-of-birth", "--gender", "--notes", "--tech", "bob")
    cart.text("patients", "add", *known, stdin="1980-02-29\nfemale\nLeft hand\n")
    (patient,) = cart.json("patients", "list")["patients"]
    assert patient["date_of_birth"] == "1980-02-29"
    assert (patient["gender"], patient["notes"]) == ("female", "Left hand")
    assert (patient["created_by_tech_id"], patient["is_active"]) == (2, True)


def test_the_list_for_people_is_a_table(cart):
    cart.text("patients", "add", "--notes", stdin="Left hand\n")
    heading, _, row = cart.text("patients", "list").splitlines()
    assert heading.split()[0] == "Code"
    code, added, active, notes = re.split(r"  +", row)
    assert (code, active, notes) == (f"P-{YEAR}-0001", "yes", "Left hand")
    assert re.fullmatch(rf"{YEAR}-\d\d-\d\d \d\d:\d\d", added)


@pytest.mark.parametrize(
    ("words", "stdin", "said"),
    [
        (("--tech", "nobody"), None, "no active user is named 'nobody'"),
        (("--date-of-birth",), f"{YEAR + 1}-01-01\n", "is after today"),
        (("--date-of-birth",), "29.2.1980\n", "is no day, YYYY-MM-DD"),
        (("--date-of-birth", "--notes"), "1980-02-29\n", "standard input has no line for it"),
    ],
)
def test_what_cannot_be_is_refused_and_no_code_is_used_up(cart, words, stdin, said):
    refused = cart.refused("patients", "add", *words, stdin=stdin)
    assert said in refused
    assert "1980" not in refused
    assert cart.json("patients", "list") == {"patients": []}


def test_a_value_in_an_argument_is_taken_and_said_to_be_readable_by_others(cart):
    result = cart.run("patients", "add", "--notes", "Left hand")
    assert (result.exit_code, result.stderr.count("every program on this machine can read arguments")) == (
        0,
        1,
    )
    assert "Left hand" not in result.stderr
    (patient,) = cart.json("patients", "list")["patients"]
    assert patient["notes"] == "Left hand"


@pytest.mark.parametrize("words", [("add", "Jane Doe"), ("change",)])
def test_wrong_use_is_exit_code_2(cart, words):
    assert cart.run("patients", *words).exit_code == 2
