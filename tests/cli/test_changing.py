"""Once an admin has a PIN, who changes something gives theirs; who may not stands in the safety log."""

from __future__ import annotations

import pytest

from tests.cli.conftest import ADMIN_PIN
from tosca_kiosk.config import bundled
from tosca_kiosk.storage import Database

PIN = "314159"
CODE = "P-2026-0001"
EDIT = ("patients", "edit", CODE, "--notes", "--tech", "bob")
RETIRE = ("patients", "retire", CODE)
PLAN = ("protocols", "add", str(bundled("protocols/constant_5w_60s.json")))


@pytest.fixture
def staffed(guarded):
    """A cart whose admin has a PIN, with a technician who has one, one who has none, and a patient."""
    words = ("users", "add", "--role", "technician", "--admin", "admin", "--full-name")
    guarded.text(*words, "Bob Brown", "bob", "--pin-stdin", stdin=f"{ADMIN_PIN}\n{PIN}\n")
    guarded.text(*words, "Eve", "eve", stdin=f"{ADMIN_PIN}\n")
    guarded.text("patients", "add", "--code", CODE, "--tech", "admin", stdin=f"{ADMIN_PIN}\n")
    return guarded


def refusals(cart):
    with Database.read_only(cart.database) as database:
        rows = database.rows(
            "SELECT event_type, details FROM safety_log WHERE event_type <> 'database_initialized'"
        )
    return [(row["event_type"], row["details"]) for row in rows]


@pytest.mark.parametrize("words", [("patients", "add"), PLAN])
def test_nobody_adds_anything_without_a_name(staffed, words):
    assert "has to be named for this change" in staffed.refused(*words)
    assert refusals(staffed)[0][0] == "account_refused"
    assert len(staffed.json("patients", "list")["patients"]) == 1


def test_the_pin_is_the_first_line_and_what_is_known_comes_behind(staffed):
    assert staffed.json(*EDIT, stdin=f"{PIN}\nLeft hand\n")["changed"] == ["notes"]
    assert refusals(staffed) == []
    staffed.text(*RETIRE, "--tech", "admin", stdin=f"{ADMIN_PIN}\n")


@pytest.mark.parametrize(
    ("words", "stdin", "event", "reason"),
    [
        (EDIT, "000000\nx\n", "login_failed", "wrong_tries"),
        ((*EDIT[:-1], "eve"), f"{PIN}\nx\n", "account_refused", "no_pin"),
        ((*RETIRE, "--tech", "bob"), f"{PIN}\n", "account_refused", "role"),
        (RETIRE, f"{PIN}\n", "account_refused", "nobody_named"),
        (("protocols", "copy", "Ramp 2 to 8 W, 90 s", "A"), "", "account_refused", "nobody_named"),
        (("patients", "add"), "", "account_refused", "nobody_named"),
        (("patients", "add", "--tech", "bob"), "000000\n", "login_failed", "wrong_tries"),
        (("patients", "history", CODE, "--tech", "bob"), f"{PIN}\n", "account_refused", "role"),
    ],
)
def test_who_may_not_changes_nothing_and_is_in_the_safety_log(staffed, words, stdin, event, reason):
    before = staffed.json("patients", "list"), staffed.json("protocols", "list")
    staffed.refused(*words, stdin=stdin)
    assert (staffed.json("patients", "list"), staffed.json("protocols", "list")) == before
    [(found, details)] = refusals(staffed)
    assert (found, reason in details, " ".join(words[:2]) in details) == (event, True, True)


def test_a_protocol_is_added_by_pin_too(staffed, tmp_path):
    file = tmp_path / "gentle.json"
    staffed.text("protocols", "export", "Three ring sizes", str(file))
    file.write_text(file.read_text().replace("Three ring sizes", "Gentle"))
    assert "a technician has to be named" in staffed.refused("protocols", "add", str(file))
    staffed.text("protocols", "add", str(file), "--tech", "bob", stdin=f"{PIN}\n")
