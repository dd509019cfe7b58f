"""Moving from phase to phase, as far as no command and no fault does."""

from __future__ import annotations

from tosca_kiosk.domain import checks, light, station_light
from tosca_kiosk.domain.commands import standing_causes
from tosca_kiosk.domain.state import Phase
from tosca_kiosk.domain.tick import Tick


def move_phase(tick: Tick) -> None:
    """Leave a phase that is over: by time, pedal, the end of the plan or a reset that was granted."""
    phase = tick.state.phase
    if phase is Phase.READY:
        _leave_hold(tick)
    elif phase is Phase.ARMED:
        _leave_armed(tick)
    elif phase is Phase.TREATING:
        _leave_treating(tick)
    elif phase is Phase.FAULT:
        _leave_fault(tick)
    _watch_pedal(tick)


def _watch_pedal(tick: Tick) -> None:
    state, board = tick.state, tick.inputs.board
    if board is None or board.pedal_pressed:
        state.pedal_up_since_s = None
    elif checks.board_fresh(tick.rules, state, tick.inputs):
        # By the board's own times: what it has not told since is no proof that the pedal stayed up.
        if state.pedal_up_since_s is None:
            state.pedal_up_since_s = board.measured_s
        state.pedal_up_s = board.measured_s - state.pedal_up_since_s


def _leave_hold(tick: Tick) -> None:
    hold_s = tick.state.hold_since_s
    if hold_s is not None and not tick.now_s - hold_s <= tick.rules.limits.arm_hold_max_s:
        tick.state.hold_since_s = None


def _leave_armed(tick: Tick) -> None:
    state, limits = tick.state, tick.rules.limits
    pressed = checks.pedal_pressed(tick.rules, state, tick.inputs)
    seasoned = tick.now_s - state.armed_since_s >= limits.pedal_after_arm_s
    if pressed and checks.pedal_lifted(tick.rules, state) and seasoned and not tick.failing:
        tick.enter(Phase.TREATING)
    elif not tick.now_s - state.phase_since_s <= limits.armed_max_s:
        tick.rows.note("armed too long without the pedal")
        tick.enter(Phase.READY)


def _leave_treating(tick: Tick) -> None:
    if tick.rules.calibration_session is not None:
        station_light.leave(tick)
        return
    state, plan = tick.state, tick.rules.plan_in_force(tick.state)
    if plan is None or state.elapsed_s >= plan.duration_s:
        _finish(tick, None)
    elif light.dose_reached(tick.rules, state, tick.inputs, plan):
        _finish(tick, "dose limit reached")
    elif tick.inputs.board is not None and not tick.inputs.board.pedal_pressed:
        tick.pause("footpedal_release")
        tick.rows.released()
        tick.enter(Phase.ARMED)


def _finish(tick: Tick, warning: str | None) -> None:
    tick.state.finished = True
    if warning is not None:
        tick.rows.dose_warning(warning)
    tick.enter(Phase.READY)
    tick.rows.step_finished()


def _leave_fault(tick: Tick) -> None:
    state = tick.state
    if state.acknowledged_s is None:
        return
    if not tick.now_s - state.acknowledged_s <= tick.rules.limits.acknowledge_s:
        state.acknowledged_s = None
        return
    standing = standing_causes(tick.rules, state, tick.inputs)
    if any(not row.reset_clears for row in standing):
        state.acknowledged_s = None
    if standing:
        return
    if state.session_open:  # what has ended a closed session stays said of it
        state.abort_reason = None
    state.faults, state.recovered, state.failing_since = (), frozenset(), {}
    state.acknowledged_s = None
    tick.enter(Phase.READY if state.session_open else Phase.IDLE)
