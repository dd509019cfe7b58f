"""What was measured beside the limits of the configuration."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from tosca_kiosk.config import TimingLimits
from tosca_kiosk.timing.figures import (
    MISSED_UNSEEN,
    OF_PERIOD,
    OF_WITNESS,
    lit_share,
    named,
    percent_of_period,
    times,
    with_unit,
)
from tosca_kiosk.timing.statistics import Spread
from tosca_kiosk.timing.witness import CYCLICTEST

HOLDS: Final = "holds"
OVER: Final = "over"
NOT_MEASURED: Final = "not measured"
FIFO: Final = "fifo"
LIT_FROM: Final = 0.9
"""A tick without light does less: its cost is judged where light was on in this part of them at least."""


class Judgement(NamedTuple):
    """One line of the verdict. value: None where there was nothing to measure it by.

    why: it was not measured, or what else the value means.
    """

    what: str
    value: float | None
    limit: float
    unit: str
    verdict: str
    why: str = ""


class Measurements(NamedTuple):
    """What the verdict depends on. witness: None where it said nothing. lit: share of ticks with light."""

    rate_hz: int
    scheduling: str
    late: Spread
    tick: Spread
    witness_name: str
    witness: Spread | None
    missed_unseen: int
    lit: float


def unmeasured(measured: Measurements) -> str:
    """Return why the lateness counts as not measured; nothing where it counts."""
    if measured.scheduling != FIFO:
        return f"control ran as {measured.scheduling}, not under SCHED_FIFO"
    if measured.witness_name != CYCLICTEST:
        return f"the witness was a {measured.witness_name}; install cyclictest (rt-tests)"
    return "" if measured.witness is not None else "cyclictest said nothing"


def judge(measured: Measurements, limits: TimingLimits) -> list[Judgement]:
    """Return every line of the verdict."""
    why = unmeasured(measured)
    witness = measured.witness
    p50 = None if witness is None else times(measured.late.p50, witness.p50)
    p99 = None if witness is None else times(measured.late.p99, witness.p99)
    late_p99 = _line(named(OF_WITNESS, "p99"), p99, limits.late_p99_of_witness, "x", why)
    if late_p99.verdict == OVER and measured.late.p99 <= limits.late_p99_us:
        told = f"{with_unit(measured.late.p99, 'us')}, under {with_unit(limits.late_p99_us, 'us')}"
        late_p99 = late_p99._replace(verdict=HOLDS, why=told)
    missed = float(measured.missed_unseen)
    dark = "" if measured.lit >= LIT_FROM else f"light was on in {lit_share(measured.lit)} of the ticks"
    return [
        _line(named(OF_WITNESS, "p50"), p50, limits.late_p50_of_witness, "x", why),
        late_p99,
        _line(MISSED_UNSEEN, missed, limits.missed_without_witness, "periods", why),
        _tick("p50", measured.tick.p50, limits.tick_p50_percent, measured.rate_hz, dark),
        _tick("p99", measured.tick.p99, limits.tick_p99_percent, measured.rate_hz, dark),
    ]


def _tick(part: str, cost_us: float, limit_percent: float, rate_hz: int, dark: str) -> Judgement:
    """Judge a cost by what it leaves of the period; the same microseconds are much or little by the rate."""
    share = percent_of_period(cost_us, rate_hz)
    line = _line(named(OF_PERIOD, part), share, limit_percent, "%", dark)
    told = f"{with_unit(cost_us, 'us')} of {with_unit(1e6 / rate_hz, 'us')}"
    return line._replace(why=f"{told}; {dark}" if dark else told)


def overall(judgements: list[Judgement]) -> str:
    """Return the verdict on the whole: over when one is, else not measured when one was not."""
    verdicts = {each.verdict for each in judgements}
    return next(each for each in (OVER, NOT_MEASURED, HOLDS) if each in verdicts)


def as_json(judgements: list[Judgement]) -> list[dict[str, Any]]:
    """Return the lines as they stand in the report."""
    return [each._asdict() for each in judgements]


def _line(what: str, value: float | None, limit: float, unit: str, why: str) -> Judgement:
    if why or value is None:
        return Judgement(what=what, value=value, limit=limit, unit=unit, verdict=NOT_MEASURED, why=why)
    return Judgement(
        what=what, value=value, limit=limit, unit=unit, verdict=HOLDS if value <= limit else OVER
    )
