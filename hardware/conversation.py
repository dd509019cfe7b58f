"""A start or stop sequence written as a generator that reads top to bottom, run without waiting.

A script yields what it waits for and gets it back, or None when its time is over. Actions are not repeated:
a script does them itself and asks for their effect.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable
from contextlib import suppress
from math import inf
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")
TRIES = 3


class NoAnswerError(Exception):
    """A question stayed unanswered through all its tries; the text names it."""


class RefusalError(Exception):
    """The device answers, but must not be used: what is wrong and what to do; the driver adds its name."""


def demand(what: str, found: object, wanted: object, connect: str) -> None:
    """Refuse a device that is not as configured. connect: which one is to be, as in `the right board`."""
    if found != wanted:
        raise RefusalError(
            f"{what} is {found}, configured is {wanted}; connect {connect} or correct the configuration"
        )


class RestartError(Exception):
    """The device has restarted and must be met anew: why, and what to do; the driver adds its name."""


class Await(NamedTuple):
    """Wait for what is offered under this key; the result is None when that takes longer than timeout_s."""

    key: Hashable
    timeout_s: float = inf


CONFIRMATION = Await("confirmation")
"""Wait, however long, for the operator."""
Script = Generator[Await, Any, T]


def pause(duration_s: float) -> Await:
    """Let the device be for a while."""
    return Await(None, duration_s)


class Conversation:
    """Runs one script at a time.

    `start`, `answer`, `confirm` and `tick` may raise what the script raises.
    """

    __slots__ = ("_script", "_send", "_step", "due_s", "timeout_s")

    def __init__(self, send: Callable[[bytes], None], answer_timeout_s: float) -> None:
        self._send = send
        self.timeout_s = answer_timeout_s
        self._script: Script[None] | None = None
        self.cancel()

    @property
    def running(self) -> bool:
        return self._step is not None

    @property
    def awaits_operator(self) -> bool:
        return self._step is CONFIRMATION

    def start(self, script: Script[None], now_s: float) -> None:
        """Drop whatever runs and run this script."""
        self._script = script
        self._go_on(None, now_s)

    def cancel(self) -> None:
        """Drop whatever runs; a script may do that itself and then has to end."""
        self._step: Await | None = None
        self.due_s = inf
        """When `tick` must be called although nothing is offered."""

    def answer(self, key: Hashable, value: object, now_s: float) -> None:
        """Offer an answer; it is taken when the script waits for this key."""
        if self._step is not None and self._step.key == key:
            self._go_on(value, now_s)

    def confirm(self, now_s: float) -> None:
        """Tell that the operator has confirmed; nothing happens unless the script waits for that."""
        self.answer(CONFIRMATION.key, None, now_s)

    def tick(self, now_s: float) -> None:
        """Go on when the time of what the script waits for is over."""
        if now_s >= self.due_s:
            self._go_on(None, now_s)

    def ask(self, key: Hashable, question: bytes, what: str, tries: int = TRIES) -> Script[Any]:
        """Send a question until it is answered under this key; an empty one waits for the stream.

        Raises NoAnswerError when the last try has failed.
        """
        for _ in range(tries):
            if question:
                self._send(question)
            answer = yield Await(key, self.timeout_s)
            if answer is not None:
                return answer
        raise NoAnswerError(f"no answer to {what} in {tries} tries of {self.timeout_s:g} s")

    def _go_on(self, value: object, now_s: float) -> None:
        assert self._script is not None
        self.cancel()
        with suppress(StopIteration):
            step = self._script.send(value)
            self._step, self.due_s = step, now_s + step.timeout_s
