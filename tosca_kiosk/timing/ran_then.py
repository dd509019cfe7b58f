"""What ran while a period was missed: the slowest part of control's own tick, and each load's work."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from tosca_kiosk.timing.figures import WORLD
from tosca_kiosk.timing.samples import COLUMNS, PARTS, Rows, column
from tosca_kiosk.timing.statistics import us
from tosca_kiosk.timing.witness import Wakeups, missed_unseen

KEPT: Final = 200
"""Missed spans told one by one; all are counted."""


class Span(NamedTuple):
    """Periods missed from the deadline of one tick to the waking up of the next, monotonic.

    A tick that began late ends late, and may miss what follows: its own lateness belongs to the span.
    slowest: a part of the first one's work, or the second one's waking up.
    """

    began_s: float
    ended_s: float
    periods: int
    witness_saw: bool
    witness_late_us: float | None
    late_us: float
    slowest: str
    slowest_us: float
    ran: dict[str, str]


Timeline = tuple[list[float], list[str]]
"""Times at which activities began, in order, and their names."""


def read_timeline(path: Path) -> Timeline:
    """Return a load's activities; a last line that is not whole is left out."""
    times, names = [], []
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    for line in text[: text.rfind("\n") + 1].splitlines():
        time, _, name = line.partition(" ")
        times.append(float(time))
        names.append(name)
    return times, names


def activity(timeline: Timeline, began_s: float, ended_s: float) -> str:
    """Return what a load did in a span, in order."""
    times, names = timeline
    first, after = max(0, bisect_right(times, began_s) - 1), bisect_right(times, ended_s)
    return ", ".join(dict.fromkeys(names[first:after]))


def missed_spans(rows: Rows, witness: Wakeups, period_ns: int, loads: Mapping[str, Timeline]) -> list[Span]:
    """Return every span of missed periods in the order of time. rows: one more tick than is judged, first."""
    missed = np.flatnonzero(column(rows, "missed")[1:]) + 1
    woke = column(rows, "woke")
    due = woke - column(rows, "late")
    bounds = [(int(due[index - 1]), int(woke[index])) for index in missed]
    unseen = missed_unseen(bounds, witness, period_ns)
    return [
        _span(rows[index - 1 : index + 1], not hidden, witness, period_ns, loads)
        for index, hidden in zip(missed, unseen, strict=True)
    ]


def _span(
    pair: Rows, witness_saw: bool, witness: Wakeups, period_ns: int, loads: Mapping[str, Timeline]
) -> Span:
    before, after = pair
    began, ended = int(before[0] - before[COLUMNS.index("late")]), int(after[0])
    due = witness.woke - witness.late
    near = witness.late[(due >= began - period_ns) & (due <= ended + period_ns)]
    costs = {name: int(before[COLUMNS.index(name)]) for name in (WORLD, *PARTS)}
    costs["waking up"] = int(after[COLUMNS.index("late")])
    slowest = max(costs, key=lambda name: costs[name])
    return Span(
        began_s=began / 1e9,
        ended_s=ended / 1e9,
        periods=int(after[COLUMNS.index("missed")]),
        witness_saw=witness_saw,
        witness_late_us=us(float(near.max())) if len(near) else None,
        late_us=us(float(after[COLUMNS.index("late")])),
        slowest=slowest,
        slowest_us=us(costs[slowest]),
        ran={name: activity(timeline, began / 1e9, ended / 1e9) for name, timeline in loads.items()},
    )


def as_json(spans: Sequence[Span], zero_s: float) -> list[dict[str, Any]]:
    """Return the first spans as they stand in the report, in seconds of the run."""
    return [
        span._asdict()
        | {"began_s": round(span.began_s - zero_s, 6), "ended_s": round(span.ended_s - zero_s, 6)}
        for span in spans[:KEPT]
    ]
