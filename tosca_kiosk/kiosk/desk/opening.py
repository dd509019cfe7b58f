"""A session's opening: its plan checked, its backup waited for, its row and folder made, control asked."""

from __future__ import annotations

from tosca_kiosk.domain.state import Phase, State
from tosca_kiosk.domain.summary import summarise
from tosca_kiosk.kiosk.alarms.conditions import calibration_overdue, doubtful_settings
from tosca_kiosk.kiosk.desk.desk import CONTROL_SILENT, Desk
from tosca_kiosk.kiosk.look.refusals import spoken
from tosca_kiosk.kiosk.services import treatment
from tosca_kiosk.kiosk.services.treatment import Prepared
from tosca_kiosk.kiosk.snapshot.course import Course, Opening
from tosca_kiosk.session import OpenedRecord, SessionPlan


class SessionOpening:
    """From a chosen patient and protocol to a session that control has taken. Call `turn` every turn.

    The backup begins as soon as both are chosen; a later choice makes no other one necessary.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._prepared: SessionPlan | None = None
        self._chosen: tuple[int, str] | None = None

    def turn(self) -> None:
        """Begin the backup when both are chosen; go on where what was left of it is done."""
        self._follow_choice()
        desk = self._desk
        if desk.course.opening is not Opening.BACKING_UP:
            return
        if desk.user is None or (desk.telemetry is not None and desk.telemetry.phase != Phase.IDLE):
            self.forget()  # nobody waits any more, or the cart is not as it was when the plan was checked
        else:
            self._wait_for_backup()

    def _follow_choice(self) -> None:
        desk = self._desk
        patient, protocol = desk.patient, desk.protocol
        chosen = None if patient is None or protocol is None else (patient.patient_id, protocol.name)
        if chosen == self._chosen:
            return
        self._chosen = chosen
        if chosen is not None and desk.session is None and not desk.may_emit:
            desk.record.backup.begin()

    def forget(self) -> None:
        """Begin anew: nothing is prepared."""
        self._prepared = None
        self._desk.course, self._desk.adopted = Course(), None

    def prepare(self) -> None:
        """Check the plan; then open, unless there is something to tell of first."""
        desk = self._desk
        patient, user, chosen = desk.patient, desk.user, desk.protocol
        if patient is None or user is None or chosen is None:
            return
        self._desk.change(opening=Opening.PREPARING)
        desk.ask(
            lambda: treatment.prepare(desk.record, patient.patient_code, user.username, chosen.name),
            self._is_prepared,
            self._not_opened,
        )

    def _is_prepared(self, prepared: Prepared) -> None:
        self._prepared = prepared.plan
        if not self._desk.record.backup.failed:  # one that did says so first
            self._desk.record.backup.begin()
        self._desk.change(earlier=prepared.earlier)
        if prepared.plan.warnings:
            self._desk.alarms.note(self._desk.now_s, calibration_overdue(prepared.plan.warnings))
            self._desk.change(overdue=True)
        if prepared.plan.doubts:
            self._desk.alarms.note(self._desk.now_s, doubtful_settings(prepared.plan.doubts))
        if prepared.earlier.sessions:
            self._desk.change(opening=Opening.CONFIRM_DOSE)
        else:
            self.open()

    def open(self) -> None:
        """Open the session; the operator knows of the earlier dose, where there is one."""
        if self._desk.course.opening in (Opening.PREPARING, Opening.CONFIRM_DOSE):
            self._wait_for_backup()

    def _wait_for_backup(self) -> None:
        desk, backup = self._desk, self._desk.record.backup
        if backup.running:
            desk.change(opening=Opening.BACKING_UP, backed_up=round(backup.share, 2))
        else:
            self._make_row()

    def _make_row(self) -> None:
        plan, desk = self._prepared, self._desk
        if plan is None:
            return
        desk.change(opening=Opening.OPENING)
        # Control knows the devices and fills in what the journal says of them.
        desk.ask(lambda: treatment.open_row(desk.record, plan, {}), self._row_open, self._not_opened)

    def _row_open(self, opened: OpenedRecord | None) -> None:
        desk = self._desk
        if opened is None:
            desk.record.backup.begin()
            self._wait_for_backup()
            return
        desk.session, desk.row_paused = opened.session, False
        desk.await_reply(desk.link.open_session(opened.folder, opened.header), self._answered_open)

    def _answered_open(self, refused: str | None) -> None:
        if refused is None:
            self._desk.change(opening=Opening.OPEN, refused="")
            return
        desk, telemetry = self._desk, self._desk.telemetry
        if refused == CONTROL_SILENT and telemetry is not None and telemetry.session_id is not None:
            self._desk.change(opening=Opening.OPEN)  # only its answer was late
            return
        session, desk.session = desk.session, None
        if session is None:
            return
        # A journal that control has made tells the same; one that it could not make tells nothing.
        known = summarise(State(), f"the session was refused: {refused}")
        desk.ask(
            lambda: treatment.close_row(desk.record, session.session_id, desk.operator_id, known=known),
            lambda closed: self._not_opened(refused),
            self._not_opened,
        )

    def _not_opened(self, text: str) -> None:
        self._prepared = None
        self._desk.course = Course(refused=spoken(text))
