"""A small label on its own paper."""

from __future__ import annotations

from typing import Any

from kivy.properties import StringProperty
from kivy.uix.label import Label

from tosca_kiosk.kiosk.look.theme import look, px
from tosca_kiosk.kiosk.look.tokens import SPACING_MM, TEXT_MM
from tosca_kiosk.kiosk.widgets.marks import Pictogram
from tosca_kiosk.kiosk.widgets.painted import Painted, Plate


class UiChip(Painted, Label):
    """A fact in a word or two, as wide as its text: `width` follows unless size_hint_x is set."""

    ink = StringProperty("text")
    paper = StringProperty("raised")
    mark = StringProperty("")
    repaint_on = ("ink", "paper", "mark", "texture_size")

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("size_hint", (None, None))
        kwargs.setdefault("height", px(TEXT_MM * 1.7))
        super().__init__(bold=True, max_lines=1, font_size=px(TEXT_MM), **kwargs)

    def build(self) -> None:
        self._plate = Plate(self.canvas.before)
        self._picture = Pictogram(self.canvas.after)

    def paint(self) -> None:
        side = px(TEXT_MM) if self.mark else 0
        inset = px(SPACING_MM * 1.5)
        self.padding = [inset + (side + inset / 2 if side else 0), 0, inset, 0]
        if self.size_hint_x is None:
            self.width = self.texture_size[0]
        self.color = look.rgba(self.ink)
        self._plate.put((*self.pos, *self.size), look.rgba(self.paper))
        box = (self.x + inset, round(self.center_y - side / 2), max(side, 1))
        self._picture.put(self.mark, box, look.rgba(self.ink))
