"""A certificate's way into the record: checked against this cart, judged, stored, not yet in force."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from tosca_kiosk.calibration.certificate_file import CertificateError, CertificateFile
from tosca_kiosk.config import CartConfig
from tosca_kiosk.domain.calibrating.causes import judged_with_cause
from tosca_kiosk.domain.calibrating.drift import Drift, Earlier, drift
from tosca_kiosk.domain.calibrating.judgement import Judgement
from tosca_kiosk.domain.calibrating.kinds import WAVELENGTH_NM, WAVELENGTH_TOLERANCE_NM, Kind
from tosca_kiosk.domain.calibrating.readings import mistakes, points_of
from tosca_kiosk.domain.calibrating.validation import (
    Certificate,
    Meter,
    State,
    Validation,
    from_json,
    state_of,
    to_json,
)
from tosca_kiosk.domain.calibration import CalibrationError, PiecewiseLinear, parse_calibration
from tosca_kiosk.domain.documents import PathError
from tosca_kiosk.session.calibration_standing import device_of
from tosca_kiosk.storage import Reader, Transaction, calibrations
from tosca_kiosk.storage.calibrations import SavedCalibration

CLOCK_SLACK: Final = timedelta(days=1)
"""A certificate's days are those of its place; ours are UTC's."""
_DIGITS: Final = 9
_TAKEN: Final = (State.WAITS, State.IN_FORCE)


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import came to."""

    calibration_id: int
    validation: Validation


def judged_certificate(found: CertificateFile, source: str, config: CartConfig, now: datetime) -> Judgement:
    """Judge a certificate; what fails is looked into for seconds, so nobody's record is held meanwhile.

    Raises CertificateError with every mistake, for a certificate that is not of this cart, not of today or no
    measurement.
    """
    errors = [
        *_of_the_paper(found, config, now.date()),
        *mistakes(found.kind, found.readings, found.y_range),
    ]
    if errors:
        raise CertificateError(source, tuple(PathError(found.where(one.path), one.text) for one in errors))
    return judged_with_cause(found.kind, points_of(found.readings), found.uncertainty)


def store(
    transaction: Transaction, found: CertificateFile, judgement: Judgement, source: str, tech_id: int
) -> Imported:
    """Store a certificate with its judgement, passed or failed; it is not in force.

    Raises CertificateError for one that is in the record already.
    """
    kind, earlier = found.kind, _rows_of(transaction, found)
    if known := list(_of_the_record(found, earlier)):
        raise CertificateError(source, tuple(PathError(found.where(one.path), one.text) for one in known))
    validation = Validation(
        x_name=kind.x_name,
        y_name=kind.y_name,
        measured_by=found.measured_by,
        measured_on=found.measured_on,
        due_on=_due(found),
        meter=Meter(
            serial_number=found.meter_serial_number,
            wavelength_nm=found.wavelength_nm,
            y_range=found.y_range,
            uncertainty=found.uncertainty,
            calibrated_until=found.calibrated_until,
        ),
        certificate=Certificate(number=found.number, dated=found.dated, sha256=found.sha256),
        judgement=judgement,
        drift=_drift(found, judgement, earlier),
    )
    added = calibrations.add(
        transaction,
        calibrated_utc=datetime.combine(found.measured_on, time(), UTC),
        tech_id=tech_id,
        device_type=kind.device_type,
        device_serial=found.device_serial_number,
        calibration_type=kind.calibration_type,
        calibration_data=_calibration_data(kind, judgement),
        validation_data=to_json(validation),
        notes=found.notes,
        in_force=False,
    )
    return Imported(calibration_id=added, validation=validation)


def _rows_of(reader: Reader, found: CertificateFile) -> list[SavedCalibration]:
    return [
        one
        for one in calibrations.history(reader, found.kind.calibration_type)
        if one.device_serial_number == found.device_serial_number
    ]


def _of_the_paper(found: CertificateFile, config: CartConfig, today: date) -> Iterator[PathError]:
    """Yield why a certificate is not this cart's, or not of today."""
    name, serial = device_of(config, found.kind.calibration_type)
    if found.device_serial_number != serial:
        text = f"{found.device_serial_number!r} is not the {name} of this cart, which is {serial!r}"
        yield PathError("device_serial_number", f"{text}; see {config.source}")
    away_nm = abs(found.wavelength_nm - WAVELENGTH_NM)
    if away_nm > WAVELENGTH_TOLERANCE_NM:
        text = f"{found.wavelength_nm:g} nm; the light has {WAVELENGTH_NM:g} nm, at most "
        yield PathError("meter.wavelength_nm", f"{text}{WAVELENGTH_TOLERANCE_NM:g} nm beside it are taken")
    if found.measured_on > today + CLOCK_SLACK:
        text = f"{found.measured_on} is after today, {today}; correct it, or the cart's clock"
        yield PathError("measured_on", text)
    if found.dated < found.measured_on:
        yield PathError("certificate_date", f"{found.dated} is before it was measured, {found.measured_on}")
    if found.calibrated_until < found.measured_on:
        text = f"the meter's own calibration ended on {found.calibrated_until}, before it measured"
        yield PathError("meter.calibrated_until", f"{text} on {found.measured_on}")
    if (due := _due(found)) < today:
        where = "due_on" if found.interval_days is None else "interval_days"
        yield PathError(where, f"the certificate expired on {due}; have the {name} calibrated anew")


def _of_the_record(found: CertificateFile, earlier: list[SavedCalibration]) -> Iterator[PathError]:
    for one in earlier:
        known = from_json(one.validation_data)
        if known is None or state_of(one.is_active, known) not in _TAKEN:
            continue
        if known.certificate.number == found.number:
            text = f"{found.number!r} is calibration {one.calibration_id} already"
            yield PathError("certificate_number", f"{text}; see tosca-kiosk calibrations show")


def _due(found: CertificateFile) -> date:
    if found.due_on is not None:
        return found.due_on
    interval = timedelta(days=found.interval_days or found.kind.interval_days)
    # A year that cannot be meant, such as 9999, is refused by its own line.
    return found.measured_on + min(interval, date.max - found.measured_on)


def _drift(found: CertificateFile, judgement: Judgement, earlier: list[SavedCalibration]) -> Drift:
    """Compare with what was in force before; a curve that failed for its shape is compared with nothing."""
    try:
        curve = PiecewiseLinear(
            xs=tuple(point.x for point in judgement.points), ys=tuple(point.y for point in judgement.points)
        )
    except ValueError:
        return Drift(unit=found.kind.unit, moved=())
    return drift(found.kind, curve, found.measured_on, list(_once_in_force(earlier)))


def _once_in_force(earlier: list[SavedCalibration]) -> Iterator[Earlier]:
    for one in earlier:
        state = state_of(one.is_active, from_json(one.validation_data))
        if state not in (State.IN_FORCE, State.OUT_OF_FORCE) or one.calibration_date is None:
            continue
        try:
            known = parse_calibration(one.calibration_type, one.calibration_data, "", "")
        except CalibrationError:
            continue
        yield Earlier(number=one.calibration_id, made=one.calibration_date.date(), curve=known.curve)


def _calibration_data(kind: Kind, judgement: Judgement) -> str:
    """Return the table that treatments use, with the straight line beside it, by the schema's keys."""
    line = judgement.line
    sign = "-" if line.slope < 0.0 else "+"
    equation = f"{kind.y_name} = {line.intercept:.6g} {sign} {abs(line.slope):.6g} * {kind.x_name}"
    return json.dumps(
        {
            kind.points_key: [
                {kind.x_name: round(point.x, _DIGITS), kind.y_name: round(point.y, _DIGITS)}
                for point in judgement.points
            ],
            "interpolation_method": "linear",
            "fit_equation": equation,
            "r_squared": round(line.r_squared, _DIGITS),
        }
    )
