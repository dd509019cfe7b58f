"""A person at a terminal before the cart: the loop that reads the keys and speaks with control.

One loop does everything: it reads the keys, hears control, and only then says that somebody is there. So a
terminal that hangs up, a process that is stopped or stands still, and a loop that waits for anything else are
silence to control, which ends the light.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from tosca_kiosk.attended.hand import Hand
from tosca_kiosk.attended.keys import Keys, TerminalLostError
from tosca_kiosk.attended.typed_line import TypedLine
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.journal_lines import Header
from tosca_kiosk.domain.state import Phase
from tosca_kiosk.link.client import ControlLink
from tosca_kiosk.link.messages import Notice, PinTried, Reply, SafetyNotice, SessionEnded
from tosca_kiosk.link.numbered import NONE, Numbered
from tosca_kiosk.link.telemetry import Telemetry
from tosca_kiosk.machine.clock import RealClock

TURN_S: Final = 0.02
ALIVE_EVERY_S: Final = 0.1
STOOD_STILL_S: Final = 0.3
"""A turn that ends so late: what was struck meanwhile says nothing of what is held now."""
SILENT_S: Final = 0.5
"""Telemetry is made 100 times a second; one that is older is no picture of the cart."""
ANSWERS_WITHIN_S: Final = 5.0
SHOWN_EVERY_S: Final = 0.2
CLOSES_WITHIN_S: Final = 15.0
CLOSE_AGAIN_S: Final = 0.1
MAY_EMIT: Final = (Phase.ARMED, Phase.TREATING)

Found = TypeVar("Found")


class StoppedError(Exception):
    """STOP was sent, or control is out of reach. The text says by what."""


class Attendant:
    """Works control over a link that stands, by one terminal's keys.

    ask_stop: whether a signal asks for STOP. session: what orders are meant for. on_notice: takes
    what the record is to know. hand.may_arm is to be set while light is wanted.
    """

    def __init__(
        self,
        link: ControlLink,
        keys: Keys,
        *,
        ask_stop: Callable[[], bool],
        on_notice: Callable[[SafetyNotice | PinTried], None],
    ) -> None:
        self._link = link
        self._keys = keys
        self._ask_stop = ask_stop
        self._on_notice = on_notice
        self._clock = RealClock()
        self._turned_s = self._alive_s = self._shown_s = 0.0
        self._answers: dict[int, str | None] = {}
        self._hand_asked: dict[int, CommandType] = {}
        self._ended: SessionEnded | None = None
        self._typed: TypedLine | None = None
        self._said = ""
        self._keys_lost = False
        self.hand = Hand()
        self.session = NONE
        self.stopped: str | None = None
        self.refused: str | None = None

    @property
    def now_s(self) -> float:
        """Seconds on the clock of the loop."""
        return self._clock.now_s()

    @property
    def shown(self) -> Telemetry | None:
        """Control's newest tick; None while none is new enough to be believed."""
        newest = self._link.latest()
        if newest is None or self._clock.start_s + self.now_s - newest.mono_s > SILENT_S:
            return None
        return newest

    @property
    def newest(self) -> Telemetry:
        """Control's newest tick. Raises StoppedError while none is new enough to be believed."""
        if (newest := self.shown) is not None:
            return newest
        return self.until(lambda shown: shown, SILENT_S, "a sign of control")

    # --- the loop ---------------------------------------------------------------------------------------

    def turn(self) -> None:
        """Read keys, hear control, do what both ask for, say that somebody is here.

        Raises StoppedError, once, where anything is STOP; the loop may go on after it to close what is open.
        """
        struck = self._struck()
        now_s = self.now_s
        stood_still, self._turned_s = now_s - self._turned_s > STOOD_STILL_S, now_s
        for notice in self._link.poll():
            self._take(notice)
        if self.stopped is None and self._ask_stop():
            self._stop("a signal asked this program to end")
        if self.stopped is None and not self._link.connected:
            self._stop(f"control is gone: {self._link.problem}")
        self._heed(struck, now_s, stood_still=stood_still)
        if not self._keys_lost and now_s - self._alive_s >= ALIVE_EVERY_S:
            self._alive_s = now_s
            self._link.alive()

    def until(self, condition: Callable[[Telemetry], Found], within_s: float, what: str) -> Found:
        """Turn until condition(newest tick) gives something; return that. Too late is STOP, as any other."""
        ends_s = self.now_s + within_s
        while True:
            self.turn()
            newest = self.shown
            if newest is not None and (found := condition(newest)):
                return found
            if self.now_s > ends_s:
                self._stop(f"not within {within_s:g} s: {what}")
                raise StoppedError(f"not within {within_s:g} s: {what}")

    def order(
        self, command: CommandType, *, value: float | None = None, reason: str | None = None
    ) -> str | None:
        """Give an order for the session; return why it was refused, None when it was taken."""
        return self._answer(self._send(command, value, reason))

    def signed_order(self, command: CommandType, username: str, pin: str) -> str | None:
        """Give an order signed with an account's PIN; return why it was refused."""
        number = self._link.signed_order(
            command, self.session.session, username, pin, calibration=self.session.calibration
        )
        return self._answer(number)

    def open(self, folder: Path, header: Header, numbered: Numbered) -> str | None:
        """Ask control for a session whose row and folder exist; return why it was refused."""
        refused = self._answer(self._link.open_session(folder, header))
        if refused is None:
            self.session = numbered
        return refused

    def doubt_self_test(self, why: str) -> str | None:
        """Have the self-test that passed count no more; return why that was refused."""
        return self._answer(self._link.doubt_self_test(why))

    def end_journal(self) -> SessionEnded | str:
        """Have the closed session's journal finished; return how it ended, or why it was refused."""
        self._ended = None
        number = self._link.end_session(self.session.session, calibration=self.session.calibration)
        refused = self._answer(number)
        if refused is not None or self._ended is None:
            return refused or "control has not said how the session ended"
        return self._ended

    def close(self, reason: str | None) -> SessionEnded | str:
        """Close the session once it is known to be dark; return how it ended, or why it is open still."""
        ends_s = self.now_s + CLOSES_WITHIN_S
        while refused := self.order(CommandType.CLOSE_SESSION, reason=reason):
            if self.now_s > ends_s or not self._link.connected:
                return refused
            self._wait(CLOSE_AGAIN_S)
        return self.end_journal()

    def _wait(self, seconds: float) -> None:
        ends_s = self.now_s + seconds
        while self.now_s < ends_s:
            self.turn()

    # --- typing -----------------------------------------------------------------------------------------

    def typed(self, question: str, *, hidden: bool = False) -> str:
        """Ask a question and return the line typed; nothing is armed meanwhile. Raises StoppedError."""
        self.hand.may_arm = False
        self.hand.let_go()
        self._keys.forget()
        self._typed = line = TypedLine(hidden=hidden)
        try:
            shown = None
            while not line.ended:
                if line.shown != shown:
                    shown = line.shown
                    self._keys.write(f"\r\x1b[K{question}: {shown}")
                self.turn()
            self._keys.write("\n")
        finally:
            self._typed = None
            self._keys.forget()  # an Enter that repeats is no STOP
        return line.text

    def say(self, line: str) -> None:
        """Tell the person a line."""
        self._said = ""
        self._keys.write(f"\r\x1b[K{line}\n")

    def show(self, status: str) -> None:
        """Keep a line with the present state; a few times a second, where it has changed."""
        if status != self._said and self.now_s - self._shown_s >= SHOWN_EVERY_S:
            self._said, self._shown_s = status, self.now_s
            self._keys.write(f"\r\x1b[K{status}")

    # --- parts of a turn --------------------------------------------------------------------------------

    def _struck(self) -> bytes:
        if self._keys_lost:
            self._clock.sleep_until(self.now_s + TURN_S)
            return b""
        try:
            return self._keys.read(TURN_S)
        except TerminalLostError as error:
            self._keys_lost = True
            self._stop(str(error))
            return b""

    def _heed(self, struck: bytes, now_s: float, *, stood_still: bool) -> None:
        if self._typed is not None:
            if not self._typed.take(struck):
                self._stop("a key")
            return
        newest = self.shown
        if newest is None:
            if struck or self.hand.holds:
                self._stop("control is silent")
            return
        for command in self.hand.asks(struck, now_s, newest, stood_still=stood_still):
            if command is CommandType.STOP:
                self._stop("a key")
            else:
                self._ask_for_hand(command)

    def _ask_for_hand(self, command: CommandType) -> None:
        number = self._send(command)
        if number is not None:
            self._hand_asked[number] = command

    def _send(
        self, command: CommandType, value: float | None = None, reason: str | None = None
    ) -> int | None:
        return self._link.order(
            command,
            self.session.session,
            calibration=self.session.calibration,
            value=value,
            reason=reason,
        )

    def _stop(self, why: str) -> None:
        """Send STOP. Raises StoppedError the first time; later it is sent where there may still be light."""
        self.hand.may_arm = False
        self.hand.let_go()
        newest = self.shown
        if self.stopped is not None and newest is not None and newest.phase not in MAY_EMIT:
            return
        self._link.order(CommandType.STOP, None, reason=f"at the terminal: {why}")
        if self.stopped is None:
            self.stopped = why
            raise StoppedError(why)

    def _take(self, notice: Notice) -> None:
        if isinstance(notice, Reply):
            asked = self._hand_asked.pop(notice.id, None)
            if asked is None:
                self._answers[notice.id] = notice.refused
            elif notice.refused is not None and asked in (CommandType.BEGIN_ARM, CommandType.ARM):
                self.hand.let_go()
                self.refused = notice.refused
                self.say(f"Not armed: {notice.refused}")
        elif isinstance(notice, SessionEnded):
            self._ended = notice
            self._answers[notice.id] = None
        elif isinstance(notice, SafetyNotice | PinTried):
            self._on_notice(notice)

    def _answer(self, number: int | None) -> str | None:
        if number is None:
            return f"control is gone: {self._link.problem}"
        ends_s = self.now_s + ANSWERS_WITHIN_S
        while number not in self._answers:
            if not self._link.connected:
                return f"control is gone: {self._link.problem}"
            if self.now_s > ends_s:
                return f"control has not answered within {ANSWERS_WITHIN_S:g} s"
            self.turn()
        return self._answers.pop(number)
