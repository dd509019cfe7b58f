"""Wire traces saved with a fault: what passed on every port in the seconds before, in one readable file.

The tick takes a snapshot and hands it over; helper threads write. A disk that takes nothing loses the trace
and nothing else.
"""

from __future__ import annotations

import heapq
import logging
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Final, NamedTuple

from hardware.trace import TraceSnapshot
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.machine.realtime import follow_the_ticks

TRACES_NAME: Final = "traces"
MOST_OF_A_SESSION: Final = 20
"""The first ones are kept: a cause comes before what follows from it."""
MOST_WITHOUT_SESSION: Final = 50
"""The newest ones are kept, over all runs."""
_LINES_A_WRITE: Final = 32
"""Made in 0.1 ms, for which a tick may have to wait for the interpreter; a file as a whole takes 10 ms."""
_PAUSE_S: Final = 0.001
"""After each write. A write alone is over before the ticks' thread has woken up and taken its turn."""

_never = threading.Event()
log = logging.getLogger("tosca_kiosk.journal.fault_traces")


class FaultTrace(NamedTuple):
    """The ports' snapshots when a fault was latched. epoch_s: what its times count from."""

    source: str
    what: str
    fault_s: float
    epoch_s: float
    ports: tuple[tuple[str, TraceSnapshot], ...]

    def lines(self) -> Iterator[str]:
        """Yield a heading, then every entry in the order of time: seconds, port, direction, bytes escaped."""
        yield f"# {self.source}: {self.what}"
        yield f"# latched at {self.fault_s:.6f} s, session time where a session was open; < in, > out, ! port"
        width = max((len(key) for key, _ in self.ports), default=0)
        for mono_s, key, direction, text in heapq.merge(*map(_rows, self.ports), key=itemgetter(0)):
            yield f"{mono_s - self.epoch_s:12.6f} {key:<{width}} {direction} {text}"


def _rows(port: tuple[str, TraceSnapshot]) -> Iterator[tuple[float, str, str, str]]:
    key, snapshot = port
    return ((entry.mono_s, key, entry.direction, entry.text) for entry in snapshot)


class _TraceWriter(ABC):
    """Writes traces in a thread of its own, for a disk may take long: until `close`, and what waits then."""

    def __init__(self, folder: Path, most_waiting: int) -> None:
        self._folder = folder
        self._waiting: deque[FaultTrace] = deque(maxlen=most_waiting)
        self._wake = threading.Event()
        self._closing = False
        self._helper = threading.Thread(target=self._write_until_closed, name="traces", daemon=True)
        self._helper.start()

    def keep_trace(self, trace: FaultTrace) -> None:
        """Take a trace to be written."""
        self._waiting.append(trace)
        self._wake.set()

    def end(self) -> None:
        """Have the thread write what waits and end, without waiting for it."""
        self._closing = True
        self._wake.set()

    def close(self) -> None:
        """Write what waits, and end the thread."""
        self.end()
        self._helper.join()

    @property
    def closed(self) -> bool:
        """Whether the thread has ended."""
        return not self._helper.is_alive()

    def _write_until_closed(self) -> None:
        follow_the_ticks()
        while not self._closing or self._waiting:
            self._wake.wait()
            self._wake.clear()
            while self._waiting:
                trace = self._waiting.popleft()
                _save(trace, self._folder / self._name(trace))
            self._tidy()

    @abstractmethod
    def _name(self, trace: FaultTrace) -> str: ...

    def _tidy(self) -> None:  # noqa: B027 -- not every kind has something to do
        """Do what is due after writing."""


class SessionTraces(_TraceWriter):
    """Traces of one session, in its folder, named by session time."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / TRACES_NAME, MOST_OF_A_SESSION)
        self._taken = 0

    def keep_trace(self, trace: FaultTrace) -> None:
        """Take a trace to be written, up to as many as a session may have."""
        if self._taken < MOST_OF_A_SESSION:
            self._taken += 1
            super().keep_trace(trace)

    def _name(self, trace: FaultTrace) -> str:
        return f"{trace.fault_s:010.3f}_{trace.source}.txt"


class IdleTraces(_TraceWriter):
    """Traces of faults outside any session, numbered, and named by UTC beside."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, MOST_WITHOUT_SESSION)

    def _name(self, trace: FaultTrace) -> str:
        newest = max(map(_number, self._folder.glob("*.txt")), default=0)
        return f"{newest + 1:06d}_{utc_now():%Y%m%dT%H%M%S_%f}_{trace.source}.txt"

    def _tidy(self) -> None:
        """Drop the oldest, by their numbers: a wall clock that was wrong makes none old."""
        with suppress(OSError):
            found = sorted(self._folder.glob("*.txt"), key=lambda path: (_number(path), path.name))
            for path in found[:-MOST_WITHOUT_SESSION]:
                path.unlink()


def _number(trace: Path) -> int:
    """Return the number in a trace's name, 0 for one from before they had any."""
    number = trace.name.partition("_")[0]
    return int(number) if number.isascii() and number.isdigit() else 0


def _save(trace: FaultTrace, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", buffering=1 << 16) as file:
            lines = trace.lines()
            while part := list(islice(lines, _LINES_A_WRITE)):
                file.write("\n".join((*part, "")))
                file.flush()
                _never.wait(_PAUSE_S)
    except OSError as error:
        log.warning("fault %s: no wire trace, %s (%s)", trace.source, path, error.strerror)
    else:
        log.warning("fault %s: the last seconds of every port are in %s", trace.source, path)
