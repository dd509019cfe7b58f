"""What the check of every morning goes through on this cart: stations, and what its light should be."""

from __future__ import annotations

from typing import Final, NamedTuple

from tosca_kiosk.config import CartConfig
from tosca_kiosk.control.self_test.board import REST_MG
from tosca_kiosk.domain.calibrating.morning import KIND, Known
from tosca_kiosk.domain.calibration import (
    PHOTODIODE,
    POWER,
    CalibrationError,
    OutOfRangeError,
    PhotodiodeCalibration,
    PowerCalibration,
    parse_calibration,
)
from tosca_kiosk.domain.calibration_session import CalibrationSession, Station
from tosca_kiosk.domain.rules import Limits
from tosca_kiosk.session.calibration_standing import used_serials
from tosca_kiosk.storage import Reader, calibrations

POWER_W: Final = 1.0
LIGHT_S: Final = 1.0
_PLACES: Final = (0.25, 0.75, 0.25)
"""Of the travel: there, away and back, so that one place is reached from both sides."""
LIT: Final = len(_PLACES)
"""The number of the station with light."""


class MorningPlan(NamedTuple):
    """The session that the check opens.

    calibrations: the numbers of those that its light is judged by; expected_w: what it should be, by them.
    dark: why it has none.
    """

    session: CalibrationSession
    known: Known
    calibrations: tuple[int, ...] = ()
    expected_w: float = 0.0
    dark: str | None = None


def morning_plan(reader: Reader, config: CartConfig, limits: Limits, *, light: bool) -> MorningPlan:
    """Return the plan for a cart as its record stands. light: whether there is to be any.

    Raises StorageError where a calibration's row is doubtful.
    """
    travel = config.devices.stage
    span_um = travel.travel_max_um - travel.travel_min_um
    stations = tuple(Station(stage_position_um=travel.travel_min_um + part * span_um) for part in _PLACES)
    dark = CalibrationSession(kind=KIND, stations=stations, bounds=config.calibration_light)
    known = Known(
        photodiode_dark_v=limits.photodiode_dark_v,
        vibration_rest_mg=min(REST_MG, config.devices.board.vibration_threshold_mg),
        vibration_threshold_mg=config.devices.board.vibration_threshold_mg,
        tec_c=limits.tec_arm_c,
    )
    if not light:
        return MorningPlan(session=dark, known=known, dark="it was asked for without")
    photodiode, power = _in_force(reader, config, PHOTODIODE), _in_force(reader, config, POWER)
    if photodiode is None or power is None:
        missing = "the photodiode" if photodiode is None else "the laser"
        return MorningPlan(session=dark, known=known, dark=f"no calibration of {missing} is in force")
    (photodiode_number, photodiode_curve), (power_number, power_curve) = photodiode, power
    assert isinstance(photodiode_curve, PhotodiodeCalibration)
    assert isinstance(power_curve, PowerCalibration)
    try:
        current_ma = power_curve.current_ma(POWER_W)
    except OutOfRangeError as error:
        return MorningPlan(session=dark, known=known, dark=str(error))
    lit = Station(current_ma=current_ma, light_s=LIGHT_S)
    return MorningPlan(
        session=CalibrationSession(
            kind=KIND,
            stations=(*stations, lit),
            bounds=config.calibration_light,
            photodiode=photodiode_curve,
        ),
        known=known,
        calibrations=(photodiode_number, power_number),
        expected_w=power_curve.power_w(current_ma),
    )


def _in_force(
    reader: Reader, config: CartConfig, kind: str
) -> tuple[int, PhotodiodeCalibration | PowerCalibration] | None:
    row = calibrations.active(reader, kind, used_serials(config)[kind])
    if row is None:
        return None
    number, serial = row.calibration_id, row.device_serial_number or ""
    try:
        found = parse_calibration(row.calibration_type, row.calibration_data, serial, f"calibration {number}")
    except CalibrationError:
        return None
    return (number, found) if isinstance(found, PhotodiodeCalibration | PowerCalibration) else None
