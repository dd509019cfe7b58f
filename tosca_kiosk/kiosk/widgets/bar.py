"""How far something has come, without words."""

from __future__ import annotations

from kivy.graphics import Color, Rectangle
from kivy.properties import NumericProperty

from tosca_kiosk.kiosk.look.theme import look
from tosca_kiosk.kiosk.widgets.painted import Painted


class Bar(Painted):
    """share: how much of it is filled, 0 to 1; beyond either end it stands there."""

    share = NumericProperty(0)
    repaint_on = ("share",)

    def build(self) -> None:
        with self.canvas:
            self._track_ink = Color()
            self._track = Rectangle()
            self._fill_ink = Color()
            self._fill = Rectangle()

    def paint(self) -> None:
        self._track_ink.rgba = look.rgba("raised")
        self._track.pos, self._track.size = self.pos, self.size
        self._fill_ink.rgba = look.rgba("measured")
        self._fill.pos = self.pos
        self._fill.size = (round(self.width * min(max(self.share, 0), 1)), self.height)
