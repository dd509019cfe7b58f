"""Sequences of commands as generators: a start or stop sequence reads top to bottom and blocks nowhere."""

from __future__ import annotations

from collections.abc import Callable, Generator
from math import inf
from typing import NamedTuple, TypeVar

from hardware.arroyo.line import QueryLine

T = TypeVar("T")
TRIES = 3


class RefusedError(Exception):
    """The device answers, but must not be used: what is wrong and what to do; the driver adds its name."""


class Send(NamedTuple):
    """Send a command that is not answered."""

    command: str


class Wait(NamedTuple):
    """Let time pass; what comes in meanwhile is dropped."""

    seconds: float


class Ask(NamedTuple):
    """Ask; the step's result is the answer, None when none came in time."""

    question: str


class Doubt(NamedTuple):
    """The last answer may belong to another question: realign before the next one."""


Step = Send | Wait | Ask | Doubt
Script = Generator[Step, str | None, T]


def ask(question: str, decode: Callable[[str], T]) -> Script[T]:
    """Ask until the answer can be read. Raises RefusedError after three unreadable or missing answers.

    Three missing ones in a row never get here: the driver takes the device for lost.
    """
    problem = ""
    for _ in range(TRIES):
        answer = yield Ask(question)
        if answer is None:
            problem = "no answer"
            continue
        try:
            return decode(answer)
        except ValueError as error:
            problem = str(error)
            yield Doubt()
    raise RefusedError(f"{question} is not answered properly: {problem}; check the cable and the baud rate")


class Player:
    """Plays one script over a line."""

    __slots__ = ("_asked", "_line", "_script", "_step", "due_s")

    def __init__(self, script: Script[None], line: QueryLine) -> None:
        self._script = script
        self._line = line
        self._step: Step | None = None
        self._asked = False
        self.due_s = -inf
        """When `play` must be called although nothing has come in."""

    def play(self, answer: str | None, expired: bool, now_s: float) -> bool:
        """Go as far as possible; return True at the end. Raises what the script raises.

        expired: the outstanding question was given up.
        """
        if not self._is_step_done(answer, expired, now_s):
            return False
        result = answer if self._asked else None
        self._asked = False
        while True:
            try:
                step = self._script.send(result)
            except StopIteration:
                return True
            self._step, result = step, None
            if isinstance(step, Send):
                self._line.send(step.command)
                continue
            if isinstance(step, Doubt):
                self._line.refuse_answer()
                continue
            self.due_s = now_s + step.seconds if isinstance(step, Wait) else inf
            if isinstance(step, Ask):
                self._ask(step, now_s)
            return False

    def _is_step_done(self, answer: str | None, expired: bool, now_s: float) -> bool:
        step = self._step
        if isinstance(step, Wait):
            return now_s >= self.due_s
        if isinstance(step, Ask):
            if self._asked:
                return answer is not None or expired
            self._ask(step, now_s)
            return False
        return True

    def _ask(self, step: Ask, now_s: float) -> None:
        """Ask now, or later when somebody else's question is still outstanding."""
        if not self._line.busy:
            self._line.ask(step.question, now_s)
            self._asked = True
