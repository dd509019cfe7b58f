"""In which form an Arroyo answers: number form, line end, echo. Another program may have left any of them."""

from __future__ import annotations

import struct
from dataclasses import dataclass

TERMINATORS = (b"\r\n", b"\r\n", b"\r", b"\r", b"\n", b"\n", b"", b"")
RADIX_FORMS = {"DEC": "{:d}", "HEX": "#H{:X}", "OCT": "#O{:o}", "BIN": "#B{:b}"}


@dataclass(slots=True, kw_only=True)
class AnswerForm:
    """As from the factory unless told otherwise. terminal_mode: what TERM says, 0 to 7."""

    terminal_mode: int = 0
    echo: bool = False
    radix: str = "DEC"
    hexfloat: bool = False

    @property
    def terminator(self) -> bytes:
        return TERMINATORS[self.terminal_mode]

    def real(self, value: float, decimals: int) -> str:
        """Write a number with so many decimals, or as HEXFLOAT asks."""
        if self.hexfloat:
            return "#E" + struct.pack(">f", value).hex().upper()
        return f"{round(value, decimals) + 0.0:.{decimals}f}"  # + 0.0: never minus zero

    def integer(self, value: int) -> str:
        """Write a register as RADIX asks."""
        return RADIX_FORMS[self.radix].format(value)
