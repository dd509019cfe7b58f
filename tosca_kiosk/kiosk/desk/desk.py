"""What the parts of the screens share: who and what is chosen, and questions to record and control."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.protocol import Protocol
from tosca_kiosk.domain.state import Phase
from tosca_kiosk.kiosk.alarms.book import AlarmBook
from tosca_kiosk.kiosk.desk.errands import Errands
from tosca_kiosk.kiosk.desk.router import Facts, Router, Row
from tosca_kiosk.kiosk.services import accounts
from tosca_kiosk.kiosk.services.accounts import Accounts
from tosca_kiosk.kiosk.services.plans import ListedProtocol
from tosca_kiosk.kiosk.services.record import Record
from tosca_kiosk.kiosk.services.worker import Worker
from tosca_kiosk.kiosk.snapshot.course import Course, Opening
from tosca_kiosk.kiosk.snapshot.state import EMISSION_PHASES
from tosca_kiosk.link.client import ControlLink
from tosca_kiosk.link.messages import Reply
from tosca_kiosk.link.telemetry import Telemetry
from tosca_kiosk.session import REFUSALS
from tosca_kiosk.storage import StorageError
from tosca_kiosk.storage.patients import Patient
from tosca_kiosk.storage.sessions import Session
from tosca_kiosk.storage.users import User

_REPLY_WITHIN_S = 3.0
_PROBE_EVERY_S = 5.0
_PROBE_UNDER_LIGHT_S = 0.5
"""So often while armed or treating: light whose record is gone must end."""
_RECORD_SILENT_S = 10.0

CONTROL_SILENT = "control did not answer"
CONTROL_LOST = "control was lost meanwhile"

Result = TypeVar("Result")
Answered = Callable[[str | None], None]
"""Called once with why a wish was refused, None when it was granted."""


class _TroubleError(Exception):
    """A job that failed. problem: why the record as a whole cannot be used, None when it can."""

    def __init__(self, text: str, problem: str | None) -> None:
        super().__init__(text)
        self.problem = problem


class Desk:
    """The parts' common ground. Everything here runs in the main thread but the jobs given to `ask`.

    rows: of the registry. start_control: asks for a control process; nothing happens while one is running.
    """

    def __init__(
        self,
        record: Record,
        worker: Worker,
        link: ControlLink,
        rows: Sequence[Row],
        start_control: Callable[[], object],
    ) -> None:
        self.record = record
        self.worker = worker
        self.link = link
        self.alarms = AlarmBook()
        self.router = Router(rows, self.facts)
        self.errands = Errands(self.ask)
        self.start_control = start_control
        self.now_s = 0.0
        self.telemetry: Telemetry | None = None
        self.accounts: Accounts | None = None
        """Who can sign in; None until the record was read."""
        self.user: User | None = None
        self.weak_pin = False
        """Whether the PIN that the user signed in with is easy to guess."""
        self.signed: dict[int, str] = {}
        """By request: whose PIN it bore, where that was right and control has not answered yet."""
        self.patient: Patient | None = None
        self.protocol: ListedProtocol | None = None
        self.adopted: Protocol | None = None
        """The plan of a session that was found running."""
        self.session: Session | None = None
        self.row_paused = False
        """Whether the session's row says that it is paused."""
        self.course = Course()
        self.record_problem: str | None = None
        self.record_open = False
        self.wrong_pins: dict[str, tuple[str, float]] = {}
        """By username: what is said of its wrong PINs, and before when (now_s) no other one is looked at."""
        self.wrong_pins_looked_s = 0.0
        """When the record was last asked whether such a wait has been ended elsewhere (now_s)."""
        self._waiting: dict[int, tuple[float, Answered]] = {}
        self._asked_s: float | None = None
        self._probe_s = 0.0

    @property
    def operator_id(self) -> int | None:
        """The account that the audit names."""
        return None if self.user is None else self.user.tech_id

    @property
    def plan(self) -> Protocol | None:
        """The plan in force: the chosen protocol's, or the adopted session's."""
        return self.adopted if self.protocol is None else self.protocol.plan

    @property
    def may_emit(self) -> bool:
        """Whether control is armed or treating, or was when it was last heard of."""
        return self.telemetry is not None and self.telemetry.phase in EMISSION_PHASES

    def facts(self) -> Facts:
        """Return what decides on the screen."""
        known, telemetry = self.accounts, self.telemetry
        return Facts(
            record_read=known is not None,
            no_admin=known is not None and known.first_start,
            unconfirmed=self.course.opening is Opening.UNCONFIRMED,
            fault=telemetry is not None and telemetry.phase == Phase.FAULT,
            role=None if self.user is None else self.user.role,
            session=self.session is not None,
            may_emit=self.may_emit,
        )

    def account(self, username: str) -> User | None:
        """Return the account of this name, None where nobody can sign in with it."""
        users = () if self.accounts is None else self.accounts.users
        return next((user for user in users if user.username == username), None)

    def read_accounts(self) -> None:
        """Have the record read for who can sign in."""

        def known(found: Accounts) -> None:
            self.accounts = found

        record = self.record
        self.errands.run("accounts", "The accounts cannot be read", lambda: accounts.accounts(record), known)

    def sign_in(self, user: User, *, weak_pin: bool = False) -> None:
        """Have this account signed in. weak_pin: whether its PIN is easy to guess, which it is told."""
        self.user, self.weak_pin = user, weak_pin

    def sign_out(self) -> None:
        """Have nobody signed in; the session, where one is open, stays open."""
        self.user, self.weak_pin = None, False
        self.read_accounts()

    def change(self, **changes: Any) -> None:
        """Change fields of the course; the others stay."""
        self.course = replace(self.course, **changes)

    # --- the record -------------------------------------------------------------------------------------

    def ask(
        self, job: Callable[[], Result], done: Callable[[Result], None], refused: Callable[[str], None]
    ) -> None:
        """Run job in the worker's thread; done gets its result, refused why it was not granted."""
        record = self.record

        def run() -> Result:
            try:
                return job()
            except REFUSALS as error:
                problem = record.problem(write=True) if isinstance(error, StorageError) else None
                raise _TroubleError(str(error), problem) from error
            except OSError as error:
                text = f"{error.filename or record.data_dir}: {error.strerror}; check the disk"
                raise _TroubleError(text, record.problem(write=True)) from error
            except Exception as error:
                logging.getLogger(__name__).exception("a job of the record failed")
                text = f"The kiosk made a mistake ({type(error).__name__}); its log has the details."
                raise _TroubleError(text, record.problem(write=True)) from error

        def delivered(result: Result) -> None:
            self._answered_record(None)
            done(result)

        def failed(error: Exception) -> None:
            self._answered_record(error.problem if isinstance(error, _TroubleError) else str(error))
            refused(str(error))

        if self._asked_s is None:
            self._asked_s = self.now_s
        self.worker.submit(run, delivered, failed)

    def _answered_record(self, problem: str | None) -> None:
        self._asked_s = self.now_s if self.worker.pending else None
        self.record_problem = problem if self.record_open or problem else self.record_problem

    def watch_record(self) -> None:
        """Look now and then whether the record is still there, and notice when it does not answer."""
        if self._asked_s is not None:
            silent_s = self.now_s - self._asked_s
            if silent_s > _RECORD_SILENT_S:
                self.record_problem = f"{self.record.data_dir} has not answered for {silent_s:.0f} s."
            return
        every_s = _PROBE_UNDER_LIGHT_S if self.may_emit else _PROBE_EVERY_S
        if self.record_open and self.now_s - self._probe_s >= every_s:
            self._probe_s = self.now_s
            # While something is wrong only a write tells that it is right again.
            write = self.record_problem is not None
            self.ask(lambda: self.record.problem(write=write), self._probed, lambda text: None)

    def _probed(self, problem: str | None) -> None:
        self.record_problem = problem

    # --- control ----------------------------------------------------------------------------------------

    def order(self, command: CommandType, answered: Answered) -> None:
        """Send a command to control for the session that it runs now."""
        self.await_reply(self.link.order(command, self._session_id), answered)

    def signed_order(
        self,
        command: CommandType,
        username: str,
        pin: str,
        answered: Answered,
        *,
        reason: str | None = None,
    ) -> None:
        """Send a command signed by a PIN, which control has looked at and which is kept nowhere here."""
        number = self.link.signed_order(command, self._session_id, username, pin, reason=reason)
        self.await_reply(number, answered)

    @property
    def _session_id(self) -> int | None:
        return None if self.telemetry is None else self.telemetry.session_id

    def await_reply(self, number: int | None, answered: Answered) -> None:
        """Have answered called with the reply to this request; None: there is no link to control."""
        if number is None:
            answered("control is not there")
        else:
            self._waiting[number] = (self.now_s, answered)

    def take_reply(self, reply: Reply) -> None:
        """Hand a reply to the one who waits for it."""
        signed_by = self.signed.pop(reply.id, None)
        if signed_by is not None and reply.refused is not None:
            record, said = self.record, reply.refused
            self.errands.run(
                None,
                "An order that was refused is not in the safety log",
                lambda: accounts.note_refused_order(record, signed_by, said),
                lambda nothing: None,
            )
        waiting = self._waiting.pop(reply.id, None)
        if waiting is not None:
            waiting[1](reply.refused)

    def drop_reply(self, number: int) -> None:
        """Forget a request that was answered otherwise."""
        self._waiting.pop(number, None)

    def watch_replies(self) -> None:
        """Give up on replies that are overdue, and on all of them when control is lost."""
        if not self._waiting:
            return
        connected = self.link.connected
        overdue = [
            number
            for number, (asked_s, _) in self._waiting.items()
            if not connected or self.now_s - asked_s > _REPLY_WITHIN_S
        ]
        for number in overdue:
            self._waiting.pop(number)[1](CONTROL_SILENT if connected else CONTROL_LOST)
