"""Questions a driver asks again and again while it runs."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any, Generic, TypeVar

from hardware.arroyo.commands import Setting, decode_identity
from hardware.arroyo.line import IDENTITY_QUESTION
from hardware.conversation import RefusalError
from hardware.interfaces import Identity, Reading

T = TypeVar("T")


class DifferentError(ValueError):
    """A read-back differs for the first time: ask again."""


class UnknownCommandError(RefusalError):
    """The instrument has no such command, and its error queue says so."""

    def __init__(self, question: str, error: str) -> None:
        self.reason = f"{question} is not known to it (error {error})"
        super().__init__(f"{self.reason}: check that the right instrument is connected, and its firmware")


class Polled(Generic[T]):
    """A question, how its answer is read, and the newest reading.

    decode: raises ValueError when the answer makes no sense, RefusalError when the device must not be used.
    """

    __slots__ = ("asked_s", "decode", "failures", "question", "reading")

    def __init__(self, question: str, decode: Callable[[str], T]) -> None:
        self.question = question
        self.decode = decode
        self.forget()

    def forget(self) -> None:
        self.failures = 0
        """How often in a row it was not answered, or its answer could not be read."""
        self.reading: Reading[T] | None = None
        self.asked_s = -inf
        """When it was asked last, if no failure took it back; -inf makes it the next one."""


def oldest(polled: tuple[Polled[Any], ...]) -> Polled[Any]:
    """Return the question that waits longest: a round robin that skips what is known from elsewhere."""
    first = polled[0]
    for other in polled:
        if other.asked_s < first.asked_s:
            first = other
    return first


def check_of(setting: Setting) -> Polled[None]:
    """Return the question whether a setting still is what the configuration wants.

    A difference counts as a bad answer, for the wire has no checksum; the same again in a row refuses.
    """
    before: str | None = None

    def decode(answer: str) -> None:
        nonlocal before
        found = setting.difference(answer)
        again, before = found == before, found
        _judge(found, again)

    return Polled(setting.command.query, decode)


def identity_check(model: str, serial_number: str) -> Polled[None]:
    """Return the question whether this still is the configured device; it also realigns the line."""
    before: str | None = None

    def decode(answer: str) -> None:
        nonlocal before
        found = identity_difference(decode_identity(answer), model, serial_number)
        again, before = found == before, found
        _judge(found, again)

    return Polled(IDENTITY_QUESTION, decode)


def identity_difference(identity: Identity, model: str, serial_number: str) -> str | None:
    """Return who answers instead of whom, None when it is the right one."""
    if identity.model == model and identity.serial_number == serial_number:
        return None
    return (
        f"model {identity.model} serial {identity.serial_number} answers, the configuration names "
        f"model {model} serial {serial_number}: connect that device or correct the configuration"
    )


def _judge(found: str | None, again: bool) -> None:
    if found is None:
        return
    if again:
        raise RefusalError(f"changed while running: {found}")
    raise DifferentError(found)
