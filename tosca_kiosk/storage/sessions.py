"""Treatment sessions: the row that a session opens, and what it says at the end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path, PurePath
from typing import Literal

from tosca_kiosk.domain.journal_lines import Summary
from tosca_kiosk.storage import protocols
from tosca_kiosk.storage.columns import Held
from tosca_kiosk.storage.database import Database
from tosca_kiosk.storage.door import Reader, Transaction
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.timestamps import naive_utc
from tosca_kiosk.storage.values import shown

OPEN_STATUSES = ("in_progress", "paused")
CLOSED_STATUSES = ("completed", "aborted")
_DATA = "data"


@dataclass(frozen=True, slots=True)
class Session:
    """One row of sessions. duration_seconds: whole seconds; powers and energy are measured ones.

    odd: what in the row is no value of its column; such a number or time is None.
    """

    session_id: int
    patient_id: int | None
    tech_id: int | None
    protocol_id: int | None
    start_time: datetime | None
    end_time: datetime | None
    duration_seconds: int | None
    status: str
    abort_reason: str | None
    treatment_site: str | None
    treatment_notes: str | None
    protocol_name: str | None
    protocol_data_snapshot: str | None
    session_folder_path: str | None
    video_path: str | None
    total_laser_on_time_seconds: float | None
    avg_power_watts: float | None
    max_power_watts: float | None
    total_energy_joules: float | None
    post_treatment_notes: str | None
    created_date: datetime | None
    odd: tuple[str, ...] = ()


def start(
    transaction: Transaction,
    *,
    patient_id: int,
    tech_id: int,
    start_utc: datetime,
    protocol_name: str,
    protocol_snapshot: str,
    protocol_id: int | None,
    origin: Literal["sim", "real"],
    session_data_path: str = "data/sessions",
    treatment_site: str | None = None,
    treatment_notes: str | None = None,
) -> Session:
    """Open a session; its folder is `<session_data_path>/<session id>_<UTC time>`, made by the caller.

    protocol_id: of a saved protocol, whose use is counted; None for a file or an ad-hoc plan. Raises
    StorageError while another session is open (interrupted ones are closed first) and for unknown ids.
    """
    if still_open := interrupted(transaction):
        raise StorageError(f"session {still_open[0].session_id} is still open; import its journal first")
    session_id: int = transaction.insert(
        "sessions",
        patient_id=patient_id,
        tech_id=tech_id,
        protocol_id=protocol_id,
        start_time=start_utc,
        created_date=start_utc,
        status="in_progress",
        protocol_name=protocol_name,
        protocol_data_snapshot=protocol_snapshot,
        treatment_site=treatment_site,
        treatment_notes=treatment_notes,
    )
    folder = f"{session_data_path}/{session_id}_{naive_utc(start_utc):%Y%m%d_%H%M%S}"
    transaction.update("sessions", {"session_id": session_id}, session_folder_path=folder)
    transaction.insert("session_journals", session_id=session_id, origin=origin)
    if protocol_id is not None:
        protocols.count_use(transaction, protocol_id, start_utc)
    return get(transaction, session_id)


def correct(transaction: Transaction, session: Session, summary: Summary, *, told: bool) -> Session:
    """Close a session with its summary, also over an earlier one: more of its journal was found since.

    told: whether its record tells of its light; where it does not, its figures are unknown and not 0.
    """
    transaction.update(
        "sessions",
        {"session_id": session.session_id},
        status=summary.status,
        abort_reason=summary.abort_reason,
        end_time=session.start_time and session.start_time + timedelta(seconds=summary.duration_s),
        duration_seconds=round(summary.duration_s),
        total_laser_on_time_seconds=summary.laser_on_time_s if told else None,
        avg_power_watts=summary.avg_power_w,
        max_power_watts=summary.max_power_w,
        total_energy_joules=summary.energy_j if told else None,
    )
    return get(transaction, session.session_id)


def closed_already(session: Session) -> StorageError:
    """Return the refusal of a second close."""
    return StorageError(f"session {session.session_id} is {session.status} already; nothing was changed")


def set_paused(transaction: Transaction, session_id: int, paused: bool) -> None:
    """Say in the row of an open session whether the operator has paused it."""
    session = get(transaction, session_id)
    if session.status not in OPEN_STATUSES:
        raise StorageError(f"session {session_id} is {session.status} already; nothing was changed")
    transaction.update("sessions", {"session_id": session_id}, status="paused" if paused else "in_progress")


def get(database: Database | Reader, session_id: int) -> Session:
    """Return a session; StorageError if there is none."""
    found = database.held_one("sessions", session_id=session_id)
    if found is None:
        raise StorageError(f"no session has the number {session_id}; see tosca-kiosk sessions list")
    return _session(found)


def for_patient(database: Database | Reader, patient_id: int) -> list[Session]:
    """Return a patient's sessions, newest first."""
    found = database.held("sessions", order_by="-session_id", patient_id=patient_id)
    return [_session(one) for one in found]


def interrupted(database: Database | Reader) -> list[Session]:
    """Return the sessions that are still open, oldest first: at program start, those that a crash left."""
    found = database.held("sessions", order_by="session_id", status=OPEN_STATUSES)
    return [_session(one) for one in found]


def origin(database: Database | Reader, session_id: int) -> str | None:
    """Return "sim" or "real", None for a session that this program did not start."""
    found = database.held_one("session_journals", session_id=session_id)
    return None if found is None else str(found.row["origin"])


def folder_of(session: Session, data_dir: Path) -> Path:
    """Return where the session's files are. Raises StorageError where its row does not say, as `inside`."""
    if session.session_folder_path is None:
        raise StorageError(f"session {session.session_id} has no folder in its row")
    return inside(
        data_dir, session.session_folder_path, f"sessions.session_folder_path of {session.session_id}"
    )


def inside(data_dir: Path, stored: str, where: str) -> Path:
    """Return the folder that a stored path means; a leading `data/` of it means the data directory.

    where: what holds it, for the refusal. Raises StorageError for one that leaves the data directory, by its
    own parts or by a link on its way: what is written there is in nobody's backup, and may be anybody's.
    """
    path = PurePath(stored)
    whole = data_dir / (path.relative_to(_DATA) if path.parts[:1] == (_DATA,) else path)
    try:
        stays = whole.resolve().is_relative_to(data_dir.resolve())
    except (OSError, RuntimeError, ValueError):  # too long, a circle of links, or not even a path
        stays = False
    if not stored or ".." in path.parts or not stays:
        raise StorageError(
            f"{where}: {shown(stored)} leads out of the data directory {data_dir}; give a path inside it, "
            f"such as {_DATA}/sessions"
        )
    return whole


def _session(found: Held) -> Session:
    return Session(**found.row, odd=found.marks)
