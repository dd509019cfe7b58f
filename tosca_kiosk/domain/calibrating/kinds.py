"""What each kind of calibration is judged by, as a table: columns, bounds, tolerances, what is needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from tosca_kiosk.domain.calibration import PHOTODIODE, POWER, RING

WAVELENGTH_NM: Final = 1550.0
"""Of the treatment light: a meter that was set to another one tells other watts."""
WAVELENGTH_TOLERANCE_NM: Final = 10.0
MOST_POINTS: Final = 40
COVERAGE_FACTOR: Final = 2.0
"""Of every uncertainty that is told: about 95 % of a normal distribution."""
_FLOOR: Final = 0.2

Unit = Literal["%", "mm"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of calibration.

    device_type: the schema's; device: in words. x is what the program reads or sets, y what the reference
    says; x_name, y_name: the schema's keys, which end in their units. x_is_set: x is commanded, so that 0 is
    no missing signal. x_high: a reading of it or more, either side of 0, says only that it is no less. slope,
    slope_low, slope_high: y per x as shipped, and between what a device of this kind can have; may_fall: y
    may fall.

    tolerance, unit: of the curve. spread: how far a repeat may be from its point's mean, in the unit, or in
    units of x where spread_of_x. straight: the device is linear, so that its line is judged, too.
    least_span: of y, in its unit.
    """

    calibration_type: str
    device_type: str
    device: str
    x_name: str
    y_name: str
    points_key: str
    x_high: float
    y_high: float
    slope: float
    slope_low: float
    slope_high: float
    tolerance: float
    spread: float
    least_span: float
    unit: Unit = "%"
    x_is_set: bool = False
    spread_of_x: bool = False
    may_fall: bool = False
    straight: bool = False
    least_points: int = 5
    least_repeats: int = 3
    interval_days: int = 365

    def allowed(self, y: float, top: float, tolerance: float) -> float:
        """Return a tolerance at y in y's unit. top: the highest y of the curve.

        Per cent are of the reading, below a fifth of the highest one of that fifth: near 0 no meter reads to
        a per cent of what is left.
        """
        if self.unit == "mm":
            return tolerance
        return tolerance / 100.0 * max(abs(y), _FLOOR * abs(top))

    def in_unit(self, difference: float, y: float, top: float) -> float:
        """Return a difference of y as a part of what `allowed` counts in, in the unit of the tolerance."""
        return difference / self.allowed(y, top, 1.0)


KINDS: Final = {
    kind.calibration_type: kind
    for kind in (
        Kind(
            calibration_type=PHOTODIODE,
            device_type="photodiode",
            device="interlock board",
            x_name="voltage_v",
            y_name="power_watts",
            points_key="calibration_points",
            x_high=5.0,
            y_high=20.0,
            slope=2.0,
            slope_low=0.8,
            slope_high=6.0,
            tolerance=5.0,
            spread=2.0,
            least_span=3.0,
            straight=True,
        ),
        Kind(
            calibration_type=POWER,
            device_type="laser",
            device="laser",
            x_name="current_ma",
            y_name="power_watts",
            points_key="points",
            x_high=20_000.0,
            y_high=20.0,
            slope=0.001,
            slope_low=0.0003,
            slope_high=0.002,
            tolerance=10.0,
            spread=4.0,
            least_span=3.0,
        ),
        Kind(
            calibration_type=RING,
            device_type="actuator",
            device="stage",
            x_name="actuator_position_um",
            y_name="ring_size_mm",
            points_key="calibration_points",
            x_high=100_000.0,
            y_high=50.0,
            slope=0.001,
            slope_low=0.0003,
            slope_high=0.0025,
            tolerance=0.1,
            unit="mm",
            spread=10.0,
            spread_of_x=True,
            least_span=1.0,
            x_is_set=True,
            may_fall=True,
        ),
    )
}
