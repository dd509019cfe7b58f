"""The account of light: measured power, treatment clock, dose and the set point of the next tick."""

from __future__ import annotations

from math import exp, isfinite

from tosca_kiosk.domain import checks, laser_checks
from tosca_kiosk.domain.condition_bits import BIT_INTERLOCK_OPEN
from tosca_kiosk.domain.inputs import Inputs
from tosca_kiosk.domain.plan import Plan
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.state import Beam, State

LIGHT_SEEN_W = 0.1
"""Below this the photodiode cannot tell light from its dark level; the read-back alone confirms it."""

GATE_OFF_S = 0.01
"""From an off to darkness by the gate: measured 7 ms (the board's line, its loop, the relay)."""

SHORT_TICK_S = 0.05
MAX_TICK_S = 0.25
"""In a gap the larger of the readings around it counts; after 0.25 s the board has opened the gate."""

MOST_W = 1000.0
"""Far over all that a converter can tell: a reading beyond counts as this, and the dose stays a number."""


def account(rules: Rules, state: State, inputs: Inputs) -> None:
    """Bring the account from the last tick to this one; `state` is the caller's own copy."""
    dt_s = elapsed_s(state, inputs)
    lit_s = lit_gap_s(rules, state, inputs)
    before_w = state.measured_w
    _measure(rules, state, inputs)
    _expect(rules, state, inputs, dt_s)
    power_w = _counted_w(state, before_w, dt_s)
    if state.beam is Beam.EMITTING:
        state.emission_s += dt_s
        state.commanded_j += state.command_w * lit_s
        state.lit_s += lit_s
        state.max_measured_w = max(state.max_measured_w, state.measured_w or 0.0)
        state.lit_beyond_s += lit_s - dt_s
        if light_confirmed(rules, state, inputs):
            state.elapsed_s += dt_s
        _note_what_an_off_must_end(rules, state, inputs)
    elif state.unended_w > 0.0:
        # The interval that ends with the proof counts too: the light ended somewhere inside it.
        state.commanded_j += state.unended_w * lit_s
        if light_ended(rules, state, inputs):
            state.unended_w = 0.0
    if (beyond_s := _lit_beyond_s(rules, state, inputs, lit_s)) > 0.0:
        state.lit_beyond_s += beyond_s
        state.max_measured_w = max(state.max_measured_w, state.measured_w or 0.0)
    if light_possible(rules, state, inputs):
        state.measured_j += min(power_w, MOST_W) * lit_s


def elapsed_s(state: State, inputs: Inputs) -> float:
    """Return the time since the last tick as far as it is accounted; 0 for a clock that does not run."""
    gap_s = inputs.now_s - state.now_s
    return min(gap_s, MAX_TICK_S) if gap_s >= 0.0 else 0.0


def lit_gap_s(rules: Rules, state: State, inputs: Inputs) -> float:
    """Return the time since the last tick for which light counts, where there was any.

    A gap's light ends with the board's watchdog, unless the board's word after it says otherwise: a gate
    still closed, or light behind one that is open (a bridged loop). Then nothing ended it.
    """
    dt_s, board = elapsed_s(state, inputs), inputs.board
    if dt_s < MAX_TICK_S or board is None or not checks.clock_runs(rules, state, inputs):
        return dt_s
    went_on = board.gate_closed or not checks.reads_dark(rules, board.photodiode_v)
    return inputs.now_s - state.now_s if went_on else dt_s


def _note_what_an_off_must_end(rules: Rules, state: State, inputs: Inputs) -> None:
    """Keep the power that goes on until an off is proved, and when the photodiode last saw this light.

    The set point read back may be above the commanded one where a fall has not reached the laser yet; above
    the limit in force it is none of ours. A gate that opens under a lifted pedal is dark before the tick that
    sees it: such a tick says nothing of the photodiode.
    """
    board = inputs.board
    state.unended_w = max(state.command_w, min(state.expected_w, rules.power_limit_w))
    if board is None or not board.gate_closed or not board.pedal_pressed:
        return
    seen = state.measured_w is not None and state.measured_w >= LIGHT_SEEN_W
    if seen and checks.power_not_under(rules, state, inputs):
        state.light_seen_s = inputs.now_s


def light_ended(rules: Rules, state: State, inputs: Inputs) -> bool:
    """Whether it is proved that no light of the last set current leaves any more.

    An off is a wish: the driver's line may be slow or cut, so the power counts on until proof. Proof is the
    laser's own word, asked for after the off: output off at current 0, or its interlock open.

    The gate's read-back alone is none. A welded gate says "closed" and so proves nothing; but a bridged loop
    says "open" while the laser shines on, and that is seen only by the laser's interlock bit or by light. So
    an open gate counts together with one of them: the bit, or a photodiode that saw this very light just
    before, while the gate was closed, and is dark now. A blocked photodiode saw none and is not believed.
    Where the laser is silent and the photodiode blind, nothing proves the off, whatever the gate says, and
    the power counts on until the session is closed: too much rather than hidden.
    """
    since_s, laser, board = state.dark_since_s, inputs.laser, inputs.board
    if since_s is None:
        return False
    if laser_checks.laser_is_off(laser, since_s):
        return True
    if board is None or board.gate_closed:
        return False
    if laser is not None and laser.condition & BIT_INTERLOCK_OPEN and laser.condition_asked_s > since_s:
        return True
    seen_s, limits = state.light_seen_s, rules.limits
    sees = seen_s is not None and since_s - seen_s <= limits.photodiode_dark_after_s
    return sees and board.measured_s > since_s and checks.reads_dark(rules, board.photodiode_v)


def _counted_w(state: State, before_w: float | None, dt_s: float) -> float:
    """Return the power that counts since the last tick; what is not known counts as commanded."""
    if state.measured_w is None:
        return max(state.expected_w, state.command_w, state.unended_w)
    if dt_s <= SHORT_TICK_S or before_w is None:
        return state.measured_w
    return max(state.measured_w, before_w)


def light_possible(rules: Rules, state: State, inputs: Inputs) -> bool:
    """Whether measured power is dose: while the output is on, until it must be dark, and when it is not."""
    dark_since_s, limits = state.dark_since_s, rules.limits
    if dark_since_s is None:
        return True
    if state.emission_s > 0.0 and inputs.now_s - dark_since_s <= limits.photodiode_dark_after_s:
        return True
    return inputs.board is not None and not checks.reads_dark(rules, inputs.board.photodiode_v)


def _lit_beyond_s(rules: Rules, state: State, inputs: Inputs, lit_s: float) -> float:
    """Return the time for which light has gone on that no off has ended, as far as this tick shows it.

    Until it must be dark, what is measured is the light's end and adds no time; where it is not dark then,
    all the time since the off counts.
    """
    off_s, board = state.dark_since_s, inputs.board
    if off_s is None or board is None or checks.reads_dark(rules, board.photodiode_v):
        return 0.0
    may_end_s = off_s + rules.limits.photodiode_dark_after_s if state.emission_s > 0.0 else off_s
    if inputs.now_s <= may_end_s:
        return 0.0
    return lit_s if state.now_s > may_end_s else state.now_s - off_s + lit_s


def light_confirmed(rules: Rules, state: State, inputs: Inputs) -> bool:
    """Whether the treatment clock may run: output read back on, and light seen where it can be seen."""
    laser, plan = inputs.laser, rules.plan_in_force(state)
    if laser is None or not laser.output_on or state.measured_w is None or plan is None:
        return False
    return state.measured_w >= LIGHT_SEEN_W or plan.power_w(state.elapsed_s) < 2 * LIGHT_SEEN_W


def dose_j(state: State) -> float:
    """Return the dose so far: the larger of commanded and measured energy.

    Where the photodiode is whole, or laser and diode together are, no more light than this has left: both
    count from the first light to the proof that it ended (see light_ended).
    """
    return max(state.commanded_j, state.measured_j)


def dose_reached(rules: Rules, state: State, inputs: Inputs, plan: Plan) -> bool:
    """Whether the dose limit is reached, or would be passed before the next tick's off is dark."""
    power_w = max(state.command_w, state.measured_w or 0.0)
    ahead_s = elapsed_s(state, inputs) + GATE_OFF_S
    return dose_j(state) + power_w * ahead_s >= dose_limit_j(rules, plan)


def dose_limit_j(rules: Rules, plan: Plan) -> float:
    """Return the dose at which the treatment ends."""
    return rules.limits.dose_margin * plan.planned_energy_j


def _measure(rules: Rules, state: State, inputs: Inputs) -> None:
    board, photodiode = inputs.board, rules.photodiode
    if board is None or photodiode is None:
        state.measured_w = None
        return
    measured_w = photodiode.power_w(board.photodiode_v)
    state.measured_w = measured_w if isfinite(measured_w) else None


def _expect(rules: Rules, state: State, inputs: Inputs, dt_s: float) -> None:
    laser = inputs.laser
    if state.beam is not Beam.EMITTING or laser is None or rules.calibrations is None:
        state.expected_w = 0.0
        return
    confirmed_w = rules.calibrations.power_w(laser.set_current_ma)
    if not isfinite(confirmed_w):
        return
    state.expected_w += (confirmed_w - state.expected_w) * (1.0 - exp(-dt_s / rules.limits.light_lag_s))


def next_setpoint_w(rules: Rules, state: State, plan: Plan, now_s: float) -> float:
    """Return the power to command: the plan's at its clock, risen no faster than the slew limit.

    Never over the limit in force. It rises for the time since the last set point, one period at most.
    """
    limits = rules.limits
    wanted_w = min(plan.power_w(state.elapsed_s), rules.power_limit_w)
    rise_s = min(now_s - state.setpoint_s, 1.0 / limits.setpoint_rate_hz)
    return min(wanted_w, state.command_w + limits.max_power_slew_w_per_s * max(rise_s, 0.0))
