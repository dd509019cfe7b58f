"""Where values come to lie on a chart, and the round numbers beside its axes; pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final, NamedTuple

_ROUND: Final = (1.0, 2.0, 5.0, 10.0)
_TIMES_S: Final = (
    1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400,
)  # fmt: skip


class Scale(NamedTuple):
    """A straight scale: low lies at begin, high at end, in points."""

    low: float
    high: float
    begin: float
    end: float

    def at(self, value: float) -> float:
        """Return where a value lies."""
        return self.begin + (value - self.low) * (self.end - self.begin) / (self.high - self.low)


class Ticks(NamedTuple):
    """Round numbers on an axis, and how many digits behind the point they need."""

    values: tuple[float, ...]
    digits: int


def ticks(low: float, high: float, most: int) -> Ticks:
    """Return at most so many round numbers from low to high, both included where they are round."""
    least = (high - low) / most
    power = 10.0 ** math.floor(math.log10(least))
    step = next(power * times for times in _ROUND if power * times >= least * (1 - 1e-9))
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    return Ticks(tuple(_multiples(low, high, step)), digits)


def time_ticks(end_s: float, most: int) -> tuple[float, ...]:
    """Return round times from 0 to the end, at most so many and one."""
    step = next((step for step in _TIMES_S if end_s / step <= most), None)
    if step is None:
        step = _TIMES_S[-1] * math.ceil(end_s / most / _TIMES_S[-1])
    return tuple(_multiples(0.0, end_s, float(step)))


def spread(wanted: list[float], apart: float, low: float, high: float) -> list[float]:
    """Return places for labels near those wanted, in their order, none closer than apart, all inside."""
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    places = list(wanted)
    lowest = low
    for index in order:
        places[index] = max(places[index], lowest)
        lowest = places[index] + apart
    highest = high
    for index in reversed(order):
        places[index] = min(places[index], highest)
        highest = places[index] - apart
    return places


def _multiples(low: float, high: float, step: float) -> Iterator[float]:
    number = math.ceil(low / step - 1e-9)
    while number * step <= high + step * 1e-9:
        yield number * step
        number += 1
