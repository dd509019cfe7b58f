"""Fits through points: the straight line, and each point as the others predict it."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

import msgspec

from tosca_kiosk.domain.calibrating.readings import Point


class StraightLine(msgspec.Struct, frozen=True, kw_only=True):
    """The line of least squares through the points. r_squared: the part of y's variance that it explains."""

    slope: float
    intercept: float
    r_squared: float

    def at(self, x: float) -> float:
        return self.intercept + self.slope * x


def straight_line(points: Sequence[Point]) -> StraightLine:
    """Return the line through two points or more whose x are not all equal."""
    x_mean, y_mean = fmean(point.x for point in points), fmean(point.y for point in points)
    of_x = sum((point.x - x_mean) ** 2 for point in points)
    slope = sum((point.x - x_mean) * (point.y - y_mean) for point in points) / of_x
    intercept = y_mean - slope * x_mean
    left = sum((point.y - intercept - slope * point.x) ** 2 for point in points)
    of_y = sum((point.y - y_mean) ** 2 for point in points)
    return StraightLine(slope=slope, intercept=intercept, r_squared=1.0 - left / of_y if of_y else 0.0)


def held_back_errors(points: Sequence[Point]) -> tuple[float, ...]:
    """Return of each point how far its y is from the curve through all others, which must rise in x.

    An inner point is predicted on the straight line between its neighbours. The two ends have only one: the
    line of the nearest two goes on to them, which no treatment lets it do.
    """
    errors = []
    for index, point in enumerate(points):
        left, right = _neighbours(index, len(points))
        errors.append(point.y - _through(points[left], points[right], point.x))
    return tuple(errors)


def local_slopes(points: Sequence[Point]) -> tuple[float, ...]:
    """Return y per x at each point, from its neighbours."""
    slopes = []
    for index in range(len(points)):
        left, right = points[max(index - 1, 0)], points[min(index + 1, len(points) - 1)]
        slopes.append((right.y - left.y) / (right.x - left.x))
    return tuple(slopes)


def departures(point: Point, slope: float) -> tuple[float, ...]:
    """Return how far each repeat's y is from its point, what the repeat's own x explains taken off."""
    return tuple(y - point.y - slope * (x - point.x) for x, y in zip(point.xs, point.ys, strict=True))


def _neighbours(index: int, count: int) -> tuple[int, int]:
    if index == 0:
        return 1, 2
    if index == count - 1:
        return count - 3, count - 2
    return index - 1, index + 1


def _through(one: Point, other: Point, x: float) -> float:
    return one.y + (x - one.x) * (other.y - one.y) / (other.x - one.x)
