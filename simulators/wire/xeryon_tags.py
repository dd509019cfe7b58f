"""Tags, settings and status bits of the Xeryon controller (WIRE.md), and the form of its lines."""

from __future__ import annotations

from enum import IntFlag
from typing import Final

COUNT_UM: Final = 1.25
LONGEST_LINE = 16
AXIS_PREFIX = "X:"
LARGEST_VALUE = 99_999_999  # eight digits
SIMULATED_SERIAL, FIRMWARE, STAGE_TYPE, SYNC, ENCODER_TYPE = -1, 0, 5125, 12345678, 1250

# Settings a controller leaves the factory with here; where WIRE.md gives a seen value, that one.
STORED_SETTINGS: Final = {
    "INFO": 2,
    "POLI": 97,
    "SSPD": 5000,
    "ISPD": 3000,
    "ACCE": 65500,
    "DECE": 65500,
    "LLIM": -36000,
    "HLIM": 36000,
    "PTOL": 2,
    "PTO2": 4,
    "DLAY": 10,
    "TOUT": 1000,
    "TOU2": 60,
    "TOU3": 0,
    "ELIM": 0,
    "ILIM": 3000,
}

# Outside its range a value is taken as silently as an unknown tag, and changes nothing.
SETTING_RANGES: Final = {
    "INFO": (0, 7),
    "POLI": (1, 65535),
    "SSPD": (1, 400_000),
    "ISPD": (1, 400_000),
    "ACCE": (1, 65535),
    "DECE": (1, 65535),
    "PTOL": (0, LARGEST_VALUE),
    "PTO2": (0, LARGEST_VALUE),
    "DLAY": (0, LARGEST_VALUE),
    "TOUT": (0, LARGEST_VALUE),
    "TOU2": (0, LARGEST_VALUE),
    "TOU3": (0, LARGEST_VALUE),
    "ELIM": (0, LARGEST_VALUE),
    "ILIM": (0, LARGEST_VALUE),
}

ASKED: Final = "asked"
"""In a stream: the slot for the value of the last question."""

# What a period of the stream carries, by INFO.
STREAMS: Final = {
    0: (),
    1: ("SRNO", "SOFT", "STAGE", "STAT", "SYNC"),
    2: ("SRNO", "SOFT", "STAGE", "STAT", "FREQ", "SYNC", "EPOS", "DPOS", ASKED, "TIME"),
    3: ("EPOS", "DPOS", "STAT"),
    4: ("EPOS", "STAT", "DPOS", "TIME"),
    5: ("STAT", "FREQ", "EPOS", "DPOS", ASKED, "TIME"),
    6: (ASKED,),
    7: ("EPOS", "STAT"),
}


class Stat(IntFlag):
    """Bits of STAT that this stage can show."""

    ENABLED = 1 << 0
    END_STOP = 1 << 1
    THERMAL_1 = 1 << 2
    THERMAL_2 = 1 << 3
    FORCE_ZERO = 1 << 4
    MOTOR_ON = 1 << 5
    CLOSED_LOOP = 1 << 6
    AT_INDEX = 1 << 7
    ENCODER_VALID = 1 << 8
    SEARCHING_INDEX = 1 << 9
    POSITION_REACHED = 1 << 10
    ENCODER_ERROR = 1 << 12
    SCANNING = 1 << 13
    LEFT_END = 1 << 14
    RIGHT_END = 1 << 15
    FOLLOWING_ERROR = 1 << 16
    SAFETY_TIMEOUT = 1 << 18
    POSITION_FAIL = 1 << 21


TRIPS: Final = (
    Stat.THERMAL_1
    | Stat.THERMAL_2
    | Stat.ENCODER_ERROR
    | Stat.FOLLOWING_ERROR
    | Stat.SAFETY_TIMEOUT
    | Stat.POSITION_FAIL
)

THERMAL: Final = Stat.THERMAL_1 | Stat.THERMAL_2

TRIP_BITS: Final = tuple(bit for bit in range(22) if TRIPS >> bit & 1)


def reply(tag: str, value: int, *, padded: bool = True) -> bytes:
    """Write `TAG=<sign><8 digits>` and LF, or the plain number; larger values stop at eight digits."""
    form = b"%b=%+09d\n" if padded else b"%b=%d\n"
    return form % (tag.encode("ascii"), min(max(value, -LARGEST_VALUE), LARGEST_VALUE))


def parse(line: bytes) -> tuple[str, str] | None:
    """Return tag and value: "?", "" for none, or an integer's text. None for what the controller ignores.

    WIRE.md leaves open what becomes of lines it does not name; this one axis answers to the letter of the
    first axis too, and neither tabs nor a CR before the LF make a line another.
    """
    line = line.rstrip(b"\t\r")
    if len(line) > LONGEST_LINE or not line.isascii():
        return None
    tag, _, value = line.decode("ascii").removeprefix(AXIS_PREFIX).partition("=")
    digits = value[1:] if value[:1] in ("+", "-") else value
    return (tag, value) if digits.isdigit() or value in ("", "?") else None
