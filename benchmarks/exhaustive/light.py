"""What must hold for light, row by row of the interlock table; a second reading of the same table."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite

from benchmarks.exhaustive.memory import (
    BOARD_S,
    FRAME_S,
    KIOSK_S,
    LASER_S,
    LATE_S,
    OVERRUN_S,
    STAGE_S,
    STAGE_UM,
    TEC_S,
    TEC_TRIP_C,
    Memory,
    young,
)
from benchmarks.rigs.changed_plan import rings_mm
from tosca_kiosk.domain.inputs import Inputs
from tosca_kiosk.domain.rules import Rules

LASER_BITS = sum(1 << bit for bit in (1, 2, 3, 4, 7, 8, 13, 14, 15))
TEC_BITS = sum(1 << bit for bit in (2, 3, 4, 5, 6, 7, 12))

Holds = Callable[[Rules, Memory, Inputs], bool]


def _board(rules: Rules, memory: Memory, inputs: Inputs) -> bool:
    return inputs.board is not None and young(inputs.now_s, inputs.board.measured_s, BOARD_S)


def _board_bits(rules: Rules, memory: Memory, inputs: Inputs) -> bool:
    board = inputs.board
    if board is None or board.faults != 0 or board.photodiode_saturated:
        return False
    return board.pedal_pressed and board.stop_loop_closed and board.gate_closed


def _smoothing(rules: Rules, memory: Memory, inputs: Inputs) -> bool:
    return inputs.board is not None and inputs.board.motor_on and inputs.board.vibration_healthy


def _laser(rules: Rules, memory: Memory, inputs: Inputs) -> bool:
    laser, now_s = inputs.laser, inputs.now_s
    if laser is None or not isfinite(laser.set_current_ma + laser.measured_current_ma):
        return False
    asked_s = (
        *(laser.output_asked_s, laser.set_asked_s, laser.measured_asked_s),
        *(laser.condition_asked_s, laser.errors_asked_s),
    )
    return all(young(now_s, at_s, LASER_S) for at_s in asked_s)


def _laser_bits(rules: Rules, memory: Memory, inputs: Inputs) -> bool:
    laser = inputs.laser
    if laser is None or laser.errors:
        return False
    return not laser.condition & LASER_BITS


def _laser_output(rules: Rules, memory: Memory, inputs: Inputs) -> bool:
    laser = inputs.laser
    if laser is None:
        return False
    return laser.output_on or not memory.lit or memory.on_s is None or laser.output_asked_s <= memory.on_s


def _tec(rules: Rules, memory: Memory, inputs: Inputs) -> bool:
    tec, now_s = inputs.tec, inputs.now_s
    if tec is None or not tec.output_on or tec.condition & TEC_BITS:
        return False
    if not abs(tec.temperature_c - rules.tec_setpoint_c) <= TEC_TRIP_C:
        return False
    asked_s = (tec.temperature_asked_s, tec.output_asked_s, tec.condition_asked_s)
    return all(young(now_s, at_s, TEC_S) for at_s in asked_s)


def _stage(rules: Rules, memory: Memory, inputs: Inputs) -> bool:
    stage = inputs.stage
    if rules.calibrations is None or rules.protocol is None:
        return False
    if stage is None or not stage.index_known or stage.trips or not stage.settled:
        return False
    rings = rings_mm(rules.protocol, memory.changes)
    targets_um = [rules.calibrations.position_um(ring_mm) for ring_mm in rings]
    near = any(abs(stage.position_um - target_um) <= STAGE_UM for target_um in targets_um)
    return near and young(inputs.now_s, stage.measured_s, STAGE_S)


def _camera(rules: Rules, memory: Memory, inputs: Inputs) -> bool:
    return not rules.camera_required or young(inputs.now_s, inputs.frame_s, FRAME_S)


def _rest(rules: Rules, memory: Memory, inputs: Inputs) -> bool:
    kept = inputs.journal_ok and inputs.runtime_ok
    known = inputs.rules_problem is None and inputs.real_time_problem is None
    return kept and known and young(inputs.now_s, inputs.operator_s, KIOSK_S)


def _time(rules: Rules, memory: Memory, inputs: Inputs) -> bool:
    on_time = inputs.late_s <= LATE_S and inputs.overrun_s < OVERRUN_S
    return on_time and memory.now_s <= inputs.now_s < 1e9


HOLD_UNDER_LIGHT: tuple[tuple[str, Holds], ...] = (
    ("the board's status is fresh", _board),
    ("pedal, stop loop, gate, converter and the board's faults are well", _board_bits),
    ("the smoothing runs", _smoothing),
    ("every answer of the laser driver is fresh and a number", _laser),
    ("no bit or error of the laser driver forbids it", _laser_bits),
    ("the output is not read back off", _laser_output),
    ("the TEC holds", _tec),
    ("the stage is well and in position", _stage),
    ("the picture is live", _camera),
    ("screen, record and runtime folder are there, rules compared, control in real time", _rest),
    ("the loop is on time and its clock runs", _time),
)
