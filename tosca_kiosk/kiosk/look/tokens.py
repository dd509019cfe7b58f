"""Colours, sizes and times of the screens, as data without Kivy.

Rules: sizes are millimetres, never pixels; a widget names a token, never a colour; every pair of ink and
paper in use stands in PAIRS with the contrast it must reach, and a test computes it for both themes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

Rgba = tuple[float, float, float, float]

TEXT_CONTRAST = 4.5
GRAPHIC_CONTRAST = 3.0
"""WCAG 2.2, 1.4.3 and 1.4.11."""


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours as #RRGGBB by use. on_...: the ink upon that paper; ..._off: the flash's other phase.

    off: the paper of a key that cannot be used now; never brighter than that of one that can.
    """

    name: str
    bg: str
    surface: str
    raised: str
    off: str
    outline: str
    text: str
    text2: str
    disabled: str
    action: str
    on_action: str
    measured: str
    refused: str
    sim: str
    on_sim: str
    ready: str
    on_ready: str
    emission: str
    on_emission: str
    high: str = "#D1001C"
    on_high: str = "#FFFFFF"
    high_off: str = "#5A0A14"
    on_high_off: str = "#FFFFFF"
    medium: str = "#FFD400"
    on_medium: str = "#000000"
    medium_off: str = "#594D00"
    on_medium_off: str = "#FFFFFF"
    low: str = "#45D3E8"
    on_low: str = "#000000"

    def rgba(self, token: str) -> Rgba:
        """Return a token's colour for Kivy. Raises AttributeError for an unknown token."""
        return rgba(getattr(self, token))


DARK = Theme(
    name="dark",
    bg="#0B0F14",
    surface="#151C24",
    raised="#222D38",
    off="#151C24",
    outline="#6F8295",
    text="#F2F5F7",
    text2="#B4C0CC",
    disabled="#7C8997",
    action="#1E6BBE",
    on_action="#FFFFFF",
    measured="#4CE0B3",
    refused="#FF9E80",
    sim="#9FB4FF",
    on_sim="#000000",
    ready="#35C46A",
    on_ready="#000000",
    emission="#E26BFF",
    on_emission="#000000",
)
"""For a dim room."""

LIGHT = Theme(
    name="light",
    bg="#DCE3E9",
    surface="#FFFFFF",
    raised="#EDF1F4",
    off="#D2DAE1",
    outline="#647280",
    text="#0E1419",
    text2="#3C4854",
    disabled="#525E69",
    action="#1259A8",
    on_action="#FFFFFF",
    measured="#08724F",
    refused="#A33A00",
    sim="#3346B8",
    on_sim="#FFFFFF",
    ready="#2FB463",
    on_ready="#000000",
    emission="#D65CF5",
    on_emission="#000000",
)
"""For a room of 500 to 1000 lux."""

THEMES = {theme.name: theme for theme in (DARK, LIGHT)}


class Pair(NamedTuple):
    """An ink upon a paper as widgets use them, and the least contrast it may have."""

    ink: str
    paper: str
    least: float


def _pairs() -> tuple[Pair, ...]:
    plain = [
        Pair(ink=ink, paper=paper, least=TEXT_CONTRAST)
        for ink in ("text", "text2")
        for paper in ("bg", "surface", "raised")
    ]
    plain += [
        Pair(ink=ink, paper=paper, least=TEXT_CONTRAST)
        for ink in ("disabled", "refused")
        for paper in ("bg", "surface")
    ]
    plain += [Pair(ink="disabled", paper="off", least=TEXT_CONTRAST)]
    filled = ("action", "sim", "ready", "emission", "high", "high_off", "medium", "medium_off", "low")
    plain += [Pair(ink=f"on_{paper}", paper=paper, least=TEXT_CONTRAST) for paper in filled]
    plain += [
        Pair(ink="measured", paper="surface", least=TEXT_CONTRAST),
        Pair(ink="sim", paper="bg", least=GRAPHIC_CONTRAST),
    ]
    plain += [
        Pair(ink="outline", paper=paper, least=GRAPHIC_CONTRAST) for paper in ("bg", "surface", "raised")
    ]
    return (
        *plain,
        Pair(ink="measured", paper="raised", least=GRAPHIC_CONTRAST),
        Pair(ink="high", paper="surface", least=GRAPHIC_CONTRAST),
    )


PAIRS = _pairs()

TARGET_MM = 15.0
"""Least side of anything tappable, for gloves."""
PRIMARY_MM = 20.0
"""Least side of a screen's main action."""
GAP_MM = 3.0
"""Least distance between two tappable things."""
STOP_WIDTH_MM = 34.0
STOP_HEIGHT_MM = 20.0
MARGIN_MM = 1.4
SPACING_MM = 1.4
PADDING_MM = 2.7
RADIUS_MM = 1.7
LINE_MM = 0.3

TEXT_MM = 4.6
"""Font size of running text: capitals of 0.71 of it are 16 arc minutes high at 0.7 m (ISO 9241-303)."""
STRONG_MM = 5.2
TITLE_MM = 6.2
VALUE_MM = 11.6

FLASH_HZ = {"high": 2.0, "medium": 0.5}
"""IEC 60601-1-8, table 2: high 1.4 to 2.8 Hz, medium 0.4 to 0.8 Hz, duty 20 to 60 %; low is steady."""
FLASH_DUTY = 0.5

SAME_TOUCH_S = 0.08
"""A second touch-down this soon and this near is the same finger reported by another input provider."""
SAME_TOUCH_MM = 3.0


@cache
def rgba(colour: str) -> Rgba:
    """Return #RRGGBB as four numbers from 0 to 1. Raises ValueError for another form."""
    if len(colour) != 7 or colour[0] != "#":
        raise ValueError(f"colour: {colour!r} given, #RRGGBB wanted")
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue, 1.0


def luminance(red: float, green: float, blue: float) -> float:
    """Return the relative luminance of sRGB values from 0 to 1. Source: WCAG 2.2, relative luminance."""
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in (red, green, blue)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Rgba, other: Rgba) -> float:
    """Return the contrast ratio of two opaque colours, 1 to 21. Source: WCAG 2.2, contrast ratio."""
    darker, lighter = sorted((luminance(*one[:3]), luminance(*other[:3])))
    return (lighter + 0.05) / (darker + 0.05)
