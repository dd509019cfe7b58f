"""The account of light: measured power, treatment clock, dose and the set point of the next tick."""

from __future__ import annotations

from math import exp

from tosca_kiosk.domain.protocol import Protocol
from tosca_kiosk.domain.records import Inputs
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.state import Beam, State

LIGHT_SEEN_W = 0.1
"""Below this the photodiode cannot tell light from its dark level; the read-back alone confirms it."""

MAX_TICK_S = 0.2
"""A gap longer than this is not accounted as light: the loop's own interlock ends it."""


def account(rules: Rules, state: State, inputs: Inputs) -> None:
    """Bring the account from the last tick to this one; `state` is the caller's own copy."""
    dt_s = inputs.now_s - state.now_s
    dt_s = dt_s if 0.0 <= dt_s <= MAX_TICK_S else 0.0
    _measure(rules, state, inputs)
    _expect(rules, state, inputs, dt_s)
    measured_w = state.measured_w or 0.0
    if state.beam is Beam.EMITTING:
        state.emission_s += dt_s
        state.commanded_j += state.command_w * dt_s
        state.max_measured_w = max(state.max_measured_w, measured_w)
        if light_confirmed(state, inputs):
            state.elapsed_s += dt_s
    if light_possible(rules, state, inputs):
        state.measured_j += measured_w * dt_s


def light_possible(rules: Rules, state: State, inputs: Inputs) -> bool:
    """Whether measured power counts as dose: while the output is on, and until it must be dark."""
    dark_since_s = state.dark_since_s
    if dark_since_s is None:
        return True
    return state.emission_s > 0.0 and inputs.now_s - dark_since_s <= rules.limits.photodiode_dark_after_s


def light_confirmed(state: State, inputs: Inputs) -> bool:
    """Whether the treatment clock may run: output read back on, and light seen where it can be seen."""
    laser = inputs.laser
    if laser is None or not laser.output_on or state.measured_w is None:
        return False
    return state.measured_w >= LIGHT_SEEN_W or state.command_w < 2 * LIGHT_SEEN_W


def dose_j(state: State) -> float:
    """Return the dose so far: the larger of commanded and measured energy."""
    return max(state.commanded_j, state.measured_j)


def dose_limit_j(rules: Rules, protocol: Protocol) -> float:
    """Return the dose at which the treatment ends."""
    return rules.limits.dose_margin * protocol.planned_energy_j


def _measure(rules: Rules, state: State, inputs: Inputs) -> None:
    board = inputs.board
    if board is None or rules.calibrations is None:
        state.measured_w = None
        return
    state.measured_w = rules.calibrations.measured_power_w(board.photodiode_v)


def _expect(rules: Rules, state: State, inputs: Inputs, dt_s: float) -> None:
    laser = inputs.laser
    if state.beam is not Beam.EMITTING or laser is None or rules.calibrations is None:
        state.expected_w = 0.0
        return
    confirmed_w = rules.calibrations.power_w(laser.set_current_ma)
    state.expected_w += (confirmed_w - state.expected_w) * (1.0 - exp(-dt_s / rules.limits.light_lag_s))


def next_setpoint_w(rules: Rules, state: State, protocol: Protocol) -> float:
    """Return the power to command: the protocol's at its clock, risen no faster than the slew limit.

    Never over the limit in force. One set-point period's rise at most, however long the last one lasted.
    """
    limits = rules.limits
    wanted_w = min(protocol.power_w(state.elapsed_s), rules.power_limit_w)
    rise_w = limits.max_power_slew_w_per_s / limits.setpoint_rate_hz
    return min(wanted_w, state.command_w + rise_w)
