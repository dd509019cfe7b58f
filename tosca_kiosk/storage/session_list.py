"""Sessions as lists show them, by the user's own views."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from tosca_kiosk.storage import energies, session_parts
from tosca_kiosk.storage.columns import CHOICES, Held, Origin
from tosca_kiosk.storage.door import Reader
from tosca_kiosk.storage.energies import UNKNOWN
from tosca_kiosk.storage.session_parts import Parts
from tosca_kiosk.storage.timestamps import utc_text

OPEN: Final = "open"
STATUSES: Final = (*CHOICES["sessions", "status"], OPEN)
"""What a list may ask for; open: in progress or paused."""

_HISTORY: Final = "SELECT * FROM patient_session_history WHERE session_id IS NOT NULL"
_ASKED: Final = {
    "patient_code": "patient_code = :patient_code",
    "tech_id": "session_id IN (SELECT session_id FROM sessions WHERE tech_id = :tech_id)",
    "status": "status = :status",
    "since": "start_time >= :since",
}
_OF_OPEN: Final = "session_id IN (SELECT session_id FROM active_sessions)"
_ORIGINS: Final = {
    "patient_id": Origin(table="patients", column="patient_id"),
    "patient_code": Origin(table="patients", column="patient_code"),
    "technician": Origin(table="tech_users", column="full_name"),
}


@dataclass(frozen=True, slots=True)
class ListedSession:
    """A session in a list. total_energy_joules: measured; dose_joules: the larger energy, which counts.

    open_seconds: for how long it is open by now, None where it is closed. parts: of which treatment.
    """

    session_id: int
    patient_code: str | None
    technician: str | None
    start_time: datetime | None
    end_time: datetime | None
    status: str
    protocol_name: str | None
    total_laser_on_time_seconds: float | None
    avg_power_watts: float | None
    total_energy_joules: float | None
    dose_joules: float | None
    open_seconds: int | None
    parts: Parts
    odd: tuple[str, ...] = ()


def listed(
    reader: Reader,
    *,
    patient_code: str | None = None,
    tech_id: int | None = None,
    status: str | None = None,
    since: datetime | None = None,
    limit: int | None = None,
) -> list[ListedSession]:
    """Return the sessions that are all of what is asked, the newest first. status: one of STATUSES."""
    asked: dict[str, Any] = {
        "patient_code": patient_code,
        "tech_id": tech_id,
        "status": None if status == OPEN else status,
        "since": None if since is None else utc_text(since),
    }
    given = {name: value for name, value in asked.items() if value is not None}
    clauses = [_ASKED[name] for name in given] + ([_OF_OPEN] if status == OPEN else [])
    sql = " AND ".join((_HISTORY, *clauses)) + " ORDER BY session_id DESC LIMIT :limit"
    found = reader.held_rows(sql, "sessions", _ORIGINS, **given, limit=-1 if limit is None else limit)
    numbers = tuple(one.row["session_id"] for one in found)
    parts = session_parts.of_sessions(reader, numbers)
    doses = energies.of_sessions(reader, numbers)
    open_for = {
        row["session_id"]: row["duration_seconds"]
        for row in reader.rows("SELECT session_id, duration_seconds FROM active_sessions")
    }
    return [
        _listed(
            one,
            dose_j=doses.get(number, UNKNOWN).larger_j,
            open_s=open_for.get(number),
            parts=parts[number],
        )
        for number, one in zip(numbers, found, strict=True)
    ]


def _listed(found: Held, *, dose_j: float | None, open_s: int | None, parts: Parts) -> ListedSession:
    row = {name: value for name, value in found.row.items() if name != "patient_id"}
    return ListedSession(**row, dose_joules=dose_j, open_seconds=open_s, parts=parts, odd=found.marks)
