"""How each kind of calibration is measured, as a table: stations, repeats, settling, what must be there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from tosca_kiosk.domain.calibration import PHOTODIODE, POWER, PowerCalibration
from tosca_kiosk.domain.calibration_session import LightBounds, Station

ProcedureKind = Literal["photodiode", "laser", "power", "motor", "dark", "stage"]

CURRENT_PARTS: Final = (0.14, 0.24, 0.36, 0.50, 0.64, 0.76, 0.85)
"""Of the cart's current limit, rising: what the photodiode would see beyond its ceiling is left out."""
POWER_PARTS: Final = (0.1, 0.25, 0.4, 0.55, 0.7, 0.85)
"""Of the highest calibrated power, where one is verified."""
_UP_DOWN_UP: Final = (1, -1, 1)
"""Passes over the lit stations: what lags behind shows as a spread between ways up and down."""
RISE_S: Final = 1.8
"""The slowest rise to a station's current, by the slew limit."""
REST_UM: Final = 1000.0
"""Where the stage stands while light is measured: inside every travel that the optics use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure:
    """One kind. calibration_type: of the curve that it makes, None where it only judges.

    needs: calibrations that must be in force. asks_meter: a person types what a reference meter reads at
    each station. settle_s: of the light before it is measured, for window_s. passes: over the lit stations,
    1 for rising and -1 for falling currents. drift_part: how far the halves of a window may differ, as a part
    of it.
    """

    kind: ProcedureKind
    title: str
    measures: str
    calibration_type: str | None = None
    needs: tuple[str, ...] = ()
    asks_meter: bool = False
    settle_s: float = 0.0
    window_s: float = 1.0
    passes: tuple[int, ...] = ()
    drift_part: float = 0.005
    stage_places_um: tuple[float, ...] = ()
    motor_pwms: tuple[int, ...] = ()
    repeats: int = 1
    interval_days: int = 365

    @property
    def light_s(self) -> float:
        """The time of a lit station's light: rise, settling, window and a little for the clocks between."""
        return RISE_S + self.settle_s + self.window_s + 0.3 if self.passes else 0.0


PROCEDURES: Final[dict[ProcedureKind, Procedure]] = {
    row.kind: row
    for row in (
        Procedure(
            kind="photodiode",
            title="Photodiode",
            measures="the photodiode's volts against the watts of a reference meter at the fibre's end",
            calibration_type=PHOTODIODE,
            asks_meter=True,
            settle_s=6.0,
            passes=_UP_DOWN_UP,
        ),
        Procedure(
            kind="laser",
            title="Laser",
            measures="the laser's current against the watts that the photodiode tells",
            calibration_type=POWER,
            needs=(PHOTODIODE,),
            settle_s=1.0,
            passes=_UP_DOWN_UP,
        ),
        Procedure(
            kind="power",
            title="Laser power",
            measures="the power asked for against the watts of a reference meter",
            needs=(PHOTODIODE, POWER),
            asks_meter=True,
            settle_s=6.0,
            passes=_UP_DOWN_UP,
        ),
        Procedure(
            kind="motor",
            title="Smoothing motor",
            measures="vibration at rest and at each PWM",
            settle_s=2.0,
            window_s=3.0,
            motor_pwms=(0, 76, 102, 127, 153),
            repeats=2,
        ),
        Procedure(
            kind="dark",
            title="Dark level",
            measures="the photodiode's volts without light",
            settle_s=1.0,
            window_s=5.0,
            repeats=3,
        ),
        Procedure(
            kind="stage",
            title="Ring stage",
            measures="where the stage comes to rest from both sides, and its index found again",
            settle_s=0.3,
            window_s=0.5,
            stage_places_um=(200.0, 1500.0, 800.0, 2800.0, 1500.0, 200.0, 2800.0),
            repeats=3,
        ),
    )
}


def stations_of(
    procedure: Procedure,
    bounds: LightBounds,
    current_limit_ma: float,
    travel_um: tuple[float, float],
    power: PowerCalibration | None,
) -> tuple[Station, ...]:
    """Return the stations of a procedure on a cart.

    travel_um: how far its stage may be moved. power: the calibration in force, where the procedure verifies
    it: the stations are then at rising powers that it knows.
    """
    if procedure.passes:
        most_ma = min(bounds.current_ma, current_limit_ma)
        rest_um = min(max(REST_UM, travel_um[0]), travel_um[1])
        if power is not None:
            most_w = power.power_w(min(most_ma, power.curve.xs[-1]))
            currents_ma = [power.current_ma(part * most_w) for part in POWER_PARTS]
        else:
            currents_ma = [float(round(part * most_ma)) for part in CURRENT_PARTS]
        return tuple(
            Station(
                stage_position_um=rest_um,
                current_ma=current_ma,
                light_s=min(procedure.light_s, bounds.light_s),
            )
            for current_ma in currents_ma
        )
    if procedure.motor_pwms:
        return tuple(Station(motor_pwm=pwm) for pwm in procedure.motor_pwms)
    if procedure.stage_places_um:
        low_um, high_um = travel_um
        return tuple(
            Station(stage_position_um=min(max(place_um, low_um), high_um))
            for place_um in procedure.stage_places_um
        )
    return (Station(),)


def visits_of(procedure: Procedure, stations: int) -> tuple[int, ...]:
    """Return the order in which the stations are gone to, each time once."""
    order = tuple(range(stations))
    if procedure.passes:
        return tuple(at for way in procedure.passes for at in order[::way])
    return order * procedure.repeats
