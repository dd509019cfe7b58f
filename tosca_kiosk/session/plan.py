"""Everything about a session that can be refused before anything is opened."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tosca_kiosk.config import CartConfig, idle_rules
from tosca_kiosk.domain.calibration import CalibrationSet, calibration_set, parse_calibration
from tosca_kiosk.domain.protocol import Protocol
from tosca_kiosk.domain.protocol_file import Limits, parse_protocol, to_json
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.session_rules import ConnectedDevices, SessionRefusedError, session_rules
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.session.calibration_standing import to_do, used_serials
from tosca_kiosk.session.errors import RefusedError
from tosca_kiosk.session.rest import OpenRest
from tosca_kiosk.session.rest import rest_of as open_rest
from tosca_kiosk.session.saved_protocols import file_limits, of_file
from tosca_kiosk.session.session_result import session_result
from tosca_kiosk.storage import Database, Reader, calibrations, patients, protocols, sessions, settings
from tosca_kiosk.storage.allowed import allowed
from tosca_kiosk.storage.patients import Patient
from tosca_kiosk.storage.users import Role, User

_WANTED: Final = "open a session"
_Planned = tuple[Protocol, int | None, str]
"""A protocol, its number where it is a saved one, and what it is called in a refusal."""


@dataclass(frozen=True)
class SessionPlan:
    """A session as it may be opened. idle: the rules in force before it; rules: those in force inside.

    config: the cart's, under which it was planned. warnings: of overdue calibrations, doubts: of settings;
    both for the operator and the record. notes: said before it. rest: what it finishes the rest of, None for
    a treatment of its own.
    """

    patient: Patient
    technician: User
    protocol: Protocol
    protocol_id: int | None
    idle: Rules
    rules: Rules
    site: str | None
    config: CartConfig
    notes: str | None = None
    rest: OpenRest | None = None
    warnings: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def counted_parts(self) -> frozenset[int]:
        """The sessions whose light counts before this one, however long ago it was: those it goes on from."""
        parts = () if self.rest is None else self.rest.parts
        return frozenset(part.session.session_id for part in parts)


def plan_session(
    database: Database,
    config: CartConfig,
    *,
    patient: str,
    technician: str,
    protocol: str | None = None,
    rest_of: int | None = None,
    site: str | None = None,
    notes: str | None = None,
) -> SessionPlan:
    """Look everything up and check it against the cart.

    patient: a code; technician: a username; protocol: the name of a saved one, or the path of a file.
    rest_of: in its place the session whose rest is to be finished, at its site where no other is given.
    Raises StorageError, DocumentError, SiteLimitError, SessionRefusedError or RefusedError.
    """
    found_patient = _active_patient(database, patient)
    found_technician = allowed(database, technician, utc_now(), _WANTED, Role.TECHNICIAN)
    site_settings = settings.values(database)
    idle = idle_rules(config, site_settings)
    known = active_calibrations(database, config)
    rest = None if rest_of is None else _rest(database, rest_of, found_patient)
    limits = file_limits(site_settings, known.ring)
    plan, protocol_id, source = _asked(database, protocol, limits) if rest is None else _of_rest(rest, limits)
    rules = rules_for(idle if rest is None else rest.within(idle), plan, known, config, source)
    if site is None and rest is not None:
        site = rest.parts[-1].said("treatment_site")
    return SessionPlan(
        patient=found_patient,
        technician=found_technician,
        protocol=plan,
        protocol_id=protocol_id,
        idle=idle,
        rules=rules,
        site=site,
        config=config,
        notes=notes,
        rest=rest,
        doubts=settings.doubts(database),
    )


def active_calibrations(database: Database | Reader, config: CartConfig) -> CalibrationSet:
    """Return the active calibrations of the configured devices. CalibrationError names the missing."""
    serials = used_serials(config)
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
    does = {} if len(parsed) == len(serials) else to_do(database, config)
    return calibration_set(parsed, f"calibrations of {config.source}", serials, does)


def rules_for(idle: Rules, plan: Protocol, known: CalibrationSet, config: CartConfig, source: str) -> Rules:
    """Return the rules of a session with this protocol. SessionRefusedError names source, step and limit."""
    devices = config.devices
    connected = ConnectedDevices(
        laser_serial=devices.laser.serial_number,
        stage_serial=devices.stage.serial_number,
        board_serial=devices.board.serial_number,
        laser_current_limit_ma=devices.laser.current_limit_ma,
        travel_min_um=devices.stage.travel_min_um,
        travel_max_um=devices.stage.travel_max_um,
    )
    try:
        return session_rules(idle, plan, known, connected)
    except SessionRefusedError as error:
        raise SessionRefusedError(f"{source}: {error}") from error


def _active_patient(database: Database, code: str) -> Patient:
    patient = patients.get(database, code)
    if patient.is_active is None:
        raise RefusedError(f"patient {code}: {'; '.join(patient.odd)}; correct the row, then repeat")
    if not patient.is_active:
        raise RefusedError(f"patient {code} is not active, but retired; see tosca-kiosk patients show {code}")
    return patient


def _rest(database: Database, session_id: int, patient: Patient) -> OpenRest:
    with database.reading() as reader:
        theirs = sessions.get(reader, session_id).patient_id
        if theirs != patient.patient_id:
            whose = "nobody" if theirs is None else patients.of_id(reader, theirs).patient_code
            raise RefusedError(
                f"session {session_id} was of {whose}, not of {patient.patient_code}; name the patient whose "
                "treatment it was"
            )
        return open_rest(reader, session_result(reader, session_id))


def _of_rest(rest: OpenRest, limits: Limits) -> _Planned:
    """Return the rest as today's limits take it. It is no saved protocol, whose use would be counted."""
    source = f"the rest of session {rest.of_session}"
    return parse_protocol(to_json(rest.plan, named=True), source, rest.plan.name, limits), None, source


def _asked(database: Database, name: str | None, limits: Limits) -> _Planned:
    if name is None:
        raise RefusedError("no protocol is named: name one, or the session whose rest is to be finished")
    saved = protocols.find(database, name)
    if saved is not None:
        protocols.refuse_doubtful(saved)
        source = f"protocol {name!r}"
        return parse_protocol(saved.protocol_data, source, name, limits), saved.protocol_id, source
    path = Path(name)
    if not path.exists() and database.held_one("protocols", protocol_name=name) is not None:
        raise RefusedError(f"protocol {name!r} is retired; see tosca-kiosk protocols list")
    if not (path.suffix or path.exists()):
        raise RefusedError(f"no protocol is named {name!r}, and no file; see tosca-kiosk protocols list")
    return of_file(path, limits), None, str(path)
