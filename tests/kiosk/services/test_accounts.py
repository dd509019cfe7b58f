"""The first start and signing in."""

from __future__ import annotations

import pytest

from tosca_kiosk.kiosk.services import accounts
from tosca_kiosk.storage import StorageError, users


@pytest.fixture
def set_up(record):
    return accounts.set_up(record, "271828", "Jane Doe", "314159")


def log(record):
    return [
        (row["event_type"], row["details"])
        for row in record.database.find("safety_log", order_by="log_id")
        if row["event_type"].startswith("login")
    ]


def test_a_new_cart_asks_for_its_first_start(record):
    known = accounts.accounts(record)
    assert (known.users, known.first_start) == ((), True)


def test_the_first_start_gives_the_admin_a_pin_and_makes_the_technician(record, set_up):
    assert [(user.username, str(user.role)) for user in set_up.users] == [
        ("jane.doe", "technician"),
        ("admin", "admin"),
    ]
    assert not set_up.first_start
    assert accounts.sign_in(record, "admin", "271828").user.username == "admin"
    assert accounts.sign_in(record, "jane.doe", "314159").user.full_name == "Jane Doe"


def test_the_first_start_happens_once(record, set_up):
    with pytest.raises(StorageError, match="has a PIN already"):
        accounts.set_up(record, "000000", "Mallory", "000000")
    assert users.find(record.database, "mallory") is None


def test_a_refused_first_start_leaves_nothing_behind(record):
    with pytest.raises(StorageError, match="6 digits"):
        accounts.set_up(record, "271828", "Jane Doe", "12")
    assert accounts.accounts(record).first_start
    assert users.find(record.database, "jane.doe") is None


@pytest.mark.parametrize(
    ("full_name", "username"), [("Ünal Öz", "unal.oz"), ("王芳", "tech"), (" Admin ", "admin2")]
)
def test_any_name_gets_a_username_of_its_own(record, full_name, username):
    known = accounts.set_up(record, "271828", full_name, "314159")
    assert username in {user.username for user in known.users}


def test_every_wrong_pin_is_in_the_safety_log_without_its_digits(record, wall, set_up):
    for tries in range(1, 7):
        tried = accounts.sign_in(record, "jane.doe", "999999")
        assert (tried.user, tried.wrong_tries) == (None, tries)
        wall.pass_s(1000)
    kinds = [kind for kind, _ in log(record)]
    assert kinds == ["login_failed"] * 4 + ["login_locked"] * 2
    assert not any("999999" in str(row) for row in record.database.find("safety_log"))


def test_a_pin_that_was_not_looked_at_is_no_try(record, wall, set_up):
    accounts.sign_in(record, "jane.doe", "999999")
    wall.pass_s(1)
    accounts.sign_in(record, "jane.doe", "999999")
    delayed = accounts.sign_in(record, "jane.doe", "314159")
    assert delayed.user is None
    assert delayed.wait_s == 2.0
    assert len(log(record)) == 2
