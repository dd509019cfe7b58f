"""How far a device has moved since its earlier calibrations, and when it will have left the tolerance."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from statistics import fmean
from typing import Final, NamedTuple

import msgspec

from tosca_kiosk.domain.calibrating.kinds import Kind, Unit
from tosca_kiosk.domain.calibrating.trend import days_until, line
from tosca_kiosk.domain.calibration import PiecewiseLinear

LEAST_CALIBRATIONS: Final = 4
"""A trend through fewer says nothing of its own scatter."""
_LEAST_DAYS: Final = 90
_LEAST_SURE: Final = 2.0
"""So many times its own standard error a trend must be."""


class Earlier(NamedTuple):
    """An earlier calibration of the same device."""

    number: int
    made: date
    curve: PiecewiseLinear


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """How far the newest curve lies from an earlier one, on average where both are calibrated."""

    number: int
    made: date
    by: float


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """Moved since earlier calibrations, the oldest first, in the unit of the tolerance.

    per_year, leaves_on: the trend and the day on which the device leaves the tolerance by it; None where the
    history is too short, or shows none.
    """

    unit: Unit
    moved: tuple[Moved, ...]
    per_year: float | None = None
    leaves_on: date | None = None


def drift(kind: Kind, curve: PiecewiseLinear, made: date, earlier: Sequence[Earlier]) -> Drift:
    """Compare a curve with the earlier ones of its device; what overlaps with none of it is left out."""
    of_device = sorted(earlier, key=lambda one: (one.made, one.number))
    moved = tuple(
        Moved(number=one.number, made=one.made, by=by)
        for one in of_device
        if (by := _moved(kind, curve, one.curve)) is not None
    )
    per_day = _trend(
        [*((float(one.made.toordinal()), -one.by) for one in moved), (float(made.toordinal()), 0.0)]
    )
    if per_day is None:
        return Drift(unit=kind.unit, moved=moved)
    days = days_until(kind.tolerance, abs(per_day))
    return Drift(
        unit=kind.unit,
        moved=moved,
        per_year=365.25 * per_day,
        leaves_on=None if days is None else made + days,
    )


def _moved(kind: Kind, curve: PiecewiseLinear, before: PiecewiseLinear) -> float | None:
    """Return by how much y has risen since an earlier curve, at the new points that it covers."""
    top = max(curve.ys)
    differences = [
        kind.in_unit(y - before.at(x), y, top)
        for x, y in zip(curve.xs, curve.ys, strict=True)
        if before.xs[0] <= x <= before.xs[-1]
    ]
    return fmean(differences) if differences else None


def _trend(known: Sequence[tuple[float, float]]) -> float | None:
    """Return the slope of the line of least squares per day, None where nothing proves that there is one."""
    if len(known) < LEAST_CALIBRATIONS or known[-1][0] - known[0][0] < _LEAST_DAYS:
        return None
    found = line(known)
    return found.per_day if abs(found.per_day) > _LEAST_SURE * found.error else None
