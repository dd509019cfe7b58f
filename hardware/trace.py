"""The last seconds of a port, for diagnostics: what went over the wire, when and which way."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from enum import StrEnum
from itertools import starmap
from typing import NamedTuple


class Direction(StrEnum):
    """Seen from the host."""

    IN = "<"
    OUT = ">"
    NOTE = "!"


_IN, _OUT = Direction.IN, Direction.OUT
"""By names of their own, for the same reason and gain as `interfaces.READY`."""


class TraceEntry(NamedTuple):
    """Bytes of one read or write, or a note about the port itself, with the time on the caller's clock."""

    mono_s: float
    direction: Direction
    data: bytes

    @property
    def text(self) -> str:
        """One printable line: the bytes escaped, a note as it is."""
        if self.direction is Direction.NOTE:
            return self.data.decode("utf-8", "replace")
        return repr(self.data)[2:-1]


class TraceSnapshot:
    """What a trace held at one moment; it costs a copy of references, its entries are made when read."""

    __slots__ = ("_entries",)

    def __init__(self, entries: deque[tuple[float, Direction, bytes]]) -> None:
        self._entries = entries

    def __iter__(self) -> Iterator[TraceEntry]:
        """Yield the entries, oldest first."""
        return starmap(TraceEntry, self._entries)


class WireTrace:
    """Bounded record of a port: entries older than keep_s go, and the oldest go when max_bytes is passed.

    clock: the application's monotonic clock; it is asked only when bytes pass.
    One thread records; another may call `entries` or `lines` meanwhile.
    """

    __slots__ = ("_clock", "_entries", "_keep_s", "_max_bytes", "_size_bytes")

    def __init__(self, clock: Callable[[], float], keep_s: float = 10.0, max_bytes: int = 200_000) -> None:
        self._clock = clock
        self._keep_s = keep_s
        self._max_bytes = max_bytes
        self._size_bytes = 0
        # Plain tuples: named entries are made for those who read, which is rare. It saves 0.6 +- 0.1 of the
        # 28 us that the drivers take of a tick (python -m benchmarks.bench.driver_tricks).
        self._entries: deque[tuple[float, Direction, bytes]] = deque()

    def received(self, data: bytes) -> None:
        self._add(_IN, data)

    def sent(self, data: bytes) -> None:
        self._add(_OUT, data)

    def note(self, text: str) -> None:
        """Record an event of the port itself: opened, closed, gone."""
        self._add(Direction.NOTE, text.encode("utf-8", "replace"))

    def entries(self) -> tuple[TraceEntry, ...]:
        """Return the entries kept, oldest first."""
        return tuple(self.snapshot())

    def snapshot(self) -> TraceSnapshot:
        """Return what is kept now, cheaply enough for a tick."""
        return TraceSnapshot(self._entries.copy())

    def lines(self) -> list[str]:
        """Return one printable line an entry, oldest first: seconds, direction, bytes escaped."""
        return [f"{e.mono_s:12.6f} {e.direction} {e.text}" for e in self.entries()]

    def _add(self, direction: Direction, data: bytes) -> None:
        now_s = self._clock()
        entries = self._entries
        entries.append((now_s, direction, data))
        self._size_bytes += len(data)
        oldest_s = now_s - self._keep_s
        while entries[0][0] < oldest_s or (self._size_bytes > self._max_bytes and len(entries) > 1):
            self._size_bytes -= len(entries.popleft()[2])
