"""The light of a calibration's stations: one at a time, selected in the dark, each armed and pressed for.

It goes the same way as a treatment's, through every phase and every part of the order of switching on.
"""

from __future__ import annotations

from tosca_kiosk.domain.calibration_session import Station
from tosca_kiosk.domain.inputs import Command
from tosca_kiosk.domain.selecting import station_number
from tosca_kiosk.domain.state import Phase
from tosca_kiosk.domain.station_checks import bound_w
from tosca_kiosk.domain.tick import Tick


def select(tick: Tick, command: Command) -> None:
    """Go to a station; its light is all still to be given."""
    state = tick.state
    state.station, state.station_lit, state.lit_s = station_number(command), False, 0.0


def set_current(tick: Tick, station: Station) -> None:
    """Raise the current to the station's, as fast as a treatment's power may rise by the light's bound."""
    state, rules = tick.state, tick.rules
    slot = tick.slot()
    if slot <= state.setpoint_slot or rules.calibration_session is None:
        return
    limits = rules.limits
    most_ma_per_s = limits.max_power_slew_w_per_s / rules.calibration_session.bounds.most_w_per_ma
    rise_s = max(0.0, min(tick.now_s - state.setpoint_s, 1.0 / limits.setpoint_rate_hz))
    current_ma = min(station.current_ma, state.command_ma + most_ma_per_s * rise_s)
    if current_ma != state.command_ma:
        state.slewed_s = tick.now_s
    state.setpoint_slot, state.setpoint_s = slot, tick.now_s
    state.command_ma, state.command_w = current_ma, bound_w(rules, current_ma)


def leave(tick: Tick) -> None:
    """End the light of a station: by its time, or by the pedal, behind which it is to be given anew."""
    state, station = tick.state, tick.rules.station(tick.state)
    if station is None or state.lit_s >= station.light_s:
        state.station_lit = True
        tick.rows.step_finished()
        tick.enter(Phase.READY)
    elif tick.inputs.board is not None and not tick.inputs.board.pedal_pressed:
        tick.pause("footpedal_release")
        tick.rows.released()
        tick.enter(Phase.READY)


def motor_pwm(tick: Tick) -> int | None:
    """Return the PWM at which a dark station wants the smoothing motor, None where it wants none."""
    state, station = tick.state, tick.rules.station(tick.state)
    wanted = station is not None and station.motor_pwm > 0 and state.session_open
    return station.motor_pwm if wanted and station is not None and state.phase is Phase.READY else None
