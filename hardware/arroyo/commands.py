"""What the drivers say to an Arroyo: commands, units, ranges, and how answers are read.

Each command is declared once. No row needs a factor: currents of the laser are mA on the wire and here,
those of the TEC are A on the wire and here (a test holds the two unit columns equal).
Sources name the sections of the Arroyo Computer Interfacing Manual, P/N 530-1003 Rev K, and the user manuals
of the 4320 and 5300. Answers are read strictly: what is not a number inside its range is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from hardware.arroyo.names import HIGHEST_ERROR_CODE, LOWEST_ERROR_CODE
from hardware.interfaces import Identity

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?", re.ASCII).fullmatch
_BITS = re.compile(r"\d{1,5}", re.ASCII).fullmatch
_ERROR = r'\d{1,3}(?:\s*,\s*"[^"]*")?'
_ERRORS = re.compile(rf"{_ERROR}(?:\s*,\s*{_ERROR})*", re.ASCII).fullmatch
_QUOTED = re.compile(r'"[^"]*"')
_FLAGS = {"0": False, "1": True, "OFF": False, "ON": True}


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Command:
    """A command that is written, the question that reads it back, and what its numbers mean."""

    write: str
    query: str
    numbers: tuple[Number, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Question:
    """A value that is only read."""

    query: str
    number: Number
    source: str


_SECONDS = Number("s", "s", 0.1, 50.0, 1, 0.1)
_BITS_16 = Number("bits", "bits", 0, 65535, 0, 1)
_CELSIUS = Number("deg C", "deg C", -99.0, 250.0, 2, 0.01)

_MAX_MA = 20_000.0  # the largest of the series, 4320
SET_CURRENT = Command("LAS:LDI", "LAS:SET:LDI?", (Number("mA", "mA", 0, _MAX_MA, 0, 1),), "laser, LAS:LDI")
CURRENT_LIMIT = Command(
    "LAS:LIM:LDI", "LAS:LIM:LDI?", (Number("mA", "mA", 0, _MAX_MA, 0, 100),), "laser, LAS:LIM:LDI"
)
VOLTAGE_LIMIT = Command(
    "LAS:LIM:LDV", "LAS:LIM:LDV?", (Number("V", "V", 0, 15, 2, 0.1),), "laser, LAS:LIM:LDV"
)
LASER_OUTOFF = Command("LAS:ENAB:OUTOFF", "LAS:ENAB:OUTOFF?", (_BITS_16,), "laser, LAS:ENAB:OUTOFF")
LASER_TOLERANCE = Command(
    "LAS:TOL", "LAS:TOL?", (Number("mA", "mA", 1, _MAX_MA, 0, 1), _SECONDS), "laser, LAS:TOL"
)
ON_DELAY = Command("ONDELAY", "ONDELAY?", (Number("ms", "ms", 0, 30_000, 0, 1),), "common, ONDELAY")
MEASURED_CURRENT = Question("LAS:LDI?", Number("mA", "mA", -1000, 30_000, 0, 1), "laser, LAS:LDI?")

TEC_SETPOINT = Command("TEC:T", "TEC:SET:T?", (_CELSIUS,), "TEC, TEC:T")
TEC_LIMIT_HIGH = Command("TEC:LIM:THI", "TEC:LIM:THI?", (_CELSIUS,), "TEC, TEC:LIM:THI")
TEC_LIMIT_LOW = Command("TEC:LIM:TLO", "TEC:LIM:TLO?", (_CELSIUS,), "TEC, TEC:LIM:TLO")
TEC_CURRENT_LIMIT = Command(
    "TEC:LIM:ITE", "TEC:LIM:ITE?", (Number("A", "A", 0, 5, 2, 0.05),), "TEC, TEC:LIM:ITE"
)
TEC_TOLERANCE = Command(
    "TEC:TOL", "TEC:TOL?", (Number("deg C", "deg C", 0.01, 10, 2, 0.01), _SECONDS), "TEC, TEC:TOL"
)
TEC_OUTOFF = Command("TEC:ENAB:OUTOFF", "TEC:ENAB:OUTOFF?", (_BITS_16,), "TEC, TEC:ENAB:OUTOFF")
TEMPERATURE = Question("TEC:T?", _CELSIUS, "TEC, TEC:T?")

COMMANDS = (
    *(SET_CURRENT, CURRENT_LIMIT, VOLTAGE_LIMIT, LASER_OUTOFF, LASER_TOLERANCE, ON_DELAY),
    *(TEC_SETPOINT, TEC_LIMIT_HIGH, TEC_LIMIT_LOW, TEC_CURRENT_LIMIT, TEC_TOLERANCE, TEC_OUTOFF),
)
QUESTIONS = (MEASURED_CURRENT, TEMPERATURE)

LASER_MODELS = {
    "4302": (2_000.0, 15.0),
    "4304": (4_000.0, 8.0),
    "4308": (8_000.0, 4.0),
    "4320": (20_000.0, 5.0),
}
"""Largest current in mA and voltage in V of each model."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A command with the values the configuration wants.

    Raises ValueError when a value is outside what the command allows.
    """

    command: Command
    values: tuple[float, ...]

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


def _plain_number(text: str) -> str:
    text = text.strip()
    if _NUMBER(text) is None:
        raise ValueError(f"{text!r} is no number")
    return text


def decode_flag(text: str) -> bool:
    """Read 0/1 or OFF/ON. Raises ValueError."""
    flag = _FLAGS.get(text.strip().upper())
    if flag is None:
        raise ValueError(f"{text!r} is neither 0 nor 1")
    return flag


def decode_bits(text: str) -> int:
    """Read a 16-bit register in decimal. Raises ValueError."""
    if _BITS(text) is None or (bits := int(text)) > 0xFFFF:
        raise ValueError(f"{text!r} is no 16-bit register")
    return bits


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
