"""The base of our widgets: graphics made once, repainted once a drawing at most and only after a change."""

from __future__ import annotations

from typing import Any

from kivy.clock import Clock
from kivy.graphics import Color, SmoothLine, SmoothRoundedRectangle
from kivy.properties import StringProperty
from kivy.uix.widget import Widget

from tosca_kiosk.kiosk.look.theme import look, px
from tosca_kiosk.kiosk.look.tokens import LINE_MM, RADIUS_MM, Rgba

_Box = tuple[float, float, float, float]
"""x, y, width, height in pixels."""


_SOFT_PX = 0.4
"""What a smooth line loses of its width at its soft edges."""


class Painted(Widget):
    """A widget that calls `paint` after any of `repaint_on` changed, and after the theme did.

    repaint_on: names of a class's own properties; those of its bases count too.
    """

    repaint_on: tuple[str, ...] = ()

    def __init__(self, **kwargs: Any) -> None:
        self._due = Clock.create_trigger(self._paint_due, -1)
        super().__init__(**kwargs)
        self.build()
        names = {name for base in type(self).__mro__ for name in base.__dict__.get("repaint_on", ())}
        for name in ("pos", "size", *sorted(names)):
            self.fbind(name, self.repaint)
        look.bind(theme=self.repaint)
        self.repaint()

    def build(self) -> None:
        """Make the graphics and children, once."""

    def paint(self) -> None:
        """Set the graphics from the properties."""

    def repaint(self, *_: Any) -> None:
        """Paint before the next drawing."""
        self._due()

    def _paint_due(self, _dt: float) -> None:
        self.paint()


class Plate:
    """A rounded rectangle with an optional border, behind a widget's content.

    What is not seen takes no area: a renderer in software fills invisible pixels too.
    """

    def __init__(self, canvas: Any, radius_mm: float = RADIUS_MM) -> None:
        self._radius_mm = radius_mm
        with canvas:
            self._fill_ink = Color(0, 0, 0, 0)
            self._fill = SmoothRoundedRectangle()
            self._edge_ink = Color(0, 0, 0, 0)
            self._edge = SmoothLine()

    def put(self, box: _Box, fill: Rgba, line: Rgba | None = None, line_mm: float = LINE_MM) -> None:
        """Draw it. line: colour of the border, None for none."""
        x, y, width, height = box if fill[3] else (0, 0, 0, 0)
        self._fill_ink.rgba = fill
        self._fill.pos, self._fill.size = (x, y), (width, height)
        self._fill.radius = [max(min(px(self._radius_mm), width / 2, height / 2), 1)]
        self._edge_ink.rgba = line or (0, 0, 0, 0)
        if line is None:
            self._edge.points = []
        else:
            self._border(box, max(px(line_mm), 2) / 2)

    def _border(self, box: _Box, half: float) -> None:
        x, y, width, height = box
        inner = (x + half, y + half, max(width - 2 * half, 2), max(height - 2 * half, 2))
        self._edge.width = half + _SOFT_PX
        self._edge.rounded_rectangle = (
            *inner,
            max(min(px(self._radius_mm), width / 2, height / 2) - half, 1),
        )


class OnPlate(Painted):
    """A widget on a plate. paper: token of its fill. outline: token of its border, "" for none."""

    paper = StringProperty("surface")
    outline = StringProperty("")
    repaint_on: tuple[str, ...] = ("paper", "outline")
    outline_mm = LINE_MM

    def build(self) -> None:
        self._plate = Plate(self.canvas.before)

    def paint(self) -> None:
        line = look.rgba(self.outline) if self.outline else None
        self._plate.put((*self.pos, *self.size), look.rgba(self.paper), line, self.outline_mm)
