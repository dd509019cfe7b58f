"""Changes of accounts by command, and that every refusal of a command is in the safety log."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from tests.cli.conftest import ADMIN_PIN
from tosca_kiosk.domain.pin_rules import WEAK_PIN
from tosca_kiosk.storage import Database, users

PIN, NEW_PIN, WRONG = "141421", "161803", "806917"
BY_ADMIN = ("--admin", "admin")
SIGNED = f"{ADMIN_PIN}\n"


@pytest.fixture
def staffed(guarded):
    """A cart whose admin has a PIN, and so has bob, a technician."""
    bob = ("bob", "--full-name", "Bob Brown", "--role", "technician", "--pin-stdin")
    guarded.text("users", "add", *bob, *BY_ADMIN, stdin=f"{SIGNED}{PIN}\n")
    return guarded


def account(cart, username):
    return next(user for user in cart.json("users", "list")["users"] if user["username"] == username)


def refusals(cart):
    """Return reason, username and command of each line that the safety log has of accounts, oldest first."""
    with closing(sqlite3.connect(cart.database)) as raw:
        rows = raw.execute("SELECT event_type, details FROM safety_log ORDER BY log_id").fetchall()
    told = [(kind, json.loads(details)) for kind, details in rows if details]
    return [(said.get("reason", kind), said.get("username"), said.get("wanted")) for kind, said in told]


def test_an_admin_changes_name_and_role_and_the_audit_says_who(staffed):
    changed = ("users", "change", "bob", "--full-name", "Bob Black", "--role", "supervisor", *BY_ADMIN)
    assert staffed.text(*changed, stdin=SIGNED) == "bob: Bob Black, supervisor."
    bob = account(staffed, "bob")
    assert (bob["full_name"], bob["role"]) == ("Bob Black", "supervisor")
    with Database.open(staffed.database, create=False) as database:
        newest = database.find("audit_log", table_name="tech_users", row_key="2", order_by="-audit_id")[0]
    assert (newest["action"], newest["operator_tech_id"]) == ("update", 1)
    assert staffed.run("users", "change", "bob", *BY_ADMIN).exit_code == 2


def test_the_last_admin_with_a_pin_is_not_demoted(staffed):
    demoted = ("users", "change", "admin", "--role", "technician", *BY_ADMIN)
    assert "the last active admin" in staffed.refused(*demoted, stdin=SIGNED)
    assert account(staffed, "admin")["role"] == "admin"


def test_a_closed_account_is_opened_again(staffed):
    staffed.text("users", "deactivate", "bob", *BY_ADMIN, stdin=SIGNED)
    assert staffed.json("users", "activate", "bob", *BY_ADMIN, stdin=SIGNED)["is_active"] is True
    again = staffed.refused("users", "activate", "bob", *BY_ADMIN, stdin=SIGNED)
    assert again == "bob is active already; nothing was changed"


def test_the_own_pin_is_changed_with_the_old_one_and_a_command_that_looks_at_a_pin_is_a_login(staffed):
    assert account(staffed, "bob")["last_login"] is None
    changed = ("users", "change-pin", "bob", "--pin-stdin")
    assert "not accepted" in staffed.refused(*changed, stdin=f"{WRONG}\n{NEW_PIN}\n")
    assert account(staffed, "bob")["last_login"] is None
    staffed.text(*changed, stdin=f"{PIN}\n{NEW_PIN}\n")
    assert account(staffed, "bob")["last_login"] is not None
    assert "not accepted" in staffed.refused(*changed, stdin=f"{PIN}\n{NEW_PIN}\n")
    with Database.open(staffed.database, create=False) as database:
        rows = database.find("audit_log", table_name="credentials", row_key="2", order_by="audit_id")
    by_bob = [row for row in rows if row["operator_tech_id"] == 2]
    assert len(by_bob) == 1


@pytest.mark.parametrize("pin", ["000000", "123456", "310184"])
def test_a_weak_pin_is_refused_by_every_command_that_sets_one(staffed, pin):
    eve = ("users", "add", "eve", "--full-name", "Eve", "--role", "technician", "--pin-stdin", *BY_ADMIN)
    for words, before in (
        (eve, ADMIN_PIN),
        (("users", "set-pin", "bob", "--pin-stdin", *BY_ADMIN), ADMIN_PIN),
        (("users", "change-pin", "bob", "--pin-stdin"), PIN),
    ):
        assert staffed.refused(*words, stdin=f"{before}\n{pin}\n") == WEAK_PIN
    assert [user["username"] for user in staffed.json("users", "list")["users"]] == ["admin", "bob"]


def test_an_older_weak_pin_still_signs_and_is_told(staffed):
    with Database.open(staffed.database, create=False) as database, database.transaction() as transaction:
        transaction.update("credentials", {"tech_id": 1}, pin_hash=users._hasher.hash("123456"))
    done = staffed.run("users", "deactivate", "bob", *BY_ADMIN, stdin="123456\n")
    assert done.exit_code == 0
    assert done.stderr == ("Warning: the PIN of admin is easy to guess: tosca-kiosk users change-pin admin\n")


TREAT = ("treat", "--fast", "--patient", "P-2026-0001", "--protocol", "Constant 5 W, 60 s", "--tech")
CAROL = ("carol", "--full-name", "Carol", "--role", "technician")
REFUSED = [
    (("users", "add", *CAROL, *BY_ADMIN), f"{WRONG}\n", ("login_failed", "admin", "users add")),
    (("users", "deactivate", "bob"), None, ("nobody_named", None, "users deactivate")),
    (
        ("users", "set-pin", "bob", "--pin-stdin", "--admin", "bob"),
        f"{PIN}\n",
        ("role", "bob", "users set-pin"),
    ),
    (("users", "activate", "314159", *BY_ADMIN), SIGNED, ("unknown_name", None, "users activate")),
    (("users", "unlock", "bob", "--admin", "bob"), f"{PIN}\n", ("role", "bob", "users unlock")),
    (("patients", "add", "--tech", "314159"), None, ("unknown_name", None, "patients add")),
    (("db", "restore", "BACKUP", *BY_ADMIN), f"{WRONG}\n", ("login_failed", "admin", "db restore")),
    (("db", "downgrade", "--admin", "314159"), f"{WRONG}\n", ("unknown_name", None, "db downgrade")),
    ((*TREAT, "314159"), None, ("unknown_name", None, "open a session")),
]


@pytest.mark.parametrize(
    ("words", "stdin", "kept"), REFUSED, ids=[" ".join(words[:2]) for words, *_ in REFUSED]
)
def test_every_refusal_of_a_command_is_in_the_safety_log_without_what_may_be_a_pin(
    staffed, words, stdin, kept
):
    if "BACKUP" in words:
        backup = staffed.text("db", "backup")
        words = [backup if word == "BACKUP" else word for word in words]
    if words[0] == "treat":
        with Database.open(staffed.database, create=False) as database, database.transaction() as transaction:
            transaction.insert("patients", patient_code="P-2026-0001")
    said = staffed.refused(*words, stdin=stdin)
    assert refusals(staffed) == [kept]
    held = b"".join(path.read_bytes() for path in staffed.data_dir.glob("laser_control.db*"))
    for secret in ("314159", WRONG):
        assert secret not in said
        assert secret.encode() not in held
    assert staffed.json("db", "check")["ok"] is True


def test_a_locked_and_a_closed_account_are_refused_in_the_log_too(staffed):
    with Database.open(staffed.database, create=False) as database, database.transaction() as transaction:
        transaction.update("credentials", {"tech_id": 2}, failed_tries=4)
    changed = ("users", "change-pin", "bob", "--pin-stdin")
    staffed.refused(*changed, stdin=f"{WRONG}\n{NEW_PIN}\n")
    assert "tosca-kiosk users unlock bob" in staffed.refused(*changed, stdin=f"{PIN}\n{NEW_PIN}\n")
    staffed.text("users", "deactivate", "bob", *BY_ADMIN, stdin=SIGNED)
    staffed.refused(*changed, stdin=f"{PIN}\n{NEW_PIN}\n")
    what = ("bob", "users change-pin")
    assert refusals(staffed) == [(why, *what) for why in ("login_locked", "waits", "inactive")]
