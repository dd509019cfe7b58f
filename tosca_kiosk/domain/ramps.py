"""How power goes from a step's start to its end: one row per ramp.

A row says how much of the way is done at p = t / duration, and that function's integral from 0 to p, so the
energy of any part of a step is exact. Every shape begins at 0 and ends at 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import StrEnum
from typing import Final, NamedTuple

_LN10: Final = math.log(10.0)


class RampType(StrEnum):
    """The four ramps, named as in protocol files."""

    CONSTANT = "constant"
    LINEAR = "linear"
    LOGARITHMIC = "logarithmic"
    EXPONENTIAL = "exponential"


class Shape(NamedTuple):
    """fraction(p): part of the way from start to end; integral(p): the fraction's integral from 0 to p."""

    fraction: Callable[[float], float]
    integral: Callable[[float], float]


def _log_integral(p: float) -> float:
    u = 1.0 + 9.0 * p
    return (u * math.log(u) - 9.0 * p) / (9.0 * _LN10)


def _exp_integral(p: float) -> float:
    return (math.expm1(p * _LN10) / _LN10 - p) / 9.0


SHAPES: Final[dict[RampType, Shape]] = {
    RampType.CONSTANT: Shape(fraction=lambda p: 0.0, integral=lambda p: 0.0),
    RampType.LINEAR: Shape(fraction=lambda p: p, integral=lambda p: 0.5 * p * p),
    RampType.LOGARITHMIC: Shape(fraction=lambda p: math.log10(1.0 + 9.0 * p), integral=_log_integral),
    RampType.EXPONENTIAL: Shape(fraction=lambda p: (10.0**p - 1.0) / 9.0, integral=_exp_integral),
}


def ramp_power_w(ramp: RampType, start_w: float, end_w: float, p: float) -> float:
    """Return the power at p = t / duration, 0 to 1: start_w at 0 and end_w at 1 exactly, never beyond."""
    fraction = SHAPES[ramp].fraction(p)
    if fraction < 0.5:
        return start_w + (end_w - start_w) * fraction
    return end_w - (end_w - start_w) * (1.0 - fraction)


def ramp_energy_j(ramp: RampType, start_w: float, end_w: float, duration_s: float, p: float = 1.0) -> float:
    """Return the energy from the step's start to p = t / duration, in closed form."""
    return duration_s * (start_w * p + (end_w - start_w) * SHAPES[ramp].integral(p))
