"""PINs at the cart: a weak one is refused or told, and what control refuses is in the safety log."""

from __future__ import annotations

import json

import pytest

from tests.kiosk.presenter.desk_bench import ADMIN_PIN, PIN, Desk, sign_in
from tests.kiosk.screens.cast import telemetry
from tosca_kiosk.kiosk.screens.fault.part import Fault
from tosca_kiosk.kiosk.screens.first_start.form import FirstStartForm
from tosca_kiosk.kiosk.screens.first_start.part import FirstStart
from tosca_kiosk.kiosk.screens.login.part import Login
from tosca_kiosk.kiosk.screens.patients.view_model import view as patients_view
from tosca_kiosk.storage import users

WRONG = "806917"


def refusals(staffed: Desk) -> list[tuple[str, str | None]]:
    rows = staffed.record.database.find("safety_log", order_by="log_id")
    told = [(row["event_type"], json.loads(row["details"])) for row in rows if row["details"]]
    return [(said.get("reason", kind), said.get("username")) for kind, said in told if "wanted" in said]


@pytest.mark.parametrize("weak", ["000000", "310184"])
def test_the_first_start_refuses_a_weak_pin_where_it_is_typed(desk: Desk, weak: str) -> None:
    desk.settle()
    part = desk.presenter.part(FirstStart)
    part.pin(weak)
    form = desk.settle().form(FirstStartForm)
    assert (form.step, form.refused[:26]) == ("admin_pin", "This PIN is easy to guess:")
    for pin in (ADMIN_PIN, ADMIN_PIN):
        part.pin(pin)
    part.name("Jane Doe")
    part.pin(weak)
    assert desk.settle().form(FirstStartForm).step == "pin"
    for pin in (PIN, PIN):
        part.pin(pin)
    assert desk.settle().screen == "login"


def test_whoever_signs_in_with_an_older_weak_pin_is_told_and_not_kept_out(staffed: Desk) -> None:
    sign_in(staffed)
    assert patients_view(staffed.state).advice == ""
    staffed.presenter.lock()
    jane = next(user for user in staffed.settle().accounts.users if user.username == "jane.doe")
    with staffed.record.database.transaction() as transaction:
        weak = users._hasher.hash("123456")
        transaction.update("credentials", {"tech_id": jane.tech_id}, pin_hash=weak)
    login = staffed.presenter.part(Login)
    login.choose(jane)
    login.pin("123456")
    state = staffed.settle()
    assert state.screen == "patients"
    assert patients_view(state).advice.startswith("Change your PIN")
    staffed.presenter.lock()
    assert staffed.settle().weak_pin is False, "it is told to nobody else"


def test_what_control_refuses_an_account_is_in_the_safety_log(staffed: Desk) -> None:
    staffed.cart = telemetry(phase="fault", faults=("stop_loop",))
    staffed.settle()
    part = staffed.presenter.part(Fault)
    jane = next(user for user in staffed.state.accounts.users if user.username == "jane.doe")
    for tried in (
        {"right": False, "refused": "Wrong PIN. Try again."},
        {"right": False, "looked_at": False, "wait_s": 3.0, "refused": "wrong PINs in a row: wait 3 s"},
        {"right": True, "refused": "a supervisor must reset this"},
        {"right": True},
    ):
        part.choose(jane)
        part.pin(PIN if tried["right"] else WRONG)
        staffed.settle()
        staffed.pin_tried(**tried)
    whose = [(why, "jane.doe") for why in ("login_failed", "waits", "order")]
    assert refusals(staffed) == whose
    newest = staffed.record.database.find("safety_log", order_by="-log_id")[0]
    assert "a supervisor must reset this" in newest["description"]
    assert WRONG not in str(staffed.record.database.find("safety_log"))
