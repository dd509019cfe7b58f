"""From what a run has left to the report: one JSON object, from which the page is made too."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np

from tosca_kiosk.config import TimingLimits
from tosca_kiosk.timing import ran_then, verdict
from tosca_kiosk.timing.compare import FORMAT, Change, changes, unlike
from tosca_kiosk.timing.computer import Computer, in_words
from tosca_kiosk.timing.figures import OF_PERIOD, OF_WITNESS, WORLD, figures
from tosca_kiosk.timing.ran_then import Timeline
from tosca_kiosk.timing.samples import PARTS, Rows, column, tick_ns
from tosca_kiosk.timing.statistics import in_blocks, spread_us
from tosca_kiosk.timing.witness import Wakeups


class Run(NamedTuple):
    """What was measured. rows: the window's ticks and, first, the one before. standing: how control ran.

    faults: the sources of each fault that ended the light meanwhile. computer: that it ran on.
    """

    rate_hz: int
    seconds: float
    loads: tuple[str, ...]
    standing: Mapping[str, Any]
    rows: Rows
    witness_name: str
    witness: Wakeups
    timelines: Mapping[str, Timeline]
    began_s: float
    ended_s: float
    faults: tuple[str, ...]
    measured_utc: datetime
    computer: Computer


def windowed(witness: Wakeups, began_s: float, ended_s: float) -> Wakeups:
    """Return the wake-ups of the window."""
    inside = (witness.woke >= began_s * 1e9) & (witness.woke < ended_s * 1e9)
    return witness.where(inside)


def make(run: Run, limits: TimingLimits, old: dict[str, Any] | None) -> dict[str, Any]:
    """Return the report. old: an earlier one of the same rate and loads, to compare with."""
    rows, witness = run.rows[1:], windowed(run.witness, run.began_s, run.ended_s)
    late, ticks = column(rows, "late"), tick_ns(rows)
    period_ns = round(1e9 / run.rate_hz)
    spans = ran_then.missed_spans(run.rows, run.witness, period_ns, run.timelines)
    unseen = sum(span.periods for span in spans if not span.witness_saw)
    witness_us = spread_us(witness.late) if len(witness.late) else None
    scheduling = str(run.standing["scheduling"])
    lit = float(np.mean(column(rows, "emitting")))
    measured = verdict.Measurements(
        rate_hz=run.rate_hz,
        scheduling=scheduling,
        late=spread_us(late),
        tick=spread_us(ticks),
        witness_name=run.witness_name,
        witness=witness_us,
        missed_unseen=unseen,
        lit=lit,
    )
    judged = verdict.judge(measured, limits)
    report: dict[str, Any] = {
        "format": FORMAT,
        "rate_hz": run.rate_hz,
        "seconds": run.seconds,
        "scheduling": scheduling,
        "loads": list(run.loads),
        "late_us": measured.late._asdict(),
        "tick_us": measured.tick._asdict(),
        "missed": int(column(rows, "missed").sum()),
        "missed_without_witness": unseen,
        "witness": {"name": run.witness_name} | ({} if witness_us is None else witness_us._asdict()),
        "verdict": verdict.overall(judged),
        "judged": verdict.as_json(judged),
        "parts_us": {part: spread_us(column(rows, part))._asdict() for part in PARTS},
        "simulated_world_us": spread_us(column(rows, WORLD))._asdict(),
        "ticks": len(rows),
        "emitting_share": round(lit, 4),
        "faults": list(run.faults),
        "memory_locked": bool(run.standing["memory_locked"]),
        "priority": run.standing["priority"],
        "missed_spans": ran_then.as_json(spans, run.began_s),
        "blocks": _blocks(rows, witness),
        "measured_utc": run.measured_utc.strftime("%Y-%m-%d %H:%M:%S"),
        "machine": in_words(run.computer),
        "computer": run.computer._asdict(),
    }
    shown = figures(report)
    report |= {key: dict(shown[key].spread) for key in (OF_WITNESS, OF_PERIOD)}
    report["unlike"] = None if old is None else [each._asdict() for each in unlike(old, report)]
    report["compared"] = None if old is None else [_told(each) for each in changes(old, report)]
    return report


def _told(change: Change) -> dict[str, Any]:
    return {"what": change.what} | change._asdict()


def _blocks(rows: Rows, witness: Wakeups) -> dict[str, Any]:
    values = {part: column(rows, part) for part in PARTS}
    blocks: dict[str, Any] = {name: in_blocks(each) for name, each in values.items()}
    blocks |= {"late": in_blocks(column(rows, "late")), "tick": in_blocks(tick_ns(rows))}
    return blocks | {"witness": in_blocks(witness.late) if len(witness.late) else None}
