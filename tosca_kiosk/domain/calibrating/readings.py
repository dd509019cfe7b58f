"""Readings as somebody wrote them down: which cannot be meant, and the points that the others make."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean
from typing import Final, NamedTuple

from tosca_kiosk.domain.calibrating.kinds import MOST_POINTS, Kind
from tosca_kiosk.domain.documents import PathError

_SAME: Final = 1e-3
"""Two points whose x is nearer than this part of the whole span are one."""


class Reading(NamedTuple):
    """One reading. point: which point it repeats; place: where it stands in its document."""

    place: str
    point: int
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Point:
    """A point with its repeats in the order in which they were read."""

    number: int
    xs: tuple[float, ...]
    ys: tuple[float, ...]

    @property
    def x(self) -> float:
        return fmean(self.xs)

    @property
    def y(self) -> float:
        return fmean(self.ys)


def points_of(readings: Sequence[Reading]) -> tuple[Point, ...]:
    """Return the points by rising x; of equal x by their number."""
    repeats: dict[int, list[Reading]] = {}
    for reading in readings:
        repeats.setdefault(reading.point, []).append(reading)
    points = (
        Point(number=number, xs=tuple(one.x for one in found), ys=tuple(one.y for one in found))
        for number, found in repeats.items()
    )
    return tuple(sorted(points, key=lambda point: (point.x, point.number)))


def mistakes(kind: Kind, readings: Sequence[Reading], y_range: float) -> list[PathError]:
    """Return what cannot be meant, by its place; nothing of it may be judged then.

    y_range: the upper end of the range that the reference was set to, in the unit of y.
    """
    if found := list(_no_numbers(kind, readings)) or list(_too_few(kind, readings)):
        return found
    if swapped(kind, points_of(readings)):
        text = f"{kind.x_name} and {kind.y_name} look swapped: exchange the two columns"
        return [PathError(readings[0].place, text)]
    return [*_out_of_range(kind, readings, y_range), *_equal_points(kind, readings)]


def overall_slope(points: Sequence[Point]) -> float:
    """Return y per x from the lowest to the highest x, of which no other point weighs; 0 where x is equal."""
    span = points[-1].x - points[0].x
    return (points[-1].y - points[0].y) / span if span else 0.0


def swapped(kind: Kind, points: Sequence[Point]) -> bool:
    """Say whether the columns are rather exchanged than right, or wrong by a factor of ten."""
    found = abs(overall_slope(points))
    if found == 0.0 or kind.slope_low <= found <= kind.slope_high:
        return False
    if not kind.slope_low <= 1.0 / found <= kind.slope_high:
        return False
    return _from_shipped(kind, 1.0 / found) < min(
        _from_shipped(kind, found * factor) for factor in (0.1, 1.0, 10.0)
    )


def _from_shipped(kind: Kind, slope: float) -> float:
    return abs(math.log(slope / kind.slope))


def _no_numbers(kind: Kind, readings: Sequence[Reading]) -> Iterator[PathError]:
    for reading in readings:
        for name, value in ((kind.x_name, reading.x), (kind.y_name, reading.y)):
            if not math.isfinite(value):
                yield PathError(f"{reading.place}.{name}", f"{value} must be a finite number")


def _too_few(kind: Kind, readings: Sequence[Reading]) -> Iterator[PathError]:
    points = points_of(readings)
    if not kind.least_points <= len(points) <= MOST_POINTS:
        wanted = f"{kind.least_points} to {MOST_POINTS} make a calibration"
        yield PathError("readings", f"{_count(len(points), 'point')}; {wanted} of this type")
        return
    for point in points:
        if len(point.ys) < kind.least_repeats:
            count = _count(len(point.ys), "reading")
            yield PathError(
                "readings",
                f"point {point.number} has {count}; {kind.least_repeats} or more say whether it repeats",
            )


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _out_of_range(kind: Kind, readings: Sequence[Reading], y_range: float) -> Iterator[PathError]:
    for reading in readings:
        if not kind.x_is_set and reading.x <= 0.0:
            yield PathError(
                f"{reading.place}.{kind.x_name}", f"{reading.x:g} is no signal; read it under light"
            )
        if abs(reading.x) >= kind.x_high:
            yield PathError(
                f"{reading.place}.{kind.x_name}",
                f"{reading.x:g} is over range, which ends at {kind.x_high:g}",
            )
        if reading.y <= 0.0:
            yield PathError(
                f"{reading.place}.{kind.y_name}", f"{reading.y:g} is no reading; leave the point out"
            )
        high = min(y_range, kind.y_high)
        if reading.y >= high:
            yield PathError(
                f"{reading.place}.{kind.y_name}", f"{reading.y:g} is over range, which ends at {high:g}"
            )


def _equal_points(kind: Kind, readings: Sequence[Reading]) -> Iterator[PathError]:
    points = points_of(readings)
    span = points[-1].x - points[0].x
    for before, after in pairwise(points):
        if after.x - before.x <= _SAME * span:
            yield PathError(
                "readings",
                f"points {before.number} and {after.number} are equal: {kind.x_name} {before.x:g} and "
                f"{after.x:g}; repeats of one point have its number",
            )
