"""The predicates of the interlock table about the laser driver, its interlock loop, and darkness.

As in `checks`: accept if inside, from fresh data alone.
"""

from __future__ import annotations

from math import isfinite

from tosca_kiosk.domain import checks
from tosca_kiosk.domain.condition_bits import (
    BIT_INTERLOCK_OPEN,
    LASER_FORBIDDEN_ALWAYS,
    LASER_FORBIDDEN_IN_LIGHT,
    LASER_WARNING,
)
from tosca_kiosk.domain.inputs import Inputs, LaserIn
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.state import Beam, State

INTERLOCK_OPENS_WITHIN_S = 0.1
"""From the board's word that the gate is open to the laser's own: what is asked later must show the bit."""

CLEAR_ANSWERS = 2
"""So many answers in a row without it are a bridged loop, or a register that stands still."""


def started_in_time(rules: Rules, state: State, inputs: Inputs) -> bool:
    """The output is confirmed on in time, the laser driver's own delay added."""
    if state.beam is not Beam.STARTING:
        return True
    allowed_s = rules.limits.switch_on_s + rules.limits.laser_on_delay_s
    return inputs.now_s - state.beam_since_s <= allowed_s


def laser_fresh(rules: Rules, state: State, inputs: Inputs) -> bool:
    """Every answer of the laser driver is checks.fresh, and a current is a number."""
    laser, now_s, within_s = inputs.laser, inputs.now_s, rules.limits.laser_fresh_s
    return (
        laser is not None
        and isfinite(laser.set_current_ma + laser.measured_current_ma)
        and checks.fresh(now_s, laser.output_asked_s, within_s)
        and checks.fresh(now_s, laser.condition_asked_s, within_s)
        and checks.fresh(now_s, laser.measured_asked_s, within_s)
        and checks.fresh(now_s, laser.set_asked_s, within_s)
        and checks.fresh(now_s, laser.errors_asked_s, within_s)
    )


def laser_follows(rules: Rules, state: State, inputs: Inputs) -> bool:
    """The set point read back is near the commanded one: the expected power is built on it."""
    laser = inputs.laser
    if laser is None or rules.calibrations is None or state.beam is not Beam.EMITTING:
        return True
    limits = rules.limits
    tolerance_w = max(limits.photodiode_warning_fraction * state.command_w, limits.photodiode_fault_w)
    return abs(rules.calibrations.power_w(laser.set_current_ma) - state.command_w) <= tolerance_w


def laser_current_follows(rules: Rules, state: State, inputs: Inputs) -> bool:
    """The measured current is the set one, once the power has stood still for long enough.

    The instrument's own accuracy is 20 mA at 10 A; the rest is what a slow ramp moves between two answers.
    """
    laser, limits = inputs.laser, rules.limits
    if laser is None or state.beam is not Beam.EMITTING:
        return True
    if not inputs.now_s - state.slewed_s > limits.laser_current_settle_s:
        return True
    return abs(laser.measured_current_ma - laser.set_current_ma) <= limits.laser_current_ma


def laser_is_off(laser: LaserIn | None, since_s: float) -> bool:
    """Whether answers asked for after since_s read the output back off and the set current 0."""
    if laser is None:
        return False
    output_off = not laser.output_on and laser.output_asked_s > since_s
    return output_off and laser.set_current_ma == 0.0 and laser.set_asked_s > since_s


def light_may_leave(rules: Rules, state: State, inputs: Inputs) -> bool:
    """Whether anything that is there shows light, or a laser that is not read back off."""
    board, laser, since_s = inputs.board, inputs.laser, state.dark_since_s
    if board is not None and not checks.reads_dark(rules, board.photodiode_v):
        return True
    return since_s is None or (laser is not None and not laser_is_off(laser, since_s))


def dark_confirmed(rules: Rules, state: State, inputs: Inputs) -> bool:
    """It is known that no light leaves: a checks.fresh photodiode is dark and the laser is read back off.

    Both were measured or asked for after the output was asked off; a device that is lost tells nothing.
    """
    board, since_s, limits = inputs.board, state.dark_since_s, rules.limits
    laser, now_s = inputs.laser, inputs.now_s
    if board is None or laser is None or since_s is None or not checks.board_fresh(rules, state, inputs):
        return False
    if not board.measured_s - since_s > limits.photodiode_dark_after_s:
        return False
    return (
        checks.reads_dark(rules, board.photodiode_v)
        and laser_is_off(laser, since_s)
        and checks.fresh(now_s, laser.output_asked_s, limits.laser_fresh_s)
        and checks.fresh(now_s, laser.set_asked_s, limits.laser_fresh_s)
    )


def key_off_in_s(rules: Rules, state: State) -> float | None:
    """Return for how long darkness must still stay unknown before a person may vouch for it, 0 for no longer.

    None where there is nothing to vouch for: no session, light that is wanted, or darkness that is known.
    """
    if not state.session_open or state.dark or state.dark_since_s is None:
        return None
    return max(0.0, rules.limits.key_off_after_s - (state.now_s - state.unconfirmed_since_s))


def laser_condition(rules: Rules, state: State, inputs: Inputs) -> bool:
    """No condition bit is set that the phase forbids."""
    forbidden = LASER_FORBIDDEN_IN_LIGHT if state.beam in checks.LIT_BEAMS else LASER_FORBIDDEN_ALWAYS
    return inputs.laser is None or not inputs.laser.condition & forbidden


def laser_interlock_closed(rules: Rules, state: State, inputs: Inputs) -> bool:
    """The laser's interlock bit stays clear once it was seen clear behind a closed gate."""
    laser = inputs.laser
    if laser is None:
        return True
    if state.beam in checks.GATE_OPEN_BEAMS or state.beam is Beam.CHECKING or checks.pedal_let_go(inputs):
        return True
    return laser.condition_asked_s <= state.gate_since_s or not laser.condition & BIT_INTERLOCK_OPEN


def laser_interlock_not_bridged(rules: Rules, state: State, inputs: Inputs) -> bool:
    """The laser's interlock bit follows the open gate: a bridged loop would leave one way to darkness."""
    return state.loop_clear < CLEAR_ANSWERS


def laser_interlock_proved(rules: Rules, state: State, inputs: Inputs) -> bool:
    """Since the gate last opened the laser has told that its loop is open."""
    return state.loop_proved and not state.gate_closed


def asked_of_open_loop(state: State, asked_s: float) -> bool:
    """Whether a question came late enough behind the gate's opening for its answer to count."""
    return asked_s - state.gate_since_s >= INTERLOCK_OPENS_WITHIN_S


def loop_is_asked(state: State, inputs: Inputs, now_s: float) -> bool:
    """Whether the condition register is asked out of turn: the gate has opened and the laser has not told."""
    unanswered = not state.loop_proved and state.loop_clear < CLEAR_ANSWERS
    return (
        unanswered and not state.gate_closed and inputs.laser is not None and asked_of_open_loop(state, now_s)
    )


def laser_output_holds(rules: Rules, state: State, inputs: Inputs) -> bool:
    """The output is not read back off while light is wanted."""
    laser = inputs.laser
    if laser is None:
        return True
    if state.beam is not Beam.EMITTING or checks.pedal_let_go(inputs):
        return True
    return laser.output_on or laser.output_asked_s <= state.beam_since_s


def laser_output_off(rules: Rules, state: State, inputs: Inputs) -> bool:
    """The output is not read back on long after it was asked off."""
    laser = inputs.laser
    if laser is None or state.dark_since_s is None or not laser.output_on:
        return True
    return laser.output_asked_s - state.dark_since_s <= rules.limits.switch_off_s


def laser_no_error(rules: Rules, state: State, inputs: Inputs) -> bool:
    """The error queue, drained before the gate was wanted, stays empty while light is wanted."""
    return inputs.laser is None or not inputs.laser.errors or checks.pedal_let_go(inputs)


def laser_no_warning(rules: Rules, state: State, inputs: Inputs) -> bool:
    """Current limit and out of tolerance are not set."""
    return inputs.laser is None or not inputs.laser.condition & LASER_WARNING


def laser_regulates(rules: Rules, state: State, inputs: Inputs) -> bool:
    """Current limit and out of tolerance are not set once the power has stood still for long enough."""
    slewing = not inputs.now_s - state.slewed_s > rules.limits.laser_settle_s
    return slewing or laser_no_warning(rules, state, inputs) or checks.pedal_let_go(inputs)
