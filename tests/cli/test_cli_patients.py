"""Patients by command: a code, and nothing that must be there beside it."""

from __future__ import annotations

import re

import pytest

from tests.cli.kiosk_command import next_second
from tosca_kiosk.config import bundled, load_config
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.session import RefusedError
from tosca_kiosk.session.plan import plan_session
from tosca_kiosk.storage import Database, sessions

YEAR = utc_now().year
CODE = "P-2026-0042"


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


@pytest.fixture
def staffed(cart):
    """A cart with a technician, a supervisor and a patient whose notes name somebody."""
    cart.text("users", "add", "jane", "--full-name", "Jane Doe", "--role", "technician")
    cart.text("users", "add", "sue", "--full-name", "Sue Poe", "--role", "supervisor")
    cart.text(
        "patients", "add", "--code", CODE, "--date-of-birth", "--notes", stdin="1980-02-29\nMrs Brown\n"
    )
    return cart


def patient(cart, *words):
    return cart.json("patients", "show", CODE, *words)


def treated(cart):
    """Give the patient a session."""
    with Database.open(cart.database, create=False) as database, database.transaction(1) as transaction:
        sessions.start(
            transaction,
            patient_id=1,
            tech_id=1,
            start_utc=utc_now(),
            protocol_name="Gentle",
            protocol_snapshot="{}",
            protocol_id=None,
            origin="sim",
        )
        transaction.update("sessions", {"session_id": 1}, status="completed", end_time=utc_now())


def test_a_patient_is_corrected_and_the_history_says_who_when_and_why(staffed):
    edited = ("patients", "edit", CODE, "--notes", "--gender", "--tech", "jane")
    assert staffed.json(*edited, stdin="female\nLeft hand\n")["changed"] == ["gender", "notes"]
    assert staffed.text(*edited, stdin="female\nLeft hand\n") == f"{CODE} is so already."
    staffed.text("patients", "edit", CODE, "--gender", "--tech", "jane", "--reason", "misread", stdin="\n")
    assert (patient(staffed)["gender"], patient(staffed)["notes"]) == (None, "Left hand")
    insert, first, second = staffed.json("patients", "history", CODE, "--tech", "sue")["changes"]
    assert (insert["action"], first["operator"], first["reason"]) == ("insert", "jane", None)
    assert {"field": "notes", "old": "Mrs Brown", "new": "Left hand"} in first["fields"]
    assert (second["operator"], second["reason"]) == ("jane", "misread")
    assert {"field": "gender", "old": "female", "new": None} in second["fields"]


def test_what_was_known_before_is_shown_to_a_supervisor_alone(staffed):
    when = f"{next_second():%Y-%m-%d %H:%M:%S}"
    staffed.text("patients", "edit", CODE, "--notes", "--tech", "jane", stdin="Left hand\n")
    asked = (
        ("patients", "history", CODE),
        ("patients", "show", CODE, "--as-of", when),
        ("patients", "list", "--as-of", when),
        ("audit", "show", "--table", "patients"),
    )
    for words in asked:
        for form in ((), ("--json",)):
            assert "Brown" not in staffed.text(*words, *form)
            assert "Brown" in staffed.text(*words, *form, "--tech", "sue")
        assert "'jane' is no active supervisor" in staffed.refused(*words, "--tech", "jane")


def test_a_patient_with_sessions_is_changed_for_a_reason_alone(staffed):
    treated(staffed)
    edit = ("patients", "edit", CODE, "--notes", "--tech", "jane")
    for reason in ((), ("--reason", " ")):
        said = staffed.refused(*edit, *reason, stdin="Left hand\n")
        assert (
            said
            == f"patient {CODE} has sessions: a change needs a reason, --reason TEXT; nothing was changed"
        )
    assert patient(staffed)["notes"] == "Mrs Brown"
    staffed.text(*edit, "--reason", "named somebody", stdin="Left hand\n")
    assert patient(staffed)["sessions"][0]["status"] == "completed"


def test_a_retired_patient_stays_and_no_session_begins(staffed):
    retire = ("patients", "retire", CODE, "--reason", "complete")
    assert "a supervisor has to be named for this change" in staffed.refused(*retire)
    assert "'jane' is no active supervisor" in staffed.refused(*retire, "--tech", "jane")
    staffed.text(*retire, "--tech", "sue")
    assert patient(staffed)["is_active"] is False
    with (
        Database.open(staffed.database, create=False) as database,
        pytest.raises(RefusedError, match=f"patient {CODE} is not active, but retired"),
    ):
        plan_session(
            database, load_config(bundled("simulated.yaml")), patient=CODE, technician="jane", protocol="x"
        )
    staffed.text("patients", "activate", CODE, "--tech", "sue")
    assert patient(staffed)["is_active"] is True


@pytest.mark.parametrize(
    ("words", "stdin", "said"),
    [
        (("add", "--code", CODE), None, f"patient code {CODE} is in use"),
        (("add", "--code", "P-26-1"), None, "'P-26-1' is not P-YYYY-NNNN"),
        (("add", "--date-of-birth"), "1899-12-31\n", "is before 1900; nothing was kept"),
        (("edit", CODE, "--date-of-birth", "--tech", "jane"), f"{YEAR + 1}-01-01\n", "is after today"),
        (("edit", CODE, "--notes", "--tech", "joan"), "x\n", "no active user is named 'joan'"),
        (("edit", CODE, "--notes"), "x\n", "a technician has to be named for this change"),
        (("show", "P-2026-0024"), None, f"no patient has the code 'P-2026-0024'; {CODE} may be meant"),
        (("list", "--as-of", "now"), None, "--as-of 'now' is no time; give 2026-11-30"),
        (("list", "--as-of", "2020-01-01"), None, "is before the record, which begins at"),
    ],
)
def test_bad_input_is_refused_in_one_line_and_changes_nothing(staffed, words, stdin, said):
    before = patient(staffed), staffed.json("patients", "list")
    assert said in staffed.refused("patients", *words, stdin=stdin)
    assert (patient(staffed), staffed.json("patients", "list")) == before
