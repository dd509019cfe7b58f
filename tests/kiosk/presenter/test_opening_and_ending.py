"""The presenter: a session is opened, paused and ended, or is refused with its reason."""

from __future__ import annotations

from pathlib import Path

from tests.kiosk.presenter.desk_bench import (
    READ_BACK,
    closes_asked,
)
from tests.kiosk.screens.cast import TIME, in_session, telemetry
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.state import State
from tosca_kiosk.domain.summary import summarise
from tosca_kiosk.kiosk.screens.treatment.part import Treatment
from tosca_kiosk.kiosk.services import treatment
from tosca_kiosk.kiosk.snapshot.course import Opening
from tosca_kiosk.link.messages import (
    EndSession,
    OpenSession,
    SessionEnded,
)
from tosca_kiosk.session import EarlierDose, EarlierSession
from tosca_kiosk.storage import StorageError, sessions
from tosca_kiosk.storage.energies import Energies


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
