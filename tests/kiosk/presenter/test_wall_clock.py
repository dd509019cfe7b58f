"""A wall clock that is wrong, or is set while the kiosk runs: shown, logged once, and no PIN waits by it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.kiosk.presenter.desk_bench import ADMIN_PIN, PIN, Desk
from tosca_kiosk.kiosk.alarms.alarm import Priority
from tosca_kiosk.kiosk.screens.login.form import LoginForm
from tosca_kiosk.kiosk.screens.login.part import Login
from tosca_kiosk.machine.clock import SinceBoot, since_boot, utc_now
from tosca_kiosk.storage import DATABASE_NAME, Database, events, users
from tosca_kiosk.storage.clock_evidence import set_forward

SOURCE = "wall_clock"


def set_to(staffed: Desk, change) -> None:
    """Set the kiosk's wall clock; it goes on from there."""
    staffed.record.utc = lambda: change(utc_now())


def logged(staffed: Desk) -> list[str]:
    rows = staffed.record.database.find("safety_log", order_by="log_id", event_type="interlock_failure")
    return [row["description"] for row in rows if SOURCE in row["details"]]


def test_a_right_clock_is_no_alarm(staffed: Desk) -> None:
    assert SOURCE not in staffed.sources()
    assert logged(staffed) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda now: datetime(1970, 1, 1, tzinfo=UTC), "before this program's release"),
        (lambda now: now - timedelta(hours=2), "behind the newest row"),
        (lambda now: now + timedelta(days=17 * 365), "over a year ahead"),
    ],
    ids=["1970", "two hours back", "2043"],
)
def test_a_clock_that_is_set_while_the_kiosk_runs_is_an_alarm_until_it_is_right_and_one_line(
    staffed: Desk, change, said: str
) -> None:
    set_to(staffed, change)
    staffed.settle()
    alarm = next(alarm for alarm in staffed.state.alarms if alarm.source == SOURCE)
    assert said in alarm.what
    assert (alarm.priority, alarm.active) == (Priority.LOW, True)
    staffed.settle()
    assert len(logged(staffed)) == 1
    assert said in logged(staffed)[0]
    set_to(staffed, lambda now: now)
    assert not next(one for one in staffed.settle().alarms if one.source == SOURCE).active
    staffed.presenter.acknowledge_alarms()
    staffed.settle()
    assert SOURCE not in staffed.sources()


def test_a_clock_that_is_wrong_at_the_start_is_an_alarm_too(desk: Desk) -> None:
    set_to(desk, lambda now: datetime(1970, 1, 1, tzinfo=UTC))
    desk.settle()
    assert SOURCE in desk.sources()
    assert len(logged(desk)) == 1


def skipped(staffed: Desk) -> list[str]:
    rows = staffed.record.database.find("safety_log", order_by="log_id", event_type="clock_set_forward")
    return [row["description"] for row in rows]


def test_a_clock_that_is_set_forward_while_the_kiosk_runs_is_a_line_each_time(staffed: Desk) -> None:
    staffed.settle()
    assert skipped(staffed) == []
    for hours in (25, 50, 1, 2):
        set_to(staffed, lambda now, by=timedelta(hours=hours): now + by)
        staffed.settle()
    assert [line.startswith("The cart's clock was set forward by 8999") for line in skipped(staffed)[:2]]
    assert len(skipped(staffed)) == 3


def test_a_clock_that_was_set_forward_before_the_kiosk_started_is_a_line(tmp_path: Path) -> None:
    """It was looked at an hour ago, in this run of the machine."""
    moment = since_boot()
    told = set_forward(timedelta(minutes=6), SinceBoot(moment.boot_id, moment.s - 3600.0))
    with Database.open(tmp_path / DATABASE_NAME) as database, database.transaction() as transaction:
        events.append_safety(transaction, utc_now() - timedelta(hours=1), [(0.0, told)])
    desk = Desk(tmp_path)
    set_to(desk, lambda now: now + timedelta(hours=30))
    desk.settle()
    line = skipped(desk)[-1]
    desk.close()
    assert re.fullmatch("The cart's clock was set forward by 1(07999|08000) s while no kiosk ran.", line)


def waiting(staffed: Desk, username: str, tries: int = 5):
    """Have an account wait after so many wrong PINs, its own screen before one."""
    part = staffed.presenter.part(Login)
    user = next(user for user in staffed.state.accounts.users if user.username == username)
    with staffed.record.database.transaction() as transaction:
        transaction.update("credentials", {"tech_id": user.tech_id}, failed_tries=tries - 1)
    part.choose(user)
    part.pin("999999")
    staffed.settle()
    return part


def test_the_wait_on_the_screen_is_the_trys_own_whatever_the_clock_does(staffed: Desk) -> None:
    set_to(staffed, lambda now: now + timedelta(hours=5))
    part = waiting(staffed, "admin")
    assert 0.0 < part.form.retry_at_s - staffed.now_s <= 300.0
    set_to(staffed, lambda now: now - timedelta(days=50 * 365))
    part.pin(ADMIN_PIN)
    staffed.settle()
    assert 0.0 < part.form.retry_at_s - staffed.now_s <= 300.0
    set_to(staffed, lambda now: now + timedelta(days=1))
    part.pin(ADMIN_PIN)
    assert staffed.settle().user is None


def test_the_consoles_unlock_ends_the_wait_on_the_screen(staffed: Desk) -> None:
    part = waiting(staffed, "admin")
    with Database.open(staffed.record.path) as beside, beside.transaction() as transaction:
        users.unlock(transaction, part.form.chosen.tech_id, utc_now(), None)
    staffed.turn(3.0)
    staffed.settle()
    assert (part.form.refused, part.form.retry_at_s) == ("", 0.0)
    part.pin(ADMIN_PIN)
    assert staffed.settle().user.username == "admin"


@pytest.fixture
def two_admins(staffed: Desk) -> Desk:
    record = staffed.record
    with record.database.transaction() as transaction:
        tech_id = users.add(transaction, "eve", "Eve", "admin", utc_now())
        users.set_pin(transaction, tech_id, "141421", utc_now())
    staffed.presenter.desk.read_accounts()
    staffed.settle()
    return staffed


def admin_to_unlock(desk: Desk, part: Login, username: str) -> None:
    part.unlock()
    part.choose(next(user for user in desk.state.accounts.users if user.username == username))


def test_another_admin_unlocks_at_the_login_and_signs_nobody_in(two_admins: Desk) -> None:
    part = waiting(two_admins, "admin")
    admin_to_unlock(two_admins, part, "eve")
    part.pin("000000")
    assert "Wrong PIN" in two_admins.settle().form(LoginForm).refused
    part.pin("141421")
    state = two_admins.settle()
    assert (state.user, part.form.chosen.username, part.form.retry_at_s) == (None, "admin", 0.0)
    [row] = two_admins.record.database.find("safety_log", event_type="login_unlocked")
    assert row["description"] == "admin was unlocked by eve after 5 wrong PINs in a row."
    part.pin(ADMIN_PIN)
    assert two_admins.settle().user.username == "admin"


@pytest.mark.parametrize(("username", "pin"), [("jane.doe", PIN), ("admin", ADMIN_PIN)])
def test_neither_a_technician_nor_the_locked_admin_unlocks(two_admins: Desk, username: str, pin: str) -> None:
    part = waiting(two_admins, "admin")
    admin_to_unlock(two_admins, part, username)
    part.pin(pin)
    state = two_admins.settle()
    assert state.user is None
    assert state.form(LoginForm).refused
    assert two_admins.record.database.find("safety_log", event_type="login_unlocked") == []


def test_one_goes_back_from_unlocking_to_the_account_and_its_wait(two_admins: Desk) -> None:
    part = waiting(two_admins, "admin")
    waited = part.form
    part.unlock()
    assert (part.form.chosen, part.form.unlocking) == (None, waited.chosen)
    part.unlock()
    assert part.form == waited
