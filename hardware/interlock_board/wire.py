"""The words of the interlock board, protocol version 1: frames, the status line, flags, faults, codes."""

from __future__ import annotations

from binascii import crc_hqx
from typing import NamedTuple

from hardware.interfaces import BoardStatus

DEVICE_NAME = "TOSCA-IL"
CONVERTER_V_PER_COUNT = 5.0 / 1024
"""10 bit over 5 V."""
CONVERTER_SATURATED_COUNTS = 1020
"""Above this the converter or its amplifier may be at its end."""
NUMBERS = 1 << 16
"""Sequence and command numbers wrap here."""
MILLISECONDS = 1 << 32
"""The board's clock wraps here, after 49.7 days."""

FAULTS = (
    "pedal wiring",
    "stop loop opened",
    "vibration lost while the gate was closed",
    "host fell silent while it wanted the gate",
    "gate welded",
    "gate stuck open",
    "accelerometer lost while the motor was on",
    "restarted by its own watchdog",
)
"""By bit number, as latched by the board."""
FAULT_RESTARTED = 1 << 7

ERRORS = {1: "unknown command", 2: "value out of range", 3: "not now"}
"""Codes of ER."""

_FRAME_BYTES = 80
"""A longer line is dropped; counted with $ and CRC, without the line end."""
_CRC_INIT = 0xFFFF
_STATUS_CHARACTERS = b"ST,0123456789ABCDEFabcdef"

_PEDAL, _STOP_LOOP, _GATE, _WANTED, _MOTOR, _VIBRATION, _AIMING, _ACCELEROMETER, _HOST = (
    1 << bit for bit in range(9)
)
_NEVER_MISSED = _PEDAL | _STOP_LOOP | _VIBRATION


class StatusLine(NamedTuple):
    """The numbers of one ST line."""

    sequence: int
    board_ms: int
    flags: int
    photodiode_counts: int
    vibration_mg: int
    faults: int


def frame(body: bytes) -> bytes:
    """Return the line that carries a body."""
    return b"$%s*%04X\n" % (body, crc_hqx(body, _CRC_INIT))


def body_of(line: bytes) -> bytes | None:
    """Return the body of a line without its line end, None when the frame or the CRC is wrong."""
    if len(line) > _FRAME_BYTES or line[:1] != b"$" or line[-5:-4] != b"*":
        return None
    body = line[1:-5]
    return body if b"%04X" % crc_hqx(body, _CRC_INIT) == line[-4:] else None


def parse_status(body: bytes) -> StatusLine | None:
    """Return the numbers of an ST body, None when it is none or a number is out of its range."""
    if body.translate(None, _STATUS_CHARACTERS):
        return None  # int() would take blanks, signs and underscores too
    fields = body.split(b",")
    try:
        _, sequence, ms, flags, counts, vibration, faults = fields
        line = StatusLine(
            int(sequence), int(ms), int(flags, 16), int(counts), int(vibration), int(faults, 16)
        )
    except ValueError:
        return None
    # Without a sign no number is below 0.
    in_range = (
        line.sequence < NUMBERS
        and line.board_ms < MILLISECONDS
        and line.photodiode_counts < 1024
        and line.faults < 256
    )
    return line if in_range else None


def decode(line: StatusLine, flags_meanwhile: int) -> BoardStatus:
    """Return a status line as control reads it.

    flags_meanwhile: the flags that all lines since the last decoded one had set. A pedal released, a loop
    opened or a motor that stopped shaking for one line alone must not be lost between two ticks.
    """
    flags = line.flags & (flags_meanwhile | ~_NEVER_MISSED)
    counts = line.photodiode_counts
    # In the order of the fields: by name it takes 0.3 +- 0.1 us more of the 28 us that the drivers take of a
    # tick (python -m benchmarks.bench.driver_tricks).
    return BoardStatus._make(
        (
            flags & _PEDAL != 0,
            flags & _STOP_LOOP != 0,
            flags & _GATE != 0,
            flags & _WANTED != 0,
            flags & _MOTOR != 0,
            flags & _VIBRATION != 0,
            flags & _AIMING != 0,
            flags & _ACCELEROMETER != 0,
            flags & _HOST != 0,
            counts * CONVERTER_V_PER_COUNT,
            counts >= CONVERTER_SATURATED_COUNTS,
            line.vibration_mg,
            line.faults,
        )
    )


def fault_names(faults: int) -> tuple[str, ...]:
    """Return the names of the latched faults."""
    return tuple(name for bit, name in enumerate(FAULTS) if faults & 1 << bit)


def error_text(code: int) -> str:
    """Return what an ER code says."""
    return f"{ERRORS.get(code, 'a code of a newer protocol')} (ER {code})"
