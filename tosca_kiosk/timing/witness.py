"""The witness: something else that sleeps to the same deadlines at the same priority, in the same run.

It is cyclictest of the rt-tests where that is installed, with a thread on every processor: a shared machine
may stop one of them and not the others. It wakes up half a period after control does, so that neither delays
the other and both see the same machine. It skips the periods it misses, as control does; its lines number
the wake-ups of each thread, so their times follow from the lateness that each tells.
"""

from __future__ import annotations

import re
import shutil
from bisect import bisect_right
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

CYCLICTEST: Final = "cyclictest"
BARE_LOOP: Final = "bare Python loop"
SEEN_FROM: Final = 0.25
"""The part of a period: a witness that late, or more, has seen what made control miss a period."""

_LINE: Final = re.compile(rb"^\s*(\d+):\s*\d+:\s*(\d+)\s*$", re.MULTILINE)


class Wakeups(NamedTuple):
    """When a witness woke up, how late, in nanoseconds, and which thread it was: equally long, by time."""

    woke: NDArray[np.int64]
    late: NDArray[np.int64]
    thread: NDArray[np.int64]

    @classmethod
    def of_one(cls, woke: NDArray[np.int64], late: NDArray[np.int64]) -> Wakeups:
        """Return the wake-ups of a witness with one thread."""
        return cls(woke, late, np.zeros(len(woke), dtype=np.int64))

    def where(self, chosen: NDArray[Any]) -> Wakeups:
        """Return those of a mask, or in an order."""
        return Wakeups(*(each[chosen] for each in self))


def cyclictest_command(rate_hz: int, seconds: float, priority: int, offset_us: int) -> list[str] | None:
    """Return the command of a cyclictest that wakes up offset_us after every full second and each period on.

    None where it is not installed.
    """
    path = shutil.which(CYCLICTEST)
    if path is None:
        return None
    return [
        *(path, "--policy=fifo", f"--priority={priority}", "--mlockall", "--smp", "--distance=0"),
        *(f"--interval={period_us(rate_hz)}", f"--loops={round(seconds * rate_hz)}"),
        *(f"--secaligned={offset_us}", "--nsecs", "--verbose", "--unbuffered"),
    ]


def period_us(rate_hz: int) -> int:
    """Return the period as cyclictest takes it: in whole microseconds."""
    return round(1_000_000 / rate_hz)


def half_a_period_after(start_s: float, rate_hz: int) -> int:
    """Return the microseconds after a full second at which a loop with a deadline at start_s is half way."""
    period = 1_000_000 / rate_hz
    return round((start_s * 1e6 + period / 2) % period)


def deadlines_ns(late: NDArray[np.int64], period_ns: int) -> NDArray[np.int64]:
    """Return the deadline of each wake-up, from the first one's: a late one skips what it has missed."""
    skipped = np.cumsum(late // period_ns) - late // period_ns
    return np.asarray((np.arange(len(late), dtype=np.int64) + skipped) * period_ns)


def wakeups(text: bytes, rate_hz: int, offset_us: int, seen: list[tuple[int, int]]) -> Wakeups:
    """Return the wake-ups that cyclictest's verbose lines tell, on the system's monotonic clock.

    offset_us: as the command was given it. seen: pairs of how many bytes had come by which monotonic time in
    nanoseconds; they tell the full second at which the first period began.
    """
    whole = text[: text.rfind(b"\n") + 1]
    found = np.array(
        [(int(line[1]), int(line[2]), line.end()) for line in _LINE.finditer(whole)], dtype=np.int64
    ).reshape(-1, 3)
    period = period_us(rate_hz) * 1000
    threads = [_of_thread(found[found[:, 0] == each], period, offset_us, seen) for each in set(found[:, 0])]
    if not threads:
        return Wakeups.of_one(*np.zeros((2, 0), dtype=np.int64))
    together = Wakeups(*(np.concatenate(parts) for parts in zip(*threads, strict=True)))
    return together.where(np.argsort(together.woke, kind="stable"))


def _of_thread(found: NDArray[np.int64], period: int, offset_us: int, seen: list[tuple[int, int]]) -> Wakeups:
    """Return one thread's wake-ups. found: rows of thread, lateness and where in the text its line ends."""
    thread, late, ends = found.T
    come = [(bisect_right(ends, length), at) for length, at in seen]
    woke = deadlines_ns(late, period) + late
    latest_first = min((at - int(woke[lines - 1]) for lines, at in come if lines), default=0)
    offset = offset_us * 1000 + period
    first = (latest_first - offset) // 1_000_000_000 * 1_000_000_000 + offset
    return Wakeups(woke=first + woke, late=late, thread=thread)


def missed_unseen(missed: list[tuple[int, int]], witness: Wakeups, period_ns: int) -> list[bool]:
    """Return, for each span (began, ended) in which control missed periods, whether the witness saw nothing.

    It saw it when one of its threads woke up a quarter of a period late or more, or not at all, in the span
    or next to it.
    """
    threads = [witness.where(witness.thread == each) for each in set(witness.thread)]
    return [not any(_saw(thread, span, period_ns) for thread in threads) for span in missed]


def _saw(thread: Wakeups, span: tuple[int, int], period_ns: int) -> bool:
    began, ended = span
    due = thread.woke - thread.late
    near = (due >= began - period_ns) & (due <= ended + period_ns)
    return not near.any() or bool((thread.late[near] >= SEEN_FROM * period_ns).any())
