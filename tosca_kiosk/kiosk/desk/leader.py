"""Leads one session, whatever screen is shown: opening, pauses, end; and what a restart leaves."""

from __future__ import annotations

from collections.abc import Callable

from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.kiosk.alarms.conditions import OWN, SCREEN_RESTARTED
from tosca_kiosk.kiosk.desk.closing import SessionClosing
from tosca_kiosk.kiosk.desk.desk import Desk
from tosca_kiosk.kiosk.desk.opening import SessionOpening
from tosca_kiosk.kiosk.services import history, treatment
from tosca_kiosk.kiosk.services.treatment import Adopted
from tosca_kiosk.kiosk.snapshot.course import Course, Opening, is_paused
from tosca_kiosk.kiosk.snapshot.state import EMISSION_PHASES
from tosca_kiosk.link.messages import Hello
from tosca_kiosk.storage.sessions import Session

_ON_ITS_WAY = frozenset(
    {Opening.PREPARING, Opening.CONFIRM_DOSE, Opening.BACKING_UP, Opening.OPENING, Opening.CLOSING}
)
_NEED_NO_WORD = frozenset({CommandType.CANCEL_ARM, CommandType.PAUSE})
"""Refused only where there is nothing to end: ARM let go as it was done, PAUSE touched without any light."""


class Leader:
    """opening, closing: the two ends of a session. Call `turn` every turn."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.opening = SessionOpening(desk)
        self.closing = SessionClosing(desk)

    def turn(self) -> None:
        """Keep the session's row in step with its pauses, and go on with its opening and its close."""
        self._follow_pauses()
        self.opening.turn()
        self.closing.turn()

    def order(self, command: CommandType) -> None:
        """Send a command for the session; a refusal is shown where it is led."""
        self._desk.order(command, lambda refused: self._answered(command, refused))

    def _answered(self, command: CommandType, refused: str | None) -> None:
        if refused and command not in _NEED_NO_WORD:
            self._desk.change(refused=refused)

    def _follow_pauses(self) -> None:
        desk, telemetry = self._desk, self._desk.telemetry
        session, here = desk.session, self._desk.course.opening is Opening.OPEN
        if not here or session is None or telemetry is None or telemetry.session_id != session.session_id:
            return
        paused = is_paused(telemetry)
        moving_on = telemetry.phase in EMISSION_PHASES
        if paused == desk.row_paused or not (paused or moving_on):
            return
        desk.row_paused = paused
        desk.errands.run(
            "paused",
            "The session's pause is not in the record",
            lambda: treatment.keep_paused(desk.record, session.session_id, paused, desk.operator_id),
            lambda nothing: None,
            wanted=lambda: desk.session is session,
        )

    # --- restarts ---------------------------------------------------------------------------------------

    def hello(self, hello: Hello) -> None:
        """Bring what this screen knows of the session into line with what control runs."""
        desk, session = self._desk, self._desk.session
        if hello.calibration is not None:
            desk.errands.forget(
                "hello"
            )  # a terminal's, which control refuses to mix with anything of this screen
        elif hello.session is None:
            desk.errands.run(
                "hello",
                "A session that was left open cannot be closed",
                lambda: treatment.close_interrupted(desk.record),
                self._closed_interrupted,
                refused=self._told_once(),
                wanted=lambda: desk.session is session,
                ready=lambda: not self._is_led,
            )
        elif session is None or session.session_id != hello.session:
            number = hello.session
            desk.errands.run(
                "hello",
                f"Session {number}, which control runs, cannot be read",
                lambda: treatment.adopt(desk.record, number),
                self._adopt,
                refused=self._told_once(),
                wanted=lambda: desk.session is session,
            )
        else:
            desk.errands.forget("hello")

    @property
    def _is_led(self) -> bool:
        """Whether a session is on its way or runs, which nobody may close as one that was left."""
        desk, telemetry = self._desk, self._desk.telemetry
        running = telemetry is not None and telemetry.session_id is not None
        return running or desk.course.opening in _ON_ITS_WAY

    def _told_once(self) -> Callable[[str], None]:
        """Return what says a reason where the session is led the first time, and then no more."""
        told: list[str] = []

        def refused(text: str) -> None:
            if not told:
                self.closing.not_closed(text)
            told.append(text)

        return refused

    def _closed_interrupted(self, closed: list[Session]) -> None:
        mine = self._desk.session
        if mine is not None:
            self._desk.session = None
            self._desk.course = Course()
        if closed and self._desk.user is not None:
            self._desk.router.go("summary", closed[-1].session_id)

    def _adopt(self, adopted: Adopted) -> None:
        desk = self._desk
        desk.session, desk.patient, desk.protocol = adopted.session, adopted.patient, None
        desk.adopted, desk.row_paused = adopted.protocol, adopted.session.status == "paused"
        desk.course = Course(opening=Opening.OPEN)
        self._tell_restart()

    def _tell_restart(self) -> None:
        desk, condition = self._desk, OWN[SCREEN_RESTARTED]
        desk.alarms.note(desk.now_s, condition)
        phase = "fault" if desk.telemetry is None else desk.telemetry.phase
        desk.errands.run(
            condition.source,
            "The screen's restart is not in the safety log",
            lambda: history.keep_own(desk.record, condition.source, condition.what, phase, None),
            lambda lines: None,
        )
