"""What a calibration's session runs under: the stations that the cart goes to, and the bounds of its light.

A calibration is measured where the one that it is to become is missing or not believed. Its light therefore
has no watts to be held to: each station has a current and a time, and the whole has bounds that the site's
configuration gives. How they are judged stands in `station_checks`.
"""

from __future__ import annotations

import msgspec

from tosca_kiosk.domain.calibration import PhotodiodeCalibration


class Station(msgspec.Struct, frozen=True, kw_only=True):
    """One state of the cart in which something is measured.

    stage_position_um: None leaves the stage where it stands. motor_pwm: of 255, of the smoothing motor
    while the station is dark; 0 is off. current_ma, light_s: of its light, both 0 where it has none; light
    comes by arming and the pedal as ever, and ends by itself after light_s.
    """

    stage_position_um: float | None = None
    motor_pwm: int = 0
    current_ma: float = 0.0
    light_s: float = 0.0


class LightBounds(msgspec.Struct, frozen=True, kw_only=True):
    """What light of a calibration keeps to, by the cart's configuration.

    current_ma, light_s: of one station at most. photodiode_v: the board's reading stays under it. energy_j:
    of the whole session, counted as if the current gave most_w_per_ma, which no module gives. duration_s:
    from the opening; no light after it. seen_from_ma: from this current on the photodiode must see light.
    """

    current_ma: float = 11_000.0
    light_s: float = 20.0
    photodiode_v: float = 4.75
    energy_j: float = 6_000.0
    duration_s: float = 3_600.0
    most_w_per_ma: float = 0.0015
    seen_from_ma: float = 2_000.0


class CalibrationSession(msgspec.Struct, frozen=True, kw_only=True):
    """kind: of the procedure. photodiode: the calibration in force, where the procedure believes it."""

    kind: str
    stations: tuple[Station, ...]
    bounds: LightBounds
    photodiode: PhotodiodeCalibration | None = None
