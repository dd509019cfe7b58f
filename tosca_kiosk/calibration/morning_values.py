"""What the check of every morning has seen, as the values that are judged, and as they are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

import msgspec

from tosca_kiosk.calibration.courses import CALIBRATIONS, found_before
from tosca_kiosk.calibration.morning_plan import LIT, MorningPlan
from tosca_kiosk.domain.calibrating.morning import LEAST_BEFORE, MEAN_OF_LAST, Found, judged
from tosca_kiosk.storage import Database, Reader, Transaction, calibration_sessions
from tosca_kiosk.storage.calibration_sessions import CalibrationValue


@dataclass
class Seen:
    """What one check has seen so far.

    self_tested: what the self-test measured, by name. places_um: where the stage was, station by station.
    off_setpoint_c: of the diode at the end; None where nobody waited for it. watts: under the light, its
    last part alone.
    """

    self_tested: dict[str, float] = field(default_factory=dict)
    places_um: list[float] = field(default_factory=list)
    off_setpoint_c: float | None = None
    watts: Sequence[float] = ()

    def judged(
        self, reader: Database | Reader, plan: MorningPlan, devices: Mapping[str, str]
    ) -> tuple[Found, ...]:
        """Return what was found, judged. devices: the serial numbers of those that are connected, by key."""
        values = dict(self.self_tested)
        if self.off_setpoint_c is not None:
            values["tec_off_setpoint_c"] = self.off_setpoint_c
        if len(self.places_um) == LIT:
            values["stage_repeat_um"] = self.places_um[-1] - self.places_um[0]
        if self.watts:
            off = 100.0 * (fmean(self.watts) / plan.expected_w - 1.0)
            values["power_off_percent"] = off
            before = found_before(reader, "power_off_percent", devices, plan.calibrations)
            if len(before) >= LEAST_BEFORE:
                values["power_moved_percent"] = off - fmean(before[-MEAN_OF_LAST:])
        return judged(values, plan.known)


def reasons_of(found: Sequence[Found]) -> list[str]:
    """Return what is outside, a line each with what to do."""
    return [f"{one.row.device}: {one.reason}. {one.row.to_do}" for one in found if not one.passed]


def keep(
    transaction: Transaction,
    number: int,
    plan: MorningPlan,
    found: Sequence[Found],
    reasons: Sequence[str],
) -> None:
    """Write what a check's session came to: failed where there are reasons. Raises StorageError."""
    told: dict[str, Any] = {
        CALIBRATIONS: plan.calibrations,
        "reasons": reasons,
        "no_light_because": plan.dark,
    }
    calibration_sessions.finish(
        transaction,
        number,
        verdict="failed" if reasons else "passed",
        validation_data=msgspec.json.encode(told).decode(),
        values=[
            CalibrationValue(
                name=one.row.name,
                value=one.value,
                unit=one.row.unit,
                low=one.low,
                high=one.high,
                passed=one.passed,
            )
            for one in found
        ],
    )
