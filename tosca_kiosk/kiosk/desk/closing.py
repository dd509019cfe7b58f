"""A session's close: control ends it, its journal is finished and imported."""

from __future__ import annotations

from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.kiosk.desk.desk import CONTROL_LOST, CONTROL_SILENT, Desk
from tosca_kiosk.kiosk.services import treatment
from tosca_kiosk.kiosk.snapshot.course import Course, Opening
from tosca_kiosk.link.messages import SessionEnded
from tosca_kiosk.storage.sessions import Session

_CLOSE_WITHIN_S = 2.0
"""Control closes a session when it knows of darkness, a moment after the light; later a person is told."""
_CLOSE_AGAIN_S = 0.1


class SessionClosing:
    """From the wish to end a session to its summary: control closes it and ends its journal, then the record.

    What has been done stays done; END goes on from there, and says what is in its way now.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._ended: SessionEnded | None = None
        self._close_until_s = 0.0
        self._close_again_s: float | None = None

    def end(self) -> None:
        """Close the session and go to its summary."""
        if self._desk.course.opening is not Opening.OPEN:
            return
        self._desk.change(opening=Opening.CLOSING, refused="")
        telemetry = self._desk.telemetry
        if telemetry is not None and not telemetry.session_open:
            self._finish_journal()
        else:
            self._close_until_s = self._desk.now_s + _CLOSE_WITHIN_S
            self._close()

    def stay(self) -> None:
        """Leave the session open after all: it could not be closed, for darkness is not known."""
        if self._desk.course.opening is Opening.UNCONFIRMED:
            self._close_again_s = None
            self._desk.change(opening=Opening.OPEN)

    def _close(self) -> None:
        self._close_again_s = None
        self._desk.order(CommandType.CLOSE_SESSION, self._answered_close)

    def turn(self) -> None:
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
        elif self._desk.course.opening is Opening.OPEN:
            return  # somebody has thought better of it meanwhile
        elif answered and desk.now_s < self._close_until_s:
            self._close_again_s = desk.now_s + _CLOSE_AGAIN_S
        elif answered and unconfirmed:
            self._desk.change(opening=Opening.UNCONFIRMED)
            self._close_again_s = desk.now_s + _CLOSE_AGAIN_S
        else:
            self._desk.change(opening=Opening.OPEN, refused=refused)

    def _finish_journal(self) -> None:
        desk = self._desk
        if desk.session is None:
            return
        self._desk.change(opening=Opening.CLOSING)
        self._desk.router.go("summary")
        if desk.telemetry is not None and desk.telemetry.session_id is None:
            self._take_over(desk.session.session_id)  # control has done its part
        else:
            desk.await_reply(desk.link.end_session(desk.session.session_id), self._answered_end)

    def _answered_end(self, refused: str | None) -> None:
        if refused is not None:
            self.not_closed(refused)

    def session_ended(self, notice: SessionEnded) -> None:
        """Control has finished a journal: import it."""
        self._desk.drop_reply(notice.id)
        if notice.session is None:
            return  # of a calibration, which no screen ends
        self._ended = notice
        self._desk.change(opening=Opening.CLOSING)
        self._take_over(notice.session)

    def _take_over(self, session_id: int) -> None:
        """Have the record take the journal that control has ended, and close the session's row."""
        desk, ended = self._desk, self._ended
        known = ended if ended is not None and ended.session == session_id else None
        desk.ask(
            lambda: treatment.close_row(
                desk.record,
                session_id,
                desk.operator_id,
                known=None if known is None else known.summary,
                missing=None if known is None else known.missing,
            ),
            self._closed,
            self.not_closed,
        )

    def _closed(self, session: Session) -> None:
        self._desk.session, self._desk.adopted = None, None
        self._desk.course = Course()
        self._desk.router.go("summary", session.session_id)

    def not_closed(self, text: str) -> None:
        """Say why a session could not be closed, where it is led."""
        # What the journal holds stays where it is; the next start or the next try takes it.
        opening = Opening.NOT_ASKED if self._desk.session is None else Opening.OPEN
        self._desk.change(opening=opening, refused=text)
        self._desk.router.back("treatment")
