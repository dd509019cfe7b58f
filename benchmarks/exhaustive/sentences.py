"""The rules as sentences about everything but light: faults, stops, ways, the account and the record."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite, isnan
from typing import Any

from benchmarks.exhaustive.memory import (
    BOARD_S,
    CLEAR,
    EPS,
    LATE_S,
    LIFTED_S,
    OVERRUN_S,
    RESET_S,
    SEASONED_S,
    Memory,
    read_back_off,
    taken_commands,
    young,
)
from benchmarks.rigs.changed_plan import POWER, RING, may_be
from tosca_kiosk.domain.inputs import Command, CommandType, Inputs
from tosca_kiosk.domain.protocol import Protocol
from tosca_kiosk.domain.safety import Decision
from tosca_kiosk.domain.state import Phase, State

SUPERVISED = (
    *("stop_loop", "smoothing", "board_fault", "photodiode", "light_while_off", "power_limit"),
    *("converter", "laser", "clock", "loop"),
)
"""Beginnings of the sources that a supervisor resets; the others are a technician's."""


def of_gate_and_motor(memory: Memory, inputs: Inputs, decision: Decision) -> Iterator[str]:
    outputs, phase, laser = decision.outputs, decision.state.phase, inputs.laser
    held = phase is Phase.ARMED or phase is Phase.TREATING
    if outputs.want_gate and not held:
        yield "the gate is wanted only while armed or treating"
    if outputs.want_gate and not memory.outputs.want_gate:
        if not read_back_off(laser, memory.off_s):
            yield "the gate is wanted only once the output is read back off and the current 0"
        if laser is None or laser.errors:
            yield "the gate is wanted only once the error queue is drained"
        if memory.gate_closed or not memory.shown:
            yield "the gate is wanted only once the laser has told that its loop is open"
    if memory.clear >= CLEAR and phase is not Phase.FAULT:
        yield "a loop that is clear behind an open gate is a fault in every phase"
    if held and not outputs.motor_on:
        yield "the motor runs while armed or treating"
    if phase is Phase.TREATING and decision.outputs.want_gate and not memory.outputs.want_gate:
        board = inputs.board
        if board is None or not board.pedal_pressed:
            yield "treating only while the pedal is pressed"


def of_faults(memory: Memory, inputs: Inputs, decision: Decision) -> Iterator[str]:
    outputs, state = decision.outputs, decision.state
    if state.phase is Phase.FAULT:
        if outputs.laser_output or outputs.laser_current_ma or outputs.want_gate or outputs.motor_on:
            yield "a fault puts output, current, gate and motor off in the same tick"
        if outputs.stage_position_um is not None:
            yield "nothing moves by itself in a fault"
        if not state.faults:
            yield "a fault names its source"
        if memory.phase is not Phase.FAULT and not decision.safety:
            yield "a fault is in the safety log"
        return
    resets = [command for command in taken_commands(decision) if command.type is CommandType.ACKNOWLEDGE]
    recent = memory.reset_s is not None and inputs.now_s - memory.reset_s <= RESET_S + EPS
    if not resets and not recent:
        yield "a fault latches until it is acknowledged"
    if inputs.board is not None and not inputs.board.stop_loop_closed:
        yield "a fault ends only once its cause is gone"


def of_ways(memory: Memory, inputs: Inputs, decision: Decision) -> Iterator[str]:
    """Say which way from phase to phase was taken without its reason."""
    was, now = memory.phase, decision.state.phase
    if now is Phase.FAULT:
        return
    commands = {command.type for command in taken_commands(decision)}
    board = inputs.board
    way = (was, now)
    if way == (Phase.ARMED, Phase.TREATING):
        pressed = board is not None and board.pedal_pressed and young(inputs.now_s, board.measured_s, BOARD_S)
        lifted = memory.pedal_up_s is not None and inputs.now_s - memory.pedal_up_s >= LIFTED_S - EPS
        if not lifted or not pressed or not inputs.now_s - memory.armed_s >= SEASONED_S - EPS:
            yield "treating only by a press of a pedal up for 0.1 s, 2 s or more after arming"
    elif way == (Phase.TREATING, Phase.ARMED):
        if board is None or board.pedal_pressed:
            yield "from treating to armed only by a release"
    elif was in (Phase.ARMED, Phase.TREATING) and now is Phase.READY:
        timed_out = was is Phase.ARMED and inputs.now_s - memory.armed_s > 60.0
        if CommandType.PAUSE not in commands and not decision.state.finished and not timed_out:
            yield "back to ready only by pause, end or a minute without the pedal"
    elif not any(needed <= commands for needed in NEEDED.get(way, ())):
        yield f"no way from {was} to {now} without its command"


_AT_ONCE = (frozenset({CommandType.PAUSE, CommandType.CLOSE_SESSION}),)
"""Two commands of one tick."""
_FAULTS_END = (frozenset[CommandType](),)
"""Judged as a fault's end."""
NEEDED: dict[tuple[Phase, Phase], tuple[frozenset[CommandType], ...]] = {
    (Phase.IDLE, Phase.READY): (frozenset({CommandType.OPEN_SESSION}),),
    (Phase.READY, Phase.ARMED): (frozenset({CommandType.ARM}),),
    (Phase.READY, Phase.IDLE): (
        frozenset({CommandType.CLOSE_SESSION}),
        frozenset({CommandType.CONFIRM_KEY_OFF}),
    ),
    (Phase.ARMED, Phase.IDLE): _AT_ONCE,
    (Phase.TREATING, Phase.IDLE): _AT_ONCE,
    (Phase.FAULT, Phase.READY): _FAULTS_END,
    (Phase.FAULT, Phase.IDLE): _FAULTS_END,
}


def of_stops(inputs: Inputs, decision: Decision) -> Iterator[str]:
    faulted = decision.state.phase is Phase.FAULT
    for reply in decision.replies:
        if reply.command.type is CommandType.STOP:
            if reply.refused is not None or not (faulted or CommandType.ACKNOWLEDGE in _types(inputs)):
                yield "STOP is a fault in every phase"
        elif reply.command.type is CommandType.ACKNOWLEDGE and reply.refused is None:
            yield from _of_role(reply.command, inputs)
    if len(decision.replies) != len(inputs.commands):
        yield "every command is answered"
    if not faulted and inputs.board is not None and not inputs.board.stop_loop_closed:
        yield "an open stop loop is a fault in every phase"
    if not faulted and not (inputs.late_s <= LATE_S and inputs.overrun_s < OVERRUN_S):
        yield "a late loop is a fault in every phase"


def _types(inputs: Inputs) -> set[CommandType]:
    return {command.type for command in inputs.commands}


def _of_role(command: Command, inputs: Inputs) -> Iterator[str]:
    if command.role not in ("technician", "supervisor", "admin"):
        yield "a reset needs a role"
    if command.role == "technician" and inputs.board is not None and inputs.board.faults:
        yield "the board's own faults are a supervisor's"


def reset_needs_supervisor(faults: tuple[str, ...]) -> bool:
    """Return whether a supervisor must reset these sources."""
    return any(source.startswith(SUPERVISED) for source in faults)


def of_the_account(memory: Memory, before: State, inputs: Inputs, decision: Decision) -> Iterator[str]:
    state = decision.state
    gone_s = state.elapsed_s - before.elapsed_s
    if not gone_s >= 0.0:
        yield "the treatment clock never restarts"
    if gone_s > 0.0:
        laser = inputs.laser
        if not memory.lit or laser is None or not laser.output_on:
            yield "the treatment clock runs only while light is confirmed"
        if not gone_s <= inputs.now_s - memory.now_s + EPS:
            yield "the treatment clock runs no faster than time"
    if before.finished and not state.finished:
        yield "a finished treatment stays finished"
    if not (state.commanded_j >= before.commanded_j and state.measured_j >= before.measured_j):
        yield "the dose never falls"
    if not (isfinite(state.commanded_j) and isfinite(state.measured_j)) or isnan(state.command_w):
        yield "the dose is a number"
    taken = taken_commands(decision)
    if any(c.type is CommandType.ACKNOWLEDGE and c.role == "technician" for c in taken) and (
        reset_needs_supervisor(before.faults)
    ):
        yield "a supervisor's fault is not reset by a technician"


def of_overrides(
    memory: Memory, before: State, inputs: Inputs, decision: Decision, protocol: Protocol, limit_w: float
) -> Iterator[str]:
    """Say what was overridden that must not be, or where, or without a word in the record."""
    state, outputs = decision.state, decision.outputs
    taken = [command for command in taken_commands(decision) if command.type in (POWER, RING)]
    if not taken:
        if state.plan is not before.plan:
            yield "the plan in force changes by an override alone"
        return
    paused = memory.phase is Phase.READY or any(
        command.type in (CommandType.PAUSE, CommandType.OPEN_SESSION) for command in taken_commands(decision)
    )
    if not paused or memory.finished or not memory.elapsed_s < protocol.duration_s:
        yield "an override is taken in a pause alone, of what is not finished"
    if state.hold_since_s is not None or outputs.laser_output or outputs.want_gate:
        yield "an override leads to no light by itself"
    if inputs.rules_problem is not None:
        yield "an override is taken only under rules that are the record's"
    if not all(may_be(command, limit_w) for command in taken):
        yield "an override says why and keeps to the limit"
    told = [event.details for event in decision.events if event.event_type == "user_action"]
    if not all(_is_told(command, told) for command in taken):
        yield "an override is recorded with old and new value and reason"


def _is_told(command: Command, told: list[dict[str, Any]]) -> bool:
    wanted = {"action": str(command.type), "new_value": command.value, "reason": command.reason}
    return any(wanted.items() <= row.items() and "old_value" in row and "refused" not in row for row in told)


def of_the_record(memory: Memory, decision: Decision) -> Iterator[str]:
    lit = memory.lit
    for event in decision.events:
        if event.event_type in ("laser_on", "laser_off"):
            turned_on = event.event_type == "laser_on"
            if turned_on is lit:
                yield "every on has its off"
            lit = turned_on
    if decision.outputs.laser_current_ma > 0.0 and not lit:
        yield "no emission that is not recorded"
    if lit and not decision.outputs.laser_output:
        yield "an off is recorded in its own tick"
