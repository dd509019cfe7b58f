"""The words of the Xeryon controller: lines of TAG=value, the bits of STAT, the units.

Source: Xeryon Controller Manual v3.26 and the manufacturer's library v1.88.
"""

from __future__ import annotations

import re

UM_PER_COUNT = 1.25
"""Encoder of the XLA-5-125; DPOS, EPOS, LLIM, HLIM and PTOL are counts, SSPD is um/s."""
ENCODER_NM_PER_COUNT = 1250
"""What the controller itself says of its encoder, as XLA3=1250."""
FACTORY_PERIOD_MS = 97
"""POLI: period of the unasked stream; STAT may be one period stale after a command."""
LONGEST_PERIOD_MS = 200
"""A status is to be fresh within 500 ms, and two periods may pass until one belongs to a command."""
PERIOD_BITS = 450
"""What EPOS, DPOS and STAT take of a period: 45 characters of 10 bits."""
UNDER_WAY_S = 0.030
"""The way of a command: 12 bytes at 9600 baud and 16 ms of a USB adapter."""
INFO_ASKED = 6
"""The value asked for last, every period: some controllers answer only where their stream has this."""
INFO_POSITION_AND_STATE = 3
"""EPOS, DPOS and STAT every period: 45 bytes of the 93 that 9600 baud carry in it."""
RESET_PAUSE_S = 0.2
"""From RSET to the first command it takes."""

ENABLED = 1 << 0
"""Some stages never set it."""
INDEX_FOUND = 1 << 8
SEARCHING_INDEX = 1 << 9
POSITION_REACHED = 1 << 10
ENCODER_ERROR = 1 << 12

TRIPS = (
    (1 << 2, "thermal 1"),
    (1 << 3, "thermal 2"),
    (ENCODER_ERROR, "encoder error"),
    (1 << 16, "following-error limit"),
    (1 << 18, "motor-on safety time-out"),
    (1 << 21, "position fail"),
)
"""Bits of STAT that stop the motor until ENBL=1 or RSET, with the names an operator reads."""
ANY_TRIP = sum(bit for bit, _ in TRIPS)

_LINE_BYTES = 16
"""No line of the controller is longer; what is longer is damaged."""
_PADDED = re.compile(rb"[+-]\d{8}").fullmatch
_UNPADDED = re.compile(rb"0|-?[1-9]\d{0,7}").fullmatch
"""Without plus and leading zeros: a padded value that has lost one byte is neither, and one that has lost
more is of a tag that came padded before. In an unpadded one nothing shows that: the line has no check."""
_TAG_BYTES = (4, 5)
"""Four letters, but STAGE."""


def trip_names(stat: int) -> tuple[str, ...]:
    """Return the names of the trips latched in a STAT."""
    return tuple(name for bit, name in TRIPS if stat & bit)


def query(tag: bytes) -> bytes:
    """Return the line that asks for a tag."""
    return tag + b"=?\n"


def command(tag: bytes, value: int = 0) -> bytes:
    """Return the line of a command; those without a value take 0."""
    return b"%s=%d\n" % (tag, value)


class LineReader:
    """Cuts the stream into (tag, value, time of its first byte); drops and counts what is damaged."""

    __slots__ = ("_padded", "_rest", "_rest_since_s", "damaged", "understood")

    def __init__(self) -> None:
        self.damaged = 0
        self.clear()

    def clear(self) -> None:
        """Begin anew, as after opening; the tail of a line cut by the opening has no known tag."""
        self._rest = b""
        self._rest_since_s = 0.0
        self._padded: set[bytes] = set()
        self.understood = False
        """A whole line has come since."""

    def feed(self, data: bytes, now_s: float) -> list[tuple[bytes, int, float]]:
        """Take bytes received at now_s and return the whole lines, oldest first."""
        since_s = self._rest_since_s if self._rest else now_s
        *lines, rest = (self._rest + data).split(b"\n")
        found = []
        for line in lines:
            parsed = _parse(line)
            if parsed is None or self._lost_bytes(*parsed):
                self.damaged += 1
            else:
                found.append((parsed[0], int(parsed[1]), since_s))
            since_s = now_s
        if found:
            self.understood = True
        # A line without an end must not grow; cut like this it is still too long when its end comes.
        self._rest, self._rest_since_s = rest[: _LINE_BYTES + 2], since_s
        return found

    def _lost_bytes(self, tag: bytes, value: bytes) -> bool:
        """Say whether a value is short of bytes: a controller that pads a tag does so every time."""
        if _PADDED(value):
            self._padded.add(tag)
            return False
        return tag in self._padded


def _parse(line: bytes) -> tuple[bytes, bytes] | None:
    line = line.rstrip(b"\r")
    tag, _, value = line.rpartition(b"=")
    if tag[1:2] == b":":
        tag = tag[2:]
    well_formed = (
        len(line) <= _LINE_BYTES
        and len(tag) in _TAG_BYTES
        and tag.isalnum()
        and tag.isupper()
        and (_PADDED(value) or _UNPADDED(value))
    )
    return (tag, value) if well_formed else None
