"""What a session has measured, in the form in which every calibration is judged: a certificate of this cart's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from hashlib import sha256

import msgspec

from tosca_kiosk.calibration.certificate_file import CertificateFile
from tosca_kiosk.calibration.engine import Measured
from tosca_kiosk.calibration.planning import CalibrationPlan, MeterSaid
from tosca_kiosk.domain.calibrating.kinds import KINDS, WAVELENGTH_NM, Kind
from tosca_kiosk.domain.calibrating.readings import Reading
from tosca_kiosk.domain.calibrating.validation import from_json
from tosca_kiosk.domain.calibration import PHOTODIODE
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
