"""One row a tick, in integer nanoseconds, as the measured control process leaves them in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

COLUMNS: Final = (
    "woke",
    "late",
    "missed",
    "emitting",
    "world",
    "link",
    "poll",
    "sample",
    "step",
    "act",
    "journal",
    "ring",
)
"""woke: the system's monotonic time. late: from the deadline slept for to waking up. missed: periods skipped
since the tick before. emitting: 1 while light is confirmed. The rest are durations: world, the simulated one,
which a cart does not have; then the parts of the tick."""

PARTS: Final = COLUMNS[5:]
"""What a tick is made of; ring: telemetry made, encoded and published, answers sent."""

Rows = NDArray[np.int64]
"""Shape (ticks, len(COLUMNS))."""


class SamplesError(Exception):
    """A file that does not hold whole rows."""


def read_rows(path: Path) -> Rows:
    """Return every row of a file. Raises SamplesError, or OSError when it cannot be read."""
    values = np.fromfile(path, dtype=np.int64)
    if len(values) == 0 or len(values) % len(COLUMNS):
        raise SamplesError(f"{path}: {len(values)} numbers are not rows of {len(COLUMNS)}")
    return values.reshape(-1, len(COLUMNS))


def column(rows: Rows, name: str) -> Rows:
    """Return one column."""
    return rows[:, COLUMNS.index(name)]


def tick_ns(rows: Rows) -> Rows:
    """Return what each tick cost: its parts together, without the world."""
    return np.asarray(rows[:, COLUMNS.index(PARTS[0]) :].sum(axis=1))


def window(rows: Rows, begin_s: float, end_s: float) -> Rows:
    """Return the ticks that woke up from begin_s on and before end_s, of the system's monotonic time.

    The first row is of the tick before them. Raises SamplesError where the rows do not reach so far.
    """
    woke = column(rows, "woke")
    first, after = np.searchsorted(woke, [begin_s * 1e9, end_s * 1e9])
    if first == 0 or after in (first, len(rows)):
        raise SamplesError("control did not tick all the time")
    return rows[first - 1 : after]
