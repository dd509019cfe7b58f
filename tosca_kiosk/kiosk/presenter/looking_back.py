"""The fault's reset, the summary of a session and the safety log."""

from __future__ import annotations

from dataclasses import replace

from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.interlocks import BY_SOURCE, ROLES
from tosca_kiosk.kiosk.presenter.accounts import still_waiting
from tosca_kiosk.kiosk.presenter.desk import Answered, Desk
from tosca_kiosk.kiosk.services import history
from tosca_kiosk.kiosk.services.history import LogRow, SessionResult
from tosca_kiosk.kiosk.snapshot.forms import FaultForm, SafetyLogForm, SummaryForm
from tosca_kiosk.kiosk.snapshot.state import ScreenName
from tosca_kiosk.storage.sessions import Session
from tosca_kiosk.storage.users import Role, User


def role_to_reset(sources: tuple[str, ...]) -> Role:
    """Return the lowest role that may reset these faults; one that is not known needs the highest but one."""
    ranks = [ROLES.index(BY_SOURCE[source].reset_role) if source in BY_SOURCE else 1 for source in sources]
    return Role(ROLES[max(ranks, default=0)])


class ByPin:
    """Asks control for something in the name of a chosen account: control has somebody look at its PIN."""

    command: CommandType

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.form = FaultForm()

    def enter(self) -> None:
        """Start anew: what it is for has just come."""
        self.form = FaultForm()

    def choose(self, user: User | None) -> None:
        """Choose whose PIN is asked for."""
        if not self.form.busy:
            refused, retry_at_s = still_waiting(self._desk, user)
            self.form = replace(self.form, chosen=user, refused=refused, retry_at_s=retry_at_s)

    def pin(self, pin: str) -> None:
        """Ask as the chosen account."""
        user = self.form.chosen
        if user is not None and not self.form.busy:
            reason = self.form.reason or None
            self._desk.signed_order(self.command, user.username, pin, self._asked(), reason=reason)

    def _asked(self) -> Answered:
        self.form = replace(self.form, busy=True, refused="")
        return self._answered

    def _answered(self, refused: str | None) -> None:
        if refused is None:
            self.form = replace(self.form, busy=False, chosen=None, refused="")
            return
        _, retry_at_s = still_waiting(self._desk, self.form.chosen)
        self.form = replace(self.form, busy=False, refused=refused, retry_at_s=retry_at_s)


class Fault(ByPin):
    """Resets a fault: by who is signed in where a technician may, else by the PIN of one who may."""

    command = CommandType.ACKNOWLEDGE

    def reset(self) -> None:
        """Reset as a technician who is signed in."""
        if self._desk.user is not None and not self.form.busy:
            self._desk.order(self.command, self._asked())

    def _asked(self) -> Answered:
        telemetry, answered = self._desk.telemetry, super()._asked()
        sources = () if telemetry is None else telemetry.faults

        def acknowledge(refused: str | None) -> None:
            if refused is None:
                self._desk.alarms.acknowledge(sources)
            answered(refused)

        return acknowledge


class KeyOff(ByPin):
    """Vouches by a supervisor's PIN that the laser's key is off, where control cannot know of darkness.

    Once it is taken the session is closed, and `Treating`, which asks for just that, goes on to its summary.
    """

    command = CommandType.CONFIRM_KEY_OFF

    def say_why(self, reason: str) -> None:
        """Keep the reason, which control asks for."""
        self.form = replace(self.form, reason=reason.strip(), refused="")


class Summary:
    """Shows a closed session and keeps notes on it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.form = SummaryForm()

    def expect(self) -> None:
        """Show at once that a session's light is over, while its record is written."""
        self._desk.screen = ScreenName.SUMMARY
        self.form = SummaryForm(busy=True, closing=True)

    def enter(self, session_id: int) -> None:
        """Show a session's summary."""
        desk = self._desk
        desk.screen = ScreenName.SUMMARY
        self.form = SummaryForm(busy=True)
        desk.ask(lambda: history.result(desk.record, session_id), self._read, self._refused)

    def _read(self, result: SessionResult) -> None:
        self.form = SummaryForm(result=result)

    def note(self, notes: str) -> None:
        """Keep the notes."""
        desk, result = self._desk, self.form.result
        if result is None:
            return
        self.form = replace(self.form, busy=True, refused="")
        session_id = result.session.session_id
        desk.ask(
            lambda: history.annotate(desk.record, session_id, notes.strip(), desk.operator_id),
            self._noted,
            self._refused,
        )

    def _noted(self, session: Session) -> None:
        if self.form.result is not None:
            self.form = SummaryForm(result=replace(self.form.result, session=session))

    def _refused(self, text: str) -> None:
        self.form = replace(self.form, busy=False, refused=text)


class SafetyLog:
    """Shows the safety log page by page."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._from = ScreenName.PATIENTS
        self.form = SafetyLogForm()

    def enter(self) -> None:
        """Show the newest page."""
        self._from = self._desk.screen
        self._desk.screen = ScreenName.SAFETY_LOG
        self.show(0)

    def show(self, page: int) -> None:
        """Show a page; 0 is the newest."""
        desk, wanted = self._desk, max(0, page)
        self.form = replace(self.form, page=wanted, busy=True)
        desk.ask(lambda: history.safety_rows(desk.record, wanted), self._read, self._refused)

    def back(self) -> None:
        """Go back to where the log was opened."""
        self._desk.screen = self._from

    def _read(self, rows: tuple[LogRow, ...]) -> None:
        self.form = replace(self.form, rows=rows, busy=False)

    def _refused(self, text: str) -> None:
        self.form = replace(self.form, rows=None, busy=False)
