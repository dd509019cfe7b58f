"""An interlock's lamp: disc with tick, square with cross, ring with dash; never colour alone."""

from __future__ import annotations

from typing import Any

from kivy.graphics import Color, SmoothLine, SmoothRoundedRectangle
from kivy.properties import OptionProperty
from kivy.uix.label import Label

from tosca_kiosk.kiosk.look.theme import look, px
from tosca_kiosk.kiosk.look.tokens import SPACING_MM, TEXT_MM
from tosca_kiosk.kiosk.widgets.marks import Pictogram
from tosca_kiosk.kiosk.widgets.painted import Painted

_LAMP_MM = 5.6
_LOOKS = {
    "good": ("ready", "on_ready", "tick", "text2"),
    "bad": ("high", "on_high", "cross", "text"),
    "unknown": ("", "text2", "unknown", "text2"),
}
"""Paper, ink and mark of the lamp, ink of its text."""


class UiLamp(Painted, Label):
    """A lamp and its name. Unknown is neither good nor bad: it shows a dash in a ring."""

    state = OptionProperty("unknown", options=tuple(_LOOKS))
    repaint_on = ("state",)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(halign="left", valign="middle", **kwargs)

    def build(self) -> None:
        with self.canvas.before:
            self._fill = Color(0, 0, 0, 0)
            self._shape = SmoothRoundedRectangle()
            self._edge_ink = Color(0, 0, 0, 0)
            self._edge = SmoothLine(width=1.4)
        self._picture = Pictogram(self.canvas.after)

    def paint(self) -> None:
        paper, ink, mark, text_ink = _LOOKS[self.state]
        side = min(px(_LAMP_MM), max(int(self.height) - 2, 1))
        x, y = round(self.x), round(self.center_y - side / 2)
        self._fill.rgba = look.rgba(paper)
        self._shape.pos, self._shape.size = (x, y), (side, side)
        self._shape.radius = [1] if self.state == "bad" else [side / 2]
        self._edge_ink.rgba = look.rgba("" if paper else "outline")
        self._edge.circle = (x + side / 2, y + side / 2, side / 2 - 2)
        inset = side * 0.16
        self._picture.put(mark, (x + inset, y + inset, side - 2 * inset), look.rgba(ink), 0.08)
        self.bold = self.state == "bad"
        self.color = look.rgba(text_ink)
        self.font_size = px(TEXT_MM)
        self.padding = [side + px(SPACING_MM), 0, 0, 0]
        self.text_size = self.size
