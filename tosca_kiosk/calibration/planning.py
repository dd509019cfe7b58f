"""Everything about a calibration's session that can be refused before anything is opened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import msgspec

from tosca_kiosk.config import CartConfig, idle_rules
from tosca_kiosk.domain.calibrating.kinds import WAVELENGTH_NM, WAVELENGTH_TOLERANCE_NM
from tosca_kiosk.domain.calibrating.procedures import PROCEDURES, Procedure, ProcedureKind, stations_of
from tosca_kiosk.domain.calibration import (
    PHOTODIODE,
    POWER,
    PhotodiodeCalibration,
    PowerCalibration,
    parse_calibration,
)
from tosca_kiosk.domain.calibration_session import CalibrationSession
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.session.calibration_standing import to_do, used_serials
from tosca_kiosk.session.errors import RefusedError
from tosca_kiosk.storage import Database, Reader, calibrations, settings
from tosca_kiosk.storage.allowed import allowed
from tosca_kiosk.storage.calibrations import SavedCalibration
from tosca_kiosk.storage.users import Role, User


class MeterSaid(msgspec.Struct, frozen=True, kw_only=True):
    """What whoever calibrates says of the reference meter. uncertainty_percent: expanded, k = 2."""

    serial_number: str
    wavelength_nm: float
    range_watts: float
    uncertainty_percent: float
    calibrated_until: date


@dataclass(frozen=True)
class CalibrationPlan:
    """A calibration's session as it may be opened. believed: the calibrations in force that it rests on."""

    technician: User
    procedure: Procedure
    config: CartConfig
    idle: Rules
    session: CalibrationSession
    meter: MeterSaid | None
    believed: tuple[SavedCalibration, ...]


def plan_calibration(
    database: Database,
    config: CartConfig,
    *,
    kind: ProcedureKind,
    technician: str,
    meter: MeterSaid | None = None,
) -> CalibrationPlan:
    """Look everything up and check it against the cart.

    Raises StorageError, DocumentError, SiteLimitError or RefusedError.
    """
    procedure = PROCEDURES[kind]
    found = allowed(database, technician, utc_now(), f"calibrate {kind}", Role.TECHNICIAN)
    if procedure.asks_meter:
        _refuse_meter(meter, utc_now().date())
    with database.reading() as reader:
        idle = idle_rules(config, settings.values(reader))
        believed = _in_force(reader, config, procedure)
    return CalibrationPlan(
        technician=found,
        procedure=procedure,
        config=config,
        idle=idle,
        session=_session_of(config, procedure, believed),
        meter=meter if procedure.asks_meter else None,
        believed=tuple(believed.values()),
    )


def _session_of(
    config: CartConfig, procedure: Procedure, believed: dict[str, SavedCalibration]
) -> CalibrationSession:
    known = {
        name: parse_calibration(
            name, row.calibration_data, row.device_serial_number or "", f"{name} in force"
        )
        for name, row in believed.items()
    }
    photodiode, power = known.get(PHOTODIODE), known.get(POWER)
    assert photodiode is None or isinstance(photodiode, PhotodiodeCalibration)
    assert power is None or isinstance(power, PowerCalibration)
    devices = config.devices
    return CalibrationSession(
        kind=procedure.kind,
        stations=stations_of(
            procedure,
            config.calibration_light,
            devices.laser.current_limit_ma,
            (devices.stage.travel_min_um, devices.stage.travel_max_um),
            power,
        ),
        bounds=config.calibration_light,
        photodiode=photodiode,
    )


def _in_force(reader: Reader, config: CartConfig, procedure: Procedure) -> dict[str, SavedCalibration]:
    found, serials = {}, used_serials(config)
    for name in procedure.needs:
        row = calibrations.active(reader, name, serials[name])
        if row is None:
            told = to_do(reader, config)[name]
            raise RefusedError(f"calibrate {procedure.kind} rests on {name}, and none is in force; {told}")
        found[name] = row
    return found


def _refuse_meter(meter: MeterSaid | None, today: date) -> None:
    if meter is None:
        raise RefusedError(
            "say which reference meter is read: serial number, wavelength, range, uncertainty, "
            "and until when it is calibrated"
        )
    if not abs(meter.wavelength_nm - WAVELENGTH_NM) <= WAVELENGTH_TOLERANCE_NM:
        raise RefusedError(
            f"the meter is set to {meter.wavelength_nm:g} nm; the light has {WAVELENGTH_NM:g} nm, at most "
            f"{WAVELENGTH_TOLERANCE_NM:g} nm beside it are taken: set it, and begin anew"
        )
    if meter.calibrated_until < today:
        raise RefusedError(
            f"the meter's own calibration ended on {meter.calibrated_until}; have it calibrated anew"
        )
    for name, value in (("range", meter.range_watts), ("uncertainty", meter.uncertainty_percent)):
        if not 0.0 < value < 1000.0:
            raise RefusedError(
                f"the meter's {name} is {value:g}, which cannot be meant; look at its certificate"
            )
