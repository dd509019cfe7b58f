"""What a value may be: a range with its unit, a few texts, a form, a mask; it stands beside its field.

A field is `Annotated[float, Range(0.1, 5.0, "A", "the manual")]`; whoever takes values from outside asks
`problem` before anything is done with them.
"""

from __future__ import annotations

import re
from typing import NamedTuple, Protocol


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
