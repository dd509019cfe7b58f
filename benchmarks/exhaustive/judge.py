"""A judge of the safety core that knows none of its tables: its rules as sentences, written a second time.

It remembers what it saw (inputs, outputs, what was recorded), never what the core thinks, apart from the
phase, the treatment clock and the latched sources that the core shows to everybody.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import exp, isfinite

from benchmarks.exhaustive.light import HOLD_UNDER_LIGHT
from benchmarks.exhaustive.memory import (
    CURRENT_MA,
    CURRENT_S,
    DOSE,
    EPS,
    FOLLOW_S,
    GATE_OPENS_S,
    LAG_S,
    LIMIT_S,
    OVER_S,
    SETPOINT_S,
    SLEW_W_PER_S,
    STEADY_S,
    TEC_STAY_C,
    TEC_STAY_S,
    UNDER_S,
    Memory,
    changes_after,
    confirmed_on,
    lit_after,
    loop_after,
    read_back_off,
    session_after,
    since,
    stop_after,
    taken_commands,
)
from benchmarks.exhaustive.sentences import (
    of_faults,
    of_gate_and_motor,
    of_overrides,
    of_stops,
    of_the_account,
    of_the_record,
    of_ways,
)
from benchmarks.rigs.changed_plan import highest_w, planned_j
from tosca_kiosk.domain.calibration import CalibrationSet
from tosca_kiosk.domain.inputs import BoardIn, CommandType, Inputs, LaserIn
from tosca_kiosk.domain.outputs import Outputs
from tosca_kiosk.domain.protocol import Protocol
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.safety import Decision
from tosca_kiosk.domain.state import Phase, State


class Judge:
    """Judges the ticks of one session's rules; a session over its own calibrations, protocol and limit."""

    def __init__(self, rules: Rules) -> None:
        assert rules.calibrations is not None
        assert rules.protocol is not None
        self.rules = rules
        self.calibrations: CalibrationSet = rules.calibrations
        self.protocol: Protocol = rules.protocol
        self.limit_w = rules.power_limit_w
        self.tec_c = rules.tec_setpoint_c

    # --- one tick ---------------------------------------------------------------------------------------

    def violations(self, memory: Memory, before: State, inputs: Inputs, decision: Decision) -> list[str]:
        """Return every sentence that a decision breaks; nothing is kept."""
        outputs, phase = decision.outputs, decision.state.phase
        said = []
        if outputs.laser_output:
            said += self._of_light(memory, inputs, decision)
        elif outputs.laser_current_ma != 0.0:
            said.append("current is 0 while the output is off")
        said += of_gate_and_motor(loop_after(self._timed(memory, inputs), inputs), inputs, decision)
        if phase is Phase.FAULT or memory.phase is Phase.FAULT:
            said += of_faults(memory, inputs, decision)
        if phase is not memory.phase:
            said += of_ways(memory, inputs, decision)
        said += of_stops(inputs, decision)
        said += of_the_account(memory, before, inputs, decision)
        said += of_the_record(memory, decision)
        said += of_overrides(memory, before, inputs, decision, self.protocol, self.limit_w)
        return said

    def _of_light(self, memory: Memory, inputs: Inputs, decision: Decision) -> Iterator[str]:
        """Say what forbids the light that a decision allows."""
        state, outputs = decision.state, decision.outputs
        if state.phase is not Phase.TREATING:
            yield "output on only in treating"
        if not session_after(memory, decision):
            yield "no laser without an open session"
        if memory.finished or state.finished:
            yield "a finished treatment shines no more"
        if not outputs.want_gate:
            yield "output on only behind a wanted gate"
        yield from (
            f"light only while {name}"
            for name, holds in HOLD_UNDER_LIGHT
            if not holds(self.rules, memory, inputs)
        )
        yield from self._of_lasting(self._timed(memory, inputs))
        yield from self._of_power(memory, state, inputs, outputs)
        if not memory.outputs.laser_output:
            yield from self._of_switching_on(memory, inputs)
        if max(memory.commanded_j, memory.measured_j) > DOSE * planned_j(self.protocol, memory.changes) + EPS:
            yield "dose at most 1.05 of the plan in force"
        if outputs.stage_position_um is not None:
            yield "the stage moves only while the output is off"

    def _of_power(self, memory: Memory, state: State, inputs: Inputs, outputs: Outputs) -> Iterator[str]:
        power_w = self._power_w(outputs)
        if not power_w <= self.limit_w + EPS:
            yield "commanded power at most the lowest limit"
        # A set point is as old as a period of it and a gap.
        planned_w = highest_w(self.protocol, memory.changes, state.elapsed_s, SETPOINT_S + GATE_OPENS_S)
        if not power_w <= planned_w + EPS:
            yield "commanded power at most the plan in force"
        rise_w, spent_s = power_w - memory.power_w, inputs.now_s - memory.changed_s
        if not rise_w <= SLEW_W_PER_S * min(spent_s, SETPOINT_S) + 1e-6:
            yield "upward change at most the slew"
        if power_w > 0.0 and not confirmed_on(memory, inputs.laser):
            yield "current only once the output is confirmed on"

    def _of_switching_on(self, memory: Memory, inputs: Inputs) -> Iterator[str]:
        """Say what of the order was left out: everything of (a) to (c) must have been seen by now."""
        laser = inputs.laser
        if not memory.outputs.want_gate:
            yield "output on only after the gate was wanted"
        if memory.closed_s is None or laser is None or not laser.condition_asked_s > memory.closed_s:
            yield "a condition asked after the gate closed shows the interlock bit clear"
        if not read_back_off(laser, memory.off_s):
            yield "output on only after it was read back off"

    def _of_lasting(self, timed: Memory) -> Iterator[str]:
        now_s = timed.now_s
        rows = (
            ("over-power", timed.over_s, now_s, OVER_S),
            ("under-power", timed.under_emission_s, timed.emission_s, UNDER_S),
            ("power over the limit", timed.limit_s, now_s, LIMIT_S),
            ("the TEC off its set point", timed.tec_s, now_s, TEC_STAY_S),
            ("a set point that is not the commanded one", timed.follow_s, now_s, FOLLOW_S),
            ("a measured current that is not the set one", timed.current_s, now_s, CURRENT_S),
        )
        for name, since_s, at_s, hold_s in rows:
            if since_s is not None and at_s - since_s > hold_s:
                yield f"light ends in time after {name}"

    # --- what the judge keeps ---------------------------------------------------------------------------

    def _power_w(self, outputs: Outputs) -> float:
        return self.calibrations.power_w(outputs.laser_current_ma) if outputs.laser_current_ma else 0.0

    def _timed(self, memory: Memory, inputs: Inputs) -> Memory:
        """Return the memory with its clocks of what may last a while brought to these inputs."""
        now_s = inputs.now_s if memory.now_s <= inputs.now_s < 1e9 else memory.now_s
        dt_s = min(now_s - memory.now_s, GATE_OPENS_S)
        shone = memory.outputs.laser_output and memory.lit
        expected_w = self._expected_w(memory, inputs, dt_s) if shone else 0.0
        emission_s = memory.emission_s + (dt_s if shone else 0.0)
        measured_w = self._measured_w(inputs.board)
        near_w = max(0.3 * expected_w, 0.3)
        over = shone and not measured_w - expected_w <= near_w
        under = shone and not expected_w - measured_w <= near_w
        beyond = not measured_w <= 1.05 * self.limit_w + 0.1
        tec_off = inputs.tec is not None and not abs(inputs.tec.temperature_c - self.tec_c) <= TEC_STAY_C
        astray = shone and inputs.laser is not None and not self._follows(memory, inputs.laser)
        steady = shone and now_s - memory.changed_s > STEADY_S
        strays = steady and inputs.laser is not None and not self._measures(inputs.laser)
        held = memory.phase in (Phase.ARMED, Phase.TREATING)
        return memory._replace(
            now_s=now_s,
            expected_w=expected_w,
            emission_s=emission_s,
            over_s=since(over, memory.over_s, now_s),
            under_emission_s=since(under, memory.under_emission_s, emission_s),
            limit_s=since(beyond and memory.session_open, memory.limit_s, now_s),
            tec_s=since(tec_off and held, memory.tec_s, now_s),
            follow_s=since(astray, memory.follow_s, now_s),
            current_s=since(strays, memory.current_s, now_s),
            commanded_j=memory.commanded_j + (memory.power_w * dt_s if shone else 0.0),
            measured_j=memory.measured_j + (self._counted_w(memory, measured_w) * dt_s if shone else 0.0),
        )

    def _expected_w(self, memory: Memory, inputs: Inputs, dt_s: float) -> float:
        if inputs.laser is None or not isfinite(inputs.laser.set_current_ma):
            return memory.expected_w
        confirmed_w = self.calibrations.power_w(inputs.laser.set_current_ma)
        return memory.expected_w + (confirmed_w - memory.expected_w) * (1.0 - exp(-dt_s / LAG_S))

    def _measured_w(self, board: BoardIn | None) -> float:
        """Return the measured power; not a number where none is known, which no comparison accepts."""
        return float("nan") if board is None else self.calibrations.measured_power_w(board.photodiode_v)

    def _counted_w(self, memory: Memory, measured_w: float) -> float:
        return measured_w if isfinite(measured_w) else memory.power_w

    def _follows(self, memory: Memory, laser: LaserIn) -> bool:
        set_w = self.calibrations.power_w(laser.set_current_ma)
        return abs(set_w - memory.power_w) <= max(0.3 * memory.power_w, 0.3)

    def _measures(self, laser: LaserIn) -> bool:
        return abs(laser.measured_current_ma - laser.set_current_ma) <= CURRENT_MA

    def seen(self, memory: Memory, inputs: Inputs, decision: Decision) -> Memory:
        """Return what is remembered once a tick is over."""
        outputs, phase, board = decision.outputs, decision.state.phase, inputs.board
        timed = loop_after(self._timed(memory, inputs), inputs)
        now_s, power_w = timed.now_s, self._power_w(outputs)
        closed = board is not None and board.gate_closed and memory.outputs.want_gate
        taken = taken_commands(decision)
        went_on = outputs.laser_output and not memory.outputs.laser_output
        went_off = memory.outputs.laser_output and not outputs.laser_output
        if phase is Phase.FAULT and memory.phase is not Phase.FAULT:
            reset_s = None
        elif any(command.type is CommandType.ACKNOWLEDGE for command in taken):
            reset_s = now_s
        else:
            reset_s = memory.reset_s
        return timed._replace(
            phase=phase,
            outputs=outputs,
            session_open=session_after(memory, decision),
            finished=memory.finished or decision.state.finished,
            stop_pressed=stop_after(memory, decision),
            pedal_up_s=since(board is not None and not board.pedal_pressed, memory.pedal_up_s, now_s),
            armed_s=now_s if any(c.type is CommandType.ARM for c in taken) else memory.armed_s,
            off_s=now_s if went_off else memory.off_s,
            on_s=now_s if went_on else memory.on_s if outputs.laser_output else None,
            closed_s=since(closed, memory.closed_s, now_s),
            power_w=power_w,
            changed_s=now_s if power_w != memory.power_w or not outputs.laser_output else memory.changed_s,
            lit=lit_after(memory, decision),
            recorded_s=now_s if decision.events else memory.recorded_s,
            reset_s=reset_s,
            elapsed_s=decision.state.elapsed_s,
            changes=changes_after(memory, decision),
        )
