"""Accounts by command: who may change them, and that a PIN is seen nowhere."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess

import pytest

from tests.cli.kiosk_command import PROGRAM
from tests.waiting import WITHIN_S
from tosca_kiosk.storage import Database

ADMIN_PIN = "271828"
BOB = ("bob", "--full-name", "Bob Brown", "--role", "technician")


def usernames(cart):
    return [user["username"] for user in cart.json("users", "list")["users"]]


def traces(data_dir):
    """Return every byte that the data directory holds."""
    return b"".join(path.read_bytes() for path in data_dir.rglob("*") if path.is_file())


def test_a_fresh_database_has_the_admin_without_a_pin(cart):
    (admin,) = cart.json("users", "list")["users"]
    assert (admin["username"], admin["role"], admin["has_pin"], admin["is_active"]) == (
        "admin",
        "admin",
        False,
        True,
    )


def test_the_list_for_people_is_a_table(cart):
    cart.text("users", "add", *BOB)
    heading, _, *rows = cart.text("users", "list").splitlines()
    assert re.split(r"  +", heading)[:5] == ["Username", "Full name", "Role", "Active", "PIN"]
    assert [re.split(r"  +", row)[:5] for row in rows] == [
        ["admin", "System Administrator", "admin", "yes", "no"],
        ["bob", "Bob Brown", "technician", "yes", "no"],
    ]


def test_text_of_the_record_never_steers_the_terminal(cart):
    cart.text("users", "add", "eve", "--full-name", "[red]\x1b[2JEve", "--role", "technician")
    assert "[red] [2JEve" in cart.text("users", "list")


def test_an_account_without_a_pin_is_made_and_said_so(cart):
    result = cart.run("users", "add", *BOB, "--json")
    assert result.exit_code == 0
    assert result.stdout == '{"tech_id": 2, "username": "bob", "role": "technician", "has_pin": false}\n'
    assert "no PIN yet: tosca-kiosk users set-pin bob" in result.stderr


def test_an_account_gets_its_pin_from_standard_input(cart):
    assert cart.json("users", "add", *BOB, "--pin-stdin", stdin="141421\n")["has_pin"] is True
    assert cart.json("users", "list")["users"][1]["has_pin"] is True


@pytest.mark.parametrize("pin", ["12345", "1234567", "12345a", "", "１２３４５６", "123 56"])
def test_a_pin_that_is_not_six_digits_makes_no_account_and_is_not_repeated(cart, pin):
    said = cart.refused("users", "add", *BOB, "--pin-stdin", stdin=f"{pin}\n")
    assert "a PIN has 6 digits" in said
    assert not pin or pin not in said
    assert usernames(cart) == ["admin"]


def test_no_line_for_a_pin_is_a_refusal(cart):
    assert "standard input has no line for it" in cart.refused("users", "add", *BOB, "--pin-stdin", stdin="")
    assert usernames(cart) == ["admin"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "admin", "--full-name", "Again", "--role", "admin"), "exists already"),
        (("set-pin", "nobody", "--pin-stdin"), "no active user is named 'nobody'"),
        (("deactivate", "nobody"), "no active user is named 'nobody'"),
        (("deactivate", "admin"), "the last active admin"),
        (("add", *BOB, "--admin", "admin"), "no admin has a PIN yet"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(cart, words, said):
    assert said in cart.refused("users", *words, stdin="123456\n")
    assert usernames(cart) == ["admin"]


@pytest.mark.parametrize(
    "words",
    [
        ("add", "bob"),
        ("add", "bob", "--full-name", "Bob", "--role", "surgeon"),
        ("set-pin",),
        ("set-pin", "admin"),
        ("remove", "admin"),
    ],
)
def test_wrong_use_is_exit_code_2(cart, words):
    assert cart.run("users", *words).exit_code == 2


CHANGES = [("add", *BOB), ("set-pin", "admin", "--pin-stdin"), ("deactivate", "admin")]


@pytest.mark.parametrize("words", CHANGES, ids=lambda words: words[0])
def test_once_an_admin_has_a_pin_every_change_asks_for_it(guarded, words):
    before = guarded.json("users", "list")
    assert "an admin's PIN is needed" in guarded.refused("users", *words, stdin="111111\n111111\n")
    assert guarded.json("users", "list") == before


def test_a_wrong_pin_changes_nothing(guarded):
    before = guarded.json("users", "list")
    said = guarded.refused(
        "users", "set-pin", "admin", "--pin-stdin", "--admin", "admin", stdin="1\n222222\n"
    )
    assert "not accepted, nothing was changed" in said
    assert guarded.json("users", "list") == before


def test_the_admins_pin_is_the_first_line_and_the_new_pin_the_second(guarded):
    lines = f"{ADMIN_PIN}\n141421\n"
    assert guarded.json("users", "add", *BOB, "--pin-stdin", "--admin", "admin", stdin=lines)["has_pin"]
    # Bob is no admin, whatever his PIN.
    said = guarded.refused("users", "deactivate", "bob", "--admin", "bob", stdin="141421\n")
    assert "'bob' is no active admin" in said


def test_the_audit_names_the_admin_who_allowed_it(guarded):
    guarded.text("users", "add", *BOB, "--admin", "admin", stdin=f"{ADMIN_PIN}\n")
    assert audited(guarded, "tech_users", 2) == [("insert", 1)]


def test_wrong_pins_in_a_row_delay_the_next_try_and_even_the_right_one_waits(guarded):
    deactivate = ("users", "deactivate", "admin", "--admin", "admin")
    assert guarded.refused(*deactivate, stdin="111111\n").endswith("try again")
    assert guarded.refused(*deactivate, stdin="111111\n").endswith("looked at in 2 s")
    assert "not accepted" in guarded.refused(*deactivate, stdin=f"{ADMIN_PIN}\n")


def test_wrong_pins_are_recorded_without_their_digits(guarded):
    said = guarded.refused("users", "deactivate", "admin", "--admin", "admin", stdin="314159\n")
    assert "314159" not in said
    assert [action for action, _ in audited(guarded, "credentials", 1)] == ["insert", "update"]
    held = traces(guarded.data_dir)
    assert b"failed_tries" in held
    assert b"314159" not in held
    assert ADMIN_PIN.encode() not in held


def test_the_last_admin_with_a_pin_stays_or_everybody_could_change_accounts_again(guarded):
    two = ("eve", "--full-name", "Eve", "--role", "admin", "--admin", "admin")
    guarded.text("users", "add", *two, stdin=f"{ADMIN_PIN}\n")
    said = guarded.refused("users", "deactivate", "admin", "--admin", "admin", stdin=f"{ADMIN_PIN}\n")
    assert "the last admin with a PIN" in said


def test_a_closed_account_stays_on_the_list(guarded):
    guarded.text("users", "add", *BOB, "--admin", "admin", stdin=f"{ADMIN_PIN}\n")
    closed = guarded.json("users", "deactivate", "bob", "--admin", "admin", stdin=f"{ADMIN_PIN}\n")
    assert closed == {"tech_id": 2, "username": "bob", "is_active": False}
    bob = guarded.json("users", "list")["users"][1]
    assert (bob["username"], bob["is_active"]) == ("bob", False)


def test_reading_needs_no_pin(guarded):
    assert usernames(guarded) == ["admin"]
    assert guarded.json("patients", "list") == {"patients": []}


@pytest.mark.process
def test_a_terminal_asks_for_the_pin_twice_and_shows_none_of_it(cart):
    ours, theirs = pty.openpty()
    command = [*PROGRAM, "users", "set-pin", "admin", *cart.place]
    with (
        subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        ) as process,
        os.fdopen(ours, "rb", buffering=0),  # gone first: who still asks then has nobody to wait for
    ):
        os.close(theirs)
        shown = answered(ours, b"admin: ", b"271828\n") + answered(ours, b"confirmation: ", b"271828\n")
        shown += rest(ours)
    assert process.returncode == 0, shown
    assert b"271828" not in shown
    assert b"admin has a new PIN." in shown


def answered(terminal, question, answer):
    """Wait for a question, answer it, return what was shown until then."""
    shown = b""
    while question not in shown:
        shown += more(terminal, shown)
    os.write(terminal, answer)
    return shown


def more(terminal, shown):
    assert select.select([terminal], [], [], WITHIN_S)[0], f"only {shown!r} was shown"
    return os.read(terminal, 1024)


def rest(terminal):
    shown = b""
    try:
        while read := more(terminal, shown):
            shown += read
    except OSError:  # how a terminal says that the other side has gone
        pass
    return shown


def audited(cart, table, key):
    """Return (action, operator) of each change of a row, oldest first."""
    with Database.open(cart.database, create=False) as database:
        rows = database.find("audit_log", order_by="audit_id", table_name=table, row_key=str(key))
    return [(row["action"], row["operator_tech_id"]) for row in rows]
