"""The fonts of a report, embedded, and texts made of what they can show.

Roboto and DejaVu Sans come with Kivy, which the screen needs anyway (Apache 2.0, and the free licence of
Bitstream Vera). A letter that neither has, or that these pages cannot set, as those of scripts that run from
right to left, is written by its number in Unicode: seen to be there, and never taken for another one.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from reportlab.lib.fonts import addMapping
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

TEXT: Final = "Roboto"
BOLD: Final = "Roboto-Bold"
MONO: Final = "RobotoMono"
_MORE: Final = "DejaVuSans"
_FILES: Final = {
    TEXT: "Roboto-Regular.ttf",
    BOLD: "Roboto-Bold.ttf",
    MONO: "RobotoMono-Regular.ttf",
    _MORE: "DejaVuSans.ttf",
}
_UNSET: Final = frozenset({"R", "AL", "AN", "RLE", "RLO", "RLI", "LRE", "LRO", "LRI", "PDF", "PDI", "FSI"})
"""Directions, in Unicode's words, that these pages cannot set."""
_LAST_OF_FIRST_PLANE: Final = 0xFFFF
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories, in Unicode's words, of what shows nothing by itself."""


def register() -> None:
    """Make the fonts of text known to the library; what is known stays."""
    for name in (TEXT, BOLD, MONO):
        _font(name)


def markup(text: str, base: str, *, bold: bool = False) -> str:
    """Return a text for the library's paragraphs, each letter in a font that has it; lines stay lines.

    base: the paragraph's own font. bold: another one is wanted.
    """
    font = BOLD if bold else base
    lines = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\t", " ").split("\n")
    return "<br/>".join(_line(line, font, base) for line in lines)


def plain(text: str) -> str:
    """Return a text for a chart: one line, of letters that the font of text has."""
    return "".join(
        letter if _has(TEXT, letter) else _number(letter)
        for letter in unicodedata.normalize("NFC", text).replace("\n", " ").replace("\t", " ")
    )


def width(text: str, size: float, *, bold: bool = False) -> float:
    """Return how wide a text of a chart is, in points."""
    return float(pdfmetrics.stringWidth(text, BOLD if bold else TEXT, size))


@cache
def _font(name: str) -> TTFont:
    spec = find_spec("kivy")  # its place alone: to import it takes a second, and it would look for a screen
    assert spec is not None
    assert spec.origin is not None
    font = TTFont(name, str(Path(spec.origin).parent / "data" / "fonts" / _FILES[name]))
    pdfmetrics.registerFont(font)
    addMapping(name, 0, 0, name)  # no family: each weight is asked for by its name
    return font


def _line(line: str, font: str, base: str) -> str:
    return "".join(
        _run(name or font, "".join(letters) if name else "".join(map(_number, letters)), base)
        for name, letters in groupby(line, lambda letter: _font_for(letter, font))
    )


def _run(name: str, text: str, base: str) -> str:
    """Return a run of letters of one font; the paragraph's own needs no word."""
    return escape(text) if name == base else f'<font name="{name}">{escape(text)}</font>'


@cache
def _font_for(letter: str, font: str) -> str | None:
    if not _can_be_set(letter):
        return None
    return next((name for name in (font, TEXT, _MORE) if _has(name, letter)), None)


def _can_be_set(letter: str) -> bool:
    # The library tells who copies text only the lower half of a number beyond the first plane.
    told = ord(letter) <= _LAST_OF_FIRST_PLANE and unicodedata.category(letter) not in _INVISIBLE
    return told and unicodedata.bidirectional(letter) not in _UNSET


@cache
def _has(name: str, letter: str) -> bool:
    return ord(letter) in _font(name).face.charToGlyph


def _number(letter: str) -> str:
    return f"[U+{ord(letter):04X}]"
