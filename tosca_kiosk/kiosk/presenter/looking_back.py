"""The fault's reset, the summary of a session and the safety log."""

from __future__ import annotations

from dataclasses import replace

from tosca_kiosk.domain.interlocks import BY_SOURCE, ROLES
from tosca_kiosk.domain.records import CommandType
from tosca_kiosk.kiosk.forms import FaultForm, SafetyLogForm, SummaryForm
from tosca_kiosk.kiosk.presenter.accounts import still_waiting, wrong_pin
from tosca_kiosk.kiosk.presenter.desk import Desk
from tosca_kiosk.kiosk.services import accounts, history
from tosca_kiosk.kiosk.services.history import LogRow, SessionResult
from tosca_kiosk.kiosk.state import ScreenName
from tosca_kiosk.storage.sessions import Session
from tosca_kiosk.storage.users import PinCheck, Role, User


def role_to_reset(sources: tuple[str, ...]) -> Role:
    """Return the lowest role that may reset these faults; one that is not known needs the highest but one."""
    ranks = [ROLES.index(BY_SOURCE[source].reset_role) if source in BY_SOURCE else 1 for source in sources]
    return Role(ROLES[max(ranks, default=0)])


class ByPin:
    """Does something in the name of a chosen account, once its PIN was typed."""

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
        """Do it as the chosen account, if this is its PIN."""
        user, record = self.form.chosen, self._desk.record
        if user is None or self.form.busy:
            return
        self.form = replace(self.form, busy=True, refused="")
        self._desk.ask(lambda: accounts.sign_in(record, user.username, pin), self._tried, self._refused)

    def _tried(self, tried: PinCheck) -> None:
        if tried.user is None:
            refused, retry_at_s = wrong_pin(self._desk, self.form.chosen, tried)
            self.form = replace(self.form, busy=False, refused=refused, retry_at_s=retry_at_s)
            return
        if self._desk.user is None:
            self._desk.user = tried.user
        self._granted(tried.user)

    def _granted(self, user: User) -> None:
        raise NotImplementedError

    def _refused(self, text: str) -> None:
        self.form = replace(self.form, busy=False, refused=text)


class Fault(ByPin):
    """Resets a fault: by who is signed in where a technician may, else by the PIN of one who may."""

    def reset(self) -> None:
        """Reset as who is signed in."""
        if self._desk.user is not None and not self.form.busy:
            self._acknowledge(self._desk.user)

    def _granted(self, user: User) -> None:
        self._acknowledge(user)

    def _acknowledge(self, user: User) -> None:
        telemetry = self._desk.telemetry
        sources = () if telemetry is None else telemetry.faults
        self.form = replace(self.form, busy=True, refused="")
        self._desk.order(
            CommandType.ACKNOWLEDGE, lambda refused: self._answered(refused, sources), role=str(user.role)
        )

    def _answered(self, refused: str | None, sources: tuple[str, ...]) -> None:
        if refused is not None:
            self._refused(refused)
            return
        self._desk.alarms.acknowledge(sources)
        self.form = replace(self.form, busy=False, chosen=None, refused="")


class KeyOff(ByPin):
    """Vouches by a supervisor's PIN that the laser's key is off, where control cannot know of darkness."""

    def say_why(self, reason: str) -> None:
        """Keep the reason, which control asks for."""
        self.form = replace(self.form, reason=reason.strip(), refused="")

    def _granted(self, user: User) -> None:
        self.form = replace(self.form, busy=True, refused="")
        self._desk.order(
            CommandType.CONFIRM_KEY_OFF, self._answered, role=str(user.role), reason=self.form.reason
        )

    def _answered(self, refused: str | None) -> None:
        # The session is closed then, and `Treating`, which asks for just that, goes on to its summary.
        self.form = replace(self.form, busy=False, chosen=None, refused=refused or "")


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
