"""Names of the Arroyo's error codes and condition bits.

Source: Arroyo Computer Interfacing Manual, P/N 530-1003 Rev K: error codes, LAS:COND? and TEC:COND?.
"""

from __future__ import annotations

from enum import IntFlag

_ERROR_NAMES = {
    102: "command too long",
    123: "command path not found",
    124: "wrong parameter type",
    126: "wrong number of parameters",
    201: "value out of range",
    202: "invalid data",
    303: "input overrun",
    402: "TEC sensor open",
    403: "TEC module open",
    404: "TEC current limit",
    405: "TEC voltage limit",
    407: "TEC temperature limit",
    415: "TEC sensor short",
    438: "TEC thermal trip",
    439: "TEC thermal runaway",
    501: "laser interlock open",
    504: "laser current limit switched the output off",
    505: "laser voltage limit",
    508: "laser off because the TEC is off",
    509: "laser output shorted",
    510: "laser out of tolerance",
    511: "laser control error",
    512: "power failure",
    514: "laser mode changed while on",
    521: "laser off by the TEC's temperature limit",
    536: "laser intermittent contact",
    537: "laser thermal limit",
    998: "not supported",
    999: "internal error",
}

LOWEST_ERROR_CODE = 100
"""Every error code has three digits: a smaller number is the answer to some other question."""
HIGHEST_ERROR_CODE = 999
UNKNOWN_COMMAND = frozenset((123, 998))
"""What an instrument queues for a command that it does not have; its question is then not answered."""


class LaserCondition(IntFlag):
    """Bits of LAS:COND? and LAS:EVE?. OUTOFF has TEC off, TEC temperature, hardware error as 10 to 12."""

    CURRENT_LIMIT = 1 << 0
    VOLTAGE_LIMIT = 1 << 1
    PHOTODIODE_CURRENT_LIMIT = 1 << 2
    PHOTODIODE_POWER_LIMIT = 1 << 3
    INTERLOCK_OPEN = 1 << 4
    OPEN_CIRCUIT = 1 << 7
    SHORT_CIRCUIT = 1 << 8
    OUT_OF_TOLERANCE = 1 << 9
    OUTPUT_ON = 1 << 10
    RESISTANCE_LIMIT = 1 << 13
    TEMPERATURE_LIMIT = 1 << 14
    THERMAL_TRIP = 1 << 15


class TecCondition(IntFlag):
    """Bits of TEC:COND?."""

    CURRENT_LIMIT = 1 << 0
    VOLTAGE_LIMIT = 1 << 1
    SENSOR_LIMIT = 1 << 2
    TEMPERATURE_HIGH = 1 << 3
    TEMPERATURE_LOW = 1 << 4
    SENSOR_SHORT = 1 << 5
    SENSOR_OPEN = 1 << 6
    MODULE_OPEN = 1 << 7
    OUT_OF_TOLERANCE = 1 << 9
    OUTPUT_ON = 1 << 10
    THERMAL_RUNAWAY = 1 << 12


def error_text(code: int) -> str:
    """Return code and words, as in `501 laser interlock open`; an unknown one is said to be unknown."""
    return f"{code} {_ERROR_NAMES.get(code, 'unknown error')}"


def laser_condition_names(bits: int) -> tuple[str, ...]:
    """Return the names of the set bits, lowest first; a bit without a name is `bit n`."""
    return _names(bits, LaserCondition)


def tec_condition_names(bits: int) -> tuple[str, ...]:
    """Return the names of the set bits, lowest first; a bit without a name is `bit n`."""
    return _names(bits, TecCondition)


def _names(bits: int, table: type[IntFlag]) -> tuple[str, ...]:
    known = {int(flag): str(flag.name).lower().replace("_", " ") for flag in table}
    return tuple(known.get(1 << n, f"bit {n}") for n in range(bits.bit_length()) if bits & 1 << n)
