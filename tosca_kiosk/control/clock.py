"""The only place that reads the machine's clocks and waits. Everything else is told the time.

`now_s` is monotonic and steers; `utc` only labels records.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """A clock to steer by, with a label for records."""

    def now_s(self) -> float:
        """Return seconds since the clock was made."""

    def sleep_until(self, deadline_s: float) -> None:
        """Return at the deadline, or at once when it has passed."""

    def utc(self) -> datetime:
        """Return the time of day, in UTC."""


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


def utc_now() -> datetime:
    """Return the wall clock's time, in UTC."""
    return datetime.now(UTC)
