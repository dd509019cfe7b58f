"""Commands under a wrong wall clock: no backup is lost, no wait is longer or shorter, and it is said."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.conftest import ADMIN_PIN
from tests.cli.kiosk_command import one_line
from tosca_kiosk.machine import clock
from tosca_kiosk.storage import Database, data_directory_lock

WRONG = {"1970": datetime(1970, 1, 1, 0, 5, tzinfo=UTC), "2043": datetime(2043, 6, 1, 12, tzinfo=UTC)}
ASKS_ADMIN = ("users", "deactivate", "admin", "--admin", "admin")
STEP = {
    "step_number": 1,
    "duration_seconds": 0.5,
    "power_start_watts": 1.0,
    "power_end_watts": 1.0,
    "ring_size_mm": 3.0,
    "ramp_type": "constant",
}
SHORT = {"version": "1.0", "protocol_name": "Short", "description": "Half a second.", "steps": [STEP]}


@pytest.fixture
def wall(monkeypatch):
    """Return what sets the wall clock of this process; SQLite's own, which the audit goes by, stays right."""

    def set_to(wanted):
        class Wrong(datetime):
            @classmethod
            def now(cls, tz=None):
                return wanted

        monkeypatch.setattr(clock, "datetime", Wrong)

    yield set_to
    monkeypatch.undo()


def daily(cart, newest, days=10):
    """Leave a backup of each of so many days."""
    cart.backups.mkdir()
    names = [f"laser_control_{newest - timedelta(days=day):%Y%m%d}_080000.db" for day in range(days)]
    for name in names:
        (cart.backups / name).write_text("")
    return set(names)


def names(cart):
    return {path.name for path in cart.backups.iterdir()}


def tries(cart, count):
    with Database.open(cart.database, create=False) as database, database.transaction() as transaction:
        transaction.update("credentials", {"tech_id": 1}, failed_tries=count)


def waits_s(said):
    return int(re.search(r"looked at in (-?\d+) s", said)[1])


# Backups.


def test_a_cart_that_stood_idle_for_a_month_keeps_its_backups(cart):
    before = daily(cart, datetime.now(UTC) - timedelta(days=31))
    assert cart.json("db", "backup")["deleted"] == []
    assert before < names(cart)


@pytest.mark.parametrize("year", WRONG)
def test_one_backup_by_a_wrong_clock_deletes_none_and_says_so(cart, wall, year):
    before = daily(cart, datetime.now(UTC) - timedelta(days=1), days=40)
    wall(WRONG[year])
    done = cart.run("db", "backup")
    assert done.exit_code == 0
    assert before < names(cart)
    assert "set it right. No backup is deleted until then." in done.stderr


def test_backups_from_a_year_that_has_not_come_are_named_and_kept(cart):
    before = daily(cart, datetime(2143, 1, 31, tzinfo=UTC))
    done = cart.run("db", "backup")
    assert before < names(cart)
    assert "dated after now are kept apart" in done.stderr
    assert "laser_control_21430131_080000.db" in done.stderr


def test_what_a_killed_backup_left_goes_at_the_next(cart):
    cart.backups.mkdir()
    (cart.backups / "laser_control_20260301_080000.db.part").write_text("half a backup")
    cart.text("db", "backup")
    assert not [name for name in names(cart) if name.endswith(".part")]


# PINs.


def test_a_wait_that_began_by_a_fast_clock_is_no_longer_than_its_own(guarded, wall):
    wall(datetime.now(UTC) + timedelta(hours=5))
    tries(guarded, 4)
    guarded.run(*ASKS_ADMIN, stdin="111111\n")
    wall(datetime.now(UTC))
    assert 0 < waits_s(guarded.run(*ASKS_ADMIN, stdin=f"{ADMIN_PIN}\n").stderr) <= 300


def test_a_clock_that_falls_back_to_1970_locks_nobody_for_years(guarded, wall):
    tries(guarded, 4)
    guarded.run(*ASKS_ADMIN, stdin="111111\n")
    wall(WRONG["1970"])
    assert 0 < waits_s(guarded.run(*ASKS_ADMIN, stdin=f"{ADMIN_PIN}\n").stderr) <= 300


def test_a_clock_turned_forward_skips_no_wait(guarded, wall):
    tries(guarded, 4)
    guarded.run(*ASKS_ADMIN, stdin="111111\n")
    wall(datetime.now(UTC) + timedelta(hours=1))
    assert "the last active admin" not in guarded.refused(*ASKS_ADMIN, stdin=f"{ADMIN_PIN}\n")


def test_the_carts_console_unlocks_the_only_admin_while_the_kiosk_holds_the_record(guarded):
    tries(guarded, 4)
    guarded.refused(*ASKS_ADMIN, stdin="111111\n")
    with data_directory_lock(guarded.data_dir, monotonic_s=lambda: 0.0, wait=lambda _s: None, timeout_s=0.0):
        done = guarded.json("users", "unlock", "admin")
    assert done == {"tech_id": 1, "username": "admin", "wrong_tries": 5}
    assert "the last active admin" in guarded.refused(*ASKS_ADMIN, stdin=f"{ADMIN_PIN}\n")
    assert unlocked(guarded) == [
        (None, "admin was unlocked by the cart's console after 5 wrong PINs in a row.")
    ]
    assert guarded.json("db", "check")["ok"] is True


def test_a_second_admin_unlocks_by_pin_and_nobody_the_own_account(guarded):
    other = (
        "users",
        "add",
        "eve",
        "--full-name",
        "Eve",
        "--role",
        "admin",
        "--pin-stdin",
        "--admin",
        "admin",
    )
    guarded.text(*other, stdin=f"{ADMIN_PIN}\n141421\n")
    tries(guarded, 3)
    assert "not accepted" in guarded.refused("users", "unlock", "admin", "--admin", "eve", stdin="000000\n")
    own = guarded.refused("users", "unlock", "eve", "--admin", "eve", stdin="141421\n")
    assert own == "eve cannot unlock the own account; another admin can"
    guarded.text("users", "unlock", "admin", "--admin", "eve", stdin="141421\n")
    assert unlocked(guarded) == [(2, "admin was unlocked by eve after 3 wrong PINs in a row.")]


@pytest.mark.parametrize("who", ["nobody", "bob"])
def test_an_account_that_is_none_or_has_no_pin_is_not_unlocked(guarded, who):
    bob = ("bob", "--full-name", "Bob", "--role", "technician", "--admin", "admin")
    guarded.text("users", "add", *bob, stdin=f"{ADMIN_PIN}\n")
    reason = {"nobody": "no active user is named 'nobody'", "bob": "bob has no PIN; give one"}[who]
    assert reason in guarded.refused("users", "unlock", who)
    assert unlocked(guarded) == []


def unlocked(cart):
    with Database.open(cart.database, create=False) as database:
        rows = database.find("safety_log", order_by="log_id", event_type="login_unlocked")
    return [(row["tech_id"], row["description"]) for row in rows]


# What is said.


@pytest.mark.parametrize(
    ("year", "said"), [("1970", "before this program's release"), ("2043", "year ahead")]
)
@pytest.mark.parametrize("words", [("patients", "list"), ("db", "check"), ("users", "list")], ids=" ".join)
def test_every_command_on_the_record_warns_of_a_wrong_clock_and_works(cart, wall, words, year, said):
    wall(WRONG[year])
    done = cart.run(*words, "--json")
    assert done.exit_code == 0
    assert done.stdout.startswith("{")
    assert said in one_line("tosca-kiosk: " + done.stderr.removeprefix("Warning: "))
    assert f"It says {year}-" in done.stderr


@pytest.mark.parametrize("year", WRONG)
def test_treat_says_once_what_is_wrong_with_the_clock(cart, wall, year, tmp_path):
    daily(cart, datetime.now(UTC) - timedelta(days=1))
    patient = cart.text("patients", "add").strip()
    cart.text("users", "add", "jane", "--full-name", "Jane", "--role", "technician")
    (tmp_path / "short.json").write_text(json.dumps(SHORT))
    cart.text("protocols", "add", str(tmp_path / "short.json"))
    wall(WRONG[year])
    asked = ("--patient", patient, "--tech", "jane", "--protocol", "Short")
    done = cart.run("treat", *asked, "--fast")
    assert done.exit_code == 0
    assert done.stderr.count("Warning: The cart's clock is") == 1
    assert done.stderr.count("set it right") == 1
    assert "Warning: No backup is deleted until then." in done.stderr


def test_a_right_clock_is_not_spoken_of(cart):
    assert cart.run("patients", "list").stderr == ""
