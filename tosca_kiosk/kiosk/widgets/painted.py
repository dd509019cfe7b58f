"""The base of our widgets: graphics made once, repainted once a frame at most and only after a change."""

from __future__ import annotations

from typing import Any

from kivy.clock import Clock
from kivy.graphics import Color, Line, RoundedRectangle
from kivy.properties import StringProperty
from kivy.uix.widget import Widget

from tosca_kiosk.kiosk.look import look, px
from tosca_kiosk.kiosk.tokens import LINE_MM, RADIUS_MM, Rgba

Box = tuple[float, float, float, float]
"""x, y, width, height in pixels."""


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
        """Paint before the next frame."""
        self._due()

    def _paint_due(self, _dt: float) -> None:
        self.paint()


class Plate:
    """A rounded rectangle with an optional frame, behind a widget's content."""

    def __init__(self, canvas: Any, radius_mm: float = RADIUS_MM) -> None:
        self._radius_mm = radius_mm
        with canvas:
            self._fill = Color(0, 0, 0, 0)
            self._rectangle = RoundedRectangle()
            self._ink = Color(0, 0, 0, 0)
            self._line = Line(width=1)

    def put(
        self,
        box: tuple[float, float, float, float],
        fill: Rgba,
        line: Rgba | None = None,
        line_mm: float = LINE_MM,
    ) -> None:
        """Draw it. line: colour of the frame, None for none."""
        x, y, width, height = box
        radius = min(px(self._radius_mm), width / 2, height / 2)
        self._fill.rgba = fill
        self._rectangle.pos = (x, y)
        self._rectangle.size = (width, height)
        self._rectangle.radius = [radius]
        self._ink.rgba = line or (0, 0, 0, 0)
        if line is None:
            self._line.points = []
            return
        half = max(px(line_mm) / 2, 0.6)
        self._line.width = half
        inner = (x + half, y + half, max(width - 2 * half, 0), max(height - 2 * half, 0))
        self._line.rounded_rectangle = (*inner, max(radius - half, 0.1))


class OnPlate(Painted):
    """A widget on a plate. paper: token of its fill. outline: token of its frame, "" for none."""

    paper = StringProperty("surface")
    outline = StringProperty("")
    repaint_on: tuple[str, ...] = ("paper", "outline")
    outline_mm = LINE_MM

    def build(self) -> None:
        self._plate = Plate(self.canvas.before)

    def paint(self) -> None:
        line = look.rgba(self.outline) if self.outline else None
        self._plate.put((*self.pos, *self.size), look.rgba(self.paper), line, self.outline_mm)
