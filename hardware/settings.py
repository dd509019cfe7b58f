"""What a configuration says about each device, checked before any port is opened.

port: sim://NAME, a device file, usb://SERIAL (see `usb_serial`) or socket://HOST:PORT.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LaserSettings:
    """An Arroyo LaserSource. serial_number is compared with *IDN?; limits are written and read back."""

    port: str
    baud: int = 38400
    model: str
    serial_number: str
    current_limit_ma: float
    voltage_limit_v: float
    tolerance_ma: float = 100.0
    tolerance_s: float = 1.0
    outoff_bits: int = 40350
    on_delay_ms: int = 0
    answer_timeout_s: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class TecSettings:
    """An Arroyo TECSource."""

    port: str
    baud: int = 38400
    model: str
    serial_number: str
    setpoint_c: float
    limit_low_c: float
    limit_high_c: float
    current_limit_a: float
    tolerance_c: float = 0.1
    tolerance_s: float = 5.0
    outoff_bits: int = 1240
    answer_timeout_s: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class StageSettings:
    """A Xeryon XLA-5-125 actuator. travel: what the cart's optics may use, about the index."""

    port: str
    baud: int = 9600
    serial_number: str
    travel_min_um: float
    travel_max_um: float
    speed_um_per_s: float = 2000.0
    index_direction: int = 0
    answer_timeout_s: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraSettings:
    """A camera. driver: simulated, opencv or vmbpy.

    source: what opencv opens: a number, a device file, a recording, a URL. serial_number: the vmbpy camera's.
    exposure_us, gain_db: set when it is opened; None leaves the camera's own. um_per_px: a pixel's side on
    the tissue; None where nobody has measured it.
    """

    driver: str
    source: str = ""
    serial_number: str = ""
    exposure_us: float | None = None
    gain_db: float | None = None
    um_per_px: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardSettings:
    """The project's interlock board."""

    port: str
    baud: int = 115200
    serial_number: str
    protocol_version: str = "1"
    motor_pwm: int = 127
    vibration_threshold_mg: int = 800
    answer_timeout_s: float = 0.5
