"""The interlock board's way to its host: a ring of bytes before the line, which never makes anything wait.

WIRE.md does not say what becomes of more questions than answers fit on the line; here it is the firmware's
way: a status each period comes first, then answers, then statuses for an edge, each only where there is room
for what comes before it. A command that could not be answered is not done.
"""

from __future__ import annotations

from math import ceil

from simulators.wire.line import VirtualLine

RING_BYTES = 255
UART_BYTES = 2  # one on the wire, one waiting behind it
ANSWER_NEEDS_BYTES = 96
EDGE_NEEDS_BYTES = 144


class Outbox:
    """What the board has said and its line has not yet carried."""

    __slots__ = ("_line",)

    def __init__(self, line: VirtualLine) -> None:
        self._line = line

    def takes_answer(self) -> bool:
        """Return whether a command can be answered, so that it may be done."""
        return self._room_bytes() >= ANSWER_NEEDS_BYTES

    def edge_after_s(self) -> float:
        """Return how long a status for an edge has to wait."""
        return max(0, EDGE_NEEDS_BYTES - self._room_bytes()) * self._line.byte_s

    def send(self, frame: bytes) -> None:
        """Hand a whole line over; one that finds no room is lost."""
        if len(frame) <= self._room_bytes():
            self._line.send(frame)

    def _room_bytes(self) -> int:
        line = self._line
        backlog_s = line.backlog_s
        return RING_BYTES - max(0, ceil(backlog_s / line.byte_s) - UART_BYTES) if backlog_s else RING_BYTES
