"""Parts of start sequences that both Arroyo instruments share."""

from __future__ import annotations

from hardware.arroyo.commands import Setting, decode_errors, decode_identity
from hardware.arroyo.line import IDENTITY_QUESTION
from hardware.arroyo.names import error_text
from hardware.arroyo.script import Doubt, RefusedError, Script, Send, ask
from hardware.interfaces import Identity

_LOOKS = 2
"""The wire has no checksum: a difference counts when it is seen twice."""


def identify() -> Script[Identity]:
    """Silence the echo and ask who answers."""
    yield Send("TERMINAL 0")
    return (yield from ask(IDENTITY_QUESTION, decode_identity))


def write_settings(settings: tuple[Setting, ...]) -> Script[None]:
    """Write each, read it back and compare. Raises RefusedError at the first difference."""
    for setting in settings:
        for _ in range(_LOOKS):
            yield Send(setting.text)
            difference = yield from ask(setting.command.query, setting.difference)
            if difference is None:
                break
            yield Doubt()
        else:
            errors = yield from error_texts()
            because = f" ({', '.join(errors)})" if errors else ""
            raise RefusedError(f"{difference}{because}: check the configuration and the device")


def error_texts() -> Script[tuple[str, ...]]:
    """Read and so empty the error queue."""
    codes = yield from ask("ERRSTR?", decode_errors)
    return tuple(f"error {error_text(code)}" for code in codes)


def identity_difference(identity: Identity, model: str, serial_number: str) -> str | None:
    """Return who answers instead of whom, None when it is the right one."""
    if identity.model == model and identity.serial_number == serial_number:
        return None
    return (
        f"model {identity.model} serial {identity.serial_number} answers, the configuration names "
        f"model {model} serial {serial_number}: connect that device or correct the configuration"
    )
