"""Percentiles of what was measured: values that were seen, none made up between two."""

from __future__ import annotations

from math import ceil
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

BLOCKS: Final = 10
"""A run is also judged in so many equal parts, so that a comparison knows how much it varies by itself."""


class Spread(NamedTuple):
    """Microseconds."""

    p50: float
    p99: float
    p999: float
    max: float


def spread_us(values_ns: NDArray[Any]) -> Spread:
    """Return the spread of at least one value."""
    ordered = np.sort(values_ns)
    return Spread(*(us(float(ordered[rank(len(ordered), part)])) for part in (0.5, 0.99, 0.999, 1.0)))


def rank(count: int, part: float) -> int:
    """Return the place, from 0, of the smallest value that this part of the values does not exceed."""
    return max(0, ceil(part * count) - 1)


def us(value_ns: float) -> float:
    """Return microseconds, to a tenth."""
    return round(value_ns / 1000.0, 1)


def in_blocks(values_ns: NDArray[Any]) -> dict[str, list[float]]:
    """Return the spread of every part of a run, in the run's order; no list where it is too short."""
    blocks = [block for block in np.array_split(values_ns, BLOCKS) if len(block)]
    spreads = [spread_us(block) for block in blocks]
    return {part: [getattr(each, part) for each in spreads] for part in Spread._fields}
