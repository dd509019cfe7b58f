"""Calibrations in use that are overdue: said and recorded before arming, never a refusal.

The wall clock judges, so it only ever adds caution: one that cannot be right warns, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from tosca_kiosk.config import CartConfig
from tosca_kiosk.domain.calibration import MADE_BY, PHOTODIODE, POWER, RING
from tosca_kiosk.domain.events import SafetyEvent, noticed
from tosca_kiosk.session.calibration_standing import due, used_serials
from tosca_kiosk.storage import Database, calibrations
from tosca_kiosk.storage.clock_evidence import clock_doubt

OVERDUE = "calibration_overdue"
CLOCK_SLACK = timedelta(days=1)
"""Due dates are days: what is dated later than this was dated by another clock, or this one is wrong."""
_NAMES: Final = {RING: "ring", PHOTODIODE: "photodiode", POWER: "power"}
"""By type of calibration: its name in a sentence."""
OVERDUE_TO_DO = "Treat with care; have it calibrated."


def overdue_calibrations(database: Database, config: CartConfig, now: datetime) -> tuple[str, ...]:
    """Return what to warn of, one sentence for each calibration in use and one for a clock that is wrong.

    Raises StorageError.
    """
    return tuple(_warnings(database, config, now))


def _warnings(database: Database, config: CartConfig, now: datetime) -> Iterator[str]:
    for kind, serial in used_serials(config).items():
        name, row = _NAMES[kind], calibrations.active(database, kind, serial)
        if row is None:
            continue  # refused elsewhere: there is no session without it
        made = row.calibration_date
        assert made is not None  # `active` gives none that does not tell
        if made > now + CLOCK_SLACK:
            yield f"The {name} calibration is dated {made:%Y-%m-%d}, after today: check the cart's clock."
            continue
        until = due(row, config.calibration_interval_days)
        assert until is not None
        if now > until:
            yield (
                f"The {name} calibration of {made:%Y-%m-%d} is {(now - made).days} days old; "
                f"it was due after {(until - made).days}. {MADE_BY[kind]} makes it anew."
            )
    if (doubted := clock_doubt(database, now)) is not None:
        yield doubted.said


def overdue_event(warning: str) -> SafetyEvent:
    """Return the line of the safety log for a warning that the operator was given."""
    return noticed(
        "interlock_failure", f"{warning} {OVERDUE_TO_DO}", "operator_informed", {"trigger_source": OVERDUE}
    )
