"""The safety state machine: one pure step from state and inputs to state, outputs and events.

The laser is allowed on in `emission_allowed` and nowhere else. Whatever is unknown, stale or not a number
fails its interlock; a fault darkens output, current and gate in the tick that sees it, and latches.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from tosca_kiosk.domain import checks, light
from tosca_kiosk.domain.beam import ORDER
from tosca_kiosk.domain.commands import Reply, judge, standing_causes
from tosca_kiosk.domain.events import SafetyEvent, TreatmentEvent
from tosca_kiosk.domain.interlocks import BY_SOURCE, Interlock, Scope, acting_failures, acts_now
from tosca_kiosk.domain.recording import Recorder
from tosca_kiosk.domain.records import Command, CommandType, Inputs, Outputs
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.state import Beam, Phase, State

TRANSITIONS: dict[Phase, frozenset[Phase]] = {
    Phase.IDLE: frozenset({Phase.READY, Phase.FAULT}),
    Phase.READY: frozenset({Phase.ARMED, Phase.IDLE, Phase.FAULT}),
    Phase.ARMED: frozenset({Phase.TREATING, Phase.READY, Phase.FAULT}),
    Phase.TREATING: frozenset({Phase.ARMED, Phase.READY, Phase.FAULT}),
    Phase.FAULT: frozenset({Phase.READY, Phase.IDLE}),
}
"""Every way from one phase to another; `_enter` refuses any that is not listed."""

DANGER = Scope.OPEN | Scope.HELD | Scope.LIGHT | Scope.SESSION | Scope.ANY
"""Rows that must all pass while light is allowed, whatever the phase says."""


FAST_CHANGE_W = 0.02
"""A set point that moves further than this in one period is slewing."""

_TEC_NEAR = checks.tec_within("tec_arm_c")


class Decision(NamedTuple):
    """What one step decided. replies: one for each command of the inputs."""

    state: State
    outputs: Outputs
    events: tuple[TreatmentEvent, ...]
    safety: tuple[SafetyEvent, ...]
    replies: tuple[Reply, ...]


def emission_allowed(state: State, failing: tuple[Interlock, ...], inputs: Inputs) -> bool:
    """Return whether the laser's output may be on: the only place that allows it.

    failing: every row that fails now among those that faults act on, its hold notwithstanding being over.
    """
    board = inputs.board
    return (
        state.phase is Phase.TREATING
        and state.beam in checks.LIT_BEAMS
        and state.session_open
        and not state.finished
        and not state.faults
        and not failing
        and board is not None
        and board.pedal_pressed
        and board.stop_loop_closed
        and board.gate_closed
        and inputs.laser is not None
    )


def step(rules: Rules, state: State, inputs: Inputs) -> Decision:
    """Decide one tick. Pure: the given state is not changed, and equal arguments give equal decisions."""
    tick = _Tick(rules, msgspec.structs.replace(state), inputs)
    tick.observe()
    light.account(rules, tick.state, inputs)
    tick.judge_interlocks()
    tick.take_commands()
    tick.move_phase()
    tick.move_beam()
    tick.set_power()
    outputs = tick.outputs()
    tick.state.now_s = tick.now_s
    return Decision(
        tick.state, outputs, tuple(tick.record.events), tuple(tick.record.safety), tuple(tick.replies)
    )


class _Tick:
    """The working copy of one step; it lives no longer than the step."""

    def __init__(self, rules: Rules, state: State, inputs: Inputs) -> None:
        self.rules = rules
        self.state = state
        self.inputs = inputs
        self.now_s = inputs.now_s if checks.clock_runs(rules, state, inputs) else state.now_s
        self.record = Recorder(rules, state, inputs)
        self.replies: list[Reply] = []
        self.failing: tuple[Interlock, ...] = ()
        self.asked: dict[str, bool] = {}

    def observe(self) -> None:
        """Note the edges that later checks count from."""
        state, inputs = self.state, self.inputs
        board, tec = inputs.board, inputs.tec
        if board is not None and board.gate_closed != state.gate_closed:
            state.gate_closed, state.gate_since_s = board.gate_closed, self.now_s
        known = tec is not None and checks.fresh(
            inputs.now_s, tec.temperature_asked_s, self.rules.limits.tec_fresh_s
        )
        if tec is None or not known or not _TEC_NEAR(self.rules, state, inputs):
            state.tec_settled_since_s = None
        elif state.tec_settled_since_s is None:
            state.tec_settled_since_s = tec.temperature_asked_s

    # --- interlocks -------------------------------------------------------------------------------------

    def judge_interlocks(self) -> None:
        rules, state, inputs = self.rules, self.state, self.inputs
        failing = acting_failures(rules, state, inputs)
        if failing or state.failing_since:
            lasting = self._outlast_hold(failing)
            self._warn(tuple(row for row in lasting if not row.scope & DANGER))
            faults = tuple(row for row in lasting if row.scope & DANGER and row.source not in state.faults)
            if faults:
                self._fault(faults)
        self.failing = tuple(row for row in failing if row.hold is None and row.scope & DANGER)
        if state.phase is Phase.FAULT:
            self._note_recovery()

    def _outlast_hold(self, failing: tuple[Interlock, ...]) -> tuple[Interlock, ...]:
        """Return the failing rows whose hold is over.

        A row on the emission clock keeps its start while it is out of scope.
        """
        state = self.state
        sources = {row.source for row in failing}
        since = {
            source: start
            for source, start in state.failing_since.items()
            if source in sources or self._rests(BY_SOURCE[source])
        }
        lasting = []
        for row in failing:
            now_s = state.emission_s if row.emission_clock else self.now_s
            start_s = since.setdefault(row.source, now_s)
            hold_s = 0.0 if row.hold is None else checks.limit_of(self.rules, row.hold)
            if now_s - start_s >= hold_s or not now_s >= start_s:
                lasting.append(row)
        state.failing_since = since
        state.warned = frozenset(state.warned & since.keys())
        return tuple(lasting)

    def _rests(self, row: Interlock) -> bool:
        """Whether a row on the emission clock says nothing now: out of scope, or too little light."""
        if not row.emission_clock:
            return False
        return not acts_now(row, self.state) or self.state.expected_w <= self.rules.limits.photodiode_fault_w

    def _warn(self, rows: tuple[Interlock, ...]) -> None:
        for row in rows:
            if row.source not in self.state.warned:
                self.state.warned |= {row.source}
                self.record.warning(row)

    def _fault(self, rows: tuple[Interlock, ...]) -> None:
        state = self.state
        self.record.trigger(rows)
        state.faults += tuple(row.source for row in rows)
        state.latched_s = self.now_s
        state.acknowledged_s = None
        if state.abort_reason is None and state.session_open and not state.finished:
            state.abort_reason = f"{rows[0].source}: {rows[0].what}"
        if state.phase is not Phase.FAULT:
            self._enter(Phase.FAULT)

    def _note_recovery(self) -> None:
        state = self.state
        for source in state.faults:
            row = BY_SOURCE[source]
            if source in state.recovered or not row.judged_dark:
                continue
            if row.passes(self.rules, state, self.inputs):
                state.recovered |= {source}
                self.record.recovery(row)

    # --- operator ---------------------------------------------------------------------------------------

    def take_commands(self) -> None:
        for command in self.inputs.commands:
            reply = judge(self.rules, self.state, self.inputs, command)
            self.replies.append(reply)
            self.record.command(reply)
            if reply.refused is None:
                _TAKE[command.type](self, command)

    def _open_session(self, command: Command) -> None:
        self.state.session_open = True
        self._enter(Phase.READY)
        self.record.step_planned()

    def _home_stage(self, command: Command) -> None:
        self.asked["home_stage"] = True

    def _begin_arm(self, command: Command) -> None:
        self.state.hold_since_s = self.now_s

    def _cancel_arm(self, command: Command) -> None:
        self.state.hold_since_s = None

    def _arm(self, command: Command) -> None:
        self.state.armed_since_s = self.now_s
        self._enter(Phase.ARMED)

    def _pause(self, command: Command) -> None:
        self.record.pause("operator")
        self._enter(Phase.READY)

    def _stop(self, command: Command) -> None:
        self.state.stop_pressed = True
        self.failing += (BY_SOURCE["screen"],)
        if "screen" not in self.state.faults:
            self._fault((BY_SOURCE["screen"],))

    def _acknowledge(self, command: Command) -> None:
        self.state.acknowledged_s = self.now_s
        self.state.stop_pressed = False
        self.asked["clear_board_faults"] = bool(self.inputs.board and self.inputs.board.faults)
        # A stage that is not there may be waiting at its start for just this.
        self.asked["acknowledge_stage"] = self.inputs.stage is None or bool(self.inputs.stage.trips)

    def _close_session(self, command: Command) -> None:
        state = self.state
        if not state.finished and state.abort_reason is None:
            state.abort_reason = command.reason or "closed before the protocol was finished"
        state.session_open = False
        if state.phase is Phase.READY:
            self._enter(Phase.IDLE)

    # --- phases -----------------------------------------------------------------------------------------

    def move_phase(self) -> None:
        phase = self.state.phase
        if phase is Phase.READY:
            self._leave_hold()
        elif phase is Phase.ARMED:
            self._leave_armed()
        elif phase is Phase.TREATING:
            self._leave_treating()
        elif phase is Phase.FAULT:
            self._leave_fault()
        board = self.inputs.board
        self.state.pedal_down = board is None or board.pedal_pressed

    def _leave_hold(self) -> None:
        hold_s = self.state.hold_since_s
        if hold_s is not None and not self.now_s - hold_s <= self.rules.limits.arm_hold_max_s:
            self.state.hold_since_s = None

    def _leave_armed(self) -> None:
        state, limits = self.state, self.rules.limits
        pressed = checks.pedal_pressed(self.rules, state, self.inputs)
        seasoned = self.now_s - state.armed_since_s >= limits.pedal_after_arm_s
        if pressed and not state.pedal_down and seasoned and not self.failing:
            self._enter(Phase.TREATING)
        elif not self.now_s - state.phase_since_s <= limits.armed_max_s:
            self.record.note("armed too long without the pedal")
            self._enter(Phase.READY)

    def _leave_treating(self) -> None:
        state, protocol = self.state, self.rules.protocol
        if protocol is None or state.elapsed_s >= protocol.duration_s:
            self._finish(None)
        elif light.dose_reached(self.rules, state, self.inputs, protocol):
            self._finish("dose limit reached")
        elif self.inputs.board is not None and not self.inputs.board.pedal_pressed:
            self.record.released()
            self._enter(Phase.ARMED)

    def _finish(self, warning: str | None) -> None:
        self.state.finished = True
        if warning is not None:
            self.record.dose_warning(warning)
        self._enter(Phase.READY)
        self.record.step_finished()

    def _leave_fault(self) -> None:
        state = self.state
        if state.acknowledged_s is None:
            return
        if not self.now_s - state.acknowledged_s <= self.rules.limits.acknowledge_s:
            state.acknowledged_s = None
            return
        standing = standing_causes(self.rules, state, self.inputs)
        if any(not row.reset_clears for row in standing):
            state.acknowledged_s = None
        if standing:
            return
        state.abort_reason = None
        state.faults, state.recovered, state.failing_since = (), frozenset(), {}
        state.acknowledged_s = None
        self._enter(Phase.READY if state.session_open else Phase.IDLE)

    def _enter(self, phase: Phase) -> None:
        state = self.state
        if phase not in TRANSITIONS[state.phase]:
            raise AssertionError(f"no way from {state.phase} to {phase}")
        state.phase, state.phase_since_s = phase, self.now_s
        if phase is Phase.TREATING:
            return
        state.hold_since_s = None
        self._set_beam(Beam.CLEARING if phase is Phase.ARMED else Beam.DARK)

    # --- light ------------------------------------------------------------------------------------------

    def move_beam(self) -> None:
        state = self.state
        if state.phase not in (Phase.ARMED, Phase.TREATING):
            return
        beam = ORDER[state.beam].after(self.rules, state, self.inputs)
        if beam is not state.beam:
            self._set_beam(beam)
        elif beam is Beam.EMITTING:
            self._follow_steps()

    def _set_beam(self, beam: Beam) -> None:
        state, was = self.state, self.state.beam
        if beam is was:
            state.beam_since_s = self.now_s
            return
        if was is Beam.EMITTING:
            self.record.laser_off()
            state.command_w = state.command_ma = state.expected_w = 0.0
        state.beam, state.beam_since_s = beam, self.now_s
        if beam is Beam.MOVING:
            self._follow_steps()
        elif beam is Beam.EMITTING:
            state.setpoint_slot, state.setpoint_s = self._slot(), self.now_s
            self.record.laser_on()

    def _follow_steps(self) -> None:
        state, protocol = self.state, self.rules.protocol
        if protocol is None:
            return
        index = protocol.step_at(state.elapsed_s)
        if index != state.step_index:
            self.record.step_finished()
            ring_changes = protocol.steps[index].ring_size_mm != protocol.steps[state.step_index].ring_size_mm
            state.step_index = index
            self.record.step_begun(ring_changes)

    def _slot(self) -> int:
        return int(self.now_s * self.rules.limits.setpoint_rate_hz + 1e-6)

    def set_power(self) -> None:
        """Follow the protocol at the rate of set points; the current is the calibration's, open loop."""
        state, rules = self.state, self.rules
        if state.beam is not Beam.EMITTING or rules.protocol is None or rules.calibrations is None:
            state.command_w = state.command_ma = 0.0
            state.slewed_s = self.now_s
            return
        slot = self._slot()
        if slot > state.setpoint_slot:
            command_w = light.next_setpoint_w(rules, state, rules.protocol, self.now_s)
            if abs(command_w - state.command_w) > FAST_CHANGE_W:
                state.slewed_s = self.now_s
            state.setpoint_slot, state.setpoint_s = slot, self.now_s
            state.command_w, state.command_ma = command_w, rules.calibrations.current_ma(command_w)

    def outputs(self) -> Outputs:
        """Turn the state into what the devices are to do; light only by `emission_allowed`."""
        state = self.state
        row = ORDER[state.beam]
        if row.laser_output and state.beam_since_s == self.now_s:
            self._judge_light_before_it_is_on()
        on = row.laser_output and emission_allowed(state, self.failing, self.inputs)
        if row.laser_output and not on:
            row = ORDER[Beam.DARK]
        if not on:
            state.command_w = state.command_ma = 0.0
            state.dark_since_s = self.now_s if state.dark_since_s is None else state.dark_since_s
        else:
            state.dark_since_s = None
        self.record.sample(self._slot())
        held = state.phase in (Phase.ARMED, Phase.TREATING)
        return Outputs(
            laser_output=on,
            laser_current_ma=state.command_ma,
            want_gate=row.want_gate,
            motor_on=held or state.hold_since_s is not None,
            stage_position_um=self._stage_position_um(),
            ask_condition=row.ask_condition,
            **self.asked,
        )

    def _judge_light_before_it_is_on(self) -> None:
        """Judge the rows of light in the tick that would switch on; the next one latches what failed."""
        failing = acting_failures(self.rules, self.state, self.inputs)
        self.failing += tuple(row for row in failing if row.hold is None and row.scope & DANGER)

    def _stage_position_um(self) -> float | None:
        stage = self.inputs.stage
        state = self.state
        if stage is None or not stage.index_known or stage.trips or state.phase is Phase.FAULT:
            return None
        # Off takes its time on a slow line: the ring stays where it is until no light can leave.
        if state.dark_since_s is None or not checks.laser_is_off(self.inputs.laser, state.dark_since_s):
            return None
        return checks.stage_target_um(self.rules, self.state)


_TAKE = {
    CommandType.OPEN_SESSION: _Tick._open_session,
    CommandType.HOME_STAGE: _Tick._home_stage,
    CommandType.BEGIN_ARM: _Tick._begin_arm,
    CommandType.CANCEL_ARM: _Tick._cancel_arm,
    CommandType.ARM: _Tick._arm,
    CommandType.PAUSE: _Tick._pause,
    CommandType.STOP: _Tick._stop,
    CommandType.ACKNOWLEDGE: _Tick._acknowledge,
    CommandType.CLOSE_SESSION: _Tick._close_session,
}
