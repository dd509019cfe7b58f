"""The presenter over a real record and a real link: which screen is shown, and what a loss looks like."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from argon2 import PasswordHasher

from tests.kiosk.presenter.control_end import ControlEnd
from tests.kiosk.screens.scenes import TIME, in_session, telemetry
from tosca_kiosk.config import bundled, load_config
from tosca_kiosk.domain.events import SafetyEvent
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.state import State
from tosca_kiosk.domain.summary import summarise
from tosca_kiosk.kiosk.alarms.conditions import CONTROL_LOST, RECORD_PROBLEM, SCREEN_RESTARTED, STALE_DATA
from tosca_kiosk.kiosk.presenter import Presenter
from tosca_kiosk.kiosk.presenter.presenter import DIM_AFTER_S, LOCK_AFTER_S
from tosca_kiosk.kiosk.presenter.registry import ROWS
from tosca_kiosk.kiosk.screens.fault.form import FaultForm
from tosca_kiosk.kiosk.screens.fault.part import Fault
from tosca_kiosk.kiosk.screens.first_start.form import FirstStartForm
from tosca_kiosk.kiosk.screens.first_start.part import FirstStart
from tosca_kiosk.kiosk.screens.key_off.form import KeyOffForm
from tosca_kiosk.kiosk.screens.key_off.part import KeyOff
from tosca_kiosk.kiosk.screens.login.form import LoginForm
from tosca_kiosk.kiosk.screens.login.part import Login
from tosca_kiosk.kiosk.screens.patients.form import PatientsForm
from tosca_kiosk.kiosk.screens.patients.part import Patients
from tosca_kiosk.kiosk.screens.protocols.part import Protocols
from tosca_kiosk.kiosk.screens.treatment.part import Treatment
from tosca_kiosk.kiosk.services import Record, Worker, accounts, people, treatment
from tosca_kiosk.kiosk.snapshot.course import Opening
from tosca_kiosk.link.client import ControlLink
from tosca_kiosk.link.messages import (
    EndSession,
    OpenSession,
    Order,
    PinTried,
    Reply,
    SafetyNotice,
    SessionEnded,
)
from tosca_kiosk.session import EarlierDose, EarlierSession
from tosca_kiosk.storage import StorageError, sessions, users
from tosca_kiosk.storage.energies import Energies

LONG_S = 20.0
PIN, ADMIN_PIN = "314159", "271828"


@pytest.fixture(autouse=True)
def quick_hash(monkeypatch):
    monkeypatch.setattr(users, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


class Desk:
    """A presenter whose turns a test takes one by one, with control at the other end of its link."""

    def __init__(self, folder, session=None, rows=ROWS):
        config = load_config(bundled("simulated.yaml"))
        self.folder = folder
        self.record = Record(config, folder)
        self.worker = Worker()
        self.link = ControlLink(folder / "control.sock")
        self.control = ControlEnd(folder, session)
        self.started_control = []
        self.presenter = Presenter(
            self.record, self.worker, self.link, lambda: self.started_control.append(True), rows=rows
        )
        self.now_s = 1000.0
        self.cart = telemetry()

    def turn(self, seconds=0.04):
        """Let control tick and the screen take one turn."""
        self.now_s += seconds
        if self.control is not None:
            self.control.poll()
            self.control.publish(msgspec.structs.replace(self.cart, mono_s=self.now_s - 0.01))
        self.state = self.presenter.turn(self.now_s)
        return self.state

    def settle(self):
        """Take turns until nothing is asked of the record any more, and no backup is under way."""
        for _ in range(20):
            self.turn()
            assert self.record.backup.wait(LONG_S)
            while self.worker.pending:
                assert self.worker.wait(LONG_S)
        return self.turn()

    def reply(self, refused=None):
        """Have control answer its newest request."""
        request = self.control.poll()
        self.control.say(Reply(request.id, refused))
        return self.settle()

    def pin_tried(self, *, right, wait_s=0.0, refused=None, looked_at=True):
        """Have control say what came of the PIN of its newest request, and answer it."""
        request = self.control.poll()
        self.control.say(PinTried(request.id, request.username, looked_at, right, wait_s))
        return self.reply(refused)

    def sources(self):
        return {alarm.source for alarm in self.state.alarms}

    def close(self):
        self.worker.close()
        self.link.close()
        self.record.close()
        if self.control is not None:
            self.control.close()


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path)
    yield made
    made.close()


def staff(desk):
    """Have the first start done: nobody signed in, one patient."""
    desk.record.open()
    accounts.set_up(desk.record, ADMIN_PIN, "Jane Doe", PIN)
    people.add(desk.record, "P-2026-0001", "", 1)
    desk.settle()
    return desk


@pytest.fixture
def staffed(desk):
    """A cart after its first start."""
    return staff(desk)


def sign_in(staffed):
    """Have the technician signed in."""
    jane = next(user for user in staffed.state.accounts.users if user.username == "jane.doe")
    staffed.presenter.part(Login).choose(jane)
    staffed.presenter.part(Login).pin(PIN)
    staffed.settle()
    assert staffed.state.screen == "patients"
    return staffed


@pytest.fixture
def signed_in(staffed):
    return sign_in(staffed)


@pytest.fixture
def chosen(signed_in):
    """On the treatment screen with a patient and a protocol; control is idle and homed."""
    presenter = signed_in.presenter
    presenter.part(Patients).choose(signed_in.state.form(PatientsForm).found.patients[0])
    presenter.desk.router.go("protocols")
    signed_in.settle()
    presenter.part(Protocols).choose("Constant 5 W, 60 s")
    signed_in.cart = telemetry(stage_homed=False)
    presenter.desk.router.go("treatment")
    signed_in.settle()
    return signed_in


@pytest.fixture
def opened(chosen):
    """A session that control has taken."""
    chosen.cart = telemetry()
    chosen.settle()
    assert isinstance(chosen.control.poll(), OpenSession)
    chosen.cart = in_session(session_id=1)
    chosen.reply()
    return chosen


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


def test_the_stage_is_homed_only_when_the_operator_says_so(chosen):
    assert chosen.state.course.opening is Opening.NOT_ASKED
    assert chosen.control.requests == []
    chosen.presenter.part(Treatment).home_stage()
    assert chosen.control.poll().command is CommandType.HOME_STAGE


def test_the_session_opens_with_row_folder_and_header_once_the_stage_is_homed(chosen):
    chosen.cart = telemetry()
    chosen.settle()
    request = chosen.control.poll()
    assert isinstance(request, OpenSession)
    assert Path(request.folder).is_dir()
    assert request.header.session_id == 1
    assert len([one for one in chosen.control.requests if isinstance(one, OpenSession)]) == 1
    chosen.cart = in_session(session_id=1)
    assert chosen.reply().course.opening is Opening.OPEN


def test_a_session_whose_journal_cannot_be_made_is_closed_with_that_reason(chosen):
    no_room = "make room in memory, on /dev/shm, not on the disk: /dev/shm/tosca-journal-1 cannot be made"
    chosen.cart = telemetry()
    chosen.settle()
    state = chosen.reply(no_room)
    assert state.course.refused == no_room
    row = sessions.get(chosen.record.database, 1)
    assert (row.status, row.abort_reason) == ("aborted", f"the session was refused: {no_room}")
    assert row.total_energy_joules == 0.0


def test_a_session_that_control_refuses_is_closed_in_the_record_with_the_reason_in_place(chosen):
    chosen.cart = telemetry()
    chosen.settle()
    state = chosen.reply("A device was lost.")
    assert state.course.refused == "A device was lost."
    assert state.session is None
    assert sessions.get(chosen.record.database, 1).status == "aborted"
    assert len([one for one in chosen.control.requests if isinstance(one, OpenSession)]) == 1


def test_earlier_light_is_asked_about_before_anything_opens(chosen, monkeypatch):
    before = EarlierSession(1, TIME, "aborted", Energies(0.0, 12.3, 12.3))
    monkeypatch.setattr(treatment, "earlier_dose", lambda *asked: EarlierDose((before,)))
    chosen.cart = telemetry()
    state = chosen.settle()
    assert state.course.opening is Opening.CONFIRM_DOSE
    assert chosen.control.requests == []
    chosen.presenter.part(Treatment).open()
    chosen.settle()
    assert isinstance(chosen.control.poll(), OpenSession)


def test_earlier_light_below_the_sites_question_is_shown_before_anything_opens_too(chosen, monkeypatch):
    before = EarlierSession(1, TIME, "aborted", Energies(0.0, 12.3, 12.3))
    monkeypatch.setattr(treatment, "earlier_dose", lambda *asked: EarlierDose((before,), 20.0))
    chosen.cart = telemetry()
    state = chosen.settle()
    assert state.course.opening is Opening.CONFIRM_DOSE
    assert not state.course.earlier.must_ask
    assert chosen.control.requests == []
    chosen.presenter.part(Treatment).open()
    chosen.settle()
    assert isinstance(chosen.control.poll(), OpenSession)
    assert chosen.reply().course.earlier.energy_j == 12.3


def test_without_earlier_light_the_session_opens_with_no_further_touch(chosen):
    chosen.cart = telemetry()
    chosen.settle()
    assert isinstance(chosen.control.poll(), OpenSession)


def test_ending_closes_the_session_and_then_its_journal(opened):
    opened.presenter.part(Treatment).end()
    assert opened.turn().course.opening is Opening.CLOSING
    assert opened.control.poll().command is CommandType.CLOSE_SESSION
    opened.cart = telemetry(session_id=1)
    opened.reply()
    assert isinstance(opened.control.poll(), EndSession)


def test_the_summary_is_there_at_once_and_says_that_the_record_is_being_written(opened):
    opened.presenter.part(Treatment).end()
    opened.turn()
    opened.control.poll()
    opened.cart = telemetry(session_id=1)
    state = opened.reply()
    assert (state.screen, state.course.opening) == ("summary", Opening.CLOSING)


def test_a_journal_that_cannot_be_ended_brings_back_the_treatment_with_the_reason(opened):
    opened.presenter.part(Treatment).end()
    opened.turn()
    opened.control.poll()
    opened.cart = telemetry(session_id=1)
    opened.reply()
    opened.control.poll()
    state = opened.reply("make room, then import what is there")
    assert state.screen == "treatment"
    assert (state.course.opening, state.course.refused) == (
        Opening.OPEN,
        "make room, then import what is there",
    )


def closed_by_control(opened, **changes):
    """End the session as far as control's word that its journal is to be ended."""
    opened.presenter.part(Treatment).end()
    opened.turn()
    opened.control.poll()
    opened.cart = telemetry(session_id=1, **changes)
    opened.reply()
    assert isinstance(opened.control.poll(), EndSession)


def test_a_journal_that_cannot_be_ended_while_a_fault_stands_leads_to_the_treatment_after_the_reset(opened):
    closed_by_control(opened, phase="fault", faults=("stage_lost",))
    assert opened.reply("the journal cannot be ended").screen == "fault"
    opened.cart = telemetry(session_id=1)
    state = opened.settle()
    assert (state.screen, state.course.refused) == ("treatment", "the journal cannot be ended")


def test_end_again_goes_on_where_it_was_refused_and_says_why_it_is_refused_now(opened, monkeypatch):
    """Control has ended the journal and knows of no session any more; the record's disk is full, then not."""
    why = ["the disk is full", "the disk is full still"]
    close = treatment.close_session

    def closes(*given, **named):
        if why:
            raise StorageError(why.pop(0))
        return close(*given, **named)

    monkeypatch.setattr(treatment, "close_session", closes)
    closed_by_control(opened)
    request = opened.control.poll()
    summary = summarise(State(commanded_j=7.0), "journal: The record could not be written.")
    opened.control.say(SessionEnded(request.id, 1, summary, missing="/dev/shm: no room"))
    opened.cart = telemetry(session_id=None)
    asked = len(opened.control.requests)
    state = opened.settle()
    assert (state.screen, state.course.refused) == ("treatment", "the disk is full")
    opened.presenter.part(Treatment).end()
    state = opened.settle()
    assert (state.screen, state.course.refused) == ("treatment", "the disk is full still")
    opened.presenter.part(Treatment).end()
    state = opened.settle()
    assert (state.screen, state.session, state.course.refused) == ("summary", None, "")
    assert len(opened.control.requests) == asked, "control has done its part"
    row = sessions.get(opened.record.database, 1)
    assert (row.status, row.abort_reason) == ("aborted", "journal: The record could not be written.")
    told = opened.record.database.find("safety_log", session_id=1, severity="critical")
    assert "not in its journal: /dev/shm: no room." in told[0]["description"]


def test_a_refused_opening_that_cannot_be_closed_at_once_is_closed_before_the_next(chosen, monkeypatch):
    no_room = "make room in memory, on /dev/shm, not on the disk: /dev/shm/tosca-journal-1 cannot be made"
    with monkeypatch.context() as patched:

        def fails(*given, **named):
            raise StorageError("the disk is full")

        patched.setattr(treatment, "close_session", fails)
        chosen.cart = telemetry()
        chosen.settle()
        assert chosen.reply(no_room).course.refused == "the disk is full"
    assert sessions.get(chosen.record.database, 1).status == "in_progress"
    chosen.presenter.part(Treatment).retry()
    state = chosen.settle()
    assert sessions.get(chosen.record.database, 1).status == "aborted"
    assert state.session.session_id == 2


READ_BACK = "wait until the laser is read back off"


def closes_asked(desk):
    desk.control.poll()
    return [one for one in desk.control.requests if getattr(one, "command", "") is CommandType.CLOSE_SESSION]


def test_a_close_that_is_refused_at_first_is_asked_again_and_the_refusal_not_shown(opened):
    opened.presenter.part(Treatment).end()
    state = opened.reply(READ_BACK)
    assert (state.course.opening, state.course.refused) == (Opening.CLOSING, "")
    assert len(closes_asked(opened)) == 2
    opened.cart = telemetry(session_id=1)
    opened.reply()
    assert isinstance(opened.control.poll(), EndSession)


def test_a_close_that_stays_refused_says_so_after_two_seconds(opened):
    opened.cart = in_session(session_id=1, phase="armed")
    opened.settle()
    opened.presenter.part(Treatment).end()
    for _ in range(20):
        state = opened.reply("pause the treatment first")
        if state.course.refused:
            break
    assert (state.course.opening, state.course.refused) == (Opening.OPEN, "pause the treatment first")
    assert 2 < len(closes_asked(opened)) < 14


# --- light that is not known to have ended ------------------------------------------------------------------


def unconfirmed(desk, in_s=0.0):
    """End the session where control does not know of darkness."""
    desk.cart = in_session(session_id=1, phase="fault", faults=("light_while_off",), key_off_in_s=in_s)
    desk.settle()
    desk.presenter.part(Treatment).end()
    for _ in range(12):
        state = desk.reply(READ_BACK)
    return state


def ended(desk):
    desk.control.poll()
    return [one for one in desk.control.requests if isinstance(one, EndSession)]


def test_no_journal_is_ended_while_control_has_the_session_open(opened):
    unconfirmed(opened)
    for _ in range(20):
        state = opened.reply(READ_BACK)
    assert ended(opened) == []
    assert (state.screen, state.course.opening) == ("key_off", Opening.UNCONFIRMED)


def test_it_is_said_after_two_seconds_and_not_before(opened):
    opened.cart = in_session(session_id=1, phase="fault", faults=("laser_gone",), key_off_in_s=9.0)
    opened.settle()
    opened.presenter.part(Treatment).end()
    assert opened.reply(READ_BACK).screen == "fault"
    assert unconfirmed(opened).screen == "key_off"


def test_darkness_that_becomes_known_closes_the_session_as_any_other(opened):
    unconfirmed(opened, in_s=7.0)
    opened.cart = in_session(session_id=1, phase="fault", faults=("laser_gone",), session_open=False)
    state = opened.reply()
    assert len(ended(opened)) == 1
    assert (state.screen, state.course.opening) == ("fault", Opening.CLOSING)


def test_going_back_leaves_the_session_open_and_asks_no_more(opened):
    unconfirmed(opened)
    opened.presenter.part(KeyOff).stay()
    opened.reply(READ_BACK)
    asked = len(closes_asked(opened))
    state = opened.settle()
    assert (state.screen, state.course.opening) == ("fault", Opening.OPEN)
    assert state.course.refused == ""
    assert len(closes_asked(opened)) == asked
    opened.cart = in_session(session_id=1)
    assert opened.settle().screen == "treatment"


def test_a_close_that_was_taken_after_all_is_not_forgotten_by_going_back(opened):
    unconfirmed(opened)
    opened.presenter.part(KeyOff).stay()
    opened.cart = in_session(session_id=1, phase="fault", faults=("laser_gone",), session_open=False)
    opened.reply()
    assert len(ended(opened)) == 1


def test_a_supervisor_vouches_by_pin_and_reason_and_the_session_ends(opened):
    state = unconfirmed(opened)
    part = opened.presenter.part(KeyOff)
    part.say_why("  key turned and taken out ")
    part.choose(next(user for user in state.accounts.users if user.username == "admin"))
    part.pin("000000")
    opened.pin_tried(right=False, refused="Wrong PIN. Try again.")
    assert "Wrong PIN" in opened.settle().form(KeyOffForm).refused
    opened.control.say(Reply(closes_asked(opened)[-1].id, READ_BACK))
    part.pin(ADMIN_PIN)
    opened.settle()
    opened.control.poll()
    _, order = [
        one for one in opened.control.requests if getattr(one, "command", "") is CommandType.CONFIRM_KEY_OFF
    ]
    assert (order.username, order.pin, order.session) == ("admin", ADMIN_PIN, 1)
    assert order.reason == "key turned and taken out"
    opened.control.say(Reply(order.id, None))
    opened.cart = in_session(session_id=1, phase="fault", faults=("laser_gone",), session_open=False)
    opened.turn()
    opened.control.say(Reply(closes_asked(opened)[-1].id, "no session is open"))
    opened.settle()
    assert len(ended(opened)) == 1


def test_what_control_says_against_the_word_is_shown(opened):
    state = unconfirmed(opened)
    part = opened.presenter.part(KeyOff)
    part.say_why("key out")
    part.choose(next(user for user in state.accounts.users if user.username == "admin"))
    part.pin(ADMIN_PIN)
    opened.settle()
    opened.control.poll()
    order = next(
        one for one in opened.control.requests if getattr(one, "command", "") is CommandType.CONFIRM_KEY_OFF
    )
    opened.control.say(Reply(order.id, "wait 10 s for the light's end to be known"))
    assert opened.settle().form(KeyOffForm).refused == "wait 10 s for the light's end to be known"


def test_pause_reaches_control_while_its_data_are_stale_and_needs_no_word_where_there_is_no_light(opened):
    opened.now_s += 1.0
    assert opened.presenter.turn(opened.now_s).live is None
    opened.presenter.part(Treatment).pause()
    order = opened.control.poll()
    assert (order.command, order.session) == (CommandType.PAUSE, 1)
    assert opened.reply("there is nothing to pause").course.refused == ""


def test_the_row_says_paused_from_a_pause_to_the_next_arming(opened):
    def status(**changes):
        opened.cart = in_session(session_id=1, **changes)
        opened.settle()
        return sessions.get(opened.record.database, 1).status

    assert status() == "in_progress"
    assert status(phase="treating", elapsed_s=12.0) == "in_progress"
    assert status(elapsed_s=12.0) == "paused"
    assert status(phase="fault", elapsed_s=12.0) == "paused"
    assert status(phase="armed", elapsed_s=12.0) == "in_progress"
    assert status(elapsed_s=12.0) == "paused"
    changes = opened.record.database.find("audit_log", table_name="sessions")
    assert changes[-1]["operator_tech_id"] == opened.state.user.tech_id


def test_a_finished_session_is_not_paused(opened):
    opened.cart = in_session(session_id=1, elapsed_s=60.0, finished=True)
    opened.settle()
    assert sessions.get(opened.record.database, 1).status == "in_progress"


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
