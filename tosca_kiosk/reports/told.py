"""A session's events in words: what stands in the table of events, and which of them has a number; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final, NamedTuple

from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.interlocks import BY_SOURCE
from tosca_kiosk.reports import forms, texts
from tosca_kiosk.reports.content import Content
from tosca_kiosk.reports.light import Event, number

_RANKS: Final = {"safety_trigger": 0, "override": 1, "safety_warning": 2, "pause": 3}
"""Which events have a number, and which of them come first where a chart has no room for all."""
_AGAIN: Final[dict[str, str]] = {
    CommandType.POWER_OVERRIDE: "power_set",
    CommandType.RING_OVERRIDE: "ring_size_change",
}
"""By the action of an override: the event that tells its new value again, in the same tick."""


class EventLine(NamedTuple):
    """A line of the table: all that happened in one tick. mark: its number, None for most; rank: its."""

    t_s: float
    mark: int | None
    rank: int
    what: str
    value: str
    who: str

    @property
    def weighs(self) -> bool:
        """Whether it is a fault, a warning or a deviation."""
        return self.mark is not None and self.rank < _RANKS["pause"]


def event_lines(content: Content) -> list[EventLine]:
    """Return the lines, oldest first."""
    lines: list[EventLine] = []
    marks = 0
    for t_s, group in groupby(content.events, lambda event: event.t_s):
        events = _told_once(list(group))
        ranks = [rank for event in events if (rank := _RANKS.get(_kind(event))) is not None]
        marks += bool(ranks)
        lines.append(
            EventLine(
                t_s=t_s,
                mark=marks if ranks else None,
                rank=min(ranks, default=len(_RANKS)),
                what=_sentence(_said(event) for event in events),
                value=", ".join(dict.fromkeys(filter(None, (_value(event) for event in events)))),
                who="; ".join(dict.fromkeys(filter(None, (_who(event, content) for event in events)))),
            )
        )
    return lines


def _told_once(events: list[Event]) -> list[Event]:
    """Return a tick's events without those that only tell an override again."""
    again = {
        (_AGAIN[_action(event)], number(event.details.get("new_value")))
        for event in events
        if _kind(event) == "override"
    }
    return [event for event in events if (event.kind, number(event.details.get("new_value"))) not in again]


def _kind(event: Event) -> str:
    """Return an event's type; an override that was taken is a kind of its own."""
    taken = event.kind == "user_action" and _action(event) in _AGAIN and "refused" not in event.details
    return "override" if taken else event.kind


def _action(event: Event) -> str:
    return str(event.details.get("action"))


def _sentence(parts: Iterator[str]) -> str:
    said = "; ".join(dict.fromkeys(parts))
    return said[:1].upper() + said[1:]


def _said(event: Event) -> str:
    said = event.details
    if event.kind == "user_action":
        action, refused = _action(event), said.get("refused")
        if refused is None:
            return texts.ACTIONS.get(action, action)
        return texts.REFUSED.format(what=texts.ASKED.get(action, action), why=refused)
    if event.kind == "pause" and said.get("source") == "footpedal_release":
        return texts.RELEASED
    words = texts.EVENTS.get(event.kind, event.kind).format(step=said.get("protocol_step", texts.UNKNOWN))
    if event.kind in ("safety_trigger", "safety_warning"):
        return f"{words}: {source_said(said.get('trigger_source'))}"
    return words


def source_said(source: Any) -> str:
    """Return what the table of interlocks calls a source, or its name."""
    row = BY_SOURCE.get(str(source))
    return str(source) if row is None else row.what.rstrip(".")


def _value(event: Event) -> str:
    said = event.details
    changed = number(said.get("new_value"))
    if _kind(event) == "override":
        unit = "W" if _action(event) == CommandType.POWER_OVERRIDE else "mm"
        old = forms.amount(number(said.get("old_value")), unit, 2)
        return texts.CHANGED.format(old=old, new=forms.amount(changed, unit, 2))
    if event.kind.startswith("ring_size") and changed is not None:
        return forms.amount(changed, "mm", 2)
    if event.kind == "power_set" and changed is not None:
        return forms.amount(changed, "W", 2)
    if event.kind == "laser_off":
        energy_j = number(said.get("measured_energy_joules"))
        return "" if energy_j is None else texts.SO_FAR.format(energy=forms.amount(energy_j, "J"))
    if "expected_power" in said:
        return texts.MEASURED_OF.format(
            measured=forms.amount(number(said.get("measured_power")), "W", 2),
            expected=forms.amount(number(said["expected_power"]), "W", 2),
        )
    return ""


def _who(event: Event, content: Content) -> str:
    user, reason = event.details.get("user"), event.details.get("reason")
    name = content.names.get(user, user) if isinstance(user, str) else None
    return ", ".join(str(part) for part in (name, reason) if part)


def marked(lines: Sequence[EventLine]) -> Iterator[tuple[int, float, int]]:
    """Yield number, time and rank of the lines that have a number."""
    for line in lines:
        if line.mark is not None:
            yield line.mark, line.t_s, line.rank
