"""What a session has measured, in the form in which every calibration is judged, or as values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from hashlib import sha256
from math import nan
from statistics import fmean
from typing import Final

import msgspec

from tosca_kiosk.calibration.certificate_file import CertificateFile
from tosca_kiosk.calibration.engine import Measured
from tosca_kiosk.calibration.planning import CalibrationPlan, MeterSaid
from tosca_kiosk.control.self_test.board import REST_MG
from tosca_kiosk.domain.calibrating.check_kinds import (
    Value,
    dark_values,
    motor_values,
    power_values,
    stage_values,
)
from tosca_kiosk.domain.calibrating.kinds import KINDS, WAVELENGTH_NM, Kind
from tosca_kiosk.domain.calibrating.morning import Known
from tosca_kiosk.domain.calibrating.readings import Reading
from tosca_kiosk.domain.calibrating.validation import from_json
from tosca_kiosk.domain.calibration import PHOTODIODE, POWER, PowerCalibration, parse_calibration
from tosca_kiosk.session.calibration_standing import device_of

_UNJUDGED_PERCENT = 5.0
"""Of a photodiode's calibration that nobody judged: its tolerance."""


def certificate_of(
    plan: CalibrationPlan, session_id: int, measured: Sequence[Measured], today: date
) -> CertificateFile:
    """Return what was measured as a certificate, to be judged and stored as a maker's is.

    The reference of a procedure without a meter is the photodiode's calibration in force.
    """
    kind_name = plan.procedure.calibration_type
    assert kind_name is not None, "its procedure makes a curve"
    kind = KINDS[kind_name]
    meter = _photodiode_as_meter(plan, kind) if plan.meter is None else plan.meter
    return CertificateFile(
        kind=kind,
        sha256=sha256(msgspec.json.encode(list(measured))).hexdigest(),
        device_serial_number=device_of(plan.config, kind_name)[1],
        measured_on=today,
        measured_by=plan.technician.username,
        number=f"calibration session {session_id}",
        dated=today,
        due_on=None,
        interval_days=plan.procedure.interval_days,
        notes=None,
        meter_serial_number=meter.serial_number,
        wavelength_nm=meter.wavelength_nm,
        y_range=meter.range_watts,
        uncertainty=meter.uncertainty_percent,
        calibrated_until=meter.calibrated_until,
        readings=tuple(_readings(plan, kind, measured)),
        where=str,
    )


def _readings(plan: CalibrationPlan, kind: Kind, measured: Iterable[Measured]) -> Iterable[Reading]:
    """Yield each visit as a reading of its station's point: x of the cart, y of the reference."""
    photodiode = plan.session.photodiode
    repeats: dict[int, int] = {}
    for one in measured:
        repeats[one.station] = repeats.get(one.station, 0) + 1
        x = one.photodiode_v if kind.calibration_type == PHOTODIODE else one.current_ma
        y = one.typed
        if y is None:
            assert photodiode is not None, "what asks no meter rests on the photodiode"
            y = photodiode.power_w(one.photodiode_v)
        place = f"point {one.station + 1}, reading {repeats[one.station]}"
        yield Reading(place=place, point=one.station + 1, x=x, y=y)


def _photodiode_as_meter(plan: CalibrationPlan, kind: Kind) -> MeterSaid:
    """Return the photodiode as its calibration in force makes it a meter."""
    (row,) = (one for one in plan.believed if one.calibration_type == PHOTODIODE)
    validation = from_json(row.validation_data)
    judged = None if validation is None else validation.judgement.uncertainty.expanded
    return MeterSaid(
        serial_number=f"{row.device_serial_number}, calibration {row.calibration_id}",
        wavelength_nm=WAVELENGTH_NM,
        range_watts=kind.y_high,
        uncertainty_percent=_UNJUDGED_PERCENT if judged is None else judged,
        calibrated_until=date.max if validation is None else validation.due_on,
    )


def check_values(plan: CalibrationPlan, measured: Sequence[Measured]) -> tuple[Value, ...]:
    """Return what a procedure that makes no curve has found, judged."""
    judge = _CHECKS[plan.procedure.kind]
    return tuple(judge(plan, measured))


def _known(plan: CalibrationPlan) -> Known:
    board = plan.config.devices.board
    return Known(
        photodiode_dark_v=plan.idle.limits.photodiode_dark_v,
        vibration_rest_mg=min(REST_MG, board.vibration_threshold_mg),
        vibration_threshold_mg=board.vibration_threshold_mg,
        tec_c=plan.idle.limits.tec_arm_c,
    )


def _dark(plan: CalibrationPlan, measured: Sequence[Measured]) -> Iterable[Value]:
    return dark_values([one.photodiode_v for one in measured], _known(plan))


def _motor(plan: CalibrationPlan, measured: Sequence[Measured]) -> Iterable[Value]:
    stations = plan.session.stations
    found: dict[int, list[float]] = {}
    for one in measured:
        vibration_mg = nan if one.vibration_mg is None else one.vibration_mg
        found.setdefault(stations[one.station].motor_pwm, []).append(vibration_mg)
    by_pwm = [(pwm, fmean(levels)) for pwm, levels in sorted(found.items())]
    return motor_values(by_pwm, plan.config.devices.board.motor_pwm, _known(plan))


def _stage(plan: CalibrationPlan, measured: Sequence[Measured]) -> Iterable[Value]:
    stations = plan.session.stations
    return stage_values(
        [
            (place_um, nan if one.stage_um is None else one.stage_um)
            for one in measured
            if (place_um := stations[one.station].stage_position_um) is not None
        ]
    )


def _power(plan: CalibrationPlan, measured: Sequence[Measured]) -> Iterable[Value]:
    (row,) = (one for one in plan.believed if one.calibration_type == POWER)
    known = parse_calibration(POWER, row.calibration_data, row.device_serial_number or "", "the laser's")
    assert isinstance(known, PowerCalibration)
    stations = plan.session.stations
    return power_values(
        [
            (known.power_w(stations[one.station].current_ma), one.typed)
            for one in measured
            if one.typed is not None
        ]
    )


_CHECKS: Final[dict[str, Callable[[CalibrationPlan, Sequence[Measured]], Iterable[Value]]]] = {
    "dark": _dark,
    "motor": _motor,
    "stage": _stage,
    "power": _power,
}
