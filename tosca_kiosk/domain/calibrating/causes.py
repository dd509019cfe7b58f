"""Why points fail: what a person or a meter usually does wrong is undone, to see whether all passes then."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import combinations, islice
from typing import Final

import msgspec

from tosca_kiosk.domain.calibrating.judgement import Failure, Fault, Judgement, judged
from tosca_kiosk.domain.calibrating.kinds import Kind
from tosca_kiosk.domain.calibrating.readings import Point

_FACTORS: Final = ((10.0, "a tenth"), (0.1, "ten times"))
"""What undoes a wrong range, and what was read in it."""
_MOST_LOOSE: Final = 4
"""Two readings that were exchanged make no more points than these disagree with themselves."""
_MOST_TRIED: Final = 1000
"""So many single readings, or exchanges of two, are tried: that takes seconds, and more would take hours."""
_Guess = tuple[Failure, list[Point]]
"""What may have happened, and the points as they would be without it."""


def judged_with_cause(kind: Kind, points: Sequence[Point], meter_uncertainty: float) -> Judgement:
    """Judge points; where they fail and one usual cause explains it, that is told first.

    It explains all but what was read too early, which is a cause of its own.
    """
    found = judged(kind, points, meter_uncertainty)
    if _only_early(found):
        return found
    nearly: Failure | None = None
    for failure, undone in _guesses(kind, points, found):
        without = judged(kind, undone, meter_uncertainty)
        if without.passed:
            return _explained(found, failure)
        if nearly is None and _only_early(without):
            nearly = failure
    return found if nearly is None else _explained(found, nearly)


def _only_early(found: Judgement) -> bool:
    return all(failure.fault is Fault.TOO_EARLY for failure in found.failures)


def _explained(found: Judgement, failure: Failure) -> Judgement:
    return msgspec.structs.replace(found, failures=(failure, *found.failures))


def _guesses(kind: Kind, points: Sequence[Point], found: Judgement) -> Iterator[_Guess]:
    loose = {failure.point for failure in found.failures if failure.fault in (Fault.SPREAD, Fault.TOO_EARLY)}
    yield from _meter_ranges(kind, points)
    yield from islice(_meter_ranges_of_readings(kind, points, loose), _MOST_TRIED)
    yield from _swapped_points(kind, points)
    yield from islice(_swapped_readings(kind, points, loose), _MOST_TRIED)


def _meter_ranges(kind: Kind, points: Sequence[Point]) -> Iterator[_Guess]:
    """Undo a factor of ten: of all points, of those from one on or up to one, of one."""
    count = len(points)
    spans = [(0, count)]
    spans += [span for at in range(1, count) for span in ((at, count), (0, at))]
    spans += [(at, at + 1) for at in range(1, count - 1)]
    for factor, times in _FACTORS:
        for begin, end in spans:
            undone = [
                replace(point, ys=tuple(factor * y for y in point.ys)) if begin <= index < end else point
                for index, point in enumerate(points)
            ]
            which = _named([point.number for point in points[begin:end]], count)
            text = f"wrong meter range: {kind.y_name} of {which} reads {times} of what fits"
            yield Failure(fault=Fault.METER_RANGE, text=text), undone


def _meter_ranges_of_readings(
    kind: Kind, points: Sequence[Point], loose: Collection[int | None]
) -> Iterator[_Guess]:
    """Undo a factor of ten of one reading."""
    for factor, times in _FACTORS:
        for index, point in enumerate(points):
            for at, y in enumerate(point.ys if point.number in loose else ()):
                text = (
                    f"wrong meter range: reading {at + 1} of point {point.number}, {y:g} {kind.y_name}, is "
                    f"{times} of what fits"
                )
                undone = {index: _with_y(point, at, factor * y)}
                yield Failure(fault=Fault.METER_RANGE, text=text, point=point.number), _with(points, undone)


def _named(numbers: Sequence[int], count: int) -> str:
    if len(numbers) == count:
        return "every point"
    if len(numbers) == 1:
        return f"point {numbers[0]}"
    return f"points {numbers[0]} to {numbers[-1]}"


def _swapped_points(kind: Kind, points: Sequence[Point]) -> Iterator[_Guess]:
    for (i, one), (j, other) in combinations(enumerate(points), 2):
        if len(one.ys) == len(other.ys):
            text = f"the {kind.y_name} of points {one.number} and {other.number} look swapped"
            swapped = {i: replace(one, ys=other.ys), j: replace(other, ys=one.ys)}
            yield Failure(fault=Fault.SWAPPED_READINGS, text=text), _with(points, swapped)


def _swapped_readings(kind: Kind, points: Sequence[Point], loose: Collection[int | None]) -> Iterator[_Guess]:
    """Undo an exchange of single readings between points whose repeats do not agree."""
    if len(loose) > _MOST_LOOSE:
        return
    known = [(index, point) for index, point in enumerate(points) if point.number in loose]
    for (i, one), (j, other) in combinations(known, 2):
        for at, y in enumerate(one.ys):
            for to, z in enumerate(other.ys):
                text = (
                    f"reading {at + 1} of point {one.number} and reading {to + 1} of point {other.number} "
                    f"look swapped in {kind.y_name}: {y:g} and {z:g}"
                )
                swapped = {i: _with_y(one, at, z), j: _with_y(other, to, y)}
                yield Failure(fault=Fault.SWAPPED_READINGS, text=text), _with(points, swapped)


def _with(points: Sequence[Point], other: dict[int, Point]) -> list[Point]:
    return [other.get(index, point) for index, point in enumerate(points)]


def _with_y(point: Point, at: int, y: float) -> Point:
    return replace(point, ys=(*point.ys[:at], y, *point.ys[at + 1 :]))
