"""The order of switching on, as a table: what each part asks of the devices and when the next may begin.

Off needs no order: leaving the table's light rows darkens output, current and gate in the same tick.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tosca_kiosk.domain import checks, laser_checks
from tosca_kiosk.domain.condition_bits import BIT_INTERLOCK_OPEN
from tosca_kiosk.domain.inputs import Inputs
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.state import Beam, Phase, State


def _after_clearing(rules: Rules, state: State, inputs: Inputs) -> Beam:
    laser, since_s = inputs.laser, state.beam_since_s
    if laser is None or not laser_checks.laser_is_off(laser, since_s):
        return Beam.CLEARING
    if laser.errors or not laser.errors_asked_s > since_s:
        return Beam.CLEARING
    # A loop that was bridged since the last light would leave one way to darkness: it is proved first.
    if not laser_checks.laser_interlock_proved(rules, state, inputs):
        return Beam.CLEARING
    if state.phase is Phase.TREATING:
        return Beam.CLOSING
    seasoned = inputs.now_s - state.armed_since_s >= rules.limits.pedal_after_arm_s
    may_wait = seasoned and checks.pedal_lifted(rules, state)
    return Beam.WAITING if may_wait else Beam.CLEARING


def _after_waiting(rules: Rules, state: State, inputs: Inputs) -> Beam:
    if _opened_unproved(state):
        return Beam.CLEARING
    return Beam.CLOSING if state.phase is Phase.TREATING else Beam.WAITING


def _opened_unproved(state: State) -> bool:
    """Whether the gate has opened again behind a short press: it is not wanted until its loop is proved."""
    return not state.gate_closed and not state.loop_proved


def _after_closing(rules: Rules, state: State, inputs: Inputs) -> Beam:
    if _opened_unproved(state):
        return Beam.CLEARING
    closed = inputs.board is not None and inputs.board.gate_closed and inputs.board.gate_wanted
    return Beam.CHECKING if closed else Beam.CLOSING


def _after_checking(rules: Rules, state: State, inputs: Inputs) -> Beam:
    laser = inputs.laser
    if laser is None or not laser.condition_asked_s > state.beam_since_s:
        return Beam.CHECKING
    if laser.condition & BIT_INTERLOCK_OPEN:
        return Beam.CHECKING
    # A knob turned since the clearing would shine at once: the output goes on at zero current, or not at all.
    if state.dark_since_s is None or not laser_checks.laser_is_off(laser, state.dark_since_s):
        return Beam.CHECKING
    return Beam.STARTING if _ring_is_right(rules, state, inputs) else Beam.MOVING


def _ring_is_right(rules: Rules, state: State, inputs: Inputs) -> bool:
    return checks.stage_healthy(rules, state, inputs) and checks.stage_in_position(rules, state, inputs)


def _after_moving(rules: Rules, state: State, inputs: Inputs) -> Beam:
    stage, since_s = inputs.stage, state.beam_since_s
    if (
        stage is None
        or not stage.measured_s > since_s
        or not laser_checks.laser_is_off(inputs.laser, since_s)
    ):
        return Beam.MOVING
    return Beam.STARTING if _ring_is_right(rules, state, inputs) else Beam.MOVING


def _after_starting(rules: Rules, state: State, inputs: Inputs) -> Beam:
    laser, since_s = inputs.laser, state.beam_since_s
    waited = inputs.now_s - since_s >= rules.limits.laser_on_delay_s
    confirmed = laser is not None and laser.output_on and laser.output_asked_s > since_s
    return Beam.EMITTING if confirmed and waited else Beam.STARTING


def _after_emitting(rules: Rules, state: State, inputs: Inputs) -> Beam:
    plan = rules.plan_in_force(state)
    if plan is None:
        return Beam.EMITTING if checks.station_due(rules, state) else Beam.DARK
    present_mm = plan.rings_mm[state.step_index]
    coming_mm = plan.rings_mm[plan.step_at(state.elapsed_s)]
    return Beam.EMITTING if coming_mm == present_mm else Beam.MOVING


def _stays_dark(rules: Rules, state: State, inputs: Inputs) -> Beam:
    return Beam.DARK


class BeamRow(NamedTuple):
    """What a part of the order asks of the devices, and how it goes on."""

    laser_output: bool
    want_gate: bool
    ask_condition: bool
    after: Callable[[Rules, State, Inputs], Beam]


ORDER = {
    #                      output  gate   condition
    Beam.DARK: BeamRow(False, False, False, _stays_dark),
    Beam.CLEARING: BeamRow(False, False, False, _after_clearing),
    Beam.WAITING: BeamRow(False, True, False, _after_waiting),
    Beam.CLOSING: BeamRow(False, True, False, _after_closing),
    Beam.CHECKING: BeamRow(False, True, True, _after_checking),
    Beam.MOVING: BeamRow(False, True, False, _after_moving),
    Beam.STARTING: BeamRow(True, True, False, _after_starting),
    Beam.EMITTING: BeamRow(True, True, False, _after_emitting),
}
