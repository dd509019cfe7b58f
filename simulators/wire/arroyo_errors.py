"""Errors of the Arroyo controllers (WIRE.md, "Errors") and their queue."""

from __future__ import annotations

from collections import deque

TOO_LONG = 102
PATH_NOT_FOUND = 123
WRONG_TYPE = 124
WRONG_COUNT = 126
OUT_OF_RANGE = 201
INVALID_DATA = 202

QUEUE_LENGTH = 10  # WIRE.md gives none; further errors are lost until the queue is read

TEXTS = {
    102: "Message too long",
    123: "Path not found",
    124: "Wrong type",
    126: "Wrong number of parameters",
    201: "Out of range",
    202: "Invalid data",
    303: "Input overrun",
    402: "Sensor open",
    403: "Module open",
    404: "Current limit",
    405: "Voltage limit",
    407: "Temperature limit",
    415: "Sensor short",
    438: "Thermal trip",
    439: "Thermal runaway",
    501: "Interlock open",
    504: "Current limit",
    505: "Voltage limit",
    507: "Open circuit",
    508: "TEC off",
    509: "Short circuit",
    510: "Out of tolerance",
    511: "Control error",
    512: "Power failure",
    514: "Mode changed while output on",
    521: "TEC temperature limit",
    536: "Intermittent contact",
    537: "Thermal limit",
    998: "Not supported",
    999: "Internal error",
}
UNNAMED = "Error"  # a code that WIRE.md does not name


class WireError(Exception):
    """A command the device refuses; ends in the error queue, never outside the device."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class ErrorQueue:
    """Errors wait here until they are read, oldest first."""

    def __init__(self) -> None:
        self._codes: deque[int] = deque()

    def __bool__(self) -> bool:
        return bool(self._codes)

    def push(self, code: int) -> None:
        if len(self._codes) < QUEUE_LENGTH:
            self._codes.append(code)

    def clear(self) -> None:
        self._codes.clear()

    def take_codes(self) -> str:
        """Empty the queue: `0`, or codes joined by commas."""
        return self._take([str(code) for code in self._codes])

    def take_texts(self) -> str:
        """Empty the queue: `0`, or pairs of code and quoted text."""
        return self._take([f'{code},"{TEXTS.get(code, UNNAMED)}"' for code in self._codes])

    def _take(self, entries: list[str]) -> str:
        self._codes.clear()
        return ",".join(entries) or "0"
