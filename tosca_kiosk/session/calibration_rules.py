"""The rules that the record says a calibration session runs under: for whoever opens it or compares it."""

from __future__ import annotations

import msgspec

from tosca_kiosk.config import CartConfig, idle_rules
from tosca_kiosk.domain.calibration import PHOTODIODE, PhotodiodeCalibration, parse_calibration
from tosca_kiosk.domain.calibration_session import CalibrationSession, LightBounds
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.rules_difference import rules_difference
from tosca_kiosk.domain.session_rules import CONVERTER_FULL_SCALE_V, USABLE_SCALE
from tosca_kiosk.session.calibration_standing import used_serials
from tosca_kiosk.storage import Database, Reader, calibration_sessions, calibrations, settings
from tosca_kiosk.storage.as_of import CALIBRATION_SESSIONS, opening_of, rewound


def recorded_calibration_rules(snapshot: Reader, config: CartConfig, number: int) -> Rules:
    """Derive the rules of a session from its row and from what was in force when the row was made.

    That is the row's stations, the configuration's bounds or tighter ones of the row, the site's settings,
    and the photodiode's calibration where the row believes one. Raises StorageError, CalibrationError or
    SiteLimitError.
    """
    row = calibration_sessions.get(snapshot, number)
    asked = calibration_sessions.rules_of(row)
    moment = opening_of(snapshot, number, CALIBRATION_SESSIONS)
    with rewound(snapshot, moment, ("system_config", "calibrations")):
        idle = idle_rules(config, settings.values(snapshot))
        photodiode = None if asked.photodiode is None else photodiode_in_force(snapshot, config)
    bounds = _tighter(asked.bounds, config.calibration_light)
    return rules_of(idle, msgspec.structs.replace(asked, bounds=bounds, photodiode=photodiode))


def rules_of(idle: Rules, session: CalibrationSession) -> Rules:
    """Return the rules of a session over those that hold without one."""
    limit_w = 0.0
    if session.photodiode is not None:
        most_w = USABLE_SCALE * session.photodiode.power_w(CONVERTER_FULL_SCALE_V)
        limit_w = min(idle.limits.max_power_w, most_w)
    return msgspec.structs.replace(
        idle, power_limit_w=limit_w, calibration_problem=None, calibration_session=session
    )


def photodiode_in_force(reader: Database | Reader, config: CartConfig) -> PhotodiodeCalibration | None:
    """Return the photodiode's calibration in force on this cart, None where there is none.

    Raises StorageError where its row is doubtful, CalibrationError where it is none.
    """
    row = calibrations.active(reader, PHOTODIODE, used_serials(config)[PHOTODIODE])
    if row is None:
        return None
    found = parse_calibration(
        row.calibration_type,
        row.calibration_data,
        row.device_serial_number or "",
        f"calibration {row.calibration_id}",
    )
    assert isinstance(found, PhotodiodeCalibration)  # of its type
    return found


def calibration_compared(database: Database, config: CartConfig, number: int, given: Rules) -> str | None:
    """Return where the rules given for a session depart from those that the record says, None where nowhere.

    Raises what `recorded_calibration_rules` does.
    """
    with database.reading() as snapshot:
        return rules_difference(given, recorded_calibration_rules(snapshot, config, number))


def _tighter(asked: LightBounds, configured: LightBounds) -> LightBounds:
    """Return the tighter of each bound. What light is counted by is the configuration's alone."""
    names = [field.name for field in msgspec.structs.fields(LightBounds)]
    tighter = {name: min(getattr(asked, name), getattr(configured, name)) for name in names}
    return LightBounds(**tighter | {"most_w_per_ma": configured.most_w_per_ma})
