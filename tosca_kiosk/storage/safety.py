"""The safety log read back: by time, severity, session and type, and counted by day."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Any, Final

from tosca_kiosk.domain.interlocks import INTERLOCKS
from tosca_kiosk.storage import queries, sessions
from tosca_kiosk.storage.columns import CHOICES, Held, Origin
from tosca_kiosk.storage.database import Database
from tosca_kiosk.storage.door import Reader
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.timestamps import utc_text

SEVERITIES: Final = CHOICES["safety_log", "severity"]
"""The lowest first."""

_WHOLE: Final = """
SELECT l.*, u.username
FROM safety_log l
LEFT JOIN tech_users u ON u.tech_id = l.tech_id
WHERE {conditions}
ORDER BY l.timestamp DESC, l.log_id DESC"""
_SUMMARY: Final = "SELECT event_date, severity, event_type, event_count FROM safety_events_summary"


@dataclass(frozen=True, slots=True)
class SafetyEvent:
    """One row of safety_log. details: decoded, None where there are none or they are no JSON.

    Only the first five are known of a brief one. odd: what in the row is no value of its column.
    """

    timestamp: datetime | None
    event_type: str
    severity: str
    description: str
    session_id: int | None
    log_id: int | None = None
    technician: str | None = None
    system_state: str | None = None
    laser_state: str | None = None
    footpedal_state: bool | None = None
    smoothing_device_state: bool | None = None
    photodiode_voltage_v: float | None = None
    action_taken: str | None = None
    details: dict[str, Any] | None = None
    odd: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DayCount:
    """How many events of one severity and type a day had. event_date: YYYY-MM-DD, UTC."""

    event_date: str
    severity: str
    event_type: str
    event_count: int


def last_day(reader: Database | Reader) -> list[SafetyEvent]:
    """Return the brief events of the last 24 hours, the newest first: one of the six common queries."""
    return [_event(held) for held in queries.SAFETY_OF_LAST_DAY.ask(reader)]


def listed(
    reader: Database | Reader,
    *,
    since: datetime | None = None,
    least: str | None = None,
    session_id: int | None = None,
    event_type: str | None = None,
) -> list[SafetyEvent]:
    """Return the whole events that fit, the newest first. least: this severity and above.

    Raises StorageError for a session that there is not, and a type that neither the cart nor the log knows.
    """
    if session_id is not None:
        sessions.get(reader, session_id)
    if event_type is not None:
        _refuse_unknown(reader, event_type)
    asked: dict[str, Any] = {
        "l.timestamp >= :since": None if since is None else utc_text(since),
        "l.session_id = :session_id": session_id,
        "l.event_type = :event_type": event_type,
    }
    given = {condition: value for condition, value in asked.items() if value is not None}
    parameters = {condition.rpartition(":")[2]: value for condition, value in given.items()}
    conditions = [*given, *_severe(least)]
    sql = _WHOLE.format(conditions=" AND ".join(conditions) or "1")
    renamed = {"username": Origin(table="tech_users", column="username")}
    return [_event(held) for held in reader.held_rows(sql, "safety_log", renamed, **parameters)]


def summary(reader: Database | Reader) -> list[DayCount]:
    """Return how many events each day had, by severity and type, the newest day first."""
    return [DayCount(**row) for row in reader.rows(_SUMMARY)]


def _severe(least: str | None) -> list[str]:
    if least is None:
        return []
    words = ", ".join(f"'{severity}'" for severity in SEVERITIES[SEVERITIES.index(least) :])
    return [f"l.severity IN ({words})"]


def _refuse_unknown(reader: Database | Reader, event_type: str) -> None:
    found = reader.rows("SELECT DISTINCT event_type FROM safety_log")
    known = {str(row["event_type"]) for row in found} | {row.event_type for row in INTERLOCKS}
    known |= {row.recovery for row in INTERLOCKS}
    if event_type not in known:
        near = get_close_matches(event_type.lower(), known, n=1, cutoff=0.5)
        guess = f"{near[0]} may be meant" if near else f"there are {', '.join(sorted(known))}"
        raise StorageError(f"no safety event is of type {event_type!r}; {guess}")


def _event(held: Held) -> SafetyEvent:
    row = dict(held.row)
    row.pop("tech_id", None)
    row["technician"] = row.pop("username", None)
    row["details"] = _decoded(row.get("details"))
    return SafetyEvent(**row, odd=held.marks)


def _decoded(text: str | None) -> dict[str, Any] | None:
    try:
        details = None if text is None else json.loads(text)
    except (ValueError, RecursionError):
        return None
    return details if isinstance(details, dict) else None
