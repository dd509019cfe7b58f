"""The presenter: who signs in, the PINs that are given, and a screen that nobody touches."""

from __future__ import annotations

import pytest

from tests.kiosk.presenter.desk_bench import (
    ADMIN_PIN,
    PIN,
)
from tests.kiosk.screens.cast import in_session, telemetry
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.kiosk.presenter.presenter import DIM_AFTER_S, LOCK_AFTER_S
from tosca_kiosk.kiosk.screens.fault.form import FaultForm
from tosca_kiosk.kiosk.screens.fault.part import Fault
from tosca_kiosk.kiosk.screens.first_start.form import FirstStartForm
from tosca_kiosk.kiosk.screens.first_start.part import FirstStart
from tosca_kiosk.kiosk.screens.login.form import LoginForm
from tosca_kiosk.kiosk.screens.login.part import Login
from tosca_kiosk.kiosk.services import accounts
from tosca_kiosk.link.messages import (
    Order,
)
from tosca_kiosk.storage import users


def test_a_new_cart_begins_with_its_first_start_and_then_asks_who_works(desk):
    assert desk.settle().screen == "first_start"
    part = desk.presenter.part(FirstStart)
    for pin in (ADMIN_PIN, ADMIN_PIN):
        part.pin(pin)
    part.name("Jane Doe")
    for pin in (PIN, PIN):
        part.pin(pin)
    state = desk.settle()
    assert state.screen == "login"
    assert [user.full_name for user in state.accounts.users] == ["Jane Doe", "System Administrator"]


def test_two_pins_that_differ_are_asked_again_and_nothing_is_made(desk):
    desk.settle()
    part = desk.presenter.part(FirstStart)
    part.pin(ADMIN_PIN)
    part.pin("000000")
    state = desk.settle()
    assert state.form(FirstStartForm).step == "admin_pin"
    assert "differ" in state.form(FirstStartForm).refused
    assert accounts.accounts(desk.record).first_start


def test_a_wrong_pin_says_so_and_delays_the_second_time(staffed):
    part = staffed.presenter.part(Login)
    part.choose(staffed.state.accounts.users[0])
    for _ in range(2):
        part.pin("999999")
        state = staffed.settle()
    assert state.screen == "login"
    assert "2 wrong PINs in a row" in state.form(LoginForm).refused
    assert state.form(LoginForm).retry_at_s > state.now_s


@pytest.mark.parametrize("away", ["another account", "the list", "a lock"])
def test_the_wait_after_wrong_pins_is_still_counted_when_one_comes_back_to_the_account(staffed, away):
    part = staffed.presenter.part(Login)
    first, other = staffed.state.accounts.users[:2]
    part.choose(first)
    for _ in range(3):
        part.pin("999999")
        staffed.settle()
        staffed.now_s += 0.1
    waited = staffed.state.form(LoginForm)
    if away == "a lock":
        staffed.presenter.lock()
        staffed.settle()
    else:
        part.choose(other if away == "another account" else None)
        assert (part.form.refused, part.form.retry_at_s) == ("", 0.0)
    part.choose(first)
    assert (part.form.refused, part.form.retry_at_s) == (waited.refused, waited.retry_at_s)
    assert part.form.retry_at_s > staffed.now_s
    staffed.now_s = waited.retry_at_s + 1.0
    staffed.turn()
    part.choose(None)
    part.choose(first)
    assert (part.form.refused, part.form.retry_at_s) == ("", 0.0)


def test_the_wait_of_an_account_holds_for_the_reset_of_a_fault_too(signed_in):
    signed_in.cart = telemetry(phase="fault", faults=("stop_loop",))
    signed_in.settle()
    jane, admin = signed_in.state.accounts.users
    part = signed_in.presenter.part(Fault)
    part.choose(admin)
    part.pin("999999")
    signed_in.settle()
    signed_in.pin_tried(right=False, wait_s=2.0, refused="2 wrong PINs in a row.")
    waited = part.form
    part.choose(jane)
    part.choose(admin)
    assert part.form.retry_at_s == waited.retry_at_s > signed_in.now_s
    assert "in a row" in part.form.refused


def test_the_screen_locks_after_ten_minutes_and_dims_before(signed_in):
    signed_in.turn(DIM_AFTER_S + 1)
    assert signed_in.state.asleep
    assert signed_in.state.user is not None
    signed_in.turn(LOCK_AFTER_S - DIM_AFTER_S)
    assert (signed_in.state.screen, signed_in.state.user) == ("login", None)


def test_a_touch_keeps_it_awake(signed_in):
    signed_in.turn(DIM_AFTER_S - 1)
    signed_in.presenter.touched()
    signed_in.turn(DIM_AFTER_S - 1)
    assert not signed_in.state.asleep


@pytest.mark.parametrize("phase", ["armed", "treating"])
def test_it_never_dims_or_locks_while_armed_or_treating(opened, phase):
    opened.cart = in_session(session_id=1, phase=phase)
    opened.turn()
    opened.turn(LOCK_AFTER_S + 1)
    opened.presenter.lock()
    opened.turn()
    assert not opened.state.asleep
    assert (opened.state.screen, opened.state.user.username) == ("treatment", "jane.doe")


def test_a_fault_that_a_supervisor_resets_takes_a_supervisors_pin_alone(signed_in):
    signed_in.cart = telemetry(phase="fault", faults=("stop_loop",))
    signed_in.settle()
    admin = next(user for user in signed_in.state.accounts.users if user.username == "admin")
    signed_in.presenter.part(Fault).choose(admin)
    signed_in.presenter.part(Fault).pin("000000")
    signed_in.settle()
    assert (
        signed_in.pin_tried(right=False, refused="Wrong PIN. Try again.")
        .form(FaultForm)
        .refused.startswith("Wrong")
    )
    signed_in.presenter.part(Fault).pin(ADMIN_PIN)
    signed_in.settle()
    order = signed_in.control.poll()
    assert (order.command, order.username, order.pin) == (CommandType.ACKNOWLEDGE, "admin", ADMIN_PIN)
    state = signed_in.pin_tried(right=True, refused="Still there: the red button.")
    assert state.user.username == "jane.doe"
    assert state.form(FaultForm).refused == "Still there: the red button."


def tries_of(desk, username):
    user = users.find(desk.record.database, username)
    return desk.record.database.find_one("credentials", tech_id=user.tech_id)["failed_tries"]


def test_what_control_says_of_a_pin_is_recorded_without_its_digits(signed_in):
    signed_in.cart = telemetry(phase="fault", faults=("stop_loop",))
    signed_in.settle()
    part = signed_in.presenter.part(Fault)
    part.choose(next(user for user in signed_in.state.accounts.users if user.username == "admin"))
    part.pin("987654")
    signed_in.settle()
    signed_in.pin_tried(right=False, refused="Wrong PIN. Try again.")
    assert tries_of(signed_in, "admin") == 1
    (line,) = signed_in.record.database.find("safety_log", event_type="login_failed")
    assert "987654" not in str(line)
    part.pin(ADMIN_PIN)
    signed_in.settle()
    signed_in.pin_tried(right=True)
    assert tries_of(signed_in, "admin") == 0


def test_a_pin_that_nobody_looked_at_counts_for_nothing(signed_in):
    signed_in.cart = telemetry(phase="fault", faults=("stop_loop",))
    signed_in.settle()
    part = signed_in.presenter.part(Fault)
    part.choose(next(user for user in signed_in.state.accounts.users if user.username == "admin"))
    part.pin("987654")
    signed_in.settle()
    signed_in.pin_tried(looked_at=False, right=False, wait_s=3.0, refused="2 wrong PINs in a row: wait 3 s")
    assert tries_of(signed_in, "admin") == 0
    assert part.form.retry_at_s > signed_in.now_s


def test_a_technician_who_is_signed_in_resets_without_a_pin_and_claims_no_role(signed_in):
    signed_in.cart = telemetry(phase="fault", faults=("kiosk_lost",))
    signed_in.settle()
    signed_in.presenter.part(Fault).reset()
    assert signed_in.control.poll() == Order(1, None, CommandType.ACKNOWLEDGE)
