"""What a UART hears when the other side speaks at another speed."""

from __future__ import annotations

from itertools import chain

BITS_PER_BYTE = 10  # 8N1: start bit, eight data bits, stop bit
TOLERATED_MISMATCH = (
    0.03  # a receiver sampling mid-bit keeps in step over ten bits up to about 5 %; half of it
)


def same_speed(baud: int, other_baud: int) -> bool:
    """Whether two speeds are near enough for bytes to survive."""
    return abs(baud - other_baud) <= TOLERATED_MISMATCH * baud


def misread(data: bytes, sent_baud: int, read_baud: int) -> bytes:
    """Return the bytes a receiver at read_baud makes of data sent back to back at sent_baud (8N1).

    The receiver waits for a falling edge, samples each bit in its middle by its own clock, and passes on
    bytes with a broken stop bit too, as most adapters do.
    """
    levels = list(chain.from_iterable(_frame(byte) for byte in data))
    bit = sent_baud / read_baud
    heard = bytearray()
    edge = _next_low(levels, 0)
    while edge < len(levels):
        heard.append(sum(_level(levels, edge + (1.5 + k) * bit) << k for k in range(8)))
        stop = edge + 9.5 * bit
        edge = _next_low(levels, int(stop) + 1 if _level(levels, stop) else _next_high(levels, int(stop)))
    return bytes(heard)


def _frame(byte: int) -> list[int]:
    return [0, *((byte >> k) & 1 for k in range(8)), 1]


def _level(levels: list[int], position: float) -> int:
    return levels[int(position)] if position < len(levels) else 1


def _next_low(levels: list[int], start: int) -> int:
    return next((i for i in range(start, len(levels)) if not levels[i]), len(levels))


def _next_high(levels: list[int], start: int) -> int:
    return next((i for i in range(start, len(levels)) if levels[i]), len(levels))
