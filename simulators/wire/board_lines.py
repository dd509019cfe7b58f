"""The interlock board's lines: `$` body `*` CRC LF, with CRC-16/CCITT-FALSE over the body.

With them stands what a command may say.
"""

from __future__ import annotations

from binascii import crc_hqx
from typing import NamedTuple

from simulators.physics.smoothing import MAX_PWM

LONGEST_LINE = 80
LARGEST_NUMBER = 65535

UNKNOWN_COMMAND, OUT_OF_RANGE, NOT_NOW = 1, 2, 3
# Range of each command's value; None for a command without one.
VALUE_RANGES = {"HB": (0, 1), "MO": (0, MAX_PWM), "AI": (0, 1), "VT": (50, 2000), "CL": None, "ID": None}


class Command(NamedTuple):
    """A sound line from the host: what to do, its number, and the fields behind that."""

    name: str
    number: int
    values: list[str]


class RefusedError(Exception):
    """A command that the board answers with ER and this code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def frame(body: str) -> bytes:
    """Wrap an ASCII body for the wire."""
    data = body.encode("ascii")
    return b"$%b*%04X\n" % (data, crc_hqx(data, 0xFFFF))


def unframe(line: bytes) -> list[str] | None:
    """Return the fields of a received line (its LF taken off); None if it is too long or damaged.

    It begins with its last "$": what stands before is of another line and does not count.
    """
    line = line[max(0, line.rfind(b"$")) :]
    body = line[1:-5]
    whole = len(line) <= LONGEST_LINE and line[:1] == b"$" and line[-5:-4] == b"*"
    if not whole or line[-4:] != b"%04X" % crc_hqx(body, 0xFFFF):
        return None
    return body.decode("latin-1").split(",")


def command_of(line: bytes) -> Command | None:
    """Return what a received line says, None if it is no sound line or has no number."""
    fields = unframe(line)
    number = unsigned(fields[1]) if fields is not None and len(fields) > 1 else None
    return None if fields is None or number is None else Command(fields[0], number, fields[2:])


def unsigned(text: str) -> int | None:
    """Read 0..65535 in decimal digits; None for anything else."""
    if not (text.isascii() and text.isdigit() and len(text) <= 5):
        return None
    value = int(text)
    return value if value <= LARGEST_NUMBER else None


def value_of(name: str, values: list[str]) -> int | None:
    """Return the value of a command, None of one that has none. Raises RefusedError."""
    if name not in VALUE_RANGES:
        raise RefusedError(UNKNOWN_COMMAND)
    limits = VALUE_RANGES[name]
    if limits is None:
        if values:
            raise RefusedError(OUT_OF_RANGE)
        return None
    value = unsigned(values[0]) if len(values) == 1 else None
    if value is None or not limits[0] <= value <= limits[1]:
        raise RefusedError(OUT_OF_RANGE)
    return value
