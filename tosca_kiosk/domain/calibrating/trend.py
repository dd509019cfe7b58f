"""Where a measured value is going: the line through its history, and the day on which it leaves bounds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from statistics import fmean
from typing import Final, NamedTuple

import msgspec

LEAST_VALUES: Final = 6
"""A line through fewer says nothing of its own scatter."""
LEAST_DAYS: Final = 5.0
"""Values of one day tell how well a device repeats, not how it ages."""
_SURE: Final = 3.0
"""So many times its own standard error the slope must be: many values are looked at every morning."""
_FARTHEST_DAYS: Final = 3650.0
"""A day that lies farther away is none to plan by."""


class Line(NamedTuple):
    """The line of least squares.

    per_day: its slope; error: the slope's standard error; at_end: y at the last x.
    """

    per_day: float
    error: float
    at_end: float


class Measured(NamedTuple):
    """A value as it was measured once, naive UTC."""

    at: datetime
    value: float


class Trend(msgspec.Struct, frozen=True, kw_only=True):
    """What a value's history says. values: how many there are.

    per_year: None where the history is too short or too young, or shows no slope. leaves_on: the day on which
    the line leaves the bounds, the last one's where it has left them; None where it does not go there.
    """

    values: int
    per_year: float | None = None
    leaves_on: date | None = None


def line(points: Sequence[tuple[float, float]]) -> Line:
    """Return the line through three points (days, value) or more, ascending, which are not of one time."""
    x_mean, y_mean = fmean(x for x, _ in points), fmean(y for _, y in points)
    of_x = sum((x - x_mean) ** 2 for x, _ in points)
    slope = sum((x - x_mean) * (y - y_mean) for x, y in points) / of_x
    left = sum((y - y_mean - slope * (x - x_mean)) ** 2 for x, y in points)
    error = math.sqrt(left / (len(points) - 2) / of_x)
    return Line(per_day=slope, error=error, at_end=y_mean + slope * (points[-1][0] - x_mean))


def days_until(distance: float, per_day: float) -> timedelta | None:
    """Return in how many days a slope has gone a distance, both of one sign; None where that is too far."""
    days = distance / per_day
    return timedelta(days=days) if days <= _FARTHEST_DAYS else None


def trend(history: Sequence[Measured], low: float | None, high: float | None) -> Trend:
    """Return where a value goes, oldest first, and when it leaves low to high; None leaves that side open.

    A clock that was set back between two of them puts them where they say that they were.
    """
    known = sorted(history)
    if len(known) < LEAST_VALUES:
        return Trend(values=len(known))
    first = known[0].at
    points = [((one.at - first) / timedelta(days=1), one.value) for one in known]
    if points[-1][0] < LEAST_DAYS:
        return Trend(values=len(known))
    found = line(points)
    if abs(found.per_day) <= _SURE * found.error or found.per_day == 0.0:
        return Trend(values=len(known))
    bound = high if found.per_day > 0.0 else low
    leaves = None if bound is None else days_until(bound - found.at_end, found.per_day)
    return Trend(
        values=len(known),
        per_year=365.25 * found.per_day,
        leaves_on=None if leaves is None else (known[-1].at + max(timedelta(0), leaves)).date(),
    )
