"""What both Arroyo drivers share: opening, the life of the link, the rotation of questions.

Nothing here waits: every pause is a deadline compared with now_s. A port that is lost is opened again after
0.5 s, doubling to 8 s, and the whole start sequence runs again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING, Any

from hardware.arroyo.commands import Setting
from hardware.arroyo.line import QueryLine
from hardware.arroyo.polled import DifferentError, Polled, check_of, identity_check
from hardware.arroyo.script import TRIES, Player, RefusedError, Script, Send, Wait
from hardware.arroyo.sequences import identify, identity_difference
from hardware.interfaces import Identity, LinkState, Origin, Reading
from hardware.transport import PortError

if TYPE_CHECKING:
    from hardware.transport import Port

_DRAIN_S = 0.2
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 8.0
_SLOW_PERIOD_S = 0.5
"""How often one of the slow questions (identity, settings) takes a turn: at most one in 300 ms."""
_REFUSED_PERIOD_S = 1.0
_BABBLE_CHARACTERS = 4
"""So much that is no answer is another device or another baud rate; less is a spike on the line."""


class ArroyoDevice(ABC):
    """The link to one Arroyo instrument. Subclasses say how it starts, runs and stops."""

    key: str
    _name: str
    """What the operator calls it, at the beginning of every problem text."""
    _first_words: str
    """The command whose bytes are the first after every opening."""
    _last_words: tuple[str, ...] = ()
    """Commands sent whenever the link is given up."""
    _lost_advice: str = ""
    """What to do when the link is lost while it runs."""

    def __init__(
        self,
        port: Port,
        baud: int,
        model: str,
        serial_number: str,
        answer_timeout_s: float,
        settings: tuple[Setting, ...],
    ) -> None:
        self._port = port
        self._baud = baud
        self._model = model
        self._serial_number = serial_number
        self._line = QueryLine(answer_timeout_s)
        self._settings = settings
        self._link = LinkState.CONNECTING
        self._problem: str | None = None
        self._identity: Identity | None = None
        self._found: tuple[str, ...] = ()
        self._is_open = False
        self._player: Player | None = None
        self._pause_s = _FIRST_PAUSE_S
        self._retry_s = -inf
        self._due_s = -inf
        self._urgent_s = inf
        self._idle_until_s = -inf
        self._asking: Polled[Any] | None = None
        self._identity_check = identity_check(model, serial_number)
        checks = [check_of(setting) for setting in settings]
        self._slow = [question for check in checks for question in (*self._between_checks(), check)]
        self._slow_turn = 0
        self._slow_s = 0.0

    @property
    def origin(self) -> Origin:
        return self._port.origin

    @property
    def link(self) -> LinkState:
        return self._link

    @property
    def problem(self) -> str | None:
        return self._problem

    @property
    def identity(self) -> Identity | None:
        return self._identity

    @property
    def found_at_start(self) -> tuple[str, ...]:
        return self._found

    @property
    def unanswered_questions(self) -> int:
        """Questions given up since the driver was made."""
        return self._line.unanswered

    @property
    def refused_answers(self) -> int:
        """Answers that could not be read since the driver was made."""
        return self._line.refused

    def poll(self, now_s: float) -> None:
        data = b""
        if self._is_open:
            try:
                data = self._port.read()
            except PortError as error:
                self._lose(f"{self._name}: {error}", now_s)
                return
        if data or now_s >= self._due_s:
            self._step(data, now_s)

    def flush(self, now_s: float) -> None:
        if now_s >= self._due_s:
            self._step(b"", now_s)

    def begin_stop(self) -> None:
        if self._link in (LinkState.STOPPING, LinkState.CLOSED):
            return
        if not self._is_open:
            self._end(self._stopped_unconfirmed() if self._problem is None else self._problem)
            return
        if self._link is LinkState.REFUSED:
            script = self._give_up_script()
        else:
            script = self._stop_script()
            self._problem = None
        self._link = LinkState.STOPPING
        self._player = Player(script, self._line)
        self._due_s = -inf

    def close(self) -> None:
        if self._link is LinkState.CLOSED:
            return
        self._say_last_words()
        self._end(self._problem)

    # What subclasses decide

    @abstractmethod
    def _prepare_script(self) -> Script[None]:
        """Everything of the start sequence after the identity is known."""

    @abstractmethod
    def _stop_script(self) -> Script[None]: ...

    @abstractmethod
    def _next(self, now_s: float) -> tuple[Polled[Any], str] | None:
        """Return the question whose turn it is and the text to send; None when nothing is due.

        Called when the line is free; sets `_idle_until_s` when it returns None.
        """

    @abstractmethod
    def _taken(self, polled: Polled[Any]) -> None:
        """`polled` has a new reading."""

    @abstractmethod
    def _gave_up(self, polled: Polled[Any]) -> None:
        """`polled` was not answered or its answer could not be read."""

    @abstractmethod
    def _forget(self) -> None:
        """Readings and what was confirmed are not known any more."""

    def _between_checks(self) -> tuple[Polled[Any], ...]:
        """Return the slow questions asked between two settings."""
        return (self._identity_check,)

    @abstractmethod
    def _send_urgent(self, now_s: float) -> None:
        """Send what may not wait for the line to be free."""

    def _stopped_unconfirmed(self) -> str:
        return f"{self._name}: stopped before it was connected"

    # The life of the link

    def _step(self, data: bytes, now_s: float) -> None:
        if not self._is_open and not self._reopen(now_s):
            return
        try:
            self._send_urgent(now_s)
            self._move_on(data, now_s)
            self._write()
        except RefusedError as error:
            self._refuse(f"{self._name}: {error}", now_s)
        except PortError as error:
            self._lose(f"{self._name}: {error}", now_s)
        else:
            self._plan(now_s)

    def _reopen(self, now_s: float) -> bool:
        if now_s < self._retry_s:
            self._due_s = self._retry_s
            return False
        try:
            self._port.open()
        except PortError as error:
            self._lose(f"{self._name}: {error}", now_s)
            return False
        self._is_open = True
        self._link = LinkState.CONNECTING
        self._line.reset()
        self._player = Player(self._start_script(), self._line)
        return True

    def _move_on(self, data: bytes, now_s: float) -> None:
        answer = self._line.receive(data, now_s) if data else None
        expired = answer is None and self._line.expire(now_s)
        if expired and self._line.unanswered_in_row >= TRIES:
            self._fall_silent(now_s)
        elif self._player is not None:
            if self._player.play(answer, expired, now_s):
                self._script_ended(now_s)
        elif self._link is LinkState.READY:
            self._run(answer, expired, now_s)
        elif self._link is LinkState.REFUSED and now_s >= self._due_s:
            for command in self._last_words:
                self._line.send(command)

    def _run(self, answer: str | None, expired: bool, now_s: float) -> None:
        polled = self._asking
        if polled is not None:
            if answer is not None:
                self._take(polled, answer, now_s)
            elif expired:
                self._gave_up(polled)
        if not self._line.busy and (turn := self._next(now_s)) is not None:
            self._asking, question = turn
            self._line.ask(question, now_s)
            self._asking.asked_s = now_s

    def _take(self, polled: Polled[Any], answer: str, now_s: float) -> None:
        try:
            value = polled.decode(answer)
        except ValueError as error:
            self._line.refuse_answer()
            if isinstance(error, DifferentError):
                self._slow_turn = self._slow.index(polled)  # asked again at the next slow turn
            self._gave_up(polled)
            return
        polled.reading = Reading(value, self._line.asked_s, now_s)
        self._taken(polled)

    def _plan(self, now_s: float) -> None:
        """Set when something is due although nothing comes in."""
        if self._link is LinkState.REFUSED:
            if now_s >= self._due_s:
                self._due_s = now_s + _REFUSED_PERIOD_S if self._last_words else inf
            return
        if not self._is_open:
            return
        due_s = min(self._line.deadline_s, self._urgent_s)
        if self._player is not None:
            due_s = min(due_s, self._player.due_s)
        elif not self._line.busy:
            due_s = min(due_s, self._idle_until_s)
        self._due_s = due_s

    def _write(self) -> None:
        if data := self._line.take_output():
            self._port.write(data)

    def _script_ended(self, now_s: float) -> None:
        self._player = None
        if self._link is LinkState.STOPPING:
            self._write()
            self._end(self._problem)
            return
        self._link = LinkState.READY
        self._problem = None
        self._pause_s = _FIRST_PAUSE_S
        self._slow_s = now_s + _SLOW_PERIOD_S
        self._idle_until_s = now_s
        self._run(None, False, now_s)

    def _fall_silent(self, now_s: float) -> None:
        if self._identity is None and self._line.dropped_characters >= _BABBLE_CHARACTERS:
            raise RefusedError(
                f"{self._port.url} at {self._baud} baud answers "
                f"{self._line.last_dropped[:40]!r}, which is not an Arroyo: check that "
                "the port and the baud rate are those of this device"
            )
        if self._identity is None:
            text = (
                f"{self._name}: nothing answers on {self._port.url} at {self._baud} baud: check that it is "
                "switched on, its cable, the port in the configuration and the baud rate"
            )
        else:
            text = f"{self._name}: stopped answering on {self._port.url}: check its power and cable"
        self._lose(text, now_s)

    def _lose(self, problem: str, now_s: float) -> None:
        self._say_last_words()
        if self._link is LinkState.READY:
            problem += self._lost_advice
        if self._link is LinkState.STOPPING:
            self._end(f"{problem}; {self._stopped_unconfirmed()}")
            return
        self._let_go()
        self._link = LinkState.LOST
        self._problem = problem
        self._due_s = self._retry_s = now_s + self._pause_s
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)

    def _refuse(self, problem: str, now_s: float) -> None:
        if self._link is LinkState.STOPPING:
            self._lose(problem, now_s)
            return
        self._line.reset()
        self._link = LinkState.REFUSED
        self._problem = problem
        self._player = None
        self._urgent_s = inf
        self._forget()
        try:
            for command in self._last_words:
                self._line.send(command)
            self._write()
        except PortError as error:
            self._lose(f"{self._name}: {error}", now_s)
        else:
            self._due_s = now_s + _REFUSED_PERIOD_S if self._last_words else inf

    def _end(self, problem: str | None) -> None:
        self._let_go()
        self._link = LinkState.CLOSED
        self._problem = problem
        self._due_s = self._retry_s = inf

    def _let_go(self) -> None:
        self._is_open = False
        self._port.close()
        self._line.reset()
        self._player = None
        self._asking = None
        self._identity = None
        self._urgent_s = inf
        self._forget()

    def _say_last_words(self) -> None:
        if self._is_open and self._port.is_open:
            with suppress(PortError):
                self._port.write(b"".join(command.encode("ascii") + b"\r" for command in self._last_words))

    # Sequences

    def _start_script(self) -> Script[None]:
        yield Send(self._first_words)
        yield Wait(_DRAIN_S)
        self._line.forget_dropped()
        self._identity = yield from identify()
        difference = identity_difference(self._identity, self._model, self._serial_number)
        if difference is not None:
            raise RefusedError(f"on {self._port.url} {difference}")
        yield Send("RADIX DEC")
        yield Send("HEXFLOAT 0")
        yield from self._prepare_script()

    def _give_up_script(self) -> Script[None]:
        for command in (*self._last_words, "LOCAL"):
            yield Send(command)
        yield Wait(_DRAIN_S)

    # The slow questions

    def _slow_question(self, now_s: float) -> Polled[Any] | None:
        """Return the next of the slow questions, one every half second."""
        if now_s < self._slow_s:
            return None
        self._slow_s = now_s + _SLOW_PERIOD_S
        question = self._slow[self._slow_turn]
        self._slow_turn = (self._slow_turn + 1) % len(self._slow)
        return question
