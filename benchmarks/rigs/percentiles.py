"""Percentiles of measured values, without interpolation: a value that was seen."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil


def percentile(values: Sequence[float], part: float) -> float:
    """Return the smallest value that this part of the values does not exceed; part from 0 to 1."""
    ordered = sorted(values)
    return ordered[max(0, ceil(part * len(ordered)) - 1)]
