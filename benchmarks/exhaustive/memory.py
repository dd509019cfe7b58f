"""What the judge of the safety core remembers, and the design limits, said a second time."""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.rigs.changed_plan import Changes, change_of
from tosca_kiosk.domain.inputs import Command, CommandType, Inputs, LaserIn
from tosca_kiosk.domain.outputs import DARK, Outputs
from tosca_kiosk.domain.safety import Decision
from tosca_kiosk.domain.state import Phase

# The design limits, said again so that a changed one shows.
BOARD_S, LASER_S, TEC_S, STAGE_S, FRAME_S, KIOSK_S = 0.1, 0.5, 1.0, 0.5, 1.0, 0.4
LATE_S, OVERRUN_S = 0.1, 0.2
SEASONED_S = 2.0
LIFTED_S = 0.1
SLEW_W_PER_S, SETPOINT_S = 10.0, 0.1
DOSE = 1.05
TEC_STAY_C, TEC_STAY_S, TEC_TRIP_C = 2.0, 2.0, 3.0
STAGE_UM = 20.0
OVER_S, UNDER_S, LIMIT_S, FOLLOW_S = 0.1, 0.5, 0.05, 1.0
CURRENT_MA, CURRENT_S, STEADY_S = 150.0, 0.5, 1.0
RESET_S = 2.0
LAG_S = 0.01
GATE_OPENS_S = 0.25
"""A silent computer's gate opens by then: no more of a gap is dose."""

LOOP_S, CLEAR = 0.1, 2
"""So long after the gate opened the laser must tell it; so many answers without it are a fault."""

NEWER_S = 0.001
"""A measurement may be this much newer than the tick that reads it."""


EPS = 1e-9


class Memory(NamedTuple):
    """What the judge has seen. Times are session seconds, None for not now.

    off_s, on_s: since when the output is asked off or on. closed_s: the tick that first saw the gate closed.
    opened_s: the tick that saw it open again, 0 before any; shown: since then the laser has told that its
    loop is open; clear: answers in a row that told the contrary, answer_s: when the newest was asked for;
    doubted_s: when one was, before a status that tells whether the gate was still open.
    changed_s: when the commanded power last changed. lit: a laser_on was recorded without its laser_off.
    elapsed_s: the treatment clock, which the core shows; changes: the overrides that were taken.
    """

    now_s: float = 0.0
    phase: Phase = Phase.IDLE
    outputs: Outputs = DARK
    session_open: bool = False
    finished: bool = False
    stop_pressed: bool = False
    pedal_up_s: float | None = None
    armed_s: float = 0.0
    off_s: float = 0.0
    on_s: float | None = None
    closed_s: float | None = None
    gate_closed: bool = False
    opened_s: float = 0.0
    shown: bool = False
    clear: int = 0
    answer_s: float = 0.0
    doubted_s: float | None = None
    power_w: float = 0.0
    changed_s: float = 0.0
    lit: bool = False
    recorded_s: float = 0.0
    reset_s: float | None = None
    expected_w: float = 0.0
    emission_s: float = 0.0
    over_s: float | None = None
    under_emission_s: float | None = None
    limit_s: float | None = None
    tec_s: float | None = None
    follow_s: float | None = None
    current_s: float | None = None
    commanded_j: float = 0.0
    measured_j: float = 0.0
    elapsed_s: float = 0.0
    changes: Changes = ()


def young(now_s: float, measured_s: float | None, within_s: float) -> bool:
    return measured_s is not None and -NEWER_S <= now_s - measured_s <= within_s


def since(bad: bool, since_s: float | None, now_s: float) -> float | None:
    if not bad:
        return None
    return now_s if since_s is None else since_s


def taken_commands(decision: Decision) -> list[Command]:
    return [reply.command for reply in decision.replies if reply.refused is None]


def session_after(memory: Memory, decision: Decision) -> bool:
    opened = memory.session_open
    for command in taken_commands(decision):
        if command.type is CommandType.OPEN_SESSION:
            opened = True
        elif command.type in (CommandType.CLOSE_SESSION, CommandType.CONFIRM_KEY_OFF):
            opened = False
    return opened


def changes_after(memory: Memory, decision: Decision) -> Changes:
    at_s = decision.state.elapsed_s
    made = (change_of(command, at_s) for command in taken_commands(decision))
    return (*memory.changes, *(change for change in made if change is not None))


def stop_after(memory: Memory, decision: Decision) -> bool:
    pressed = memory.stop_pressed
    for command in taken_commands(decision):
        if command.type is CommandType.STOP:
            pressed = True
        elif command.type is CommandType.ACKNOWLEDGE:
            pressed = False
    return pressed


def lit_after(memory: Memory, decision: Decision) -> bool:
    lit = memory.lit
    for event in decision.events:
        if event.event_type in ("laser_on", "laser_off"):
            lit = event.event_type == "laser_on"
    return lit


def confirmed_on(memory: Memory, laser: LaserIn | None) -> bool:
    on_s = memory.on_s
    if laser is None or on_s is None:
        return False
    return memory.power_w > 0.0 or (laser.output_on and laser.output_asked_s > on_s) or memory.lit


def loop_after(memory: Memory, inputs: Inputs) -> Memory:
    """Return the memory with what gate and laser tell of the loop now."""
    board, laser, now_s = inputs.board, inputs.laser, memory.now_s
    if board is not None and board.gate_closed != memory.gate_closed:
        opened = not board.gate_closed
        memory = memory._replace(
            gate_closed=board.gate_closed,
            opened_s=now_s if opened else memory.opened_s,
            shown=memory.shown and not opened,
            clear=0,
            doubted_s=None,
        )
    if laser is None or memory.gate_closed:
        return memory
    memory = _doubt_judged(memory, inputs)
    asked_s = laser.condition_asked_s
    if not asked_s >= memory.opened_s + LOOP_S - EPS or not asked_s > memory.answer_s:
        return memory
    if laser.condition & 1 << 4:
        return memory._replace(shown=True, clear=0, answer_s=asked_s, doubted_s=None)
    return _doubt_judged(memory._replace(answer_s=asked_s, doubted_s=asked_s), inputs)


def _doubt_judged(memory: Memory, inputs: Inputs) -> Memory:
    doubted_s, board = memory.doubted_s, inputs.board
    if doubted_s is None or board is None or not board.measured_s > doubted_s:
        return memory
    return memory._replace(shown=False, clear=memory.clear + 1, doubted_s=None)


def read_back_off(laser: LaserIn | None, off_s: float) -> bool:
    if laser is None or laser.output_on or laser.set_current_ma != 0.0:
        return False
    return laser.output_asked_s > off_s and laser.set_asked_s > off_s
