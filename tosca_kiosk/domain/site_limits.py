"""A site's configuration over the design limits: what may be set, and that it only ever tightens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec

from tosca_kiosk.domain.rules import Limits
from tosca_kiosk.domain.setting_table import DURATION_KEY, SETTINGS, Holds, Kind, Setting


class SiteLimitError(Exception):
    """A configured value that is no limit, looser than the design or against another; the text names keys."""


_DESIGN: Final = Limits()

LIMIT_KEYS: Final[dict[str, Setting]] = {
    setting.field: setting for setting in SETTINGS.values() if setting.field is not None
}
"""Which key governs each field of Limits."""

GOVERNING: Final = frozenset(key for key, row in SETTINGS.items() if row.holds is not Holds.CAMERA)
"""Keys that decide something now; a value of one of them is never passed over."""
_NUMBERS: Final = frozenset(key for key in GOVERNING if SETTINGS[key].kind is not Kind.STRING)


class _Order(NamedTuple):
    """Two limits that a hand or foot acts between. never: what follows where no time is between them."""

    lower: str
    upper: str
    never: str

    def problem(self, limits: Limits) -> str | None:
        """Return why there is no time between them, None where there is."""
        lower, upper = getattr(limits, self.lower), getattr(limits, self.upper)
        if lower + ROOM_S <= upper:
            return None
        return (
            f"system_config.{LIMIT_KEYS[self.lower].key}: {lower:g} s, and "
            f"system_config.{LIMIT_KEYS[self.upper].key}: {upper:g} s; the first must be at least "
            f"{ROOM_S:g} s under the second, or {self.never}"
        )


ROOM_S: Final = _DESIGN.late_tick_s
"""Control may be so late: in less time between two limits there need not be one tick of it."""
_ORDERS: Final = (
    _Order(lower="arm_hold_s", upper="arm_hold_max_s", never="the cart cannot be armed"),
    _Order(lower="pedal_after_arm_s", upper="armed_max_s", never="no press of the pedal begins light"),
)

ORDERED: Final = tuple((LIMIT_KEYS[order.lower].key, LIMIT_KEYS[order.upper].key) for order in _ORDERS)
"""Keys of which the first stays under the second, by ROOM_S or more."""


def site_limits(settings: Mapping[str, Any]) -> Limits:
    """Return the design limits with the settings' values in their place.

    Every number that governs something is checked, also one that is no limit; others are left alone. Raises
    SiteLimitError for a value of the wrong type, out of its range or looser than the design limit, and for
    two that contradict each other.
    """
    for key in settings.keys() & _NUMBERS:
        if problem := SETTINGS[key].problem(settings[key]):
            raise SiteLimitError(problem)
    values = {
        field: _limit(row, settings[row.key]) for field, row in LIMIT_KEYS.items() if row.key in settings
    }
    limits = msgspec.structs.replace(_DESIGN, **values)
    for order in _ORDERS:
        if problem := order.problem(limits):
            raise SiteLimitError(problem)
    return limits


def _limit(row: Setting, value: float) -> float:
    return (int(value) if row.kind is Kind.INTEGER else value) * row.scale


def longest_treatment_s(settings: Mapping[str, Any]) -> float | None:
    """Return how long a protocol may last, in seconds; None where the site sets no limit."""
    value: float | None = settings.get(DURATION_KEY)
    return value


def looser_than_design(limits: Limits) -> tuple[str, ...]:
    """Return which of the limits no site may have, one text each: by field, with what is allowed."""
    return tuple(
        f"{field}: {value:g} given, {low:g} to {high:g} allowed"
        for field, row in LIMIT_KEYS.items()
        for value, low, high in [(getattr(limits, field), *_bounds(row))]
        if not low <= value <= high
    )


def _bounds(row: Setting) -> tuple[float, float]:
    assert row.lowest is not None
    assert row.highest is not None
    return row.lowest * row.scale, row.highest * row.scale
