"""All that the record says of one session, for screen, commands, report and export alike.

Nothing of it is summed up over a session's events: what needs that was kept at the import.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime

from tosca_kiosk.domain.documents import DocumentError
from tosca_kiosk.domain.plan import Plan
from tosca_kiosk.domain.protocol import Protocol
from tosca_kiosk.domain.protocol_file import parse_protocol
from tosca_kiosk.domain.remainder import remainder
from tosca_kiosk.session.happenings import Happenings, happenings
from tosca_kiosk.session.saved_protocols import ANY_LIMITS
from tosca_kiosk.storage import (
    Reader,
    StorageError,
    calibrations,
    energies,
    heads,
    patients,
    session_amendments,
    session_parts,
    session_timing,
    sessions,
    users,
)
from tosca_kiosk.storage.as_of import opening_of
from tosca_kiosk.storage.calibrations import SavedCalibration
from tosca_kiosk.storage.energies import UNKNOWN, Energies
from tosca_kiosk.storage.session_amendments import Amendment
from tosca_kiosk.storage.session_parts import Parts
from tosca_kiosk.storage.session_timing import Timing
from tosca_kiosk.storage.sessions import Session
from tosca_kiosk.storage.users import User


@dataclass(frozen=True, slots=True)
class Recording:
    """A row of session_recordings, with the SHA-256 of the file; odd: what in the row is no value."""

    recording_id: int
    recording_type: str
    file_path: str
    file_size_bytes: int | None
    duration_seconds: float | None
    timestamp: datetime | None
    frame_count: int | None
    resolution: str | None
    notes: str | None
    sha256: str | None
    odd: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proof:
    """What proves a session's record. signed: the first head that was made behind its close.

    head_hash, ticks, whole, imported: of its journal. Each None where it is not known, or not there yet.
    """

    origin: str | None = None
    head_hash: str | None = None
    ticks: int | None = None
    whole: bool | None = None
    imported: datetime | None = None
    signed: heads.Head | None = None


@dataclass(frozen=True, slots=True)
class SessionResult:
    """A session as the record has it. plan: the one it was opened with, None where its row holds none.

    technician: None where its account is not there. given: measured and commanded energy, and the larger,
    which counts as dose. calibrations: those in force when it was opened; calibrations_unknown: why nobody
    knows which, empty where they are known.
    """

    session: Session
    patient_code: str
    technician: User | None
    plan: Protocol | None
    given: Energies
    timing: Timing | None
    parts: Parts
    amendments: tuple[Amendment, ...]
    happened: Happenings
    recordings: tuple[Recording, ...]
    calibrations: tuple[SavedCalibration, ...]
    proof: Proof
    calibrations_unknown: str = ""

    @property
    def in_force(self) -> Plan | None:
        """The plan that was in force at the end; None where nobody can say what was changed of it."""
        return plan_in_force(self.plan, self.happened)

    @property
    def planned_j(self) -> float | None:
        """The energy of the plan in force at the end."""
        plan = self.in_force
        return None if plan is None else plan.planned_energy_j

    @property
    def planned_so_far_j(self) -> float | None:
        """What the plan in force gives up to where the treatment clock stood at the end."""
        plan, clock_s = self.in_force, self.happened.treatment_clock_s
        return None if plan is None or clock_s is None else plan.energy_j(clock_s)

    @property
    def remainder(self) -> Protocol | None:
        """What is left of the plan in force of a treatment that ended early: steps, power, time and dose.

        None where nothing is left, and where nobody knows how much was given.
        """
        plan, clock_s = self.in_force, self.happened.treatment_clock_s
        if plan is None or clock_s is None or self.session.status != "aborted":
            return None
        return remainder(plan, clock_s)

    def said(self, field: str) -> str | None:
        """Return what holds of the site or notes: the newest amendment, else what stands in the row."""
        return session_amendments.in_force(self.session, self.amendments, field)


def session_result(reader: Reader, session_id: int) -> SessionResult:
    """Return all that the record says of a session. Raises StorageError if there is no such session."""
    session = sessions.get(reader, session_id)
    in_force, unknown = _calibrations(reader, session_id)
    return SessionResult(
        session=session,
        patient_code=patients.of_id(reader, session.patient_id).patient_code,
        technician=users.of_id(reader, session.tech_id),
        plan=plan_of(session),
        given=energies.of_sessions(reader, (session_id,)).get(session_id, UNKNOWN),
        timing=session_timing.of_session(reader, session_id),
        parts=session_parts.of_session(reader, session_id),
        amendments=session_amendments.of_session(reader, session_id),
        happened=happenings(reader, session),
        recordings=_recordings(reader, session_id),
        calibrations=in_force,
        proof=_proof(reader, session_id),
        calibrations_unknown=unknown,
    )


def plan_of(session: Session) -> Protocol | None:
    """Return the plan that a session was opened with, None where its row holds none that can be read."""
    if session.protocol_data_snapshot is None:
        return None
    name = session.protocol_name or ""
    try:
        return parse_protocol(session.protocol_data_snapshot, name, name, ANY_LIMITS)
    except DocumentError:
        return None


def plan_in_force(plan: Protocol | None, happened: Happenings) -> Plan | None:
    """Return what operators made of the plan; None where nobody can say what was changed of it."""
    overrides = tuple(one.override for one in happened.deviations if one.override is not None)
    if plan is None or happened.unread:
        return None
    try:
        return Plan(protocol=plan, overrides=overrides)
    except ValueError:
        return None


def _calibrations(reader: Reader, session_id: int) -> tuple[tuple[SavedCalibration, ...], str]:
    try:
        return calibrations.in_force_at(reader, opening_of(reader, session_id)), ""
    except StorageError as error:
        return (), str(error)


def _recordings(reader: Reader, session_id: int) -> tuple[Recording, ...]:
    found = reader.held("session_recordings", session_id=session_id, order_by="recording_id")
    hashes = {
        row["recording_id"]: row["sha256"]
        for one in found
        for row, _ in reader.held("recording_hashes", recording_id=one.row["recording_id"])
    }
    shown = {one.name for one in fields(Recording)} - {"sha256", "odd"}
    return tuple(
        Recording(
            **{name: one.row[name] for name in shown},
            sha256=hashes.get(one.row["recording_id"]),
            odd=one.marks,
        )
        for one in found
    )


def _proof(reader: Reader, session_id: int) -> Proof:
    held = reader.held_one("session_journals", session_id=session_id)
    if held is None:
        return Proof()
    row = held.row
    return Proof(
        origin=row["origin"],
        head_hash=row["head_hash"],
        ticks=row["tick_count"],
        whole=row["is_whole"],
        imported=row["imported_date"],
        signed=None
        if row["imported_date"] is None
        else heads.behind_row(reader.connection, "session_journals", session_id),
    )
