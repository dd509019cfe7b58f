"""The presenter: faults, STOP, a control or a record that is lost, whatever is shown."""

from __future__ import annotations

import pytest

from tests.kiosk.presenter.control_end import ControlEnd
from tests.kiosk.presenter.desk_bench import (
    Desk,
)
from tests.kiosk.screens.cast import in_session, telemetry
from tosca_kiosk.domain.events import SafetyEvent
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.kiosk.alarms.conditions import CONTROL_LOST, RECORD_PROBLEM, SCREEN_RESTARTED, STALE_DATA
from tosca_kiosk.kiosk.screens.patients.part import Patients
from tosca_kiosk.kiosk.screens.treatment.part import Treatment
from tosca_kiosk.kiosk.services import Worker
from tosca_kiosk.link.messages import (
    Order,
    SafetyNotice,
)
from tosca_kiosk.storage import sessions


@pytest.mark.parametrize("where", ["patients", "safety_log", "summary"])
def test_whatever_is_shown_a_fault_comes_first(signed_in, where):
    signed_in.presenter.desk.router.go(where)
    assert signed_in.turn().screen == where
    signed_in.cart = telemetry(phase="fault", faults=("stop_loop",))
    assert signed_in.turn().screen == "fault"
    assert "stop_loop" in signed_in.sources()
    signed_in.cart = telemetry()
    assert signed_in.turn().screen is where


def test_stop_is_sent_at_once_whatever_is_shown(staffed):
    staffed.presenter.stop()
    request = staffed.control.poll()
    assert isinstance(request, Order)
    assert request.command is CommandType.STOP


def test_pause_reaches_control_while_its_data_are_stale_and_needs_no_word_where_there_is_no_light(opened):
    opened.now_s += 1.0
    assert opened.presenter.turn(opened.now_s).live is None
    opened.presenter.part(Treatment).pause()
    order = opened.control.poll()
    assert (order.command, order.session) == (CommandType.PAUSE, 1)
    assert opened.reply("there is nothing to pause").course.refused == ""


def test_an_order_carries_the_session_it_is_meant_for(opened):
    opened.presenter.part(Treatment).begin_arm()
    assert opened.control.poll().session == 1


def test_lost_control_shows_no_old_value_and_offers_a_start(opened):
    opened.control.close()
    opened.control = None
    state = opened.settle()
    assert (state.control, state.live, state.telemetry) == (False, None, None)
    assert CONTROL_LOST in opened.sources()
    assert state.screen == "treatment"
    opened.presenter.desk.start_control()
    assert opened.started_control == [True]


def test_a_session_that_control_no_longer_knows_is_closed_in_the_record(opened):
    opened.control.close()
    opened.control = None
    opened.settle()
    opened.control = ControlEnd(opened.folder)
    opened.cart = telemetry()
    opened.turn(1.0)
    state = opened.settle()
    assert state.session is None
    assert state.screen == "summary"
    assert sessions.get(opened.record.database, 1).status == "aborted"


def test_old_data_is_an_alarm_and_no_value(signed_in):
    signed_in.turn()
    signed_in.now_s += 0.5
    state = signed_in.presenter.turn(signed_in.now_s)
    assert state.live is None
    assert STALE_DATA in {alarm.source for alarm in state.alarms}


def test_a_screen_that_comes_back_finds_the_session_and_says_so(opened, tmp_path):
    opened.worker.close()
    opened.link.close()
    opened.record.close()
    opened.control.close()
    again = Desk(opened.folder, session=1)
    again.cart = in_session(session_id=1, phase="fault", faults=("kiosk_lost",))
    state = again.settle()
    opened.control, opened.worker = None, Worker()
    assert (state.screen, state.user) == ("fault", None)
    assert state.session.session_id == 1
    assert state.patient.patient_code == "P-2026-0001"
    assert SCREEN_RESTARTED in again.sources()
    assert sessions.get(again.record.database, 1).status == "in_progress"
    log = [row["details"] for row in again.record.database.find("safety_log") if row["details"]]
    assert any("screen_restarted" in details for details in log)
    again.close()


def test_what_control_notices_outside_a_session_is_kept(signed_in):
    event = SafetyEvent("e_stop_pressed", "emergency", "pressed", "idle", "off", None, None, None, "none", {})
    signed_in.control.say(SafetyNotice("2026-03-14 09:26:53.000000", (event,)))
    signed_in.settle()
    kept = signed_in.record.database.find("safety_log", event_type="e_stop_pressed")
    assert [row["tech_id"] for row in kept] == [signed_in.state.user.tech_id]


def test_a_lost_database_is_a_problem_on_the_screen_and_never_an_exception(signed_in):
    signed_in.record.path.unlink()
    signed_in.presenter.part(Patients).search("x")
    signed_in.turn(6.0)
    state = signed_in.settle()
    assert "is gone" in state.record_problem
    assert RECORD_PROBLEM in signed_in.sources()


def stops(desk):
    return [
        request
        for request in desk.control.requests
        if isinstance(request, Order) and request.command is CommandType.STOP
    ]


LOSSES = {
    "removed": lambda path: path.unlink(),
    "replaced": lambda path: (path.unlink(), path.write_bytes(b"")),
    "with its folder": lambda path: path.parent.rename(f"{path.parent}-away"),
}


@pytest.mark.parametrize("lose", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("phase", ["armed", "treating"])
def test_a_database_that_is_lost_under_light_is_a_stop_with_its_reason(opened, lose, phase):
    opened.cart = in_session(session_id=1, phase=phase)
    opened.turn(1.0)
    opened.settle()
    assert stops(opened) == []
    lose(opened.record.path)
    opened.turn(0.6)
    opened.settle()
    (stop,) = stops(opened)
    assert stop.session == 1
    assert stop.reason.startswith("the record was lost: Do not treat.")
    assert "laser_control.db is gone or was replaced" in stop.reason
    assert RECORD_PROBLEM in opened.sources()
    opened.turn(1.1)
    opened.settle()
    assert len(stops(opened)) == 2, "it is said again for as long as there may be light"
    opened.cart = in_session(session_id=1, phase="fault", faults=("screen",))
    opened.turn(2.0)
    opened.settle()
    assert len(stops(opened)) == 2


def test_a_database_that_is_slow_or_full_ends_no_light(opened, monkeypatch):
    opened.cart = in_session(session_id=1, phase="treating")
    monkeypatch.setattr(opened.record, "problem", lambda *, write: "the disk is full")
    opened.turn(6.0)
    assert "full" in opened.settle().record_problem
    assert stops(opened) == []


def test_a_record_that_cannot_be_opened_is_said_and_tried_again(desk):
    (desk.folder / "laser_control.db").write_text("this is no database, but long enough to be read as one")
    state = desk.settle()
    assert "not an SQLite database" in state.record_problem
    assert state.accounts is None
    (desk.folder / "laser_control.db").unlink()
    desk.turn(6.0)
    state = desk.settle()
    assert state.record_problem is None
    assert state.screen == "first_start"
