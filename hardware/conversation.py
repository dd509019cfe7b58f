"""Questions and answers in order: a start or stop sequence written as a generator, run without waiting.

A script yields what it needs next and gets the answer back; a question unanswered is asked again, then
NoAnswerError is raised. Actions are not repeated: a script sends them itself and asks for their effect.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable
from typing import Any, NamedTuple


class NoAnswerError(Exception):
    """A question stayed unanswered through all its tries; the text names it."""


class RefusalError(Exception):
    """The device answered, but not what the configuration demands; the text is the operator's line."""


class Ask(NamedTuple):
    """Send the question and wait for the answer with this key; an empty question waits for the stream."""

    key: Hashable
    question: bytes
    what: str
    tries: int = 3


class Pause(NamedTuple):
    """Let the device be for a while."""

    duration_s: float


class Confirmation(NamedTuple):
    """Wait, however long, for the operator."""


Step = Ask | Pause | Confirmation
Script = Generator[Step, Any, None]


class Conversation:
    """Runs one script at a time.

    Every method but `cancel` may raise what the script raises (RefusalError) and what `send` raises.
    """

    __slots__ = ("_asked", "_deadline_s", "_script", "_send", "_step", "_timeout_s")

    def __init__(self, send: Callable[[bytes], None], answer_timeout_s: float) -> None:
        self._send = send
        self._timeout_s = answer_timeout_s
        self._script: Script | None = None
        self._step: Step | None = None
        self._asked = 0
        self._deadline_s = 0.0

    @property
    def running(self) -> bool:
        return self._script is not None

    @property
    def awaits_operator(self) -> bool:
        return isinstance(self._step, Confirmation)

    def start(self, script: Script, now_s: float) -> None:
        """Drop whatever runs and run this script."""
        self.cancel()
        self._script = script
        self._go_on(None, now_s)

    def cancel(self) -> None:
        if self._script is not None:
            self._script.close()
        self._script = self._step = None

    def answer(self, key: Hashable, value: object, now_s: float) -> None:
        """Offer an answer; it is taken when the script waits for this key."""
        if isinstance(self._step, Ask) and self._step.key == key:
            self._go_on(value, now_s)

    def confirm(self, now_s: float) -> None:
        """Tell that the operator has confirmed; nothing happens unless the script waits for that."""
        if self.awaits_operator:
            self._go_on(None, now_s)

    def tick(self, now_s: float) -> None:
        """Ask again or go on after a pause. Raises NoAnswerError when the last try has failed."""
        step = self._step
        if step is None or isinstance(step, Confirmation) or now_s < self._deadline_s:
            return
        if isinstance(step, Pause):
            self._go_on(None, now_s)
        elif self._asked < step.tries:
            self._ask(step, now_s)
        else:
            raise NoAnswerError(f"no answer to {step.what} in {step.tries} tries of {self._timeout_s:g} s")

    def _go_on(self, value: object, now_s: float) -> None:
        script = self._script
        assert script is not None
        self._step = None
        try:
            step = script.send(value)
        except BaseException as ended:
            self._script = None
            if isinstance(ended, StopIteration):
                return
            raise
        self._step = step
        if isinstance(step, Ask):
            self._asked = 0
            self._ask(step, now_s)
        elif isinstance(step, Pause):
            self._deadline_s = now_s + step.duration_s

    def _ask(self, step: Ask, now_s: float) -> None:
        self._asked += 1
        self._deadline_s = now_s + self._timeout_s
        if step.question:
            self._send(step.question)
