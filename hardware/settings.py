"""What a configuration says about each device, and what it may say: checked before any port is opened.

Each field has its type, its rule with the unit and the source of its numbers, and its default in one place.
DRIVER: what the section calls its driver; KEY: the device that it drives. `SETTINGS` lists them.
port: sim://NAME, a device file, usb://SERIAL (see `usb_serial`) or socket://HOST:PORT.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from hardware.arroyo.models import (
    LASERS,
    MAX_LASER_CURRENT_MA,
    MAX_LASER_VOLTAGE_V,
    MAX_TEC_CURRENT_A,
    TECS,
)
from hardware.interfaces import SIM_SCHEME
from hardware.rules import Choice, Mask, Pattern, Range
from hardware.usb_serial import SCHEME, URL_PATTERN

_ARROYO: Final = "Arroyo manual"
_CART: Final = "limit of the cart"
_BOARD: Final = "the board's protocol"

Port = Annotated[
    str,
    Pattern(
        pattern=rf"{SIM_SCHEME}[a-z]+|/\S+|{URL_PATTERN}|socket://\S+",
        allowed=f"{SIM_SCHEME}NAME, a device file such as /dev/serial/by-id/NAME, {SCHEME}SERIAL, socket://HOST:PORT",
    ),
]
SerialNumber = Annotated[
    str, Pattern(pattern=r"[!-~]+", allowed="the device's serial number, printable characters without blanks")
]
Baud = Annotated[int, Range(4800, 115200, "baud", "a slower line cannot follow a treatment")]
"""At 4800 baud the simulated cart treats; at 2400 the TEC's readings go stale, the stage's stream does not
fit its period, and the laser's answers run into each other."""
AnswerTimeout = Annotated[float, Range(0.05, 5.0, "s", _CART)]
TravelEnd = Annotated[float, Range(-45000, 45000, "um", "travel of the XLA-5-125")]
Temperature = Annotated[float, Range(-99.0, 250.0, "deg C", _ARROYO)]

LONGEST_EXPOSURE_US: Final = 500_000.0
"""Cameras themselves go on for seconds; the cart needs a live picture."""
V4L2_EXPOSURE_US: Final = 100.0
"""V4L2_CID_EXPOSURE_ABSOLUTE counts in 100 us (Linux, media/v4l/ext-ctrls-camera)."""


def _bits(*bits: int) -> int:
    return sum(1 << bit for bit in bits)


@dataclass(frozen=True, slots=True, kw_only=True)
class LaserSettings:
    """An Arroyo LaserSource, or the laser of a ComboSource.

    serial_number is compared with *IDN?; limits are written and read back.
    """

    DRIVER: ClassVar[str] = "arroyo_laser"
    KEY: ClassVar[str] = "laser"
    port: Port
    baud: Baud = 38400
    model: Annotated[str, Choice(tuple(LASERS))]
    serial_number: SerialNumber
    current_limit_ma: Annotated[float, Range(100, MAX_LASER_CURRENT_MA, "mA", _ARROYO)]
    voltage_limit_v: Annotated[float, Range(0.5, MAX_LASER_VOLTAGE_V, "V", _ARROYO)]
    tolerance_ma: Annotated[float, Range(1, 1000, "mA", _CART)] = 100.0
    tolerance_s: Annotated[float, Range(0.1, 50.0, "s", _CART)] = 1.0
    outoff_bits: Annotated[
        int,
        Mask(_bits(1, 4, 7, 8, 15), "voltage limit, interlock, open circuit, short circuit, thermal trip"),
    ] = 40350
    on_delay_ms: Annotated[int, Range(0, 30000, "ms", _ARROYO)] = 0
    answer_timeout_s: AnswerTimeout = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class TecSettings:
    """An Arroyo TECSource, or the TEC of a ComboSource, on the laser's port then."""

    DRIVER: ClassVar[str] = "arroyo_tec"
    KEY: ClassVar[str] = "tec"
    port: Port
    baud: Baud = 38400
    model: Annotated[str, Choice(tuple(TECS))]
    serial_number: SerialNumber
    setpoint_c: Annotated[float, Range(5.0, 45.0, "deg C", _CART)]
    limit_low_c: Temperature
    limit_high_c: Temperature
    current_limit_a: Annotated[float, Range(0.1, MAX_TEC_CURRENT_A, "A", _ARROYO)]
    tolerance_c: Annotated[float, Range(0.01, 10.0, "deg C", _ARROYO)] = 0.1
    tolerance_s: Annotated[float, Range(0.1, 50.0, "s", _ARROYO)] = 5.0
    outoff_bits: Annotated[
        int, Mask(_bits(3, 4, 6, 7), "temperature high and low, sensor open, module open")
    ] = 1240
    answer_timeout_s: AnswerTimeout = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class StageSettings:
    """A Xeryon XLA-5-125 actuator. travel: what the cart's optics may use, about the index."""

    DRIVER: ClassVar[str] = "xeryon_stage"
    KEY: ClassVar[str] = "stage"
    port: Port
    baud: Baud = 9600
    serial_number: SerialNumber
    travel_min_um: TravelEnd
    travel_max_um: TravelEnd
    speed_um_per_s: Annotated[float, Range(1, 10000, "um/s", _CART)] = 2000.0
    index_direction: Annotated[int, Range(0, 1, "", "Xeryon INDX")] = 0
    answer_timeout_s: AnswerTimeout = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardSettings:
    """The project's interlock board."""

    DRIVER: ClassVar[str] = "interlock_board"
    KEY: ClassVar[str] = "board"
    port: Port
    baud: Annotated[int, Range(115200, 115200, "baud", _BOARD)] = 115200
    serial_number: SerialNumber
    protocol_version: Annotated[str, Choice(("1",))] = "1"
    motor_pwm: Annotated[int, Range(1, 153, "of 255", f"{_BOARD}: 153 is 3.0 V")] = 127
    vibration_threshold_mg: Annotated[
        int,
        Range(
            500, 2000, "mg", "under it a motor at rest, which drifts up to 430 mg, passes for a running one"
        ),
    ] = 800
    """The board takes 50 to 2000 mg. Measured on a cart, the rest level is 300 mg in the mean with a
    deviation of 84 mg and drifts up to 430 mg: 500 mg is over that drift, and over mean and twice the
    deviation. Under it a motor that stands still passes for one that shakes the fibre. At 2.5 V the motor
    gives 2447 mg."""
    answer_timeout_s: AnswerTimeout = 0.5


Settings = LaserSettings | TecSettings | StageSettings | BoardSettings
SETTINGS: Final[tuple[type[Settings], ...]] = (LaserSettings, TecSettings, StageSettings, BoardSettings)
"""Of every driver; what a section is filled with is found by its driver's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraSettings:
    """A camera. driver: simulated, opencv or vmbpy, each of which has some of the fields and its own ranges.

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
