"""Pictograms as data: strokes in a square of 1 x 1, y upwards. A second channel beside colour."""

from __future__ import annotations

from math import cos, pi, sin
from typing import Any

from kivy.graphics import Color, InstructionGroup, SmoothLine

from tosca_kiosk.kiosk.look.tokens import Rgba

_Stroke = tuple[float, ...]


def _arc(x: float, y: float, radius: float, start_deg: float = 0, end_deg: float = 360) -> _Stroke:
    steps = max(3, round(abs(end_deg - start_deg) / 12))
    turns = [pi / 180 * (start_deg + (end_deg - start_deg) * at / steps) for at in range(steps + 1)]
    return tuple(value for turn in turns for value in (x + radius * cos(turn), y + radius * sin(turn)))


def _ray(angle_deg: float) -> _Stroke:
    turn = pi / 180 * angle_deg
    return (0.5 + 0.22 * cos(turn), 0.5 + 0.22 * sin(turn), 0.5 + 0.46 * cos(turn), 0.5 + 0.46 * sin(turn))


_BODY = (0.2, 0.08, 0.8, 0.08, 0.8, 0.52, 0.2, 0.52, 0.2, 0.08)
_HORN = (0.08, 0.36, 0.26, 0.36, 0.5, 0.14, 0.5, 0.86, 0.26, 0.64, 0.08, 0.64, 0.08, 0.36)

MARKS: dict[str, tuple[_Stroke, ...]] = {
    "": (),
    "tick": ((0.14, 0.5, 0.4, 0.24, 0.86, 0.76),),
    "cross": ((0.2, 0.2, 0.8, 0.8), (0.2, 0.8, 0.8, 0.2)),
    "unknown": ((0.25, 0.5, 0.75, 0.5),),
    "lock": (_BODY, (0.3, 0.52, 0.3, 0.7, *_arc(0.5, 0.7, 0.2, 180, 0), 0.7, 0.52)),
    "unlock": (_BODY, (0.3, 0.52, 0.3, 0.72, *_arc(0.5, 0.72, 0.2, 180, 30))),
    "laser": (_arc(0.5, 0.5, 0.05), *(_ray(angle) for angle in range(0, 360, 45))),
    "pedal": ((0.08, 0.12, 0.92, 0.12), (0.14, 0.3, 0.86, 0.56), (0.22, 0.33, 0.22, 0.12),
              (0.86, 0.56, 0.86, 0.4)),
    "stop": ((*_arc(0.5, 0.56, 0.34, 0, 180), 0.84, 0.56), (0.38, 0.56, 0.38, 0.2, 0.62, 0.2, 0.62, 0.56),
             (0.14, 0.12, 0.86, 0.12)),
    "back": ((0.46, 0.82, 0.16, 0.5, 0.46, 0.18), (0.16, 0.5, 0.86, 0.5)),
    "up": ((0.18, 0.36, 0.5, 0.68, 0.82, 0.36),),
    "down": ((0.18, 0.64, 0.5, 0.32, 0.82, 0.64),),
    "left": ((0.64, 0.82, 0.32, 0.5, 0.64, 0.18),),
    "right": ((0.36, 0.82, 0.68, 0.5, 0.36, 0.18),),
    "shift": ((0.5, 0.88, 0.88, 0.48, 0.66, 0.48, 0.66, 0.12, 0.34, 0.12, 0.34, 0.48, 0.12, 0.48,
               0.5, 0.88),),
    "space": ((0.06, 0.5, 0.06, 0.28, 0.94, 0.28, 0.94, 0.5),),
    "erase": ((0.04, 0.5, 0.3, 0.8, 0.96, 0.8, 0.96, 0.2, 0.3, 0.2, 0.04, 0.5), (0.46, 0.36, 0.74, 0.64),
              (0.46, 0.64, 0.74, 0.36)),
    "search": (_arc(0.42, 0.58, 0.28), (0.63, 0.37, 0.9, 0.1)),
    "plus": ((0.5, 0.14, 0.5, 0.86), (0.14, 0.5, 0.86, 0.5)),
    "minus": ((0.14, 0.5, 0.86, 0.5),),
    "audio": (_HORN, _arc(0.5, 0.5, 0.2, -40, 40), _arc(0.5, 0.5, 0.38, -40, 40)),
    "muted": (_HORN, (0.64, 0.36, 0.92, 0.64), (0.64, 0.64, 0.92, 0.36)),
    "person": (_arc(0.5, 0.7, 0.18), (*_arc(0.5, 0.1, 0.34, 180, 0), 0.16, 0.1)),
    "info": (_arc(0.5, 0.5, 0.42), (0.5, 0.24, 0.5, 0.54), (0.5, 0.72, 0.5, 0.73)),
    "refused": ((0.5, 0.9, 0.95, 0.1, 0.05, 0.1, 0.5, 0.9), (0.5, 0.38, 0.5, 0.62), (0.5, 0.24, 0.5, 0.25)),
    "dot": (_arc(0.5, 0.5, 0.2),),
}  # fmt: skip
"""Strokes by name; each is x, y, x, y ... from 0 to 1."""


class Pictogram:
    """One mark's graphics on a canvas; lines are made when a mark first needs them."""

    def __init__(self, canvas: Any) -> None:
        self._group = InstructionGroup()
        self._ink = Color(0, 0, 0, 0)
        self._group.add(self._ink)
        self._lines: list[Any] = []
        canvas.add(self._group)

    def put(self, mark: str, box: tuple[float, float, float], ink: Rgba, weight: float = 0.06) -> None:
        """Draw it. box: x, y and side. weight: half the stroke's width, of the side. Raises KeyError."""
        x, y, side = box
        strokes = MARKS[mark]
        self._ink.rgba = ink
        while len(self._lines) < len(strokes):
            self._lines.append(SmoothLine(cap="round", joint="round"))
            self._group.add(self._lines[-1])
        for at, line in enumerate(self._lines):
            stroke = strokes[at] if at < len(strokes) else ()
            line.width = max(side * weight, 1.0)
            line.points = [value * side + (y if odd % 2 else x) for odd, value in enumerate(stroke)]
