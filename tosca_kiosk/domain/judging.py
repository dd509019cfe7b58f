"""Judging the interlocks: what fails for longer than it may, what is latched, and what has recovered."""

from __future__ import annotations

from tosca_kiosk.domain import checks
from tosca_kiosk.domain.interlocks import BY_SOURCE, Interlock, Scope
from tosca_kiosk.domain.situations import acting_failures, acts_now
from tosca_kiosk.domain.state import Phase
from tosca_kiosk.domain.tick import Tick

DANGER = Scope.OPEN | Scope.HELD | Scope.LIGHT | Scope.SESSION | Scope.ANY
"""Rows that must all pass while light is allowed, whatever the phase says."""


def judge_interlocks(tick: Tick) -> None:
    """Judge every row that acts now; what has failed for long enough warns, or is latched as a fault."""
    rules, state, inputs = tick.rules, tick.state, tick.inputs
    failing = acting_failures(rules, state, inputs)
    if failing or state.failing_since:
        lasting = _outlast_hold(tick, failing)
        _warn(tick, tuple(row for row in lasting if not row.scope & DANGER))
        faults = tuple(row for row in lasting if row.scope & DANGER and row.source not in state.faults)
        if faults:
            latch(tick, faults)
    tick.failing = tuple(row for row in failing if row.hold is None and row.scope & DANGER)
    if state.phase is Phase.FAULT:
        _note_recovery(tick)


def judge_light_before_it_is_on(tick: Tick) -> None:
    """Judge the rows of light in the tick that would switch on; the next one latches what failed."""
    failing = acting_failures(tick.rules, tick.state, tick.inputs)
    tick.failing += tuple(row for row in failing if row.hold is None and row.scope & DANGER)


def _outlast_hold(tick: Tick, failing: tuple[Interlock, ...]) -> tuple[Interlock, ...]:
    """Return the failing rows whose hold is over.

    A row on the emission clock keeps its start while it is out of scope.
    """
    state = tick.state
    sources = {row.source for row in failing}
    since = {
        source: start
        for source, start in state.failing_since.items()
        if source in sources or _rests(tick, BY_SOURCE[source])
    }
    lasting = []
    for row in failing:
        now_s = state.emission_s if row.emission_clock else tick.now_s
        start_s = since.setdefault(row.source, now_s)
        hold_s = 0.0 if row.hold is None else checks.limit_of(tick.rules, row.hold)
        if now_s - start_s >= hold_s or not now_s >= start_s:
            lasting.append(row)
    state.failing_since = since
    state.warned = frozenset(state.warned & since.keys())
    return tuple(lasting)


def _rests(tick: Tick, row: Interlock) -> bool:
    """Whether a row on the emission clock says nothing now: out of scope, or too little light."""
    if not row.emission_clock:
        return False
    return (
        not acts_now(row, tick.rules, tick.state)
        or tick.state.expected_w <= tick.rules.limits.photodiode_fault_w
    )


def _warn(tick: Tick, rows: tuple[Interlock, ...]) -> None:
    for row in rows:
        if row.source not in tick.state.warned:
            tick.state.warned |= {row.source}
            tick.rows.warning(row)


def latch(tick: Tick, rows: tuple[Interlock, ...]) -> None:
    """Latch rows: the phase is a fault from this very tick on."""
    state = tick.state
    tick.rows.trigger(rows)
    state.faults += tuple(row.source for row in rows)
    state.latched_s = tick.now_s
    state.acknowledged_s = None
    if state.abort_reason is None and state.session_open and not state.finished:
        state.abort_reason = f"{rows[0].source}: {rows[0].what}"
    if state.phase is not Phase.FAULT:
        tick.enter(Phase.FAULT)


def _note_recovery(tick: Tick) -> None:
    state = tick.state
    for source in state.faults:
        row = BY_SOURCE[source]
        if source in state.recovered or not row.judged_dark:
            continue
        if row.passes(tick.rules, state, tick.inputs):
            state.recovered |= {source}
            tick.rows.recovery(row)
