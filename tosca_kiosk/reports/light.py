"""When there was light in a session, where the treatment clock stood, and why there was none; pure."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from typing import Any, Final, NamedTuple


class Event(NamedTuple):
    """A row of treatment events that is no sample. t_s: session seconds; details: the schema's keys."""

    t_s: float
    kind: str
    commanded_w: float | None
    measured_w: float | None
    ring_mm: float | None
    details: dict[str, Any]


class Why(Enum):
    """Why there is no light after a span, before the first one, or at all.

    With three of them there may be light. UNCONFIRMED: it is not confirmed ended; NOT_KNOWN: the record does
    not tell; UNBEGUN: there was light that no event began.
    """

    BEFORE = "before"
    NONE = "none"
    RELEASED = "released"
    PAUSED = "paused"
    FAULT = "fault"
    RING = "ring"
    FINISHED = "finished"
    UNCONFIRMED = "unconfirmed"
    NOT_KNOWN = "not_known"
    UNBEGUN = "unbegun"
    UNKNOWN = "unknown"


_IN_THE_DARK = frozenset({Why.FAULT, Why.PAUSED})
"""What changes why there is no light while there is none."""
_PERHAPS_LIGHT: Final = frozenset({Why.UNCONFIRMED, Why.NOT_KNOWN, Why.UNBEGUN})
ROUNDED_S: Final = 0.001
"""The record holds an event's time in whole milliseconds."""


class Span(NamedTuple):
    """Light from an event laser_on to its laser_off, in session seconds.

    clock_from_s, clock_to_s: the treatment clock at both. ended: whether the record tells its end; where it
    does not, the light is drawn as far as it was measured.
    """

    on_s: float
    off_s: float
    clock_from_s: float
    clock_to_s: float
    ended: bool
    why: Why

    def clock_s(self, t_s: float) -> float:
        """Return the treatment clock inside the span.

        It begins when the light is confirmed, a few ticks after the output is on; so it is counted back from
        the end, which the record tells.
        """
        return max(self.clock_from_s, self.clock_to_s - (self.off_s - t_s))


class Gap(NamedTuple):
    """A time without light, or of which nobody knows that it had none."""

    from_s: float
    to_s: float
    why: Why


def spans(events: Iterable[Event], end_s: float) -> tuple[Span, ...]:
    """Return the light of a session, oldest first. end_s: how far its record goes."""
    found: list[Span] = []
    on_s: float | None = None
    clock_s = 0.0
    newest: tuple[float, Why] | None = None
    for event in events:
        cause = _cause(event)
        if cause is not None:
            newest = event.t_s, cause
            # The rows of the tick that ends a light stand before and behind its laser_off.
            if on_s is None and found and (found[-1].off_s == event.t_s or cause in _IN_THE_DARK):
                found[-1] = found[-1]._replace(why=cause)
        if event.kind == "laser_on":
            on_s = event.t_s
        elif event.kind == "laser_off" and on_s is not None:
            told = number(event.details.get("elapsed_s"))
            after_s = clock_s + event.t_s - on_s if told is None else told
            why = newest[1] if newest is not None and newest[0] == event.t_s else Why.UNKNOWN
            found.append(
                Span(
                    on_s=on_s,
                    off_s=event.t_s,
                    clock_from_s=clock_s,
                    clock_to_s=after_s,
                    ended=True,
                    why=why,
                )
            )
            on_s, clock_s = None, after_s
    if on_s is not None:
        off_s = max(end_s, on_s)
        found.append(
            Span(
                on_s=on_s,
                off_s=off_s,
                clock_from_s=clock_s,
                clock_to_s=clock_s + off_s - on_s,
                ended=False,
                why=Why.UNKNOWN,
            )
        )
    return tuple(found)


def not_confirmed_ended(light: tuple[Span, ...]) -> tuple[Span, ...]:
    """Return the light of a session of which nobody knows that its last one ended."""
    return (*light[:-1], *(span._replace(why=Why.UNCONFIRMED) for span in light[-1:]))


def gaps(light: tuple[Span, ...], end_s: float, without_any: Why = Why.NONE) -> Iterator[Gap]:
    """Yield the times without light of a session, from its begin to its end.

    without_any: what is said of a session that has no span.
    """
    from_s, why = 0.0, Why.BEFORE if light else without_any
    for span in light:
        if span.on_s > from_s:
            yield Gap(from_s=from_s, to_s=span.on_s, why=why)
        from_s, why = span.off_s, span.why
    if end_s > from_s:
        yield Gap(from_s=from_s, to_s=end_s, why=why)


def dark(found: Iterable[Gap], shone: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """Yield from when to when it is known that there was no light: gaps but for what shone in them.

    shone: from when to when light was measured, oldest first.
    """
    begins_s = [from_s for from_s, _ in shone]
    for gap in found:
        if gap.why in _PERHAPS_LIGHT:
            continue
        at_s = gap.from_s
        inside = slice(bisect_left(begins_s, at_s), bisect_left(begins_s, gap.to_s - ROUNDED_S))
        for from_s, to_s in shone[inside]:
            if from_s > at_s:
                yield at_s, from_s
            at_s = to_s
        if gap.to_s > at_s:
            yield at_s, gap.to_s


def _cause(event: Event) -> Why | None:
    if event.kind == "safety_trigger":
        return Why.FAULT
    if event.kind == "pause":
        return Why.RELEASED if event.details.get("source") == "footpedal_release" else Why.PAUSED
    if event.kind == "ring_size_change":
        return Why.RING
    return Why.FINISHED if event.kind == "protocol_step_end" else None


def number(value: object) -> float | None:
    """Return a finite number that a row or an event's details hold, None where none stands there."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        return None
    return float(value)
