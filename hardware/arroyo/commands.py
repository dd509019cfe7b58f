"""What the drivers say to an Arroyo: commands, units, ranges, and how answers are read.

Each command is declared once. No row needs a factor: currents of the laser are mA on the wire and here,
those of the TEC are A on the wire and here (a test holds the two unit columns equal).
Source: the sections of these names in the Arroyo Computer Interfacing Manual, P/N 530-1003 Rev K, and the
user manuals of the 4320 and 5300. Answers are read strictly: what is no number inside its range is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

from hardware.arroyo.models import (
    LASERS,
    MAX_LASER_CURRENT_MA,
    MAX_LASER_VOLTAGE_V,
    TECS,
    TecModel,
)
from hardware.arroyo.names import HIGHEST_ERROR_CODE, LOWEST_ERROR_CODE
from hardware.interfaces import Identity

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?", re.ASCII).fullmatch
_BITS = re.compile(r"\d{1,5}", re.ASCII).fullmatch
_ERROR = r'\d{1,3}(?:\s*,\s*"[^"]*")?'
_ERRORS = re.compile(rf"{_ERROR}(?:\s*,\s*{_ERROR})*", re.ASCII).fullmatch
_QUOTED = re.compile(r'"[^"]*"')
_FLAGS = {"0": False, "1": True, "OFF": False, "ON": True, "FALSE": False, "TRUE": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """One number on the wire.

    low, high: what is allowed, both included. decimals: how many are sent. step: the device's resolution;
    a read-back less than one step away is the same value.
    """

    wire_unit: str
    our_unit: str
    low: float
    high: float
    decimals: int
    step: float

    def encode(self, value: float) -> str:
        """Raises ValueError outside low to high, NaN included."""
        if not self.low <= value <= self.high:
            raise ValueError(f"{value:g} {self.our_unit} asked, {self.low:g} to {self.high:g} allowed")
        return f"{value:.{self.decimals}f}"

    def decode(self, text: str) -> float:
        """Raises ValueError when text is no plain number or outside low to high."""
        text = text.strip()
        if _NUMBER(text) is None or not self.low <= (value := float(text)) <= self.high:
            raise ValueError(f"{text!r} is no number of {self.low:g} to {self.high:g} {self.wire_unit}")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command that is written, the question that reads it back, and what its numbers mean."""

    write: str
    query: str
    numbers: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A value that is only read."""

    query: str
    number: Number


def _read_back(write: str, *numbers: Number) -> Command:
    return Command(write=write, query=f"{write}?", numbers=numbers)


def _limit_a(model: TecModel) -> Number:
    return Number(
        wire_unit="A", our_unit="A", low=0, high=model.max_current_a, decimals=2, step=model.limit_step_a
    )


_S = Number(wire_unit="s", our_unit="s", low=0.1, high=50, decimals=1, step=0.1)
_MS = Number(wire_unit="ms", our_unit="ms", low=0, high=30_000, decimals=0, step=1)
_BITS_16 = Number(wire_unit="bits", our_unit="bits", low=0, high=0xFFFF, decimals=0, step=1)
_MA = Number(wire_unit="mA", our_unit="mA", low=0, high=MAX_LASER_CURRENT_MA, decimals=0, step=1)
_V = Number(wire_unit="V", our_unit="V", low=0, high=MAX_LASER_VOLTAGE_V, decimals=2, step=0.1)
_C = Number(wire_unit="deg C", our_unit="deg C", low=-99, high=250, decimals=2, step=0.01)

SET_CURRENT = Command(write="LAS:LDI", query="LAS:SET:LDI?", numbers=(_MA,))
CURRENT_LIMITS = {
    name: _read_back("LAS:LIM:LDI", replace(_MA, high=model.max_current_ma, step=model.limit_step_ma))
    for name, model in LASERS.items()
}
"""By model."""
VOLTAGE_LIMIT = _read_back("LAS:LIM:LDV", _V)
LASER_OUTOFF = _read_back("LAS:ENAB:OUTOFF", _BITS_16)
LASER_TOLERANCE = _read_back("LAS:TOL", replace(_MA, low=1), _S)
ON_DELAY = _read_back("ONDELAY", _MS)
MEASURED_CURRENT = Question("LAS:LDI?", replace(_MA, low=-1000, high=30_000))

TEC_SETPOINT = Command(write="TEC:T", query="TEC:SET:T?", numbers=(_C,))
TEC_LIMIT_HIGH = _read_back("TEC:LIM:THI", _C)
TEC_LIMIT_LOW = _read_back("TEC:LIM:TLO", _C)
TEC_CURRENT_LIMITS = {name: _read_back("TEC:LIM:ITE", _limit_a(model)) for name, model in TECS.items()}
"""By model."""
TEC_TOLERANCE = _read_back("TEC:TOL", replace(_C, low=0.01, high=10), _S)
TEC_OUTOFF = _read_back("TEC:ENAB:OUTOFF", _BITS_16)
TEMPERATURE = Question("TEC:T?", replace(_C, low=-98.99, high=249.99))
"""At the ends of its scale a controller has no temperature but one of its limits, or no sensor."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A command with the values the configuration wants.

    may_lack: an instrument that does not know the command is used without it.
    Raises ValueError when a value is outside what the command allows.
    """

    command: Command
    values: tuple[float, ...]
    may_lack: bool = False

    def __post_init__(self) -> None:
        _ = self.text

    @property
    def text(self) -> str:
        """The command line, as in `LAS:TOL 100,1.0`."""
        pairs = zip(self.command.numbers, self.values, strict=True)
        try:
            return f"{self.command.write} {','.join(number.encode(value) for number, value in pairs)}"
        except ValueError as error:
            raise ValueError(f"{self.command.write}: {error}; correct the configuration") from None

    @property
    def name(self) -> str:
        """The command with what is wanted, as in `LAS:TOL of 100 mA, 1 s`."""
        return f"{self.command.write} of {self._say(self.values)}"

    def difference(self, answer: str) -> str | None:
        """Return what differs in a read-back, None when nothing does.

        Raises ValueError when the answer is not as many numbers as the command has.
        """
        parts = answer.split(",")
        numbers = self.command.numbers
        if len(parts) != len(numbers):
            raise ValueError(f"{answer!r} is not {len(numbers)} numbers")
        got = [float(_plain_number(part)) for part in parts]
        if all(abs(g - v) < 0.999 * n.step for g, v, n in zip(got, self.values, numbers, strict=True)):
            return None
        return f"{self.command.write}: wanted {self._say(self.values)}, got {self._say(got)}"

    def _say(self, values: tuple[float, ...] | list[float]) -> str:
        pairs = zip(values, self.command.numbers, strict=True)
        return ", ".join(f"{value:g} {number.our_unit}" for value, number in pairs)


def at_default(settings: Any, *names: str) -> bool:
    """Whether the configuration leaves these fields as they are without it."""
    return all(
        getattr(settings, each.name) == each.default for each in fields(settings) if each.name in names
    )


def _plain_number(text: str) -> str:
    text = text.strip()
    if _NUMBER(text) is None:
        raise ValueError(f"{text!r} is no number")
    return text


def decode_flag(text: str) -> bool:
    """Read 0/1, OFF/ON or FALSE/TRUE. Raises ValueError."""
    flag = _FLAGS.get(text.strip().upper())
    if flag is None:
        raise ValueError(f"{text!r} is neither 0 nor 1")
    return flag


def decode_bits(text: str) -> int:
    """Read a 16-bit register in decimal. Raises ValueError."""
    if _BITS(text) is None or (bits := int(text)) > 0xFFFF:
        raise ValueError(f"{text!r} is no 16-bit register")
    return bits


def is_off(answer: str | None) -> bool:
    """Whether an output answers that it is off; what makes no sense, and no answer, is not off."""
    try:
        return answer is not None and not decode_flag(answer)
    except ValueError:
        return False


def decode_errors(text: str) -> tuple[int, ...]:
    """Read `0`, `201,124` or `201,"Out of range"`; no error is an empty tuple. Raises ValueError."""
    if text == "0":
        return ()
    if _ERRORS(text) is None:
        raise ValueError(f"{text!r} is no list of errors")
    codes = [int(part) for part in _QUOTED.sub("", text).split(",") if part.strip()]
    if not all(code == 0 or LOWEST_ERROR_CODE <= code <= HIGHEST_ERROR_CODE for code in codes):
        raise ValueError(f"{text!r} holds what is no error code")
    return tuple(code for code in codes if code)


def decode_mode(text: str) -> str:
    """Read the name of a mode, as in ILBW or T. Raises ValueError."""
    if not (text.isascii() and text.isalpha() and len(text) <= 5):
        raise ValueError(f"{text!r} is no name of a mode")
    return text.upper()


def decode_identity(text: str) -> Identity:
    """Read `Arroyo <model> <serial> <firmware> <build>`, the build may be missing. Raises ValueError."""
    words = text.split()
    if not 4 <= len(words) <= 5 or words[0].upper() != "ARROYO":
        raise ValueError(f"{text!r} is no identity of an Arroyo")
    return Identity(model=words[1], serial_number=words[2], firmware=" ".join(words[3:]))


def decode_number(question: Question) -> Callable[[str], float]:
    """Return the reader of a question's answers."""
    return question.number.decode
