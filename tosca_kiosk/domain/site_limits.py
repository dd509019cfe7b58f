"""A site's configuration over the design limits: what may be set, and that it only ever tightens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from tosca_kiosk.domain.rules import Limits


class SiteLimitError(Exception):
    """A configured value that is not a limit, or looser than the design limit; the text names the key."""


class SiteKey(NamedTuple):
    """How a key of `system_config` governs a field of Limits: field = value x scale, low <= value <= high."""

    field: str
    scale: float
    low: float
    high: float


_DESIGN = Limits()

SEED_KEYS = {
    "max_laser_power_watts": SiteKey("max_power_w", 1.0, 0.1, 10.0),
    "max_power_slew_watts_per_second": SiteKey("max_power_slew_w_per_s", 1.0, 0.1, 10.0),
    "treatment_loop_frequency_hz": SiteKey("setpoint_rate_hz", 1, 10, 50),
    "photodiode_warning_threshold_percent": SiteKey("photodiode_warning_fraction", 0.01, 1.0, 15.0),
    "photodiode_fault_threshold_percent": SiteKey("photodiode_fault_fraction", 0.01, 2.0, 30.0),
}

EARLIER_DOSE_KEY = "earlier_dose_asked_above_joules"
"""Earlier light of a patient, in joules, above which a new session asks first; 0: any."""

QUESTIONS = {EARLIER_DOSE_KEY: (0.0, 10_000.0)}
"""Keys that govern no limit of the machine but what a person is asked: lowest and highest value."""

# More is tighter only where a time must pass before something is allowed.
_MORE_IS_TIGHTER = frozenset(
    {"tec_arm_s", "arm_hold_s", "pedal_after_arm_s", "pedal_lifted_s", "laser_on_delay_s", "key_off_after_s"}
)
_LONGEST_WAIT_S = 60.0


def _interlock_key(field: str) -> SiteKey:
    design = float(getattr(_DESIGN, field))
    if field in _MORE_IS_TIGHTER:
        return SiteKey(field, 1.0, design, _LONGEST_WAIT_S)
    return SiteKey(field, 1.0, design / 100.0, design)


_NAMED_BY_SEED = {row.field for row in SEED_KEYS.values()}
SITE_KEYS = SEED_KEYS | {
    f"interlock_{field}": _interlock_key(field)
    for field in Limits.__struct_fields__
    if field not in _NAMED_BY_SEED
}
"""Every key of `system_config` that governs a limit; the others are not this module's."""


def site_limits(settings: Mapping[str, Any]) -> Limits:
    """Return the design limits with the settings' values in their place; other keys are left alone.

    Raises SiteLimitError for a value that is no number, looser than the design limit or beyond a question's
    range.
    """
    values = {}
    for key in settings.keys() & SITE_KEYS.keys():
        row, value = SITE_KEYS[key], settings[key]
        _check(key, value, row.low, row.high)
        values[row.field] = value * row.scale
    for key in settings.keys() & QUESTIONS.keys():
        _check(key, settings[key], *QUESTIONS[key])
    return msgspec.structs.replace(_DESIGN, **values)


def _check(key: str, value: Any, low: float, high: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise SiteLimitError(f"system_config.{key}: {value!r} given, {low:g} to {high:g} allowed")
