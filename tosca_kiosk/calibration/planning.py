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
from tosca_kiosk.domain.session_rules import CONVERTER_FULL_SCALE_V, USABLE_SCALE
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.session.calibration_standing import to_do, used_serials
from tosca_kiosk.session.errors import RefusedError
from tosca_kiosk.storage import Database, Reader, calibrations, settings
from tosca_kiosk.storage.allowed import allowed
from tosca_kiosk.storage.calibrations import SavedCalibration
from tosca_kiosk.storage.users import Role, User

BEING_MADE = "it is being made"


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
    rules: Rules
    meter: MeterSaid | None
    believed: tuple[SavedCalibration, ...]

    @property
    def session(self) -> CalibrationSession:
        """What control is opened with."""
        session = self.rules.calibration_session
        assert session is not None, "its rules are a calibration's"
        return session


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
        rules = calibration_rules(reader, config, kind)
    return CalibrationPlan(
        technician=found,
        procedure=procedure,
        config=config,
        idle=idle,
        rules=rules,
        meter=meter if procedure.asks_meter else None,
        believed=tuple(believed.values()),
    )


def calibration_rules(reader: Reader, config: CartConfig, kind: ProcedureKind) -> Rules:
    """Return the rules of a session that calibrates, from the procedure, the record and the configuration.

    Raises RefusedError where a calibration is not in force that the procedure rests on.
    """
    procedure, devices = PROCEDURES[kind], config.devices
    idle = idle_rules(config, settings.values(reader))
    known = {
        name: parse_calibration(
            name, row.calibration_data, row.device_serial_number or "", f"{name} in force"
        )
        for name, row in _in_force(reader, config, procedure).items()
    }
    photodiode, power = known.get(PHOTODIODE), known.get(POWER)
    assert photodiode is None or isinstance(photodiode, PhotodiodeCalibration)
    assert power is None or isinstance(power, PowerCalibration)
    limits_w = [idle.limits.max_power_w]
    if photodiode is not None:
        limits_w.append(USABLE_SCALE * photodiode.power_w(CONVERTER_FULL_SCALE_V))
    session = CalibrationSession(
        kind=kind,
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
    return msgspec.structs.replace(
        idle,
        power_limit_w=min(limits_w),
        calibration_problem=BEING_MADE,
        travel_min_um=devices.stage.travel_min_um,
        travel_max_um=devices.stage.travel_max_um,
        calibration_session=session,
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
