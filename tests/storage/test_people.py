"""Accounts and PINs, patients and their codes."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from tests.storage.refusal import refused
from tosca_kiosk.machine.clock import SinceBoot
from tosca_kiosk.storage import account_changes, patients, users
from tosca_kiosk.storage.users import PinCheck, Role


@pytest.fixture
def jane(database, now):
    """A technician whose PIN is 314159."""
    with database.transaction(1) as transaction:
        tech_id = users.add(transaction, "jane", "Jane Doe", "technician", now)
        users.set_pin(transaction, tech_id, "314159", now)
    return tech_id


BOOT = SinceBoot("this run", 5000.0)


def try_pin(database, pin, now, username="jane", moment=BOOT):
    with database.transaction() as transaction:
        return users.verify_pin(transaction, username, pin, now, moment)


def after(seconds, moment=BOOT):
    return moment._replace(s=moment.s + seconds)


def lock(database, now, moment=BOOT):
    """Try five wrong PINs, the last one at this moment: a wait of 300 s."""
    for tries in range(5):
        tried = try_pin(database, "000000", now, moment=after(-4000.0 + 1000.0 * tries, moment))
    return tried


@pytest.mark.parametrize("held", Role)
@pytest.mark.parametrize("needed", Role)
def test_roles_nest(held, needed):
    order = ["technician", "supervisor", "admin"]
    assert held.covers(needed) == (order.index(held) >= order.index(needed))


def test_an_account_without_a_pin_lets_nobody_in(database, now):
    assert users.get(database, 1).has_pin is False
    for pin in ("", "000000", "None"):
        assert try_pin(database, pin, now, "admin").user is None
    assert not users.admin_has_pin(database)


def test_the_right_pin_lets_in_and_notes_the_time(database, now, jane):
    check = try_pin(database, "314159", now)
    assert check.user == users.get(database, jane)
    assert (check.user.role, check.user.last_login, check.user.has_pin) == (Role.TECHNICIAN, now, True)


def test_a_pin_is_stored_as_an_argon2_hash_alone(database, path, jane):
    assert database.find_one("credentials", tech_id=jane)["pin_hash"].startswith("$argon2id$")
    for file in (path, path.with_name(f"{path.name}-wal")):
        assert b"314159" not in file.read_bytes()


def test_wrong_pins_delay_the_next_try_more_and_more_and_none_is_looked_at_meanwhile(database, now, jane):
    moment, waits = BOOT, []
    for tries in range(1, 8):
        check = try_pin(database, "000000", now, moment=moment)
        assert (check.user, check.wrong_tries) == (None, tries)
        waits.append(check.wait_s)
        if check.wait_s:
            early = try_pin(database, "314159", now, moment=after(check.wait_s - 0.5, moment))
            assert early == PinCheck(None, tries, 0.5)
            moment = after(check.wait_s, moment)
    assert waits == [0.0, 2.0, 5.0, 15.0, 300.0, 900.0, 900.0]
    assert try_pin(database, "314159", now, moment=moment).user is not None
    assert try_pin(database, "000000", now, moment=moment).wait_s == 0.0


@pytest.mark.parametrize("years", [-56, 0, 57])
def test_the_wall_clock_neither_lengthens_nor_skips_a_wait(database, now, jane, years):
    assert lock(database, now.replace(year=now.year + years)).wait_s == 300.0
    assert try_pin(database, "314159", now, moment=after(299.0)) == PinCheck(None, 5, 1.0)
    assert try_pin(database, "314159", now.replace(year=9999), moment=after(299.0)).user is None
    assert try_pin(database, "314159", now, moment=after(300.0)).user is not None


@pytest.mark.parametrize(("uptime_s", "wait_s"), [(0.0, 300.0), (120.0, 180.0), (300.0, 0.0), (9e6, 0.0)])
def test_after_a_restart_of_the_machine_a_wait_begins_anew(database, now, jane, uptime_s, wait_s):
    lock(database, now)
    tried = try_pin(database, "314159", now, moment=SinceBoot("the next run", uptime_s))
    assert (tried.wait_s, tried.user is None) == (wait_s, wait_s > 0.0)


def test_a_moment_that_cannot_be_makes_no_wait_longer_than_its_own(database, now, jane):
    lock(database, now, BOOT._replace(s=9e9))
    assert try_pin(database, "314159", now, moment=after(0.0)).wait_s == 300.0


def test_five_wrong_pins_leave_a_line_in_the_safety_log(database, now, jane):
    lock(database, now)
    rows = database.find("safety_log", event_type="login_locked")
    assert [(row["severity"], row["tech_id"], row["session_id"]) for row in rows] == [("warning", jane, None)]
    assert "5 wrong PINs in a row for jane" in rows[0]["description"]
    assert "000000" not in str(rows)


def test_a_new_pin_ends_a_lock(database, now, jane):
    lock(database, now)
    with database.transaction(1) as transaction:
        users.set_pin(transaction, jane, "161803", now)
    assert try_pin(database, "161803", now).user is not None


@pytest.mark.parametrize(("by_admin", "tech_id"), [(True, 1), (False, None)])
def test_an_unlocked_account_waits_no_more_and_the_log_says_who_did_it(
    database, now, jane, by_admin, tech_id
):
    lock(database, now)
    assert "jane" not in users.without_wrong_pins(database)
    with database.transaction() as transaction:
        assert users.unlock(transaction, jane, now, users.get(transaction, 1) if by_admin else None) == 5
    assert "jane" in users.without_wrong_pins(database)
    assert try_pin(database, "314159", now).user is not None
    [row] = database.find("safety_log", event_type="login_unlocked")
    assert row["tech_id"] == tech_id
    who = "admin" if by_admin else "the cart's console"
    assert row["description"] == f"jane was unlocked by {who} after 5 wrong PINs in a row."


def test_nobody_unlocks_the_own_account_and_none_without_a_pin_is_unlocked(database, now, jane):
    with refused("admin has no PIN; give one"), database.transaction() as transaction:
        users.unlock(transaction, 1, now, None)
    with refused("another admin can"), database.transaction() as transaction:
        users.unlock(transaction, jane, now, users.get(transaction, jane))
    assert database.find("safety_log", event_type="login_unlocked") == []


@pytest.mark.parametrize("pin", ["", "12345", "1234567", "12345a", "١٢٣٤٥٦", "12345²", " 12345"])
def test_a_pin_is_six_digits(database, now, jane, pin):
    with refused("a PIN has 6 digits"), database.transaction() as transaction:
        users.set_pin(transaction, jane, pin, now)


def test_a_closed_account_lets_nobody_in(database, now, jane):
    with database.transaction(1) as transaction:
        account_changes.deactivate(transaction, jane)
    assert try_pin(database, "314159", now) == PinCheck(None, 0, 0.0)
    assert [user.username for user in users.list_all(database)] == ["admin", "jane"]
    assert [user.username for user in users.list_all(database, active_only=True)] == ["admin"]


def test_the_last_admin_cannot_be_closed(database, now):
    with refused("admin is the last active admin"), database.transaction(1) as transaction:
        account_changes.deactivate(transaction, 1)
    with database.transaction(1) as transaction:
        other = users.add(transaction, "root", "Another Admin", "admin", now)
        users.set_pin(transaction, other, "161803", now)
        account_changes.deactivate(transaction, 1)
    assert users.admin_has_pin(database)


def test_the_last_admin_with_a_pin_cannot_be_closed(database, now):
    with database.transaction(1) as transaction:
        other = users.add(transaction, "root", "Another Admin", "admin", now)
        users.set_pin(transaction, other, "161803", now)
    with refused("root is the last admin with a PIN; give another"), database.transaction(1) as transaction:
        account_changes.deactivate(transaction, other)
    with database.transaction(1) as transaction:
        users.set_pin(transaction, 1, "314159", now)
        account_changes.deactivate(transaction, other)
    assert users.admin_has_pin(database)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (("admin", "Someone", "admin"), "user 'admin' exists already"),
        (("sam", "Sam", "boss"), "role 'boss' is unknown; allowed: technician, supervisor, admin"),
        ((" ", "Sam", "admin"), "needs a username"),
        (("sam", "", "admin"), "needs a full name"),
    ],
)
def test_a_wrong_account_is_refused_with_the_reason(database, now, values, reason):
    with refused(reason), database.transaction() as transaction:
        users.add(transaction, *values, now)


def test_codes_count_up_within_a_year_and_are_not_given_again(database, now):
    with database.transaction(1) as transaction:
        assert [patients.add(transaction, now).patient_code for _ in range(2)] == [
            "P-2026-0001",
            "P-2026-0002",
        ]
        assert patients.add(transaction, now, code="P-2026-0040").patient_code == "P-2026-0040"
        assert patients.add(transaction, now).patient_code == "P-2026-0041"
        later = datetime(2027, 1, 1, tzinfo=UTC)
        assert patients.add(transaction, later).patient_code == "P-2027-0001"
        patients.add(transaction, now, code="P-2026-9999")
    with (
        refused("all patient codes of 2026 up to P-2026-9999 are used"),
        database.transaction() as transaction,
    ):
        patients.add(transaction, now)


@pytest.mark.parametrize(
    "code", ["", "P-26-0001", "P-2026-001", "p-2026-0001", "P-2026-00011", "P-2026-0001\n"]
)
def test_a_code_of_another_form_is_refused(database, now, code):
    with refused("is not P-YYYY-NNNN"), database.transaction() as transaction:
        patients.add(transaction, now, code=code)


def test_a_code_in_use_is_refused_with_the_reason(database, now, session):
    with refused("patient code P-2026-0001 is in use"), database.transaction() as transaction:
        patients.add(transaction, now, code="P-2026-0001")


def test_patients_are_found_by_part_of_code_or_notes_and_wildcards_mean_themselves(database, now):
    with database.transaction(1) as transaction:
        for notes in ("knee", "100 % knee", None):
            patients.add(transaction, now, notes=notes)
        patients.change(transaction, 1, now, is_active=False)
    assert [patient.patient_code for patient in patients.search(database, "knee")] == ["P-2026-0002"]
    assert [patient.patient_code for patient in patients.search(database, "0 %")] == ["P-2026-0002"]
    assert patients.search(database, "P_2026") == []
    assert len(patients.search(database, "2026")) == 2
    assert len(patients.list_all(database)) == 3
    assert len(patients.list_all(database, active_only=True)) == 2


def test_a_patient_keeps_what_was_given(database, now):
    born = date(1970, 1, 31)
    with database.transaction(1) as transaction:
        added = patients.add(transaction, now, created_by=1, date_of_birth=born, gender="f", notes="x")
    assert patients.get(database, added.patient_code) == added
    assert (added.date_of_birth, added.created_date, added.created_by_tech_id) == (born, now, 1)
    with refused("no patient has the code 'P-1999-0001'"):
        patients.get(database, "P-1999-0001")
    with refused("patient_code cannot be changed"), database.transaction() as transaction:
        patients.change(transaction, added.patient_id, now, patient_code="P-2026-0099")
