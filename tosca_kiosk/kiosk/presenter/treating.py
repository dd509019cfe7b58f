"""A session on its way: homing, opening, arming, pausing, ending; and what a restart or a loss leaves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.protocol import Protocol
from tosca_kiosk.domain.state import Phase
from tosca_kiosk.kiosk.alarms.conditions import OWN, SCREEN_RESTARTED, calibration_overdue
from tosca_kiosk.kiosk.look.refusals import spoken
from tosca_kiosk.kiosk.presenter.desk import CONTROL_LOST, CONTROL_SILENT, Desk
from tosca_kiosk.kiosk.services import history, treatment
from tosca_kiosk.kiosk.services.treatment import Adopted, Prepared
from tosca_kiosk.kiosk.snapshot.forms import Opening, TreatmentForm
from tosca_kiosk.kiosk.snapshot.state import EMISSION_PHASES, ScreenName
from tosca_kiosk.link.messages import Hello, SessionEnded
from tosca_kiosk.link.telemetry import SelfTestShown, Telemetry
from tosca_kiosk.session import OpenedRecord, SessionPlan
from tosca_kiosk.storage.sessions import Session

CLOSE_WITHIN_S = 2.0
"""Control closes a session when it knows of darkness, a moment after the light; later a person is told."""
CLOSE_AGAIN_S = 0.1
_NEED_NO_WORD = frozenset({CommandType.CANCEL_ARM, CommandType.PAUSE})
"""Refused only where there is nothing to end: ARM let go as it was done, PAUSE touched without any light."""


def is_paused(telemetry: Telemetry) -> bool:
    """Whether the session stands still between two parts of its light."""
    return telemetry.phase == Phase.READY and telemetry.elapsed_s > 0.0 and not telemetry.finished


class Treating:
    """Leads one session.

    closing: called when control has closed it. ended: called with its id when its row is closed too.
    """

    def __init__(self, desk: Desk, closing: Callable[[], None], ended: Callable[[int], None]) -> None:
        self._desk = desk
        self._closing = closing
        self._ended = ended
        self._prepared: SessionPlan | None = None
        self._ending: int | None = None
        self._adopted: Protocol | None = None
        self._row_paused = False
        self._close_until_s = 0.0
        self._close_again_s: float | None = None
        self.form = TreatmentForm()

    @property
    def plan(self) -> Protocol | None:
        """The plan in force: the chosen protocol's, or the adopted session's."""
        chosen = self._desk.protocol
        return self._adopted if chosen is None else chosen.plan

    # --- before the session -----------------------------------------------------------------------------

    def enter(self) -> None:
        """Go to the treatment screen with the chosen patient and protocol."""
        self.form, self._prepared, self._adopted = TreatmentForm(), None, None
        self._desk.screen = ScreenName.TREATMENT

    def leave(self) -> None:
        """Go back to the protocols; only before a session is open."""
        if self.form.opening in (Opening.NOT_ASKED, Opening.CONFIRM_DOSE):
            self.form, self._prepared = TreatmentForm(), None
            self._desk.screen = ScreenName.PROTOCOLS

    def update(self) -> None:
        """Open the session as soon as nothing is in the way, and keep its row in step with its pauses."""
        desk, telemetry = self._desk, self._desk.telemetry
        self._follow_pauses()
        self._close_again()
        if desk.screen is not ScreenName.TREATMENT or telemetry is None or self.form.refused:
            return
        if self.form.opening is not Opening.NOT_ASKED or telemetry.phase != Phase.IDLE:
            return
        if telemetry.stage_homed and self._is_tested(telemetry.self_test):
            self._prepare()

    def _is_tested(self, test: SelfTestShown | None) -> bool:
        """Return whether a self-test counts; ask for one where none does, and say what was found wrong."""
        if test is None or test.problem is None:
            return test is not None
        if test.done is None and self.form.tested_after is None:
            self.form = replace(self.form, tested_after=test.runs)
            self._order(CommandType.RUN_SELF_TEST)
        elif test.done is None and test.runs > (self.form.tested_after or 0):
            more = f" (+{len(test.failed) - 1} more)" if len(test.failed) > 1 else ""
            self.form = replace(self.form, refused=f"{test.failed[0]}{more}" if test.failed else test.problem)
        return False

    def home_stage(self) -> None:
        """Home the stage: the operator has confirmed that it may move."""
        self.form = replace(self.form, homing_asked=True, refused="")
        self._order(CommandType.HOME_STAGE)

    def retry(self) -> None:
        """Try again what was refused."""
        self.form = replace(self.form, refused="", homing_asked=False, tested_after=None)

    def _prepare(self) -> None:
        desk = self._desk
        patient, user, chosen = desk.patient, desk.user, desk.protocol
        if patient is None or user is None or chosen is None:
            return
        self.form = replace(self.form, opening=Opening.PREPARING)
        desk.ask(
            lambda: treatment.prepare(desk.record, patient.patient_code, user.username, chosen.name),
            self._is_prepared,
            self._not_opened,
        )

    def _is_prepared(self, prepared: Prepared) -> None:
        self._prepared = prepared.plan
        self.form = replace(self.form, earlier=prepared.earlier)
        if prepared.plan.warnings:
            self._desk.alarms.note(self._desk.now_s, calibration_overdue(prepared.plan.warnings))
            self.form = replace(self.form, overdue=True)
        if prepared.earlier.sessions:
            self.form = replace(self.form, opening=Opening.CONFIRM_DOSE)
        else:
            self.open()

    def open(self) -> None:
        """Open the session; the operator knows of the earlier dose, where there is one."""
        plan, desk = self._prepared, self._desk
        if plan is None or self.form.opening not in (Opening.PREPARING, Opening.CONFIRM_DOSE):
            return
        self.form = replace(self.form, opening=Opening.OPENING)
        # Control knows the devices and fills in what the journal says of them.
        desk.ask(lambda: treatment.open_row(desk.record, plan, {}), self._row_open, self._not_opened)

    def _row_open(self, opened: OpenedRecord) -> None:
        desk = self._desk
        desk.session, self._row_paused = opened.session, False
        desk.await_reply(desk.link.open_session(opened.folder, opened.header), self._answered_open)

    def _answered_open(self, refused: str | None) -> None:
        if refused is None:
            self.form = replace(self.form, opening=Opening.OPEN, refused="")
            return
        desk, telemetry = self._desk, self._desk.telemetry
        if refused == CONTROL_SILENT and telemetry is not None and telemetry.session_id is not None:
            self.form = replace(self.form, opening=Opening.OPEN)  # only its answer was late
            return
        desk.session = None
        desk.ask(
            lambda: treatment.close_interrupted(desk.record),
            lambda closed: self._not_opened(refused),
            self._not_opened,
        )

    def _not_opened(self, text: str) -> None:
        self._prepared = None
        self.form = TreatmentForm(refused=spoken(text))

    # --- the session ------------------------------------------------------------------------------------

    def begin_arm(self) -> None:
        """The finger is on ARM: control starts the motor and counts."""
        self.form = replace(self.form, refused="")
        self._order(CommandType.BEGIN_ARM)

    def arm(self) -> None:
        """ARM was held long enough."""
        self._order(CommandType.ARM)

    def cancel_arm(self) -> None:
        """ARM was let go too early."""
        self._order(CommandType.CANCEL_ARM)

    def pause(self) -> None:
        """Pause: light off, back to ready."""
        self._order(CommandType.PAUSE)

    def switch_aiming(self) -> None:
        """Switch the aiming beam over from what the board reads back; unknown counts as on."""
        telemetry = self._desk.telemetry
        off = telemetry is not None and telemetry.aiming is False
        self._order(CommandType.AIMING_ON if off else CommandType.AIMING_OFF)

    def _follow_pauses(self) -> None:
        desk, telemetry = self._desk, self._desk.telemetry
        session, here = desk.session, self.form.opening is Opening.OPEN
        if not here or session is None or telemetry is None or telemetry.session_id != session.session_id:
            return
        paused = is_paused(telemetry)
        moving_on = telemetry.phase in EMISSION_PHASES
        if paused == self._row_paused or not (paused or moving_on):
            return
        self._row_paused = paused
        desk.ask(
            lambda: treatment.keep_paused(desk.record, session.session_id, paused, desk.operator_id),
            lambda nothing: None,
            lambda text: None,  # a record that is lost is an alarm of its own
        )

    def ask_end(self, asking: bool) -> None:
        """Show or hide the question whether an unfinished session shall end."""
        self.form = replace(self.form, asking_end=asking)

    def end(self) -> None:
        """Close the session and go to its summary."""
        if self.form.opening is not Opening.OPEN:
            return
        self.form = replace(self.form, opening=Opening.CLOSING, asking_end=False, refused="")
        telemetry = self._desk.telemetry
        if telemetry is not None and not telemetry.session_open:
            self._finish_journal()
        else:
            self._close_until_s = self._desk.now_s + CLOSE_WITHIN_S
            self._close()

    def stay(self) -> None:
        """Leave the session open after all: it could not be closed, for darkness is not known."""
        if self.form.opening is Opening.UNCONFIRMED:
            self._close_again_s = None
            self.form = replace(self.form, opening=Opening.OPEN)

    def _close(self) -> None:
        self._close_again_s = None
        self._desk.order(CommandType.CLOSE_SESSION, self._answered_close)

    def _close_again(self) -> None:
        """Ask once more for what was refused a moment ago."""
        if self._close_again_s is not None and self._desk.now_s >= self._close_again_s:
            self._close()

    def _answered_close(self, refused: str | None) -> None:
        """Finish the journal of a session that control has closed, and of no other."""
        desk, telemetry = self._desk, self._desk.telemetry
        answered = refused not in (CONTROL_SILENT, CONTROL_LOST)
        closed = telemetry is not None and not telemetry.session_open
        unconfirmed = telemetry is not None and telemetry.key_off_in_s is not None
        if refused is None or (answered and closed):
            self._finish_journal()
        elif self.form.opening is Opening.OPEN:
            return  # somebody has thought better of it meanwhile
        elif answered and desk.now_s < self._close_until_s:
            self._close_again_s = desk.now_s + CLOSE_AGAIN_S
        elif answered and unconfirmed:
            self.form = replace(self.form, opening=Opening.UNCONFIRMED)
            self._close_again_s = desk.now_s + CLOSE_AGAIN_S
        else:
            self.form = replace(self.form, opening=Opening.OPEN, refused=refused)

    def _finish_journal(self) -> None:
        desk = self._desk
        if desk.session is None:
            return
        self.form = replace(self.form, opening=Opening.CLOSING)
        self._closing()
        self._ending = desk.link.end_session(desk.session.session_id)
        desk.await_reply(self._ending, self._answered_end)

    def _answered_end(self, refused: str | None) -> None:
        if refused is not None:
            self._not_closed(refused)

    def session_ended(self, notice: SessionEnded) -> None:
        """Control has finished a journal: import it."""
        desk = self._desk
        desk.drop_reply(notice.id)
        self.form = replace(self.form, opening=Opening.CLOSING)
        desk.ask(
            lambda: treatment.close_row(desk.record, notice.session, desk.operator_id),
            self._closed,
            self._not_closed,
        )

    def _closed(self, session: Session) -> None:
        self._desk.session, self._adopted = None, None
        self.form = TreatmentForm()
        self._ended(session.session_id)

    def _not_closed(self, text: str) -> None:
        # The journal is whole on the disk; the next start or the next try imports it.
        self.form = replace(self.form, opening=Opening.OPEN, refused=text)
        if self._desk.screen is ScreenName.SUMMARY:
            self._desk.screen = ScreenName.TREATMENT

    # --- restarts ---------------------------------------------------------------------------------------

    def hello(self, hello: Hello) -> None:
        """Bring what this screen knows of the session into line with what control runs."""
        desk, session = self._desk, self._desk.session
        if hello.session is None:
            desk.ask(
                lambda: treatment.close_interrupted(desk.record), self._closed_interrupted, self._not_closed
            )
        elif session is None or session.session_id != hello.session:
            number = hello.session
            desk.ask(lambda: treatment.adopt(desk.record, number), self._adopt, self._not_closed)

    def _closed_interrupted(self, closed: list[Session]) -> None:
        mine = self._desk.session
        if mine is not None:
            self._desk.session = None
            self.form = TreatmentForm()
        if closed and self._desk.user is not None:
            self._ended(closed[-1].session_id)

    def _adopt(self, adopted: Adopted) -> None:
        desk = self._desk
        desk.session, desk.patient, desk.protocol = adopted.session, adopted.patient, None
        self._adopted, self._row_paused = adopted.protocol, adopted.session.status == "paused"
        self.form = TreatmentForm(opening=Opening.OPEN)
        self._tell_restart()

    def _tell_restart(self) -> None:
        desk, condition = self._desk, OWN[SCREEN_RESTARTED]
        desk.alarms.note(desk.now_s, condition)
        phase = "fault" if desk.telemetry is None else desk.telemetry.phase
        desk.ask(
            lambda: history.keep_own(desk.record, condition.source, condition.what, phase, None),
            lambda lines: None,
            lambda text: None,
        )

    def _order(self, command: CommandType) -> None:
        self.form = replace(self.form, pending=str(command))
        self._desk.order(command, lambda refused: self._answered(command, refused))

    def _answered(self, command: CommandType, refused: str | None) -> None:
        pending = "" if self.form.pending == command else self.form.pending
        said = "" if refused is None or command in _NEED_NO_WORD else refused
        self.form = replace(self.form, pending=pending, refused=said or self.form.refused)
