"""A session's rows of treatment events and of the safety log, read once, as a report needs them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, NamedTuple

from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.reports.interlocks import Failure, Watch
from tosca_kiosk.reports.light import Event, number
from tosca_kiosk.reports.samples import Row
from tosca_kiosk.storage import Reader, archives

_ROWS: Final = (
    "SELECT time_offset_ms, event_type, laser_power_commanded_watts, laser_power_actual_watts, ring_size_mm, "
    "interlock_status, event_details FROM treatment_events WHERE session_id = ? ORDER BY event_id"
)
_SAMPLE: Final = '{"sample":true}'
_JUDGED: Final = frozenset({"safety_trigger", "safety_warning"})
"""Events beside samples that are written while interlocks have to pass."""
_MS: Final = 1000.0


class SafetyLine(NamedTuple):
    """A line of the safety log. t_s: session seconds, None where it tells no time."""

    t_s: float | None
    kind: str
    severity: str
    said: str
    done: str
    source: str | None


class Rows(NamedTuple):
    """events: all but samples. watch: what the interlocks said. end_s: the newest row's time.

    odd: rows of another hand that cannot be read as what they should be.
    """

    events: tuple[Event, ...]
    watch: Watch
    end_s: float
    odd: int


NO_ROWS: Final = Rows(events=(), watch=Watch(), end_s=0.0, odd=0)


def treatment_rows(reader: Reader, session_id: int) -> Rows:
    """Return a session's treatment events. Raises StorageError where an archive with them is not whole."""
    events, watch, end_s, odd = list[Event](), Watch(), 0.0, 0
    for offset_ms, kind, commanded_w, measured_w, ring_mm, lamps, details in _select(reader, session_id):
        at_ms = number(offset_ms)
        if at_ms is None:
            odd += 1
            continue
        t_s = at_ms / _MS
        end_s = max(end_s, t_s)
        sample = details == _SAMPLE
        if sample or kind in _JUDGED:
            watch.take(t_s, lamps)
        if sample:
            continue
        said = said_in(details)
        if said is None:
            odd += 1
            said = {}
        if not said.get("sample"):
            events.append(
                Event(
                    t_s=t_s,
                    kind=str(kind),
                    commanded_w=number(commanded_w),
                    measured_w=number(measured_w),
                    ring_mm=number(ring_mm),
                    details=said,
                )
            )
    events.sort(key=lambda event: event.t_s)  # what was written later may be of an earlier time
    return Rows(tuple(events), watch, end_s, odd)


def samples(reader: Reader, session_id: int) -> Iterator[Row]:
    """Yield a session's treatment events as samples. Raises StorageError as `treatment_rows`."""
    for offset_ms, _, commanded_w, measured_w, ring_mm, _, _ in _select(reader, session_id):
        at_ms = number(offset_ms)
        if at_ms is not None:
            yield Row(
                t_s=at_ms / _MS,
                measured_w=number(measured_w),
                commanded_w=number(commanded_w),
                ring_mm=number(ring_mm),
            )


def safety_lines(reader: Reader, session_id: int, start: datetime | None) -> tuple[SafetyLine, ...]:
    """Return a session's lines of the safety log, in the order in which they were written."""
    found = reader.held("safety_log", session_id=session_id, order_by="log_id")
    return tuple(
        SafetyLine(
            t_s=_since(row["timestamp"], start),
            kind=str(row["event_type"]),
            severity=str(row["severity"]),
            said=str(row["description"]),
            done=str(row["action_taken"] or ""),
            source=_text((said_in(row["details"]) or {}).get("trigger_source")),
        )
        for row, _ in found
    )


def failures(events: tuple[Event, ...], lines: tuple[SafetyLine, ...]) -> Iterator[Failure]:
    """Yield each fault and warning, and how long it lasted.

    A fault does until its cause is gone, as the safety log says, or until somebody resets it; where the
    record tells of neither, as long as it goes on.
    """
    gone = [
        (line.t_s, line.source)
        for line in lines
        if line.t_s is not None and line.kind.endswith(("_recovery", "_released"))
    ]
    resets = [
        event.t_s
        for event in events
        if event.details.get("action") == CommandType.ACKNOWLEDGE and "refused" not in event.details
    ]
    for event in events:
        if event.kind in _JUDGED:
            source = str(event.details.get("trigger_source"))
            ends = (t_s for t_s, gone_source in gone if gone_source == source and t_s >= event.t_s)
            to_s = next(ends, None)
            if to_s is None and event.kind == "safety_trigger":
                to_s = next((t_s for t_s in resets if t_s > event.t_s), events[-1].t_s)
            yield Failure(source=source, from_s=event.t_s, to_s=to_s)


def said_in(text: Any) -> dict[str, Any] | None:
    """Return what an event's details say, None where that is no JSON object."""
    try:
        said = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def _select(reader: Reader, session_id: int) -> Iterator[tuple[Any, ...]]:
    return archives.select(reader, session_id, _ROWS, (session_id,))


def _since(time: datetime | None, start: datetime | None) -> float | None:
    if not isinstance(time, datetime) or start is None:
        return None
    return round((time - start).total_seconds(), 3)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
