"""Every field of every device with what it may be: one row a field, each number with its source.

The fields themselves, their types and defaults are those of `hardware.settings`.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple, Protocol

from pydantic_core import PydanticCustomError


class Rule(Protocol):
    """What a field may be."""

    def problem(self, value: object) -> str | None:
        """Return what is wrong with a value of the right type, in words that say what is allowed."""


class Range(NamedTuple):
    """Numbers from low to high, ends included; NaN is outside."""

    low: float
    high: float
    unit: str
    source: str

    def problem(self, value: object) -> str | None:
        if isinstance(value, int | float) and self.low <= value <= self.high:
            return None
        allowed = f"{self.low:g} to {self.high:g} {self.unit}".rstrip()
        return f"is outside {allowed} ({self.source})"


class Choice(NamedTuple):
    """A few texts."""

    allowed: tuple[str, ...]

    def problem(self, value: object) -> str | None:
        return None if value in self.allowed else f"is not allowed; allowed: {', '.join(self.allowed)}"


class Pattern(NamedTuple):
    """Text of a form; allowed: the form in words."""

    pattern: str
    allowed: str

    def problem(self, value: object) -> str | None:
        fits = isinstance(value, str) and re.fullmatch(self.pattern, value)
        return None if fits else f"is not allowed; allowed: {self.allowed}"


class Mask(NamedTuple):
    """A 16-bit mask that keeps at least the needed bits."""

    needed: int
    meaning: str

    def problem(self, value: object) -> str | None:
        if isinstance(value, int) and 0 <= value <= 0xFFFF and value & self.needed == self.needed:
            return None
        return f"is not allowed; allowed: 0 to 65535 with every bit of {self.needed} ({self.meaning})"


def check(rule: Rule, value: object) -> object:
    """Return the value. Raises the error that `shape_errors` shows when the rule refuses it."""
    problem = rule.problem(value)
    if problem is not None:
        raise PydanticCustomError("not_allowed", "{problem}", {"problem": problem})
    return value


def _bits(*bits: int) -> int:
    return sum(1 << bit for bit in bits)


class LaserModel(NamedTuple):
    """What an Arroyo laser driver can. limit_step_ma: its current limit can only be a multiple of this."""

    max_current_ma: float
    max_voltage_v: float
    limit_step_ma: float


# Arroyo 4300 series; the coarse current limit of the 4320 is from its manual, the others' steps are 1 mA.
LASER_MODELS: Final = {
    "4302": LaserModel(2000, 15, 1),
    "4304": LaserModel(4000, 8, 1),
    "4308": LaserModel(8000, 4, 1),
    "4320": LaserModel(20000, 5, 100),
}

_ARROYO: Final = "Arroyo manual"
_CART: Final = "limit of the cart"
_BOARD: Final = "the board's protocol"
_PORT: Final = Pattern(
    r"sim://[a-z]+|/\S+|usb://[^\s/?#]+(\?by-id=/\S+)?|socket://\S+",
    "sim://NAME, a device file such as /dev/serial/by-id/NAME, usb://SERIAL, socket://HOST:PORT",
)
_SERIAL: Final = Pattern(r"[!-~]+", "the device's serial number, printable characters without blanks")
# At 4800 baud the simulated cart treats; at 2400 the TEC's readings go stale, the stage's stream does not fit
# its period, and the laser's answers run into each other.
_BAUD: Final = Range(4800, 115200, "baud", "a slower line cannot follow a treatment")
_ANSWER: Final = Range(0.05, 5.0, "s", _CART)
# The board takes 50 to 2000 mg. Measured on a cart, the rest level is 300 mg in the mean with a deviation of
# 84 mg and drifts up to 430 mg: 500 mg is over that drift, and over mean and twice the deviation. Under it a
# motor that stands still passes for one that shakes the fibre. At 2.5 V the motor gives 2447 mg.
_REST: Final = "under it a motor at rest, which drifts up to 430 mg, passes for a running one"
_TRAVEL: Final = Range(-45000, 45000, "um", "travel of the XLA-5-125")

RULES: Final[dict[str, dict[str, Rule]]] = {
    "laser": {
        "port": _PORT,
        "baud": _BAUD,
        "model": Choice(tuple(LASER_MODELS)),
        "serial_number": _SERIAL,
        "current_limit_ma": Range(100, 20000, "mA", _ARROYO),
        "voltage_limit_v": Range(0.5, 15.0, "V", _ARROYO),
        "tolerance_ma": Range(1, 1000, "mA", _CART),
        "tolerance_s": Range(0.1, 50.0, "s", _CART),
        "outoff_bits": Mask(
            _bits(1, 4, 7, 8, 15), "voltage limit, interlock, open circuit, short circuit, thermal trip"
        ),
        "on_delay_ms": Range(0, 30000, "ms", _ARROYO),
        "answer_timeout_s": _ANSWER,
    },
    "tec": {
        "port": _PORT,
        "baud": _BAUD,
        "model": Choice(("5305",)),
        "serial_number": _SERIAL,
        "setpoint_c": Range(5.0, 45.0, "deg C", _CART),
        "limit_low_c": Range(-99.0, 250.0, "deg C", _ARROYO),
        "limit_high_c": Range(-99.0, 250.0, "deg C", _ARROYO),
        "current_limit_a": Range(0.1, 5.0, "A", "Arroyo 5305"),
        "tolerance_c": Range(0.01, 10.0, "deg C", _ARROYO),
        "tolerance_s": Range(0.1, 50.0, "s", _ARROYO),
        "outoff_bits": Mask(_bits(3, 4, 6, 7), "temperature high and low, sensor open, module open"),
        "answer_timeout_s": _ANSWER,
    },
    "stage": {
        "port": _PORT,
        "baud": _BAUD,
        "serial_number": _SERIAL,
        "travel_min_um": _TRAVEL,
        "travel_max_um": _TRAVEL,
        "speed_um_per_s": Range(1, 10000, "um/s", _CART),
        "index_direction": Range(0, 1, "", "Xeryon INDX"),
        "answer_timeout_s": _ANSWER,
    },
    "board": {
        "port": _PORT,
        "baud": Range(115200, 115200, "baud", _BOARD),
        "serial_number": _SERIAL,
        "protocol_version": Choice(("1",)),
        "motor_pwm": Range(1, 153, "of 255", f"{_BOARD}: 153 is 3.0 V"),
        "vibration_threshold_mg": Range(500, 2000, "mg", _REST),
        "answer_timeout_s": _ANSWER,
    },
}
