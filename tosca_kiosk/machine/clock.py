"""The only place that reads the machine's clocks and waits. Everything else is told the time.

`now_s` is monotonic and steers; `utc` only labels records.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple, Protocol

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


class SinceBoot(NamedTuple):
    """A moment in one run of the machine. boot_id: of that run; s: seconds in it, sleep included."""

    boot_id: str
    s: float


class Clock(Protocol):
    """A clock to steer by, with a label for records."""

    def now_s(self) -> float:
        """Return seconds since the clock was made."""

    def sleep_until(self, deadline_s: float) -> None:
        """Return at the deadline, or at once when it has passed."""

    def utc(self) -> datetime:
        """Return the time of day, in UTC."""

    def since_boot(self) -> SinceBoot:
        """Return the moment in this run of the machine: nobody sets this time, and no sleep stops it."""


class RealClock:
    """The machine's monotonic clock. start_s: the system's monotonic time, as every process sees it, at 0."""

    def __init__(self) -> None:
        self.start_s = time.monotonic()

    def now_s(self) -> float:
        return time.monotonic() - self.start_s

    def sleep_until(self, deadline_s: float) -> None:
        remaining_s = deadline_s - self.now_s()
        if remaining_s > 0.0:
            time.sleep(remaining_s)

    def utc(self) -> datetime:
        return utc_now()

    def since_boot(self) -> SinceBoot:
        return since_boot()


class VirtualClock:
    """A clock that stands still but for `sleep_until`; UTC is the start's plus the virtual time."""

    def __init__(self) -> None:
        self._now_s = 0.0
        self._start = utc_now()

    def now_s(self) -> float:
        return self._now_s

    def sleep_until(self, deadline_s: float) -> None:
        self._now_s = max(self._now_s, deadline_s)

    def utc(self) -> datetime:
        return self._start + timedelta(seconds=self._now_s)

    def since_boot(self) -> SinceBoot:
        return SinceBoot("virtual", self._now_s)


def utc_label(clock: Clock) -> str:
    """Return the time of day as records hold it: naive UTC, `YYYY-MM-DD HH:MM:SS.ffffff`."""
    return clock.utc().replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")


def utc_now() -> datetime:
    """Return the wall clock's time, in UTC."""
    return datetime.now(UTC)


def since_boot() -> SinceBoot:
    """Return the moment in this run of the machine, the same in every process."""
    return SinceBoot(_BOOT_ID.read_text("ascii").strip(), time.clock_gettime(time.CLOCK_BOOTTIME))
