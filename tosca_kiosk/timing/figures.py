"""The figures of a report: each under one name, in one form, for terminal, page, verdict and comparison."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from tosca_kiosk.timing.samples import PARTS
from tosca_kiosk.timing.statistics import Spread

SPREAD: Final = Spread._fields
LATE: Final = "late"
WITNESS: Final = "witness"
OF_WITNESS: Final = "late_of_witness"
TICK: Final = "tick"
OF_PERIOD: Final = "tick_percent"
WORLD: Final = "world"
MISSED: Final = "missed periods"
MISSED_UNSEEN: Final = "missed periods the witness did not see"

_NAMES: Final = {
    LATE: "lateness",
    OF_WITNESS: "lateness, times the witness's",
    TICK: "tick",
    OF_PERIOD: "tick, of its period",
}

_DIGITS: Final = {"us": 1, "x": 2, "%": 2, "periods": 0}


class Figure(NamedTuple):
    """One row. spread: p50, p99, p999 and max in the unit; empty where nothing was measured."""

    name: str
    unit: str
    spread: Mapping[str, float]


def named(key: str, part: str) -> str:
    """Return the name of one value of a figure, as `tick p50, of its period`."""
    return with_part(_NAMES[key], part)


def with_part(name: str, part: str) -> str:
    """Return a figure's name with the part of its spread behind the first words."""
    head, comma, more = name.partition(",")
    return f"{head} {part}{comma}{more}" if part else name


def shown(value: float, unit: str) -> str:
    """Return a value as it is shown everywhere: with the digits that the report holds and no exponent."""
    return f"{value:.{_DIGITS[unit]}f}"


def with_unit(value: float, unit: str) -> str:
    """Return a value as it is shown, with its unit."""
    return f"{shown(value, unit)} {unit}"


def labelled(name: str, unit: str) -> str:
    """Return the head of a row whose cells are bare numbers."""
    return f"{name} ({unit})"


def lit_share(share: float) -> str:
    """Return a share of the ticks as it is shown."""
    return f"{share:.1%}"


def times(value_us: float, of_us: float) -> float:
    """Return how often one lateness is another; under 0.1 us a clock tells nothing."""
    return round(value_us / max(of_us, 0.1), _DIGITS["x"])


def percent_of_period(value_us: float, rate_hz: int) -> float:
    """Return a cost as a share of the period, in %."""
    return round(value_us * rate_hz / 1e4, _DIGITS["%"])


def figures(report: Mapping[str, Any]) -> dict[str, Figure]:
    """Return every row of a report by its key, in the order in which they are shown.

    It needs the keys that every report has had. Raises KeyError, TypeError where they are damaged.
    """
    late, tick = _spread(report["late_us"]), _spread(report["tick_us"])
    peer, witness = report["witness"]["name"], _spread(report["witness"])
    of_witness = {part: times(late[part], witness[part]) for part in late if part in witness}
    of_period = {part: percent_of_period(value, report["rate_hz"]) for part, value in tick.items()}
    rows = {
        LATE: _us(_NAMES[LATE], late),
        WITNESS: _us(f"lateness of {peer}", witness),
        OF_WITNESS: Figure(name=_NAMES[OF_WITNESS], unit="x", spread=of_witness),
        TICK: _us(_NAMES[TICK], tick),
        OF_PERIOD: Figure(name=_NAMES[OF_PERIOD], unit="%", spread=of_period),
    }
    rows |= {part: _us(f"tick: {part}", _spread(report["parts_us"][part])) for part in PARTS}
    return rows | {WORLD: _us("simulated world, not in the tick", _spread(report["simulated_world_us"]))}


def _us(name: str, spread: Mapping[str, float]) -> Figure:
    return Figure(name=name, unit="us", spread=spread)


def _spread(told: Mapping[str, Any]) -> dict[str, float]:
    return {part: float(told[part]) for part in SPREAD if part in told}
