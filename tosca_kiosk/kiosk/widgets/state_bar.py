"""The state of the cart in one word."""

from __future__ import annotations

from typing import Any

from kivy.properties import OptionProperty, StringProperty
from kivy.uix.label import Label

from tosca_kiosk.kiosk.look.theme import look, px
from tosca_kiosk.kiosk.look.tokens import PADDING_MM, TITLE_MM
from tosca_kiosk.kiosk.widgets.marks import Pictogram
from tosca_kiosk.kiosk.widgets.painted import Painted, Plate

_LOOKS = {
    "standby": ("STANDBY", "raised", "text", ""),
    "ready": ("READY", "ready", "on_ready", ""),
    "emitting": ("LASER EMITTING", "emission", "on_emission", "laser"),
    "paused": ("PAUSED", "raised", "text", ""),
    "fault": ("FAULT", "high", "on_high", "cross"),
    "stale": ("NO DATA FROM CONTROL", "surface", "text", "unknown"),
}
"""Word, paper, ink and mark."""


class UiStateBar(Painted, Label):
    """state: what SCREENS.md names; stale while control's data is too old. detail: follows the word."""

    state = OptionProperty("stale", options=tuple(_LOOKS))
    detail = StringProperty("")
    repaint_on = ("state", "detail", "texture_size")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(bold=True, halign="center", valign="middle", **kwargs)

    def build(self) -> None:
        self._plate = Plate(self.canvas.before)
        self._picture = Pictogram(self.canvas.after)

    def paint(self) -> None:
        word, paper, ink, mark = _LOOKS[self.state]
        self.text = f"{word} - {self.detail}" if self.detail else word
        self.color = look.rgba(ink)
        self.font_size = px(TITLE_MM)
        line = look.rgba("outline") if self.state == "stale" else None
        self._plate.put((*self.pos, *self.size), look.rgba(paper), line, 0.5)
        side = min(px(TITLE_MM * 1.2), self.height * 0.8)
        box = (self.x + px(PADDING_MM), round(self.center_y - side / 2), max(side, 1))
        self._picture.put(mark, box, look.rgba(ink))
