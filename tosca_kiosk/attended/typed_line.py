"""A line typed where keys are read one by one: mended with Backspace, ended with Enter."""

from __future__ import annotations

from typing import Final

LONGEST: Final = 200
_ENDS: Final = frozenset(b"\r\n")
_BACKSPACES: Final = frozenset(b"\b\x7f")
STOPS: Final = frozenset(b"\x03\x04\x1a\x1c")
"""Ctrl-C, Ctrl-D, Ctrl-Z and Ctrl-\\: they are STOP also where other keys are text."""
_ESCAPE: Final = 0x1B


class TypedLine:
    """text: what has been typed so far; ended: whether Enter was struck. hidden: nothing of it is shown."""

    def __init__(self, *, hidden: bool = False) -> None:
        self._hidden = hidden
        self._bytes = bytearray()
        self.ended = False

    @property
    def text(self) -> str:
        return self._bytes.decode(errors="replace").strip()

    @property
    def shown(self) -> str:
        """What the terminal shows of it: what it would not print is left out."""
        return "" if self._hidden else "".join(letter for letter in self.text if letter.isprintable())

    def take(self, struck: bytes) -> bool:
        """Take keys up to Enter; return False where one of them is STOP. An arrow key is nothing."""
        if any(key in STOPS for key in struck):
            return False
        if struck and struck[0] == _ESCAPE:
            return True
        for key in struck:
            if self.ended:
                break
            if key in _ENDS:
                self.ended = True
            elif key in _BACKSPACES:
                self._bytes = bytearray(self._bytes.decode(errors="ignore")[:-1].encode())
            elif len(self._bytes) < LONGEST:
                self._bytes.append(key)
        return True
