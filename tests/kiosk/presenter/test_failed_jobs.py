"""What of the record fails behind the screens is shown with its reason, and tried again until it is done."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from tests.kiosk.presenter.desk_bench import ADMIN_PIN, PIN, sign_in
from tosca_kiosk.domain.events import SafetyEvent
from tosca_kiosk.kiosk.alarms.conditions import JOB_FAILED
from tosca_kiosk.kiosk.desk.errands import AGAIN_AFTER_S
from tosca_kiosk.kiosk.look import wording
from tosca_kiosk.kiosk.screens.login.part import Login
from tosca_kiosk.kiosk.screens.login.view_model import view as login_view
from tosca_kiosk.kiosk.screens.patients.part import Patients
from tosca_kiosk.kiosk.screens.patients.view_model import view as patients_view
from tosca_kiosk.kiosk.screens.safety_log.view_model import view as log_view
from tosca_kiosk.link.messages import SafetyNotice

NOTICED = SafetyEvent(
    event_type="e_stop_pressed",
    severity="emergency",
    description="The red button was pressed.",
    system_state="idle",
    laser_state="off",
    footpedal=None,
    smoothing=None,
    photodiode_v=None,
    action_taken="none",
    details={},
)


def spoil(desk, statement):
    """Write to the record as any SQLite tool does."""
    with closing(sqlite3.connect(desk.record.path, isolation_level=None)) as connection:
        connection.executescript(statement)


def take_away(desk, table):
    """Have a table be missing, as while somebody rebuilds it."""
    spoil(desk, f"PRAGMA legacy_alter_table=ON; ALTER TABLE {table} RENAME TO gone")


def put_back(desk, table):
    spoil(desk, f"PRAGMA legacy_alter_table=ON; ALTER TABLE gone RENAME TO {table}")


def again(desk):
    """Let the time pass after which what failed is tried again."""
    desk.turn(AGAIN_AFTER_S + 0.1)
    return desk.settle()


def alarm(desk):
    return next(one for one in desk.state.alarms if one.source == JOB_FAILED)


def test_accounts_that_cannot_be_read_are_said_with_their_reason_and_read_again(staffed):
    take_away(staffed, "credentials")
    staffed.presenter.desk.accounts = None
    staffed.presenter.desk.read_accounts()
    state = staffed.settle()
    assert "no such table: credentials" in login_view(state).problem
    assert "no such table: credentials" in alarm(staffed).what
    assert again(staffed).accounts is None
    put_back(staffed, "credentials")
    assert login_view(again(staffed)).problem == ""
    assert staffed.state.accounts is not None
    assert not alarm(staffed).active


def test_what_control_noticed_is_written_as_soon_as_the_record_takes_it(staffed):
    spoil(staffed, "CREATE TRIGGER full BEFORE INSERT ON safety_log BEGIN SELECT RAISE(ABORT, 'full'); END")
    for minute in (26, 27):
        staffed.control.say(SafetyNotice(f"2026-03-14 09:{minute}:53.000000", (NOTICED,)))
    staffed.settle()
    assert "What control noticed is not in the safety log" in alarm(staffed).what
    spoil(staffed, "DROP TRIGGER full")
    for _ in range(2):
        again(staffed)
        kept = staffed.record.database.find("safety_log", event_type="e_stop_pressed")
        assert sorted(row["timestamp"].minute for row in kept) == [26, 27]


def test_a_list_that_cannot_be_read_says_why_and_is_read_again(staffed):
    sign_in(staffed)
    take_away(staffed, "patients")
    staffed.presenter.part(Patients).search("")
    state = staffed.settle()
    assert "no such table: patients" in patients_view(state).refused
    put_back(staffed, "patients")
    assert patients_view(again(staffed)).refused == ""
    take_away(staffed, "safety_log")
    staffed.presenter.desk.router.go("safety_log")
    # Without a log nothing is written at all: it could not be linked.
    assert log_view(staffed.settle()).problem == wording.RECORD_LOST
    assert "safety_log" in staffed.state.record_problem
    put_back(staffed, "safety_log")
    state = again(staffed)
    assert (log_view(state).problem, bool(log_view(state).rows)) == ("", True)


def test_a_list_that_was_left_is_not_read_again(staffed):
    sign_in(staffed)
    take_away(staffed, "patients")
    staffed.presenter.part(Patients).search("")
    staffed.settle()
    staffed.presenter.lock()
    staffed.settle()
    again(staffed)
    assert not alarm(staffed).active


def test_an_account_with_an_odd_row_is_marked_and_the_others_sign_in(staffed):
    spoil(staffed, "UPDATE tech_users SET role = 'boss', created_date = '03/22/15 12:00' WHERE tech_id = 1")
    staffed.presenter.desk.read_accounts()
    rows = {username: role for username, _, role in login_view(staffed.settle()).rows}
    assert rows == {"admin": "--, odd value", "jane.doe": "Technician"}
    part = staffed.presenter.part(Login)
    part.choose(staffed.presenter.desk.account("admin"))
    part.pin(ADMIN_PIN)
    assert "role: 'boss' is none of technician, supervisor, admin" in login_view(staffed.settle()).message
    part.choose(staffed.presenter.desk.account("jane.doe"))
    part.pin(PIN)
    assert staffed.settle().user.username == "jane.doe"


def test_a_patient_with_an_odd_row_is_marked(staffed):
    spoil(staffed, "UPDATE patients SET created_date = '2026-03-14 09:00:00+02:00', is_active = 'yes'")
    sign_in(staffed)
    assert patients_view(staffed.state).rows == (("P-2026-0001", "", "--, odd value"),)
