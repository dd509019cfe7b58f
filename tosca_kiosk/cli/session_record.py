"""A session's side of the record: its plan before anything is opened, its row, its folder, its import."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from hardware.interfaces import Device
from tosca_kiosk.cli.workplace import RefusedError, Workplace
from tosca_kiosk.config import CartConfig
from tosca_kiosk.control.devices import Devices
from tosca_kiosk.control.journal import JOURNAL_NAME, Journal
from tosca_kiosk.domain.calibration import (
    PHOTODIODE,
    POWER,
    RING,
    CalibrationSet,
    calibration_set,
    parse_calibration,
)
from tosca_kiosk.domain.journal_lines import FORMAT_VERSION, Header
from tosca_kiosk.domain.protocol import Protocol
from tosca_kiosk.domain.protocol_file import Limits as ProtocolLimits
from tosca_kiosk.domain.protocol_file import parse_protocol, to_json
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.session_rules import ConnectedDevices, SessionRefusedError, session_rules
from tosca_kiosk.domain.site_limits import site_limits
from tosca_kiosk.storage import (
    Database,
    Imported,
    calibrations,
    import_journal,
    make_backup,
    patients,
    protocols,
    prune_backups,
    sessions,
    settings,
    users,
)
from tosca_kiosk.storage.patients import Patient
from tosca_kiosk.storage.sessions import Session
from tosca_kiosk.storage.timestamps import utc_text
from tosca_kiosk.storage.users import User


@dataclass(frozen=True)
class SessionPlan:
    """Everything about a session that can be refused before a port is opened."""

    patient: Patient
    technician: User
    protocol: Protocol
    protocol_id: int | None
    idle: Rules
    rules: Rules
    site: str | None


def plan_session(
    database: Database, config: CartConfig, *, patient: str, technician: str, protocol: str, site: str | None
) -> SessionPlan:
    """Look everything up and check it against the cart.

    protocol: the name of a saved one, or the path of a file. Raises StorageError, DocumentError,
    SiteLimitError, SessionRefusedError or RefusedError.
    """
    found_patient = _active_patient(database, patient)
    found_technician = _active_user(database, technician)
    idle = idle_rules(database, config)
    known = active_calibrations(database, config)
    plan, protocol_id, source = _protocol(database, protocol, idle, known)
    return SessionPlan(
        found_patient,
        found_technician,
        plan,
        protocol_id,
        idle,
        _rules(idle, plan, known, config, source),
        site,
    )


def idle_rules(database: Database, config: CartConfig) -> Rules:
    """Return the rules in force without a session: the site's limits and the configuration's set points."""
    return Rules(
        limits=site_limits(settings.values(database)),
        tec_setpoint_c=config.devices.tec.setpoint_c,
        camera_required=config.camera is not None,
    )


def active_calibrations(database: Database, config: CartConfig) -> CalibrationSet:
    """Return the active calibrations of the configured devices. CalibrationError names the missing."""
    serials = {
        RING: config.devices.stage.serial_number,
        PHOTODIODE: config.devices.board.serial_number,
        POWER: config.devices.laser.serial_number,
    }
    rows = [calibrations.active(database, kind, serial) for kind, serial in serials.items()]
    parsed = [
        parse_calibration(
            row.calibration_type,
            row.calibration_data,
            row.device_serial_number or "",
            f"calibration {row.calibration_id}",
        )
        for row in rows
        if row is not None
    ]
    return calibration_set(parsed, f"calibrations of {config.source}")


def _active_patient(database: Database, code: str) -> Patient:
    patient = patients.get(database, code)
    if not patient.is_active:
        raise RefusedError(f"patient {code} is not active; see tosca-kiosk patients list")
    return patient


def _active_user(database: Database, username: str) -> User:
    user = users.find(database, username)
    if user is None or not user.is_active:
        raise RefusedError(f"no active user is named {username!r}; see tosca-kiosk users list")
    return user


def _protocol(
    database: Database, name: str, idle: Rules, known: CalibrationSet
) -> tuple[Protocol, int | None, str]:
    limits = ProtocolLimits(
        max_power_w=idle.limits.max_power_w,
        ring_min_mm=known.ring.ring_min_mm,
        ring_max_mm=known.ring.ring_max_mm,
    )
    saved = protocols.find(database, name)
    if saved is not None:
        source = f"protocol {name!r}"
        return parse_protocol(saved.protocol_data, source, name, limits), saved.protocol_id, source
    path = Path(name)
    if not (path.suffix or path.exists()):
        raise RefusedError(f"no protocol is named {name!r}, and no file; see tosca-kiosk protocols list")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RefusedError(
            f"{path}: the protocol cannot be read ({error.strerror}); check the path"
        ) from error
    return parse_protocol(content, str(path), path.stem, limits), None, str(path)


def _rules(idle: Rules, plan: Protocol, known: CalibrationSet, config: CartConfig, source: str) -> Rules:
    devices = config.devices
    connected = ConnectedDevices(
        devices.laser.serial_number,
        devices.stage.serial_number,
        devices.board.serial_number,
        devices.laser.current_limit_ma,
    )
    try:
        return session_rules(idle, plan, known, connected)
    except SessionRefusedError as error:
        raise SessionRefusedError(f"{source}: {error}") from error


@dataclass(frozen=True)
class OpenedSession:
    """A session whose row, folder and journal exist."""

    session: Session
    folder: Path
    header: Header
    journal: Journal


def back_up(workplace: Workplace, now: datetime) -> None:
    """Make the backup that precedes a session. It may take longer than devices like to be left alone."""
    make_backup(workplace.database_path, workplace.backup_dir, now)
    prune_backups(workplace.backup_dir, now)


def open_record(
    workplace: Workplace, database: Database, plan: SessionPlan, devices: Devices, now: datetime
) -> OpenedSession:
    """Make row, folder and journal together or not at all. Raises StorageError or RefusedError."""
    origin: Literal["sim", "real"] = "sim" if workplace.config.any_simulated else "real"
    with database.transaction(plan.technician.tech_id) as transaction:
        session = sessions.start(
            transaction,
            patient_id=plan.patient.patient_id,
            tech_id=plan.technician.tech_id,
            start_utc=now,
            protocol_name=plan.protocol.name,
            protocol_snapshot=to_json(plan.protocol),
            protocol_id=plan.protocol_id,
            origin=origin,
            session_data_path=str(settings.get(transaction, "session_data_path")),
            treatment_site=plan.site,
        )
        folder = sessions.folder_of(session, workplace.data_dir)
        journal = _made(folder)
    header = Header(
        version=FORMAT_VERSION,
        session_id=session.session_id,
        patient_id=plan.patient.patient_id,
        tech_id=plan.technician.tech_id,
        started_utc=utc_text(now),
        origin=origin,
        software=version("tosca-kiosk"),
        devices={device.key: _described(device) for device in devices},
        rules=plan.rules,
    )
    return OpenedSession(session, folder, header, journal)


def _made(folder: Path) -> Journal:
    try:
        folder.mkdir(parents=True)
        return Journal(folder)
    except OSError as error:
        raise RefusedError(
            f"{folder}: the session's folder cannot be made ({error.strerror}); check room and rights"
        ) from error


def _described(device: Device) -> dict[str, str]:
    identity = device.identity
    if identity is None:
        return {"origin": str(device.origin)}
    return {
        "origin": str(device.origin),
        "model": identity.model,
        "serial_number": identity.serial_number,
        "firmware": identity.firmware,
        "found_at_start": "; ".join(device.found_at_start),
    }


def close_record(database: Database, opened: OpenedSession, now: datetime, operator_id: int) -> Imported:
    """Import the finished journal and close the session's row. Raises StorageError."""
    return import_journal(database, opened.folder / JOURNAL_NAME, now, operator_id=operator_id)
