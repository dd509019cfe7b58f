"""What was measured beside the limits of the configuration."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from tosca_kiosk.config import TimingLimits
from tosca_kiosk.timing.statistics import Spread
from tosca_kiosk.timing.witness import CYCLICTEST

HOLDS: Final = "holds"
OVER: Final = "over"
NOT_MEASURED: Final = "not measured"
FIFO: Final = "fifo"
LIT_FROM: Final = 0.9
"""A tick without light does less: its cost is judged where light was on in this part of them at least."""


class Judgement(NamedTuple):
    """One line of the verdict. value: None where there was nothing to measure it by."""

    what: str
    value: float | None
    limit: float
    unit: str
    verdict: str
    why: str = ""


class Figures(NamedTuple):
    """What the verdict depends on. witness: None where it said nothing. lit: share of ticks with light."""

    scheduling: str
    late: Spread
    tick: Spread
    witness_name: str
    witness: Spread | None
    missed_unseen: int
    lit: float


def unmeasured(figures: Figures) -> str:
    """Return why the lateness counts as not measured; nothing where it counts."""
    if figures.scheduling != FIFO:
        return f"control ran as {figures.scheduling}, not under SCHED_FIFO"
    if figures.witness_name != CYCLICTEST:
        return f"the witness was a {figures.witness_name}; install cyclictest (rt-tests)"
    return "" if figures.witness is not None else "cyclictest said nothing"


def judge(figures: Figures, limits: TimingLimits) -> list[Judgement]:
    """Return every line of the verdict."""
    why = unmeasured(figures)
    witness = figures.witness
    p50 = None if witness is None else _times(figures.late.p50, witness.p50)
    p99 = None if witness is None else _times(figures.late.p99, witness.p99)
    late_p99 = _line("lateness p99, times the witness's", p99, limits.late_p99_of_witness, "x", why)
    if late_p99.verdict == OVER and figures.late.p99 <= limits.late_p99_us:
        told = f"{figures.late.p99:g} us, under {limits.late_p99_us:g} us"
        late_p99 = late_p99._replace(verdict=HOLDS, why=told)
    missed = float(figures.missed_unseen)
    dark = "" if figures.lit >= LIT_FROM else f"light was on in {figures.lit:.0%} of the ticks"
    unseen = "missed periods the witness did not see"
    return [
        _line("lateness p50, times the witness's", p50, limits.late_p50_of_witness, "x", why),
        late_p99,
        _line(unseen, missed, limits.missed_without_witness, "periods", why),
        _line("tick p50", figures.tick.p50, limits.tick_p50_us, "us", dark),
        _line("tick p99", figures.tick.p99, limits.tick_p99_us, "us", dark),
    ]


def overall(judgements: list[Judgement]) -> str:
    """Return the verdict on the whole: over when one is, else not measured when one was not."""
    verdicts = {each.verdict for each in judgements}
    return next(each for each in (OVER, NOT_MEASURED, HOLDS) if each in verdicts)


def as_json(judgements: list[Judgement]) -> list[dict[str, Any]]:
    """Return the lines as they stand in the report."""
    return [each._asdict() for each in judgements]


def _times(value: float, of: float) -> float:
    return round(value / max(of, 0.1), 2)


def _line(what: str, value: float | None, limit: float, unit: str, why: str) -> Judgement:
    if why or value is None:
        return Judgement(what=what, value=value, limit=limit, unit=unit, verdict=NOT_MEASURED, why=why)
    return Judgement(
        what=what, value=value, limit=limit, unit=unit, verdict=HOLDS if value <= limit else OVER
    )
