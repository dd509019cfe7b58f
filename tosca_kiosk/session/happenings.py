"""What happened in a session, as its events and its lines of the safety log say.

That is what operators changed of the plan, and faults with whoever reset them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import msgspec

from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.plan import Override
from tosca_kiosk.domain.rows import SHUTDOWN
from tosca_kiosk.storage import Reader, StorageError, archives
from tosca_kiosk.storage.sessions import Session

# The plus keeps SQLite from its index of all events of a type, which are those of every session.
_NOTABLE: Final = (
    "SELECT time_offset_ms, event_type, event_details FROM treatment_events "
    "WHERE session_id = ? AND +event_type IN ('user_action', 'resume', 'pause', 'laser_on', 'laser_off') "
    "ORDER BY event_id"
)
_DARK: Final = frozenset({"laser_off", "pause"})
"""Events that say where the treatment clock stands, and that it stands."""
_LIT: Final = frozenset({"resume", "laser_on"})
_CHANGED: Final[dict[str, str]] = {
    CommandType.POWER_OVERRIDE: "power_w",
    CommandType.RING_OVERRIDE: "ring_size_mm",
}
"""By the action of a deviation: what of the plan in force it changes."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """What an operator changed of the plan in force. time_s: session seconds; values: as in its event.

    user: who asked for it, as the screen said. override: what the plan in force makes of it, None where it
    changes none.
    """

    time_s: float
    action: str
    old_value: float | None
    new_value: float | None
    reason: str | None
    override: Override | None
    user: str | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that ended the light. time_s: session seconds, None where its line tells no time.

    reset_s: when somebody acknowledged it, None where nobody did. reset_by: whose PIN that was, None where no
    PIN was asked: it was whoever stood at the cart.
    """

    time_s: float | None
    event_type: str
    source: str | None
    severity: str
    description: str
    reset_s: float | None = None
    reset_by: str | None = None
    reset_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Happenings:
    """treatment_clock_s: how much of the plan was given, in treatment seconds.

    None where the record breaks off in light. safety_events: lines of the safety log. unread: why the events
    cannot be read, empty where they can; then only the lines of the safety log are known.
    """

    deviations: tuple[Deviation, ...] = ()
    faults: tuple[Fault, ...] = ()
    treatment_clock_s: float | None = None
    safety_events: int = 0
    unread: str = ""


class _Event(msgspec.Struct):
    time_s: float
    event_type: str
    details: dict[str, Any]


def happenings(reader: Reader, session: Session) -> Happenings:
    """Return what happened in a session."""
    unread = ""
    try:
        events = list(_events(reader, session.session_id))
    except StorageError as error:
        events, unread = [], str(error)
    safety = reader.held("safety_log", session_id=session.session_id, order_by="log_id")
    actions = [event for event in events if event.event_type == "user_action"]
    resets = [event for event in actions if event.details.get("action") == CommandType.ACKNOWLEDGE]
    taken = [event for event in resets if "refused" not in event.details]
    return Happenings(
        deviations=tuple(_deviations(actions)),
        faults=tuple(_fault(row, session, taken) for row, _ in safety if row["action_taken"] == SHUTDOWN),
        treatment_clock_s=None if unread else _treatment_clock_s(events),
        safety_events=len(safety),
        unread=unread,
    )


def _events(reader: Reader, session_id: int) -> Iterator[_Event]:
    """Yield the events that are more than a sample; what another hand made of one is left out."""
    for offset_ms, event_type, details in archives.select(reader, session_id, _NOTABLE, (session_id,)):
        said = _object(details)
        if isinstance(offset_ms, int | float) and said is not None:
            yield _Event(offset_ms / 1000.0, event_type, said)


def _deviations(actions: list[_Event]) -> Iterator[Deviation]:
    for event in actions:
        said = event.details
        if "new_value" in said and "refused" not in said:
            yield Deviation(
                time_s=event.time_s,
                action=str(said.get("action")),
                old_value=_number(said.get("old_value")),
                new_value=_number(said.get("new_value")),
                reason=_text(said.get("reason")),
                override=_override(said),
                user=_text(said.get("user")),
            )


def _override(said: dict[str, Any]) -> Override | None:
    changed = _CHANGED.get(str(said.get("action")))
    at_s, value = _number(said.get("elapsed_s")), _number(said.get("new_value"))
    if changed is None or at_s is None or value is None:
        return None
    return Override(**{"elapsed_s": at_s, changed: value})


def _fault(row: dict[str, Any], session: Session, resets: list[_Event]) -> Fault:
    time_s = _since(row["timestamp"], session)
    reset = next((event for event in resets if time_s is not None and event.time_s >= time_s), None)
    said = {} if reset is None else reset.details
    return Fault(
        time_s=time_s,
        event_type=row["event_type"],
        source=_text((_object(row["details"]) or {}).get("trigger_source")),
        severity=row["severity"],
        description=row["description"],
        reset_s=None if reset is None else reset.time_s,
        reset_by=_text(said.get("user")),
        reset_reason=_text(said.get("reason")),
    )


def _since(time: Any, session: Session) -> float | None:
    """Return the session seconds of a time in the record, to a millisecond as events have theirs."""
    if session.start_time is None or time is None:
        return None
    since: timedelta = time - session.start_time
    return round(since.total_seconds(), 3)


def _treatment_clock_s(events: list[_Event]) -> float | None:
    """Return where the treatment clock stood at the end, None where it may have gone on in light."""
    clock_s: float | None = 0.0
    for event in events:
        if event.event_type in _DARK:
            clock_s = _number(event.details.get("elapsed_s"))
        elif event.event_type in _LIT:
            clock_s = None
    return clock_s


def _object(text: Any) -> dict[str, Any] | None:
    try:
        said = msgspec.json.decode(text)
    except (msgspec.DecodeError, TypeError, UnicodeError):
        return None
    return said if isinstance(said, dict) else None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
