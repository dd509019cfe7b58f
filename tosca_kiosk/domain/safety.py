"""The safety state machine: one pure step from state and inputs to state, outputs and events.

The laser is allowed on in `emission_allowed` and nowhere else. Whatever is unknown, stale or not a number
fails its interlock; a fault darkens output, current and gate in the tick that sees it, and latches.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from tosca_kiosk.domain import checks, laser_checks, light, station_light
from tosca_kiosk.domain.beam import ORDER
from tosca_kiosk.domain.commands import Reply
from tosca_kiosk.domain.condition_bits import BIT_INTERLOCK_OPEN
from tosca_kiosk.domain.events import SafetyEvent, TreatmentEvent
from tosca_kiosk.domain.inputs import BoardIn, Inputs
from tosca_kiosk.domain.interlocks import Interlock
from tosca_kiosk.domain.judging import judge_interlocks, judge_light_before_it_is_on
from tosca_kiosk.domain.operating import take_commands
from tosca_kiosk.domain.outputs import Outputs
from tosca_kiosk.domain.phases import move_phase
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.state import Beam, Phase, State
from tosca_kiosk.domain.tick import Tick

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

    failing: the rows that fail now, of those that act at once and forbid light.
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
    tick = Tick(rules, msgspec.structs.replace(state), inputs)
    observe(tick)
    light.account(rules, tick.state, inputs)
    judge_interlocks(tick)
    take_commands(tick)
    move_phase(tick)
    move_beam(tick)
    set_power(tick)
    decided = outputs(tick)
    tick.state.now_s = tick.now_s
    return Decision(
        tick.state, decided, tuple(tick.rows.events), tuple(tick.rows.safety), tuple(tick.replies)
    )


def observe(tick: Tick) -> None:
    """Note the edges that later checks count from."""
    state, inputs = tick.state, tick.inputs
    board, tec = inputs.board, inputs.tec
    if board is not None:
        _observe_board(tick, board)
    _observe_loop(tick)
    state.dark = laser_checks.dark_confirmed(tick.rules, state, inputs)
    if state.dark or state.dark_since_s is None:
        state.unconfirmed_since_s = tick.now_s
    known = tec is not None and checks.fresh(
        inputs.now_s, tec.temperature_asked_s, tick.rules.limits.tec_fresh_s
    )
    if tec is None or not known or not _TEC_NEAR(tick.rules, state, inputs):
        state.tec_settled_since_s = None
    elif state.tec_settled_since_s is None:
        state.tec_settled_since_s = tec.temperature_asked_s


def _observe_board(tick: Tick, board: BoardIn) -> None:
    state = tick.state
    if board.gate_closed != state.gate_closed:
        state.gate_closed, state.gate_since_s = board.gate_closed, tick.now_s
        state.loop_clear, state.loop_doubted_s = 0, None
        if not board.gate_closed:
            state.loop_proved = False
    if not board.motor_on:
        state.vibration_rested = not board.vibration_healthy


def _observe_loop(tick: Tick) -> None:
    """Judge each answer of the laser's condition register once that was asked behind an open gate."""
    state, laser = tick.state, tick.inputs.laser
    if laser is None or state.gate_closed:
        return
    _judge_doubt(tick)
    asked_s = laser.condition_asked_s
    if not laser_checks.asked_of_open_loop(state, asked_s) or not asked_s > state.loop_answer_s:
        return
    state.loop_answer_s = asked_s
    if laser.condition & BIT_INTERLOCK_OPEN:
        state.loop_proved, state.loop_clear, state.loop_doubted_s = True, 0, None
    else:
        state.loop_doubted_s = asked_s
        _judge_doubt(tick)


def _judge_doubt(tick: Tick) -> None:
    """Withdraw the proof that an answer has contradicted.

    Whether the gate was open then is known only by a status from after the question: a foot may just have
    closed it.
    """
    state, board = tick.state, tick.inputs.board
    doubted_s = state.loop_doubted_s
    if doubted_s is not None and board is not None and board.measured_s > doubted_s:
        state.loop_proved, state.loop_doubted_s = False, None
        state.loop_clear = min(state.loop_clear + 1, laser_checks.CLEAR_ANSWERS)


def move_beam(tick: Tick) -> None:
    """Go on in the switch-on order, or from step to step under light."""
    state = tick.state
    if state.phase not in (Phase.ARMED, Phase.TREATING):
        return
    beam = ORDER[state.beam].after(tick.rules, state, tick.inputs)
    if beam is not state.beam:
        tick.set_beam(beam)
    elif beam is Beam.EMITTING:
        tick.follow_steps()


def set_power(tick: Tick) -> None:
    """Follow the plan in force at the rate of set points; the current is the calibration's, open loop.

    A station of a calibration has a current of its own, which rises as slowly.
    """
    state, rules = tick.state, tick.rules
    if state.beam is Beam.EMITTING and (station := rules.station(state)) is not None:
        station_light.set_current(tick, station)
        return
    plan = rules.plan_in_force(state)
    if state.beam is not Beam.EMITTING or plan is None or rules.calibrations is None:
        state.command_w = state.command_ma = 0.0
        state.slewed_s = tick.now_s
        return
    slot = tick.slot()
    if slot > state.setpoint_slot:
        command_w = light.next_setpoint_w(rules, state, plan, tick.now_s)
        if abs(command_w - state.command_w) > FAST_CHANGE_W:
            state.slewed_s = tick.now_s
        state.setpoint_slot, state.setpoint_s = slot, tick.now_s
        state.command_w, state.command_ma = command_w, rules.calibrations.current_ma(command_w)


def outputs(tick: Tick) -> Outputs:
    """Turn the state into what the devices are to do; light only by `emission_allowed`."""
    state = tick.state
    row = ORDER[state.beam]
    if row.laser_output and state.beam_since_s == tick.now_s:
        judge_light_before_it_is_on(tick)
    on = row.laser_output and emission_allowed(state, tick.failing, tick.inputs)
    if row.laser_output and not on:
        row = ORDER[Beam.DARK]
        # Light that is denied without a fault does not come back by itself: the pedal must be let go.
        if state.beam is Beam.EMITTING:
            tick.set_beam(Beam.DARK)
    if not on:
        state.command_w = state.command_ma = 0.0
        state.dark_since_s = tick.now_s if state.dark_since_s is None else state.dark_since_s
    else:
        state.dark_since_s, state.dark = None, False
    tick.sample()
    held = state.phase in (Phase.ARMED, Phase.TREATING)
    # It starts from rest: a sensor that shows vibration without it would not miss the motor later.
    armed_motor = held or (state.hold_since_s is not None and state.vibration_rested)
    motor_pwm = None if armed_motor else station_light.motor_pwm(tick)
    motor_on = armed_motor or motor_pwm is not None or _tested(tick)
    ask_condition = row.ask_condition or laser_checks.loop_is_asked(state, tick.inputs, tick.now_s)
    _leave_aiming(tick)
    decided = Outputs(
        laser_output=on,
        laser_current_ma=state.command_ma,
        want_gate=row.want_gate,
        motor_on=motor_on,
        motor_pwm=motor_pwm,
        stage_position_um=_stage_position_um(tick),
        ask_condition=ask_condition,
        aiming_on=state.aiming,
    )
    return msgspec.structs.replace(decided, **tick.asked) if tick.asked else decided


def _tested(tick: Tick) -> bool:
    """Return whether a self-test gets the smoothing motor: only where nothing else is going on."""
    return tick.inputs.self_test_motor and tick.state.phase is Phase.IDLE


def _leave_aiming(tick: Tick) -> None:
    """Switch the aiming beam off where no screen is there; a session keeps it, in a fault too."""
    state = tick.state
    if state.aiming and not state.session_open and not checks.operator_alive(tick.rules, state, tick.inputs):
        state.aiming = False


def _stage_position_um(tick: Tick) -> float | None:
    stage = tick.inputs.stage
    state = tick.state
    if stage is None or not stage.index_known or stage.trips or state.phase is Phase.FAULT:
        return None
    # Off takes its time on a slow line: the ring stays where it is until no light can leave.
    if state.dark_since_s is None or not laser_checks.laser_is_off(tick.inputs.laser, state.dark_since_s):
        return None
    return checks.stage_target_um(tick.rules, tick.state)
