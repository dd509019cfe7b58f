"""Whether a calibration's session keeps to what a cart allows: its bounds, and every station within them."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

import msgspec

from tosca_kiosk.domain.calibration_session import CalibrationSession, LightBounds, Station

MOST_STATIONS = 100
MOST_PWM = 153
"""Of 255: the board gives the smoothing motor no more than 3.0 V."""


def looser_bounds(given: LightBounds, allowed: LightBounds) -> Iterator[str]:
    """Yield each bound that is no number or looser than allowed."""
    for name in msgspec.structs.fields(LightBounds):
        value, most = getattr(given, name.name), getattr(allowed, name.name)
        # What light is counted by must not be less than the most that any module gives.
        tight = value == most if name.name == "most_w_per_ma" else 0.0 < value <= most
        if not tight:
            yield f"{name.name}: {value:g} given, {most:g} allowed"


def station_problems(
    session: CalibrationSession, travel_min_um: float, travel_max_um: float, laser_current_limit_ma: float
) -> Iterator[str]:
    """Yield where a station asks for more than its session's bounds or the cart's own limits allow."""
    if not 1 <= len(session.stations) <= MOST_STATIONS:
        yield f"stations: {len(session.stations)} given, 1 to {MOST_STATIONS} allowed"
    most_ma = min(session.bounds.current_ma, laser_current_limit_ma)
    for index, station in enumerate(session.stations):
        path = f"stations[{index}]"
        yield from (f"{path}.{text}" for text in _light_problems(station, most_ma, session.bounds))
        place_um = station.stage_position_um
        if place_um is not None and not travel_min_um <= place_um <= travel_max_um:
            allowed = f"{travel_min_um:g} to {travel_max_um:g} allowed"
            yield f"{path}.stage_position_um: {place_um:g} given, {allowed}"
        if not 0 <= station.motor_pwm <= MOST_PWM:
            yield f"{path}.motor_pwm: {station.motor_pwm} given, 0 to {MOST_PWM} allowed"


def _light_problems(station: Station, most_ma: float, bounds: LightBounds) -> Iterator[str]:
    if not 0.0 <= station.current_ma <= most_ma:
        yield f"current_ma: {station.current_ma:g} given, 0 to {most_ma:g} allowed"
    if not 0.0 <= station.light_s <= bounds.light_s:
        yield f"light_s: {station.light_s:g} given, 0 to {bounds.light_s:g} allowed"
    lit = station.current_ma > 0.0, station.light_s > 0.0
    if isfinite(station.current_ma + station.light_s) and lit[0] is not lit[1]:
        yield "current_ma and light_s: both of them, or neither"
    if lit[0] and station.motor_pwm:
        yield "motor_pwm: under light the motor runs as configured"
