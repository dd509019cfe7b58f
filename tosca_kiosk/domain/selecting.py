"""Which station of a calibration a command selects, and when it is refused."""

from __future__ import annotations

from math import isfinite

from tosca_kiosk.domain import laser_checks
from tosca_kiosk.domain.inputs import Command, Inputs
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.state import State


def why_not_select(rules: Rules, state: State, inputs: Inputs, command: Command) -> str | None:
    """Return why a station is not selected, None where it is."""
    session = rules.calibration_session
    if session is None or not state.session_open:
        return "no calibration is open"
    if state.finished:
        return "the calibration is finished"
    number = station_number(command)
    if number is None or not 0 <= number < len(session.stations):
        return f"{command.value} is no station; there are 0 to {len(session.stations) - 1}"
    if state.hold_since_s is not None:
        return "ARM is held: let go of it first"
    return (
        "wait until the laser is read back off"
        if laser_checks.light_may_leave(rules, state, inputs)
        else None
    )


def station_number(command: Command) -> int | None:
    """Return the station that a command names, None where it names none."""
    value = command.value
    return int(value) if value is not None and isfinite(value) and value == int(value) else None
