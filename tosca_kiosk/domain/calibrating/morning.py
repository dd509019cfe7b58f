"""What a cart's check of every morning finds: values, what they must be, what to do where they are not."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

KIND: Final = "morning_check"
"""Of its calibration session."""
REPEATS_UM: Final = 10.0
"""So near to each other a stage's arrivals at one place must be."""
POWER_PERCENT: Final = 10.0
"""So near to what the power calibration expects the light must be."""

MOVED_PERCENT: Final = 5.0
"""So near to the mean of the last checks it must be, where there are enough of them."""
LEAST_BEFORE: Final = 3
MEAN_OF_LAST: Final = 10


class Known(NamedTuple):
    """What the bounds depend on: the limits in force and the board's settings."""

    photodiode_dark_v: float
    vibration_rest_mg: float
    vibration_threshold_mg: float
    tec_c: float


Bounds = tuple[float | None, float | None]
"""Low and high, ends inside; None leaves that side open."""


@dataclass(frozen=True, slots=True)
class Row:
    """A value of the check, under `name` in the record.

    device: whose it is, by its key. what: in words. to_do: where it is outside. by_calibration: what it
    should be is what the calibrations in force say.
    """

    name: str
    device: str
    unit: str
    what: str
    bounds: Callable[[Known], Bounds]
    to_do: str
    by_calibration: bool = False


ROWS: Final = (
    Row(
        name="dark_level_v",
        device="board",
        unit="V",
        what="photodiode without light",
        bounds=lambda known: (None, known.photodiode_dark_v),
        to_do="Keep light off the photodiode. Check its amplifier.",
    ),
    Row(
        name="vibration_rest_mg",
        device="board",
        unit="mg",
        what="vibration with the motor off",
        bounds=lambda known: (None, known.vibration_rest_mg),
        to_do="Stand the cart still. If it stays, the motor does not stop or its sensor is loose.",
    ),
    Row(
        name="vibration_motor_mg",
        device="board",
        unit="mg",
        what="vibration that the motor adds",
        bounds=lambda known: (known.vibration_threshold_mg, None),
        to_do="Check the motor's mounting and cable: tosca-kiosk calibrate motor.",
    ),
    Row(
        name="tec_off_setpoint_c",
        device="tec",
        unit="°C",
        what="temperature off its set point",
        bounds=lambda known: (-known.tec_c, known.tec_c),
        to_do="Check the fan, the module's leads, and that air can flow.",
    ),
    Row(
        name="stage_repeat_um",
        device="stage",
        unit="um",
        what="stage, two arrivals at one place",
        bounds=lambda _: (-REPEATS_UM, REPEATS_UM),
        to_do="Check that the stage moves freely: tosca-kiosk calibrate stage.",
    ),
    Row(
        name="power_off_percent",
        device="laser",
        unit="%",
        what="light off what is calibrated",
        bounds=lambda _: (-POWER_PERCENT, POWER_PERCENT),
        to_do="Clean the fibre's pick-off. If it stays, a meter tells whether laser or photodiode has aged: "
        "tosca-kiosk calibrate power.",
        by_calibration=True,
    ),
    Row(
        name="power_moved_percent",
        device="laser",
        unit="%",
        what="light off that of the last checks",
        bounds=lambda _: (-MOVED_PERCENT, MOVED_PERCENT),
        to_do="Look what has changed since: the fibre's pick-off, the fibre, the laser. "
        "tosca-kiosk calibrations trend power_off_percent shows the last ones.",
        by_calibration=True,
    ),
)
"""In the order in which they are found."""

BY_NAME: Final = {row.name: row for row in ROWS}


class Found(NamedTuple):
    """A value as it was found. low, high: what it must be, as in `Bounds`."""

    row: Row
    value: float
    low: float | None
    high: float | None

    @property
    def passed(self) -> bool:
        """Whether it is inside; what is not known is outside."""
        above = self.low is None or self.value >= self.low
        below = self.high is None or self.value <= self.high
        return math.isfinite(self.value) and above and below

    @property
    def reason(self) -> str:
        """What was found and what is allowed, in words."""
        unit = self.row.unit
        if self.low is None:
            allowed = f"at most {self.high:g} {unit}"
        elif self.high is None:
            allowed = f"at least {self.low:g} {unit}"
        else:
            allowed = f"{self.low:g} to {self.high:g} {unit}"
        return f"{self.row.what} {self.value:.3g} {unit}, {allowed} allowed"


def judged(values: Mapping[str, float], known: Known) -> tuple[Found, ...]:
    """Return what was found, judged, in the order of the table."""
    return tuple(_found(row, values[row.name], known) for row in ROWS if row.name in values)


def _found(row: Row, value: float, known: Known) -> Found:
    low, high = row.bounds(known)
    return Found(row=row, value=value, low=low, high=high)
