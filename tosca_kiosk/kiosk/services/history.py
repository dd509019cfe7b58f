"""What has happened: a session's summary with its plot, notes behind it, and the safety log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from tosca_kiosk.domain.events import SafetyEvent, noticed
from tosca_kiosk.kiosk.services.record import Record
from tosca_kiosk.link.messages import SafetyNotice
from tosca_kiosk.session import SessionResult, session_result, skipped_unseen
from tosca_kiosk.storage import (
    Reader,
    StorageError,
    archives,
    clock_evidence,
    events,
    session_amendments,
    users,
)
from tosca_kiosk.storage.timestamps import from_utc_text
from tosca_kiosk.storage.values import from_column

_PLOT_POINTS = 600
AMENDED_AT_THE_CART: Final = "written anew on the cart's summary"
"""Why notes are amended there, where nobody is asked."""
LOG_ROWS = 5
"""As many lines as the safety log's screen holds, so that one pair of keys turns all pages."""


@dataclass(frozen=True, slots=True)
class Plot:
    """Power over session time, all three of equal length; measured_w: None where nothing was measured."""

    times_s: tuple[float, ...]
    set_w: tuple[float, ...]
    measured_w: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class PlottedResult:
    """All that the record says of a session, with its plot. no_plot: why there is none, empty else."""

    result: SessionResult
    plot: Plot
    no_plot: str = ""


@dataclass(frozen=True, slots=True)
class LogRow:
    """A line of the safety log, session_id: None outside a session; odd: what in it is no value."""

    log_id: int
    time: datetime | None
    severity: str
    event_type: str
    description: str
    session_id: int | None
    operator: str | None
    action_taken: str | None
    odd: tuple[str, ...] = ()


def result(record: Record, session_id: int) -> PlottedResult:
    """Return a session's result. Raises StorageError if there is no such session."""
    with record.database.reading() as reader:
        told = session_result(reader, session_id)
        samples, no_plot = _samples(reader, session_id)
    return PlottedResult(told, _plot(samples), no_plot)


def annotate(record: Record, session_id: int, notes: str, tech_id: int) -> SessionResult:
    """Keep the notes written after a session; others than those that stand there are an amendment."""
    with record.database.transaction(tech_id) as transaction:
        session_amendments.note(
            transaction,
            session_id,
            "post_treatment_notes",
            notes,
            tech_id=tech_id,
            reason=AMENDED_AT_THE_CART,
            now=record.utc(),
        )
        return session_result(transaction, session_id)


def safety_rows(record: Record, page: int = 0) -> tuple[LogRow, ...]:
    """Return a page of the safety log, newest first; page 0 is the newest."""
    with record.database.reading() as reader:
        found = reader.held("safety_log", order_by="-log_id", limit=LOG_ROWS, skip=page * LOG_ROWS)
        names = {user.tech_id: user.full_name for user in users.list_all(reader)}
    return tuple(
        LogRow(
            log_id=one.row["log_id"],
            time=one.row["timestamp"],
            severity=one.row["severity"],
            event_type=one.row["event_type"],
            description=one.row["description"],
            session_id=one.row["session_id"],
            operator=names.get(one.row["tech_id"]),
            action_taken=one.row["action_taken"],
            odd=one.marks,
        )
        for one in found
    )


def newest_row(record: Record) -> datetime | None:
    """Return the time of the newest row that the wall clock wrote, None where there is none."""
    with record.database.reading() as reader:
        return clock_evidence.newest_row(reader)


def keep_set_forward(record: Record, by: timedelta, tech_id: int | None) -> int:
    """Write into the safety log that the wall clock has skipped time; return how many lines."""
    return _keep_skip(record, clock_evidence.set_forward(by, record.since_boot()), tech_id)


def keep_skipped_unseen(record: Record, tech_id: int | None) -> int:
    """Write into the safety log that the wall clock had skipped time before, if so; return how many lines."""
    moment = record.since_boot()
    by = skipped_unseen(record.database, record.data_dir, record.utc(), moment)
    if by is None:
        return 0
    return _keep_skip(record, clock_evidence.set_forward(by, moment, while_it_ran=False), tech_id)


def _keep_skip(record: Record, event: SafetyEvent, tech_id: int | None) -> int:
    with record.database.transaction(tech_id) as transaction:
        return events.append_safety(transaction, record.utc(), [(0.0, event)], tech_id=tech_id)


def keep_notice(record: Record, notice: SafetyNotice, tech_id: int | None) -> int:
    """Write what control noticed outside a session into the safety log; return how many lines."""
    timed = [(0.0, event) for event in notice.events]
    with record.database.transaction(tech_id) as transaction:
        return events.append_safety(transaction, from_utc_text(notice.utc), timed, tech_id=tech_id)


def keep_own(record: Record, source: str, what: str, phase: str, tech_id: int | None) -> int:
    """Write what the screen itself noticed into the safety log."""
    event = noticed(
        "interlock_failure",
        what,
        "operator_informed",
        {"trigger_source": source},
        system_state=phase,
        laser_state="unknown",
    )
    with record.database.transaction(tech_id) as transaction:
        return events.append_safety(transaction, record.utc(), [(0.0, event)], tech_id=tech_id)


def _samples(reader: Reader, session_id: int) -> tuple[list[tuple[Any, ...]], str]:
    """Return what the plot is made of, and why there is none where an archive cannot be read."""
    found = archives.select(
        reader,
        session_id,
        "SELECT time_offset_ms, laser_power_commanded_watts, laser_power_actual_watts "
        "FROM treatment_events WHERE session_id = ? AND +event_type = 'power_change' ORDER BY event_id",
        (session_id,),
    )
    try:
        return list(found), ""
    except StorageError as error:
        return [], str(error)


def _plot(samples: list[tuple[Any, ...]]) -> Plot:
    """Return what can be drawn; a sample whose time or set power is none is left out."""
    kept = [
        (offset_ms / 1000.0, set_w or 0.0, _number(measured_w))
        for offset_ms, set_w, measured_w in samples[:: max(1, -(-len(samples) // _PLOT_POINTS))]
        if _number(offset_ms) is not None and (set_w is None or _number(set_w) is not None)
    ]
    return Plot(
        times_s=tuple(time_s for time_s, _, _ in kept),
        set_w=tuple(set_w for _, set_w, _ in kept),
        measured_w=tuple(measured_w for _, _, measured_w in kept),
    )


def _number(held: Any) -> float | None:
    number: float | None = from_column("REAL", held).value
    return number
