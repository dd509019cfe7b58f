"""The predicates of the interlock table: each says whether its interlock passes, from fresh data alone.

Accept if inside: a missing, stale or NaN value is never inside. Pure, and cheap enough for every tick.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from operator import attrgetter

from tosca_kiosk.domain.condition_bits import (
    TEC_FORBIDDEN,
)
from tosca_kiosk.domain.inputs import Inputs
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.state import Beam, Phase, State

Check = Callable[[Rules, State, Inputs], bool]

LATEST_S = 1e9  # session times beyond are no times of a session

CLOCK_SLACK_S = 0.001  # a measurement may seem this much newer than the tick that reads it

# What a whole thermistor at the laser can read: an open one reads far colder, a shorted one far hotter.
TEC_COLDEST_C, TEC_HOTTEST_C = -40.0, 120.0

GATE_OPEN_BEAMS = frozenset({Beam.DARK, Beam.CLEARING, Beam.WAITING, Beam.CLOSING})
LIT_BEAMS = frozenset({Beam.STARTING, Beam.EMITTING})


def limit_of(rules: Rules, name: str) -> float:
    """Return a limit by the name that a row of the tables gives it."""
    return float(getattr(rules.limits, name))


def fresh(now_s: float, measured_s: float | None, within_s: float) -> bool:
    """Whether a measurement is known and no older than within_s."""
    return measured_s is not None and -CLOCK_SLACK_S <= now_s - measured_s <= within_s


def board_fresh(rules: Rules, state: State, inputs: Inputs) -> bool:
    """The board's status is under 100 ms old by the board's own clock."""
    board = inputs.board
    return board is not None and fresh(inputs.now_s, board.measured_s, rules.limits.board_fresh_s)


def board_present(rules: Rules, state: State, inputs: Inputs) -> bool:
    """The board is neither unknown nor lost."""
    return inputs.board is not None


def laser_present(rules: Rules, state: State, inputs: Inputs) -> bool:
    """The laser driver is neither unknown nor lost."""
    return inputs.laser is not None


def tec_present(rules: Rules, state: State, inputs: Inputs) -> bool:
    """The temperature controller is neither unknown nor lost."""
    return inputs.tec is not None


def stage_present(rules: Rules, state: State, inputs: Inputs) -> bool:
    """The ring stage is neither unknown nor lost."""
    return inputs.stage is not None


def pedal_pressed(rules: Rules, state: State, inputs: Inputs) -> bool:
    """The pedal is held, on fresh data."""
    return inputs.board is not None and inputs.board.pedal_pressed and board_fresh(rules, state, inputs)


def pedal_up(rules: Rules, state: State, inputs: Inputs) -> bool:
    """The pedal is up, on fresh data."""
    return inputs.board is not None and not inputs.board.pedal_pressed and board_fresh(rules, state, inputs)


def stop_loop_closed(rules: Rules, state: State, inputs: Inputs) -> bool:
    """The emergency-stop loop is healthy; an absent board is its own interlock's matter."""
    return inputs.board is None or inputs.board.stop_loop_closed


def screen_stop_clear(rules: Rules, state: State, inputs: Inputs) -> bool:
    """STOP on the screen is not pressed."""
    return not state.stop_pressed


def smoothing_healthy(rules: Rules, state: State, inputs: Inputs) -> bool:
    """The motor runs and its vibration is healthy; an absent board is its own interlock's matter."""
    board = inputs.board
    return board is None or (board.motor_on and board.vibration_healthy)


def no_board_fault(mask: int) -> Check:
    """Make the check that none of the latched board faults in mask is set."""

    def check(rules: Rules, state: State, inputs: Inputs) -> bool:
        return inputs.board is None or not inputs.board.faults & mask

    return check


def gate_holds(rules: Rules, state: State, inputs: Inputs) -> bool:
    """The gate's read-back stays closed from the check until the light is off.

    An open stop loop and the board's own faults open it too; these have rows of their own.
    """
    board = inputs.board
    if board is None or state.beam in GATE_OPEN_BEAMS or board.gate_closed:
        return True
    return pedal_let_go(inputs) or not board.stop_loop_closed or bool(board.faults)


def pedal_lifted(rules: Rules, state: State) -> bool:
    """Return whether a press now would be a foot's: the pedal was seen up for pedal_lifted_s on end.

    A contact that fails for some milliseconds under a held foot must not bring the light back by itself.
    """
    return state.pedal_up_since_s is not None and state.pedal_up_s >= rules.limits.pedal_lifted_s


def pedal_let_go(inputs: Inputs) -> bool:
    """Return whether the pedal is up.

    Then the light ends in this tick by the release itself, and what the release brings about (the board opens
    the gate, the laser's interlock drops the output with error 501) is no failure of its own.
    """
    return inputs.board is not None and not inputs.board.pedal_pressed


def beam_in_time(beam: Beam, within: str) -> Check:
    """Make the check that one part of the switch-on order takes no longer than the named limit."""

    def check(rules: Rules, state: State, inputs: Inputs) -> bool:
        if state.beam is not beam or state.phase is not Phase.TREATING:
            return True
        return inputs.now_s - state.beam_since_s <= limit_of(rules, within)

    return check


def photodiode_warning(rules: Rules, state: State, inputs: Inputs) -> bool:
    """Measured power is near the expected power."""
    limits = rules.limits
    tolerance_w = max(limits.photodiode_warning_fraction * state.expected_w, limits.photodiode_warning_w)
    return state.measured_w is not None and abs(state.measured_w - state.expected_w) <= tolerance_w


def _fault_tolerance_w(rules: Rules, state: State) -> float:
    limits = rules.limits
    return max(limits.photodiode_fault_fraction * state.expected_w, limits.photodiode_fault_w)


def power_not_over(rules: Rules, state: State, inputs: Inputs) -> bool:
    """Measured power is not far over the expected power."""
    if inputs.board is None:
        return True
    measured_w = state.measured_w
    return measured_w is not None and measured_w - state.expected_w <= _fault_tolerance_w(rules, state)


def power_not_under(rules: Rules, state: State, inputs: Inputs) -> bool:
    """Measured power is not far under the expected power."""
    if inputs.board is None:
        return True
    measured_w = state.measured_w
    return measured_w is not None and state.expected_w - measured_w <= _fault_tolerance_w(rules, state)


def reads_dark(rules: Rules, photodiode_v: float) -> bool:
    """Whether a photodiode's voltage says that no light is there; a value that is no number says nothing."""
    return abs(photodiode_v) <= rules.limits.photodiode_dark_v


def photodiode_dark(rules: Rules, state: State, inputs: Inputs) -> bool:
    """No light is seen from 100 ms after the output was asked off."""
    board = inputs.board
    if board is None or state.dark_since_s is None:
        return True
    if board.measured_s - state.dark_since_s <= rules.limits.photodiode_dark_after_s:
        return True
    return reads_dark(rules, board.photodiode_v)


def power_within_limit(rules: Rules, state: State, inputs: Inputs) -> bool:
    """Measured power is within the limit in force."""
    if rules.photodiode is None or inputs.board is None:
        return True
    limits = rules.limits
    measured_w = state.measured_w
    ceiling_w = rules.power_limit_w * limits.power_limit_fraction + limits.power_limit_margin_w
    return measured_w is not None and measured_w <= ceiling_w


def converter_not_saturated(rules: Rules, state: State, inputs: Inputs) -> bool:
    """The photodiode's converter is under its end of scale, and what it says is a number."""
    board = inputs.board
    return board is None or (not board.photodiode_saturated and isfinite(board.photodiode_v))


def vibration_rested(rules: Rules, state: State, inputs: Inputs) -> bool:
    """The sensor has shown no vibration since the motor last stood; an absent board is another's matter."""
    return state.vibration_rested or inputs.board is None


def tec_running(rules: Rules, state: State, inputs: Inputs) -> bool:
    """The TEC answers, its output is on, its sensor is whole, its set point is one and no trip bit is set."""
    tec = inputs.tec
    if tec is None or not tec.output_on or tec.condition & TEC_FORBIDDEN:
        return False
    if not TEC_COLDEST_C <= tec.temperature_c <= TEC_HOTTEST_C or not isfinite(tec.setpoint_c):
        return False
    now_s, within_s = inputs.now_s, rules.limits.tec_fresh_s
    return (
        fresh(now_s, tec.temperature_asked_s, within_s)
        and fresh(now_s, tec.output_asked_s, within_s)
        and fresh(now_s, tec.condition_asked_s, within_s)
    )


def tec_settled(rules: Rules, state: State, inputs: Inputs) -> bool:
    """The temperature has been at the set point for as long as arming asks."""
    since_s = state.tec_settled_since_s
    return since_s is not None and inputs.now_s - since_s >= rules.limits.tec_arm_s


def tec_within(band: str) -> Check:
    """Make the check that the temperature is within the band that the named limit gives."""
    band_c: Callable[[Rules], float] = attrgetter(f"limits.{band}")

    def check(rules: Rules, state: State, inputs: Inputs) -> bool:
        tec = inputs.tec
        return tec is None or abs(tec.temperature_c - rules.tec_setpoint_c) <= band_c(rules)

    return check


def stage_healthy(rules: Rules, state: State, inputs: Inputs) -> bool:
    """The stage streams numbers, knows its index and has no trip."""
    stage = inputs.stage
    if stage is None or not stage.index_known or stage.trips:
        return False
    if not isfinite(stage.position_um + stage.target_um):
        return False
    return fresh(inputs.now_s, stage.measured_s, rules.limits.stage_fresh_s)


def stage_in_position(rules: Rules, state: State, inputs: Inputs) -> bool:
    """The ring has the size of the present step, or the stage stands where the station wants it."""
    stage = inputs.stage
    if stage is None:
        return True
    wanted_um = stage_target_um(rules, state)
    if not stage.settled:
        return False
    if wanted_um is None:  # a station that leaves the stage where it stands
        return rules.station(state) is not None
    return abs(stage.position_um - wanted_um) <= rules.limits.stage_tolerance_um


def stage_target_um(rules: Rules, state: State) -> float | None:
    """Where the present step or station wants the stage, in micrometres; None without a session."""
    return rules.stage_target_um(state) if state.session_open else None


def camera_fresh(within: str) -> Check:
    """Make the check that the newest valid frame is as young as the named limit asks."""
    within_s: Callable[[Rules], float] = attrgetter(f"limits.{within}")

    def check(rules: Rules, state: State, inputs: Inputs) -> bool:
        return not rules.camera_required or fresh(inputs.now_s, inputs.frame_s, within_s(rules))

    return check


def camera_sees(rules: Rules, state: State, inputs: Inputs) -> bool:
    """The newest picture is neither black nor clipped all over."""
    return not (rules.camera_required and inputs.frame_covered)


def runtime_in_place(rules: Rules, state: State, inputs: Inputs) -> bool:
    """The folder in which the cart's processes meet is the one that they began in."""
    return inputs.runtime_ok


def self_tested(rules: Rules, state: State, inputs: Inputs) -> bool:
    """A self-test has passed that still counts."""
    return inputs.self_test_problem is None


def real_time_kept(rules: Rules, state: State, inputs: Inputs) -> bool:
    """Nothing that control cannot help may delay it, or the site has allowed light all the same."""
    return inputs.real_time_problem is None


def session_open(rules: Rules, state: State, inputs: Inputs) -> bool:
    """A session is open, with light that is still to be given."""
    return (
        state.session_open
        and not state.finished
        and (rules.protocol is not None or station_due(rules, state))
    )


def station_due(rules: Rules, state: State) -> bool:
    """Whether a station of a calibration is selected whose light is still to be given."""
    station = rules.station(state)
    return (
        station is not None and station.current_ma > 0.0 and station.light_s > 0.0 and not state.station_lit
    )


def calibrated(rules: Rules, state: State, inputs: Inputs) -> bool:
    """Every calibration fits its connected device."""
    return rules.calibrations is not None and rules.calibration_problem is None


def rules_as_recorded(rules: Rules, state: State, inputs: Inputs) -> bool:
    """The record was read and says the very rules that this session runs under."""
    return inputs.rules_problem is None


def operator_alive(rules: Rules, state: State, inputs: Inputs) -> bool:
    """The operator's screen has just shown a sign of life."""
    return fresh(inputs.now_s, inputs.operator_s, rules.limits.operator_fresh_s)


def clock_runs(rules: Rules, state: State, inputs: Inputs) -> bool:
    """Session time is a number and has not gone backwards."""
    return state.now_s <= inputs.now_s < LATEST_S


def loop_on_time(rules: Rules, state: State, inputs: Inputs) -> bool:
    """No tick is far late, nor far early, and ticks do not keep overrunning their period."""
    limits = rules.limits
    return abs(inputs.late_s) <= limits.late_tick_s and 0.0 <= inputs.overrun_s < limits.overrun_span_s


def journal_written(rules: Rules, state: State, inputs: Inputs) -> bool:
    """The last journal write took every byte."""
    return inputs.journal_ok


def disk_has_room(rules: Rules, state: State, inputs: Inputs) -> bool:
    """There is room for the session's record."""
    return inputs.disk_ok
