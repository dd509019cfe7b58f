"""The two append-only logs of sessions and of safety, treatment_events and safety_log.

The events of a block are linked where they are written, from memory; every other row at the end of its
transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec

from tosca_kiosk.domain.events import SafetyEvent, TreatmentEvent
from tosca_kiosk.storage import archives, chain, queries
from tosca_kiosk.storage.columns import CHOICES, Held
from tosca_kiosk.storage.door import Reader, Transaction
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.timestamps import naive_utc

# Both in the order of the table: the chain hashes rows so.
TREATMENT_COLUMNS = (
    "event_id",
    "session_id",
    "timestamp",
    "time_offset_ms",
    "event_type",
    "laser_power_commanded_watts",
    "laser_power_actual_watts",
    "ring_size_mm",
    "actuator_position_um",
    "photodiode_voltage_v",
    "footpedal_state",
    "smoothing_device_state",
    "interlock_status",
    "image_path",
    "video_timestamp_ms",
    "event_details",
)
SAFETY_COLUMNS = (
    "log_id",
    "timestamp",
    "session_id",
    "tech_id",
    "event_type",
    "severity",
    "description",
    "system_state",
    "laser_state",
    "footpedal_state",
    "smoothing_device_state",
    "photodiode_voltage_v",
    "action_taken",
    "details",
)
_SHOWN_COLUMNS = (
    "timestamp",
    "event_type",
    "laser_power_commanded_watts",
    "laser_power_actual_watts",
    "ring_size_mm",
    "photodiode_voltage_v",
)
"""In the order of the common query."""
_SEVERITIES = CHOICES["safety_log", "severity"]


class JournalTreatmentEvent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A TreatmentEvent as a journal holds it, its JSON left as it stands: it goes into the row like that."""

    event_type: str
    power_commanded_w: float | None
    power_actual_w: float | None
    ring_size_mm: float | None
    actuator_position_um: float | None
    photodiode_v: float | None
    footpedal: bool | None
    smoothing: bool | None
    interlocks: msgspec.Raw
    details: msgspec.Raw


AnyTreatmentEvent = TreatmentEvent | JournalTreatmentEvent


def append_treatment(
    transaction: Transaction,
    session_id: int,
    start_utc: datetime,
    timed: Iterable[tuple[float, AnyTreatmentEvent]],
) -> int:
    """Append (session seconds, event) pairs of one session to treatment_events; return how many.

    Raises StorageError for a number that is not finite; nothing is written then.
    """
    first = chain.next_row(transaction.connection, "treatment_events")
    rows = list(treatment_rows(session_id, start_utc, timed, first))
    if rows:
        transaction.insert_rows("treatment_events", TREATMENT_COLUMNS, rows)
        hashes = chain.append(transaction.connection, "treatment_events", rows)
        pairs = [(row[0], digest) for row, digest in zip(rows, hashes, strict=True)]
        transaction.insert_rows("treatment_events_chain", ("event_id", "hash"), pairs)
    return len(rows)


def treatment_rows(
    session_id: int, start_utc: datetime, timed: Iterable[tuple[float, AnyTreatmentEvent]], first: int
) -> Iterator[chain.LogRow]:
    """Return the rows of events exactly as SQLite gives them back, numbered from the first."""
    time_text = _clock(naive_utc(start_utc))
    return (
        (
            key,
            session_id,
            time_text(t_s),
            round(t_s * 1000),
            event.event_type,
            _number(event.power_commanded_w),
            _number(event.power_actual_w),
            _number(event.ring_size_mm),
            _number(event.actuator_position_um),
            _number(event.photodiode_v),
            _flag(event.footpedal),
            _flag(event.smoothing),
            _json(event.interlocks),
            None,
            None,
            _json(event.details),
        )
        for key, (t_s, event) in enumerate(timed, start=first)
    )


def of_session(reader: Reader, session_id: int) -> list[Held]:
    """Return a session's treatment events as the common query shows them, those that were archived too.

    Raises StorageError where an archive that holds some cannot be read.
    """
    query = queries.EVENTS_OF_SESSION
    found = archives.select(reader, session_id, query.text, (session_id,))
    rows = [dict(zip(_SHOWN_COLUMNS, row, strict=True)) for row in found]
    return reader.judged_rows(rows, query.table, query.renamed)


def append_safety(
    transaction: Transaction,
    start_utc: datetime,
    timed: Iterable[tuple[float, SafetyEvent]],
    *,
    session_id: int | None = None,
    tech_id: int | None = None,
) -> int:
    """Append (seconds after start_utc, event) pairs to safety_log; return how many.

    session_id stays None outside a session. tech_id: a number that no account has any more is left out, or
    nothing could be said in a record from which another hand has taken it. Raises StorageError for a number
    that is not finite and for a severity that the schema does not name.
    """
    known = tech_id is not None and transaction.tuples(
        "SELECT 1 FROM tech_users WHERE tech_id = ?", (tech_id,)
    )
    first = chain.next_row(transaction.connection, "safety_log")
    rows = list(safety_rows(session_id, tech_id if known else None, start_utc, timed, first))
    transaction.insert_rows("safety_log", SAFETY_COLUMNS, rows)
    return len(rows)


def safety_rows(
    session_id: int | None,
    tech_id: int | None,
    start_utc: datetime,
    timed: Iterable[tuple[float, SafetyEvent]],
    first: int,
) -> Iterator[chain.LogRow]:
    """Return the rows of safety events exactly as SQLite gives them back, numbered from the first."""
    time_text = _clock(naive_utc(start_utc))
    return (
        (
            key,
            time_text(t_s),
            session_id,
            tech_id,
            event.event_type,
            _severity(event.severity),
            event.description,
            event.system_state,
            event.laser_state,
            _flag(event.footpedal),
            _flag(event.smoothing),
            _number(event.photodiode_v),
            event.action_taken,
            _json(event.details),
        )
        for key, (t_s, event) in enumerate(timed, start=first)
    )


# What follows makes a value exactly what SQLite gives back for it, or the chain would not hold.


def _clock(start: datetime) -> Callable[[float], str]:
    """Return what turns session seconds into the text of a time; a whole second's text is made once."""
    whole_start = start.replace(microsecond=0)

    @lru_cache(maxsize=1)
    def second_text(second: int) -> str:
        return (whole_start + timedelta(seconds=second)).isoformat(sep=" ")

    def time_text(t_s: float) -> str:
        second, microsecond = divmod(start.microsecond + round(t_s * 1_000_000), 1_000_000)
        return f"{second_text(second)}.{microsecond:06d}"

    return time_text


def _number(value: float | None) -> float | None:
    if value is None:
        return None
    if value - value != 0.0:
        raise StorageError(f"an event holds {value}, which no log can keep; give a finite number or None")
    return value + 0.0  # an int becomes a float, -0.0 becomes 0.0: as the REAL column does


def _flag(value: bool | None) -> int | None:
    return None if value is None else int(value)


def _json(value: dict[str, Any] | msgspec.Raw) -> str:
    return str(value if isinstance(value, msgspec.Raw) else msgspec.json.encode(value), "utf-8")


def _severity(severity: str) -> str:
    if severity not in _SEVERITIES:
        raise StorageError(f"safety event of severity {severity!r}; allowed: {', '.join(_SEVERITIES)}")
    return severity
