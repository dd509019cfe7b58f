"""Pass or fail of measured points, with all that was judged: spread, fit, held-back points, uncertainty."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Final

import msgspec

from tosca_kiosk.domain.calibrating.fitting import (
    StraightLine,
    departures,
    held_back_errors,
    local_slopes,
    straight_line,
)
from tosca_kiosk.domain.calibrating.kinds import COVERAGE_FACTOR, Kind, Unit
from tosca_kiosk.domain.calibrating.readings import Point, overall_slope

_EARLY: Final = 0.5
"""Repeats that go one way for more than this part of twice their spread's tolerance had not settled."""


class Fault(StrEnum):
    """Why points fail. The first three are causes, which explain what else is found."""

    METER_RANGE = "meter_range"
    SWAPPED_READINGS = "swapped_readings"
    TOO_EARLY = "read_too_early"
    SLOPE = "slope"
    NOT_MONOTONIC = "not_monotonic"
    SPAN = "span"
    SPREAD = "spread"
    HELD_BACK = "held_back"
    NOT_STRAIGHT = "not_straight"
    UNCERTAINTY = "uncertainty"


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """One reason to fail. point: its number, None for the whole curve."""

    fault: Fault
    text: str
    point: int | None = None


class JudgedPoint(msgspec.Struct, frozen=True, kw_only=True):
    """A point with what was found of it.

    xs, ys: its repeats. spread: the largest departure of one from the point, residual: from the straight
    line, held_back: from what all other points predict; all in y's unit.
    """

    number: int
    x: float
    y: float
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    spread: float
    residual: float
    held_back: float


class Uncertainty(msgspec.Struct, frozen=True, kw_only=True):
    """Of the result, expanded by the coverage factor, and its standard parts; all in the tolerance's unit."""

    expanded: float
    coverage_factor: float
    meter: float
    repeats: float
    curve: float


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What was judged, by which tolerance, and what it came to. Points by rising x."""

    tolerance: float
    unit: Unit
    points: tuple[JudgedPoint, ...]
    line: StraightLine
    uncertainty: Uncertainty
    failures: tuple[Failure, ...]

    @property
    def passed(self) -> bool:
        return not self.failures


def judged(kind: Kind, points: Sequence[Point], meter_uncertainty: float) -> Judgement:
    """Judge points that are no mistake: enough of them, of rising x.

    meter_uncertainty: of the reference, expanded by the coverage factor, in the unit of the tolerance.
    """
    line, errors = straight_line(points), held_back_errors(points)
    slopes, top = local_slopes(points), max(point.y for point in points)
    found = tuple(
        JudgedPoint(
            number=point.number,
            x=point.x,
            y=point.y,
            xs=point.xs,
            ys=point.ys,
            spread=max(map(abs, departures(point, slope))),
            residual=point.y - line.at(point.x),
            held_back=error,
        )
        for point, slope, error in zip(points, slopes, errors, strict=True)
    )
    uncertainty = _uncertainty(kind, points, slopes, errors, meter_uncertainty)
    failures = (
        *_of_the_curve(kind, points, top),
        *_of_the_repeats(kind, points, slopes, top),
        *_of_the_fit(kind, found, top),
        *_of_the_result(kind, uncertainty),
    )
    return Judgement(
        tolerance=kind.tolerance,
        unit=kind.unit,
        points=found,
        line=line,
        uncertainty=uncertainty,
        failures=failures,
    )


def _uncertainty(
    kind: Kind,
    points: Sequence[Point],
    slopes: Sequence[float],
    errors: Sequence[float],
    meter_uncertainty: float,
) -> Uncertainty:
    """Combine the parts by the Guide to the expression of uncertainty (JCGM 100:2008).

    U = k * u, u^2 = meter^2 + repeats^2 + curve^2, at the worst point of each.

    meter: the reference's own, divided by k (4.3.3). repeats: s / sqrt(n), s the standard deviation of n
    repeats (4.2.3). curve: what straight lines between points miss, an even distribution as wide as the
    largest error of an inner point that was held back: that / sqrt(3) (4.3.7).
    """
    top = max(point.y for point in points)
    meter = meter_uncertainty / COVERAGE_FACTOR
    repeats = max(
        kind.in_unit(_of_the_mean(departures(point, slope)), point.y, top)
        for point, slope in zip(points, slopes, strict=True)
    )
    inner = list(zip(points, errors, strict=True))[1:-1]
    curve = max(kind.in_unit(abs(error), point.y, top) for point, error in inner) / math.sqrt(3.0)
    return Uncertainty(
        expanded=COVERAGE_FACTOR * math.hypot(meter, repeats, curve),
        coverage_factor=COVERAGE_FACTOR,
        meter=meter,
        repeats=repeats,
        curve=curve,
    )


def _of_the_mean(away: Sequence[float]) -> float:
    variance = sum(one * one for one in away) / (len(away) - 1)
    return math.sqrt(variance / len(away))


def _of_the_curve(kind: Kind, points: Sequence[Point], top: float) -> Iterator[Failure]:
    slope = overall_slope(points)
    if not kind.slope_low <= abs(slope) <= kind.slope_high:
        text = (
            f"{slope:.4g} {kind.y_name} per {kind.x_name}; {kind.slope_low:g} to {kind.slope_high:g} are "
            "possible"
        )
        yield Failure(fault=Fault.SLOPE, text=text)
    if slope < 0.0 and not kind.may_fall:
        yield Failure(fault=Fault.NOT_MONOTONIC, text=f"{kind.y_name} falls while {kind.x_name} rises")
    for before, after in pairwise(points):
        if (after.y - before.y) * (1.0 if slope >= 0.0 else -1.0) <= 0.0:
            text = (
                f"{kind.y_name} turns or stands between points {before.number} and {after.number}: "
                f"{before.y:.4g}, then {after.y:.4g}"
            )
            yield Failure(fault=Fault.NOT_MONOTONIC, text=text, point=after.number)
    span = top - min(point.y for point in points)
    if span < kind.least_span:
        text = f"the points span {span:.4g} in {kind.y_name}; {kind.least_span:g} are needed"
        yield Failure(fault=Fault.SPAN, text=text)


def _of_the_repeats(
    kind: Kind, points: Sequence[Point], slopes: Sequence[float], top: float
) -> Iterator[Failure]:
    for point, slope in zip(points, slopes, strict=True):
        away = departures(point, slope)
        if kind.spread_of_x:
            limit = kind.spread * abs(slope)
            counted, unit = 1.0 / abs(slope) if slope else math.inf, kind.x_name.rpartition("_")[2]
        else:
            limit = kind.allowed(point.y, top, kind.spread)
            counted, unit = kind.in_unit(1.0, point.y, top), kind.unit
        travel = away[-1] - away[0]
        if abs(travel) > _EARLY * 2.0 * limit and _one_way(away):
            text = (
                f"point {point.number} was read too early: its repeats go one way, by "
                f"{abs(travel) * counted:.3g} {unit} from the first to the last; wait until it has settled"
            )
            yield Failure(fault=Fault.TOO_EARLY, text=text, point=point.number)
        elif (worst := max(map(abs, away))) > limit:
            text = (
                f"the repeats of point {point.number} are up to {worst * counted:.3g} {unit} from it; "
                f"{kind.spread:g} {unit} are allowed"
            )
            yield Failure(fault=Fault.SPREAD, text=text, point=point.number)


def _one_way(away: Sequence[float]) -> bool:
    steps = [after - before for before, after in pairwise(away)]
    return all(step > 0.0 for step in steps) or all(step < 0.0 for step in steps)


def _of_the_fit(kind: Kind, points: Sequence[JudgedPoint], top: float) -> Iterator[Failure]:
    for point in points:
        limit = kind.allowed(point.y, top, kind.tolerance)
        if abs(point.held_back) > limit:
            said = kind.in_unit(point.held_back, point.y, top)
            text = (
                f"point {point.number} is {said:+.3g} {kind.unit} from what all others say of it; "
                f"{kind.tolerance:g} {kind.unit} are allowed"
            )
            yield Failure(fault=Fault.HELD_BACK, text=text, point=point.number)
        if kind.straight and abs(point.residual) > limit:
            said = kind.in_unit(point.residual, point.y, top)
            text = (
                f"point {point.number} is {said:+.3g} {kind.unit} from the straight line; "
                f"{kind.tolerance:g} {kind.unit} are allowed of a {kind.device}"
            )
            yield Failure(fault=Fault.NOT_STRAIGHT, text=text, point=point.number)


def _of_the_result(kind: Kind, uncertainty: Uncertainty) -> Iterator[Failure]:
    if not uncertainty.expanded <= kind.tolerance:
        text = (
            f"the result is uncertain by {uncertainty.expanded:.3g} {kind.unit} (k = "
            f"{uncertainty.coverage_factor:g}); {kind.tolerance:g} {kind.unit} are allowed"
        )
        yield Failure(fault=Fault.UNCERTAINTY, text=text)
