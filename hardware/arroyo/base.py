"""What both Arroyo drivers share: the rotation of questions, the parts of their scripts, the last words."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar

from hardware.arroyo.commands import Setting, decode_bits, decode_errors, decode_flag, decode_identity
from hardware.arroyo.line import IDENTITY_QUESTION, QueryLine
from hardware.arroyo.names import UNKNOWN_COMMAND, error_text
from hardware.arroyo.polled import (
    DifferentError,
    Polled,
    UnknownCommandError,
    check_of,
    identity_check,
    identity_difference,
)
from hardware.conversation import TRIES, Await, NoAnswerError, RefusalError, Script, pause
from hardware.interfaces import READY, LinkState, Reading
from hardware.port_driver import PortDriver
from hardware.transport import PortError

if TYPE_CHECKING:
    from hardware.arroyo.shared import Lane
    from hardware.settings import LaserSettings, TecSettings
    from hardware.transport import Port

T = TypeVar("T")
_LINE_FREE = Await("line free")
"""Wait for the line; the result is the answer to the outstanding question, None when there was none."""
_LOOKS = 2  # the wire has no checksum: a difference counts when it is seen twice
_DRAIN_S = 0.2
_SLOW_PERIOD_S = 0.5
"""How often one of the slow questions (identity, settings) takes a turn: at most one in 300 ms."""
_REFUSED_PERIOD_S = 1.0
_PATIENCE_S = 0.09
"""A question of the rotation is asked again after this and the time of its bytes: answers take 5 to 30 ms, an
adapter adds 16 and a tick 10. A late answer costs no more than a realigned line."""
_OTHERS_ROUND_S = 0.3
"""So long the other half of a box asks alone: what realigns the line and five questions, 40 ms each."""
_QUESTION_BITS = 250  # a question with a set before it, and the first byte of the answer
_AT_ONCE = 2
"""So often in a row a question that failed jumps the rotation."""


class ArroyoDevice(PortDriver):
    """The link to one Arroyo instrument. Subclasses say how it is prepared, runs and is switched off.

    lane: the driver's side of a port that it shares, and its port; None for a port of its own.
    """

    __slots__ = (
        "_asking",
        "_condition",
        "_errors",
        "_identity_check",
        "_idle_until_s",
        "_lacking",
        "_line",
        "_out",
        "_patience_s",
        "_settings",
        "_slow",
        "_slow_s",
        "_slow_turn",
        "_urgent_s",
        "_written",
        "news",
    )

    _tree: str
    """The first word of its own commands."""
    _first_words: tuple[str, ...]
    """The commands whose bytes are the first after every opening."""
    _last_words: tuple[str, ...] = ()
    """Commands sent whenever the link is given up, and again and again while it is refused."""
    _stop_doubt: str

    def __init__(
        self,
        key: str,
        port: Port,
        settings: LaserSettings | TecSettings,
        written: tuple[Setting, ...],
        lane: Lane | None,
    ) -> None:
        super().__init__(key, port, settings.baud, settings.answer_timeout_s)
        self.news = 0
        self._settings = settings
        self._written = written
        self._lacking: list[Setting] = []  # of these, what the instrument does not know
        self._line = QueryLine(settings.answer_timeout_s) if lane is None else lane
        self._patience_s = _PATIENCE_S + _QUESTION_BITS / settings.baud
        self._urgent_s = inf
        self._idle_until_s = -inf
        self._asking: Polled[Any] | None = None
        self._out = Polled(f"{self._tree}:OUT?", decode_flag)
        self._condition = Polled(f"{self._tree}:COND?", decode_bits)
        self._errors = Polled("ERRSTR?", decode_errors if lane is None else lane.decode_errors)
        self._identity_check = identity_check(settings.model, settings.serial_number)
        self._slow: list[Polled[Any]] = []
        self._slow_turn = 0
        self._slow_s = 0.0

    @property
    def output_on(self) -> Reading[bool] | None:
        return self._out.reading

    @property
    def condition_bits(self) -> Reading[int] | None:
        return self._condition.reading

    @property
    def errors(self) -> Reading[tuple[int, ...]] | None:
        return self._errors.reading

    @property
    def unanswered_questions(self) -> int:
        """Questions given up since the driver was made."""
        return self._line.unanswered

    @property
    def refused_answers(self) -> int:
        """Answers that could not be read since the driver was made."""
        return self._line.refused

    def close(self) -> None:
        self._say_last_words()
        super().close()

    # What subclasses decide

    @abstractmethod
    def _prepare(self) -> Script[None]:
        """Everything of the start sequence after the identity is known."""

    @abstractmethod
    def _switch_off(self) -> Script[None]:
        """The stop sequence; it says so in `_problem` when off is not confirmed, and ends with a pause."""

    @abstractmethod
    def _next(self, now_s: float) -> tuple[Polled[Any], str]:
        """Return the question whose turn it is and the text to send.

        Called when the line is free and `_idle_until_s` has come, which it may set.
        """

    @abstractmethod
    def _taken(self, polled: Polled[Any]) -> None:
        """`polled` has a new reading."""

    @abstractmethod
    def _gave_up(self, polled: Polled[Any]) -> None:
        """`polled` was not answered or its answer could not be read."""

    def _send_urgent(self, now_s: float) -> None:
        """Send what may not wait for the line to be free; called when `_urgent_s` has come."""

    def _between_checks(self) -> tuple[Polled[Any], ...]:
        """Return the slow questions asked between two settings."""
        return (self._identity_check,)

    # The line

    def _step(self, data: bytes, now_s: float) -> None:
        if now_s >= self._urgent_s:
            self._send_urgent(now_s)
        super()._step(data, now_s)

    def _received(self, data: bytes, now_s: float) -> None:
        answer = self._line.receive(data, now_s)
        if answer is None:
            return
        if self._talk.running:
            self._talk.answer(_LINE_FREE.key, answer, now_s)
        elif self._asking is not None:
            self._take(self._asking, answer, now_s)

    def _take(self, polled: Polled[Any], answer: str, now_s: float) -> None:
        try:
            value = polled.decode(answer)
        except ValueError as error:
            self._line.refuse_answer()
            if isinstance(error, DifferentError):
                self._slow_turn = self._slow.index(polled)  # asked again at the next slow turn
            self._failed(polled)
            return
        self.news += 1
        polled.reading = Reading(value, self._line.asked_s, now_s)
        polled.failures = 0
        self._taken(polled)

    def _failed(self, polled: Polled[Any]) -> None:
        """Let the question be asked again at once, but one that is never answered only in its turn."""
        polled.failures += not self._line.asked_identity
        if polled.failures <= _AT_ONCE:
            polled.asked_s = -inf if polled.reading is None else polled.reading.asked_s
        self._gave_up(polled)

    def _send_due(self, now_s: float) -> float:
        line = self._line
        if now_s >= line.deadline_s and line.expire(now_s):
            self._unanswered(now_s)
        idle_until_s = inf
        if self._talk.running and line.take_turn():
            self._talk.answer(_LINE_FREE.key, None, now_s)
        if self.link is READY:
            if now_s < self._idle_until_s:
                idle_until_s = self._idle_until_s
            elif line.busy:
                line.book()
            else:
                self._asking, question = self._next(now_s)
                line.ask(question, now_s, self._patience_s)
                self._asking.asked_s = now_s
        elif self.link is LinkState.REFUSED:
            if now_s >= self._due_s:  # every second, and at every command
                self._tell_refused(now_s)
            idle_until_s = self._idle_until_s
        if data := line.take_output():
            self._port.write(data)
        return min(line.deadline_s, self._urgent_s, idle_until_s)

    def _unanswered(self, now_s: float) -> None:
        if self._line.is_dead:
            raise self._silence()
        if self._talk.running:
            self._talk.answer(_LINE_FREE.key, None, now_s)
        elif self._asking is not None:
            self._failed(self._asking)

    def _silence(self) -> NoAnswerError:
        met = self._identity is not None
        return NoAnswerError("stopped answering" if met else f"nothing answers at {self._baud} baud")

    def _is_understood(self) -> bool:
        return self._identity is not None

    def _slow_question(self, now_s: float) -> Polled[Any] | None:
        """Return the next of the slow questions, one every half second."""
        if now_s < self._slow_s:
            return None
        self._slow_s = now_s + _SLOW_PERIOD_S
        question = self._slow[self._slow_turn]
        self._slow_turn = (self._slow_turn + 1) % len(self._slow)
        return question

    # The life of the link

    def _become_ready(self) -> None:
        super()._become_ready()
        self._line.begin_work()
        checks = [check_of(setting) for setting in self._written if setting not in self._lacking]
        self._slow = [question for check in checks for question in (*self._between_checks(), check)]
        self._slow_turn = 0
        self._slow_s = self._now_s + _SLOW_PERIOD_S
        self._idle_until_s = self._now_s

    def _refuse(self, problem: str) -> None:
        super()._refuse(problem)
        self._talk.cancel()
        self._drop_questions()
        self._forget()
        self._tell_refused(self._now_s)

    def _lose(self, error: Exception, now_s: float) -> None:
        self._say_last_words()
        # A box is found silent by one of its halves, and the other tells the same of it.
        super()._lose(self._silence() if self._line.is_dead else error, now_s)

    def _let_go(self) -> None:
        super()._let_go()
        self._drop_questions()

    def _drop_questions(self) -> None:
        self._line.reset()
        self._asking = None
        self._urgent_s = inf

    def _may_be_stopped(self) -> bool:
        return True  # whoever is there is told off

    def _tell_refused(self, now_s: float) -> None:
        self._say_last_words()
        self._due_s = self._idle_until_s = now_s + _REFUSED_PERIOD_S if self._last_words else inf

    def _say_last_words(self) -> None:
        if self._port.is_open and self._last_words:
            with suppress(PortError):  # a port that is gone is noticed by the next read
                self._port.write(b"".join(command.encode("ascii") + b"\r" for command in self._last_words))

    # Scripts and their parts

    def _start(self) -> Script[None]:
        for command in self._first_words:
            self._line.send(command)
        yield pause(_DRAIN_S)
        self._overheard = b""  # what the device had to say before it was asked
        self._lacking.clear()
        self._line.send("TERMINAL 0")  # no echo
        self._line.send("TERM 0")  # an end to every answer
        yield from self._identify()
        self._line.send("RADIX DEC")
        self._line.send("HEXFLOAT 0")
        yield from self._prepare()
        self._become_ready()

    def _identify(self) -> Script[None]:
        settings = self._settings
        for _ in range(_LOOKS):
            self._identity = yield from self._ask(IDENTITY_QUESTION, decode_identity)
            difference = identity_difference(self._identity, settings.model, settings.serial_number)
            if difference is None:
                return
        raise RefusalError(str(difference))

    def _stop(self) -> Script[None]:
        if self.link is LinkState.REFUSED:
            return self._give_up()
        self._problem = None
        return self._switch_off()

    def _give_up(self) -> Script[None]:
        for command in (*self._last_words, "LOCAL"):
            self._line.send(command)
        yield pause(_DRAIN_S)

    def _ask_once(self, question: str) -> Script[str | None]:
        """Return the answer, None when none comes in time.

        While another half of the box works, so long a wait would let its readings age: then it is several
        short ones, and behind each the other half asks its whole round.
        """
        over_s = self._now_s + self._settings.answer_timeout_s
        while True:
            while self._line.busy:  # by a question from before the script, or by the other half
                self._line.book()
                yield _LINE_FREE
            other_works = self._line.other_works
            self._line.ask(question, self._now_s, self._patience_s if other_works else inf)
            answer: str | None = yield _LINE_FREE
            if answer is not None or not other_works:
                return answer
            yield pause(_OTHERS_ROUND_S)
            if self._now_s >= over_s:
                return None

    def _ask(self, question: str, decode: Callable[[str], T]) -> Script[T]:
        """Ask until the answer can be read.

        Raises after three tries NoAnswerError, UnknownCommandError when the device says why, RefusalError
        when the last answer could not be read.
        """
        problem: str | None = None
        for _ in range(TRIES):
            answer = yield from self._ask_once(question)
            if answer is None:
                problem = None
                continue
            try:
                return decode(answer)
            except ValueError as error:
                problem = str(error)
                self._line.refuse_answer()
        if problem is None:
            yield from self._demand_known(question)
            raise self._silence()
        raise RefusalError(
            f"{question} is not answered properly: {problem}; check the cable and the baud rate"
        )

    def _demand_known(self, question: str) -> Script[None]:
        """Raise UnknownCommandError when the error queue says so."""
        if question == self._errors.question:
            return
        codes = yield from self._ask(self._errors.question, self._errors.decode)
        for code in UNKNOWN_COMMAND.intersection(codes):
            raise UnknownCommandError(question, error_text(code))

    def _write_settings(self, settings: tuple[Setting, ...]) -> Script[None]:
        """Write each, read it back and compare; tell what is unknown and may be. Raises RefusalError."""
        for setting in settings:
            try:
                yield from self._write_setting(setting)
            except UnknownCommandError as error:
                if not setting.may_lack:
                    raise
                self._lacking.append(setting)
                self._found += (f"{setting.name} not set: {error.reason}",)

    def _write_setting(self, setting: Setting) -> Script[None]:
        for _ in range(_LOOKS):
            self._line.send(setting.text)
            difference = yield from self._ask(setting.command.query, setting.difference)
            if difference is None:
                return
            self._line.refuse_answer()
        because = ", ".join((yield from self._error_texts()))
        because = because and f" ({because})"
        raise RefusalError(f"{difference}{because}: check the configuration and the device")

    def _error_texts(self) -> Script[tuple[str, ...]]:
        """Read and so empty the error queue."""
        codes = yield from self._ask(self._errors.question, self._errors.decode)
        return tuple(f"error {error_text(code)}" for code in codes)
