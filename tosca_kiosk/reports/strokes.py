"""The strokes that charts are made of: lines by what they mean, hatching, boxes, words, numbers."""

from __future__ import annotations

from typing import Final

from reportlab.graphics.shapes import Circle, Line, Path, PolyLine, Rect, Shape, String
from reportlab.lib.colors import Color, HexColor, black, white

from tosca_kiosk.reports import fonts

MEASURED: Final = HexColor("#0072B2")
COMMANDED: Final = HexColor("#8A8A8A")
GRID: Final = HexColor("#D5D5D5")
GREY_HATCH: Final = HexColor("#A8A8A8")
CLOSED: Final = HexColor("#9DB4C5")

SIZE: Final = 8.0
"""Of a chart's words, in points."""
MARK_RADIUS: Final = 5.0
HATCH_APART: Final = 4.5
DENSE_APART: Final = 2.2
_DASH: Final = (4, 2)


def styled(line: Line | PolyLine, kind: str) -> Shape:
    """Return a line as what it shows is drawn: measured, commanded or plan."""
    color, wide, dash = {
        "measured": (MEASURED, 1.5, None),
        "commanded": (COMMANDED, 0.9, None),
        "plan": (black, 0.7, _DASH),
    }[kind]
    line.strokeColor, line.strokeWidth, line.strokeDashArray = color, wide, dash
    line.strokeLineJoin = line.strokeLineCap = 1 if dash is None else 0
    return line


def circled(number: int, x: float, y: float) -> list[Shape]:
    """Return a number in a circle around a point."""
    size = 7.5 if number < 100 else 5.5
    return [
        Circle(x, y, MARK_RADIUS, fillColor=white, strokeColor=black, strokeWidth=0.7),
        string(x, y - 0.36 * size, str(number), bold=True, anchor="middle", size=size),
    ]


def hatch(from_x: float, low: float, to_x: float, high: float, apart: float, color: Color) -> Path:
    """Return slanting lines over a rectangle, each cut at its edges."""
    path = Path(strokeColor=color, strokeWidth=0.4, fillColor=None)
    tall = high - low
    at = from_x - tall + (apart - (from_x - tall) % apart)
    while at < to_x:
        begin, end = max(at, from_x), min(at + tall, to_x)
        if end > begin:
            path.moveTo(begin, low + begin - at)
            path.lineTo(end, low + end - at)
        at += apart
    return path


def box(
    x: float, y: float, wide: float, high: float, fill: Color | None = None, stroke: Color | None = black
) -> Rect:
    """Return a rectangle, by its lower left corner."""
    return Rect(x, y, wide, high, fillColor=fill, strokeColor=stroke, strokeWidth=0.5)


def string(
    x: float,
    y: float,
    text: str,
    *,
    bold: bool = False,
    anchor: str = "start",
    color: Color = black,
    size: float = SIZE,
) -> String:
    """Return words that begin, end or have their middle at a point."""
    return String(
        x,
        y,
        text,
        fontName=fonts.BOLD if bold else fonts.TEXT,
        fontSize=size,
        fillColor=color,
        textAnchor=anchor,
    )
