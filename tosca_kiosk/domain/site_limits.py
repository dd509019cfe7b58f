"""A site's configuration over the design limits: what may be set, and that it only ever tightens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from tosca_kiosk.domain.rules import Limits
from tosca_kiosk.domain.setting_table import DURATION_KEY, SETTINGS, Holds, Kind, Setting


class SiteLimitError(Exception):
    """A configured value that is not a limit, or looser than the design limit; the text names the key."""


_DESIGN: Final = Limits()

LIMIT_KEYS: Final[dict[str, Setting]] = {
    setting.field: setting for setting in SETTINGS.values() if setting.field is not None
}
"""Which key governs each field of Limits."""

GOVERNING: Final = frozenset(key for key, row in SETTINGS.items() if row.holds is not Holds.CAMERA)
"""Keys that decide something now; a value of one of them is never passed over."""
_NUMBERS: Final = frozenset(key for key in GOVERNING if SETTINGS[key].kind is not Kind.STRING)


def site_limits(settings: Mapping[str, Any]) -> Limits:
    """Return the design limits with the settings' values in their place.

    Every number that governs something is checked, also one that is no limit; others are left alone. Raises
    SiteLimitError for a value of the wrong type, out of its range or looser than the design limit.
    """
    for key in settings.keys() & _NUMBERS:
        if problem := SETTINGS[key].problem(settings[key]):
            raise SiteLimitError(problem)
    values = {
        field: _limit(row, settings[row.key]) for field, row in LIMIT_KEYS.items() if row.key in settings
    }
    return msgspec.structs.replace(_DESIGN, **values)


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
