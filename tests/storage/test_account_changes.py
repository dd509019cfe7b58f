"""Changes of accounts, and the line that every refusal leaves in the safety log."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.storage.refusal import refused
from tosca_kiosk.domain.pin_rules import WEAK_PIN
from tosca_kiosk.machine.clock import SinceBoot
from tosca_kiosk.storage import account_changes, users
from tosca_kiosk.storage.allowed import allowed, known, unlock_by
from tosca_kiosk.storage.users import Role

PIN, OTHER, WRONG = "314159", "161803", "806917"
BOOT = SinceBoot("this run", 5000.0)


@pytest.fixture
def admin(database, now):
    """The admin, whose PIN is 161803."""
    with database.transaction() as transaction:
        users.set_pin(transaction, 1, OTHER, now)
    return users.get(database, 1)


@pytest.fixture
def jane(database, now, admin):
    """A technician whose PIN is 314159."""
    with database.transaction(1) as transaction:
        tech_id = users.add(transaction, "jane", "Jane Doe", "technician", now)
        users.set_pin(transaction, tech_id, PIN, now)
    return users.get(database, tech_id)


def changed(database, tech_id, **values):
    with database.transaction(1) as transaction:
        return account_changes.change(transaction, tech_id, **values)


def closed(database, user):
    with database.transaction(1) as transaction:
        account_changes.deactivate(transaction, user.tech_id)


def try_pin(database, pin, now, username="jane", seconds=0.0):
    moment = BOOT._replace(s=BOOT.s + seconds)
    with database.transaction() as transaction:
        return users.verify_pin(transaction, username, pin, now, moment)


def log(database):
    """Return reason, account and what was wanted of each refusal, oldest first."""
    rows = database.find("safety_log", order_by="log_id")
    told = [(row["event_type"], row["tech_id"], json.loads(row["details"])) for row in rows if row["details"]]
    return [
        (details.get("reason", kind), tech_id, details.get("username"), details["wanted"])
        for kind, tech_id, details in told
    ]


def test_name_and_role_change_and_the_audit_names_who_did_it(database, jane):
    user = changed(database, jane.tech_id, full_name=" Jane Smith ", role="supervisor")
    assert (user.full_name, user.role) == ("Jane Smith", Role.SUPERVISOR)
    newest = database.find("audit_log", order_by="-audit_id", limit=1)[0]
    assert (newest["table_name"], newest["action"], newest["operator_tech_id"]) == ("tech_users", "update", 1)


@pytest.mark.parametrize(
    ("values", "said"),
    [({"full_name": " "}, "needs a full name"), ({"role": "boss"}, "role 'boss' is unknown")],
)
def test_what_no_account_can_be_is_refused(database, jane, values, said):
    with refused(said):
        changed(database, jane.tech_id, **values)
    assert users.get(database, jane.tech_id) == jane


@pytest.mark.parametrize("other_has_pin", [False, True])
def test_the_last_admin_with_a_pin_is_neither_demoted_nor_closed(database, now, jane, other_has_pin):
    with database.transaction(1) as transaction:
        other = users.add(transaction, "root", "Another Admin", "admin", now)
        if other_has_pin:
            users.set_pin(transaction, other, PIN, now)
    if not other_has_pin:
        with refused("admin is the last admin with a PIN"):
            changed(database, 1, role="supervisor")
        with refused("admin is the last admin with a PIN"):
            closed(database, users.get(database, 1))
    else:
        changed(database, 1, role="supervisor")
        with refused("root is the last active admin"):
            changed(database, other, role="technician")
    assert users.admin_has_pin(database)


def test_a_closed_account_opens_again_with_its_pin(database, now, jane):
    closed(database, jane)
    assert try_pin(database, PIN, now).user is None
    with database.transaction(1) as transaction:
        account_changes.activate(transaction, jane.tech_id)
    assert try_pin(database, PIN, now).user.username == "jane"
    with refused("jane is active already"), database.transaction(1) as transaction:
        account_changes.activate(transaction, jane.tech_id)


def test_a_weak_pin_is_not_set_and_an_older_one_still_works_and_is_told(database, now, jane):
    with refused(WEAK_PIN), database.transaction(1) as transaction:
        users.set_pin(transaction, jane.tech_id, "310184", now)
    assert try_pin(database, PIN, now).weak is False
    with database.transaction() as transaction:
        weak_hash = users._hasher.hash("310184")
        transaction.update("credentials", {"tech_id": jane.tech_id}, pin_hash=weak_hash)
    check = try_pin(database, "310184", now)
    assert (check.user.username, check.weak) == ("jane", True)
    assert try_pin(database, "123456", now).weak is False, "of a wrong one nothing is told"


def test_every_refusal_at_a_pin_is_in_the_safety_log(database, now, jane):
    assert log(database) == []
    for seconds in (0.0, 10.0):
        try_pin(database, WRONG, now, seconds=seconds)
    assert try_pin(database, PIN, now, seconds=11.0).wait_s == 1.0
    try_pin(database, PIN, now, "nobody")
    with database.transaction(1) as transaction:
        users.add(transaction, "bob", "Bob", "technician", now)
    try_pin(database, PIN, now, "bob")
    closed(database, jane)
    try_pin(database, PIN, now)
    number = jane.tech_id
    assert log(database) == [
        ("login_failed", number, "jane", "sign in"),
        ("login_failed", number, "jane", "sign in"),
        ("waits", number, "jane", "sign in"),
        ("unknown_name", None, None, "sign in"),
        ("no_pin", number + 1, "bob", "sign in"),
        ("inactive", number, "jane", "sign in"),
    ]
    everything = str(database.find("safety_log"))
    assert WRONG not in everything
    assert PIN not in everything


def test_a_right_pin_is_no_refusal_and_is_the_last_login(database, now, jane):
    later = now + timedelta(days=3)
    try_pin(database, PIN, later)
    assert (users.get(database, jane.tech_id).last_login, log(database)) == (later, [])


@pytest.mark.parametrize(
    ("username", "needed", "reason", "said"),
    [
        ("nobody", Role.TECHNICIAN, "unknown_name", "no active user is named 'nobody'"),
        ("tech2", Role.SUPERVISOR, "unknown_name", "no active supervisor is named 'tech2'"),
        ("3 1 4 1 5 9", Role.ADMIN, "unknown_name", "no active admin has the name that was given"),
        ("٣١٤١٥٩", Role.TECHNICIAN, "unknown_name", "no active user has the name that was given"),
        ("jane", Role.ADMIN, "role", "'jane' is no active admin"),
    ],
)
def test_whoever_may_not_is_refused_by_name_but_for_what_may_be_a_pin(
    database, now, jane, username, needed, reason, said
):
    with refused(said) as told:
        allowed(database, username, now, "db restore", needed)
    user = jane if username == "jane" else None
    assert log(database) == [(reason, user and user.tech_id, user and "jane", "db restore")]
    if user is None:
        assert username not in str(database.find("safety_log")), told


def test_an_account_is_found_by_its_name_closed_or_not(database, now, jane):
    closed(database, jane)
    assert known(database, "jane", now, "users activate").is_active is False
    with refused("no active user is named 'jane'"):
        allowed(database, "jane", now, "treat", Role.TECHNICIAN)
    with refused("no user is named 'joan'"):
        known(database, "joan", now, "users activate")
    assert [reason for reason, *_ in log(database)] == ["inactive", "unknown_name"]


def test_who_may_not_unlock_is_in_the_safety_log(database, now, jane, admin):
    with refused("jane is no admin"):
        unlock_by(database, admin, now, jane, "unlock")
    with refused("admin cannot unlock the own account"):
        unlock_by(database, admin, now, admin, "unlock")
    assert [(reason, name) for reason, _, name, _ in log(database)] == [
        ("role", "jane"),
        ("own_account", "admin"),
    ]
