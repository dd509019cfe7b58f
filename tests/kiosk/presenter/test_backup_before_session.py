"""The backup before a session begins with the choice; the session's opening waits for what is left of it."""

from __future__ import annotations

import threading

import pytest

from tests.kiosk.screens.cast import telemetry
from tosca_kiosk.kiosk.screens.patients.part import Patients
from tosca_kiosk.kiosk.screens.protocols.part import Protocols
from tosca_kiosk.kiosk.screens.treatment.part import Treatment
from tosca_kiosk.kiosk.screens.treatment.primary import Primary
from tosca_kiosk.kiosk.screens.treatment.view_model import view
from tosca_kiosk.kiosk.services import people
from tosca_kiosk.link.messages import OpenSession
from tosca_kiosk.storage import backup


def backups(desk):
    return sorted(desk.record.backup_dir.glob("laser_control_*.db"))


def opens(desk):
    return isinstance(desk.control.poll(), OpenSession)


def choose(desk, protocol):
    desk.presenter.desk.router.go("protocols")
    desk.settle()
    desk.presenter.part(Protocols).choose(protocol)
    desk.settle()


@pytest.fixture
def gate(monkeypatch):
    """Let no backup come to its end before this is set."""
    opened, copy = threading.Event(), backup._copy

    def copied(*arguments):
        copy(*arguments)
        assert opened.wait(20.0)

    monkeypatch.setattr(backup, "_copy", copied)
    yield opened
    opened.set()


def test_it_is_made_before_the_stage_is_homed_and_none_is_made_for_the_same_record(chosen):
    made = backups(chosen)
    assert len(made) == 1
    chosen.cart = telemetry()
    chosen.settle()
    assert opens(chosen)
    assert backups(chosen) == made


def test_another_choice_needs_no_other_backup_and_a_new_patient_does(signed_in):
    part = signed_in.presenter.part(Patients)
    part.choose(part.form.found.patients[0])
    choose(signed_in, "Constant 5 W, 60 s")
    choose(signed_in, "Ramp 2 to 8 W, 90 s")
    assert len(backups(signed_in)) == 1
    signed_in.presenter.desk.patient = people.add(signed_in.record, "P-2026-0007", "", 2)
    signed_in.settle()
    assert len(backups(signed_in)) == 2


def test_what_is_changed_after_it_was_made_has_another_one_made_before_the_row(chosen):
    people.add(chosen.record, "P-2026-0007", "", 2)
    chosen.cart = telemetry()
    chosen.settle()
    assert opens(chosen)
    assert len(backups(chosen)) == 2


def test_somebody_who_waits_sees_how_far_it_is_and_may_go_back(gate, signed_in):
    part = signed_in.presenter.part(Patients)
    part.choose(part.form.found.patients[0])
    presenter = signed_in.presenter
    presenter.desk.router.go("protocols")
    signed_in.until(lambda state: presenter.part(Protocols).form.listing is not None)
    presenter.part(Protocols).choose("Constant 5 W, 60 s")
    presenter.desk.router.go("treatment")
    signed_in.cart = telemetry()
    signed_in.until(lambda state: view(state).guide_share is not None)
    assert not opens(signed_in)
    shown = view(signed_in.state)
    assert "Backup first" in shown.guide_detail
    assert shown.can_go_back
    signed_in.cart = telemetry(phase="fault")
    assert view(signed_in.turn()).guide_share is None
    signed_in.cart = telemetry()
    signed_in.until(lambda state: view(state).guide_share is not None)
    assert not opens(signed_in)
    presenter.part(Treatment).leave()
    assert view(signed_in.turn()).guide_share is None
    presenter.desk.router.go("treatment")
    gate.set()
    signed_in.settle()
    assert opens(signed_in)
    assert len(backups(signed_in)) == 1


def test_one_that_fails_refuses_the_opening_with_its_reason_and_is_tried_again_on_request(signed_in):
    signed_in.record.backup_dir.write_text("in the way")
    part = signed_in.presenter.part(Patients)
    part.choose(part.form.found.patients[0])
    choose(signed_in, "Constant 5 W, 60 s")
    signed_in.cart = telemetry()
    signed_in.presenter.desk.router.go("treatment")
    shown = view(signed_in.settle())
    assert "cannot be written" in signed_in.state.course.refused
    assert shown.primary is Primary.RETRY
    assert signed_in.record.database.find("sessions") == []
    signed_in.record.backup_dir.unlink()
    signed_in.presenter.part(Treatment).retry()
    signed_in.settle()
    assert opens(signed_in)
    assert len(backups(signed_in)) == 1
