"""What the interlocks said over a session, as bars; pure.

The record has every lamp with each event and sample, so while the cart is armed or treating. Between, and
while nobody wrote, nothing is known and nothing is drawn; but a fault lasts until the record says that its
cause is gone. A lamp that does not pass for a moment that is allowed, as the laser's loop behind a gate that
has just closed, is no failure: failed is what the record calls a fault or a warning.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from enum import IntEnum
from itertools import pairwise
from typing import Final, NamedTuple

from tosca_kiosk.domain.interlocks import BY_SOURCE, LAMPS
from tosca_kiosk.reports.curves import KNOWN_FOR_S

PEDAL: Final = "footpedal"
_ALWAYS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    (PEDAL, (PEDAL,)),
    ("e_stop", ("e_stop", "screen_stop")),
    ("smoothing", ("smoothing",)),
)
"""Bars that every report has, and their lamps."""
OTHERS: Final = "others"


class Word(IntEnum):
    """What is known of a bar at a time; of two at once the higher is shown."""

    PASSES = 0
    OPEN = 1
    FAILED = 2


class Part(NamedTuple):
    """A part of a bar, in session seconds."""

    from_s: float
    to_s: float
    word: Word


class Bar(NamedTuple):
    """A bar. name: its lamp, or OTHERS for so many lamps that never failed."""

    name: str
    parts: tuple[Part, ...]
    lamps: int = 1

    @property
    def failed(self) -> bool:
        return any(part.word is Word.FAILED for part in self.parts)


class Failure(NamedTuple):
    """A fault or warning of a source; to_s: when its cause was gone, where the record tells that."""

    source: str
    from_s: float
    to_s: float | None


class _Run(NamedTuple):
    from_s: float
    to_s: float
    said: dict[str, bool]


class Watch:
    """Takes the lamps of each row, oldest first, and keeps when they changed."""

    def __init__(self) -> None:
        self._runs: list[tuple[float, float, str]] = []

    def take(self, t_s: float, lamps: str) -> None:
        """Note what the lamps said; lamps: the row's JSON."""
        if self._runs:
            from_s, to_s, before = self._runs[-1]
            if t_s - to_s <= KNOWN_FOR_S:
                self._runs[-1] = from_s, t_s, before
                if lamps == before:
                    return
        self._runs.append((t_s, t_s, lamps))

    def bars(self, failures: Iterable[Failure]) -> tuple[Bar, ...]:
        """Return the bars: some always, one for each other lamp that failed, one for all others."""
        runs = [
            _Run(from_s=from_s, to_s=to_s, said=said)
            for from_s, to_s, text in self._runs
            if (said := _lamps(text)) is not None
        ]
        if not runs:
            return ()
        failed = [(BY_SOURCE[one.source].lamp, one) for one in failures if one.source in BY_SOURCE]
        always = {lamp for _, own in _ALWAYS for lamp in own}
        single = [lamp for lamp in LAMPS if lamp not in always and any(lamp == one for one, _ in failed)]
        wanted = [*_ALWAYS, *((lamp, (lamp,)) for lamp in single)]
        others = tuple(lamp for lamp in LAMPS if lamp not in always and lamp not in single)
        made = [
            Bar(name, tuple(_parts(runs, own, [one for lamp, one in failed if lamp in own])))
            for name, own in wanted
        ]
        return (*made, Bar(OTHERS, tuple(_parts(runs, others, [])), len(others)))


def _parts(runs: list[_Run], lamps: tuple[str, ...], failures: list[Failure]) -> Iterator[Part]:
    """Yield the parts of a bar without overlap, oldest first."""
    parts = [
        Part(
            from_s=run.from_s,
            to_s=run.to_s,
            word=Word.PASSES if all(run.said.get(lamp, True) for lamp in lamps) else Word.OPEN,
        )
        for run in runs
    ]
    for failure in failures:
        to_s = failure.from_s if failure.to_s is None else failure.to_s
        parts.append(Part(from_s=failure.from_s, to_s=to_s, word=Word.FAILED))
    edges = sorted({edge for part in parts for edge in (part.from_s, part.to_s)})
    newest: Part | None = None
    for part in _pieces(parts, edges):
        if newest is not None and (newest.word, newest.to_s) == (part.word, part.from_s):
            newest = newest._replace(to_s=part.to_s)
            continue
        if newest is not None:
            yield newest
        newest = part
    if newest is not None:
        yield newest
    # A fault whose end nobody knows, or that ended at once, is seen all the same.
    yield from (part for part in parts if part.word is Word.FAILED and part.from_s == part.to_s)


def _pieces(parts: list[Part], edges: list[float]) -> Iterator[Part]:
    """Yield the times between edges of which anything is known, with the highest word of each."""
    begins = sorted(parts, key=lambda part: part.from_s)
    under_way: list[Part] = []
    at = 0
    for from_s, to_s in pairwise(edges):
        while at < len(begins) and begins[at].from_s <= from_s:
            under_way.append(begins[at])
            at += 1
        under_way = [part for part in under_way if part.to_s > from_s]
        if under_way:
            yield Part(from_s=from_s, to_s=to_s, word=max(part.word for part in under_way))


def _lamps(text: str) -> dict[str, bool] | None:
    try:
        said = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    return {lamp: passes for lamp, passes in said.items() if isinstance(passes, bool)}
