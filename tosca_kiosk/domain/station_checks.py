"""The predicates of the interlock rows that hold a calibration's light, in place of those it cannot have.

As in `checks`: accept if inside. Bounds are tighter than a treatment's limits, for nothing says here how much
light a current should give.
"""

from __future__ import annotations

from tosca_kiosk.domain import checks, light
from tosca_kiosk.domain.inputs import Inputs
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.state import Beam, State

CURRENT_SLACK_MA = 5.0
"""A set current is read back in the instrument's own steps."""
LIGHT_SLACK_S = 0.1
"""A station's light ends in the tick after its time; what goes on for longer is a fault."""


def bound_w(rules: Rules, current_ma: float) -> float:
    """Return the power that a current cannot exceed on any module, in W; 0 without a calibration's bounds."""
    session = rules.calibration_session
    return 0.0 if session is None else current_ma * session.bounds.most_w_per_ma


def current_within_station(rules: Rules, state: State, inputs: Inputs) -> bool:
    """The current, as set and as measured, is no more than the station's."""
    laser, station = inputs.laser, rules.station(state)
    if laser is None:
        return True
    if station is None:
        return False
    measured_at_most_ma = station.current_ma + rules.limits.laser_current_ma
    return (
        laser.set_current_ma <= station.current_ma + CURRENT_SLACK_MA
        and laser.measured_current_ma <= measured_at_most_ma
    )


def set_current_follows(rules: Rules, state: State, inputs: Inputs) -> bool:
    """The set current read back is near the commanded one."""
    laser = inputs.laser
    if laser is None or state.beam is not Beam.EMITTING:
        return True
    return abs(laser.set_current_ma - state.command_ma) <= rules.limits.laser_current_ma


def light_within_station(rules: Rules, state: State, inputs: Inputs) -> bool:
    """The station's light has not gone on for longer than its time."""
    station = rules.station(state)
    return station is not None and state.lit_s <= station.light_s + LIGHT_SLACK_S


def energy_within_bound(rules: Rules, state: State, inputs: Inputs) -> bool:
    """The session's energy keeps to its bound; before light, with all that the station's would add."""
    session, station = rules.calibration_session, rules.station(state)
    if session is None or station is None:
        return False
    coming_j = 0.0 if _lit(state) else bound_w(rules, station.current_ma) * station.light_s
    return light.dose_j(state) + coming_j <= session.bounds.energy_j


def time_within_bound(rules: Rules, state: State, inputs: Inputs) -> bool:
    """The session is not older than its bound; before light, at the latest end of the station's light."""
    session, station = rules.calibration_session, rules.station(state)
    if session is None or station is None:
        return False
    coming_s = 0.0 if _lit(state) else station.light_s + rules.limits.armed_max_s
    return inputs.now_s + coming_s <= session.bounds.duration_s


def photodiode_under_ceiling(rules: Rules, state: State, inputs: Inputs) -> bool:
    """The photodiode reads a number, and less than the ceiling; an absent board is another row's matter."""
    session, board = rules.calibration_session, inputs.board
    if board is None:
        return True
    return session is not None and abs(board.photodiode_v) <= session.bounds.photodiode_v


def light_is_seen(rules: Rules, state: State, inputs: Inputs) -> bool:
    """From a current on the photodiode must see its light: a blocked one bounds nothing."""
    session, board, laser = rules.calibration_session, inputs.board, inputs.laser
    if board is None or laser is None or state.beam is not Beam.EMITTING:
        return True
    if session is None:
        return False
    return laser.set_current_ma < session.bounds.seen_from_ma or not checks.reads_dark(
        rules, board.photodiode_v
    )


def _lit(state: State) -> bool:
    return state.beam in checks.LIT_BEAMS
