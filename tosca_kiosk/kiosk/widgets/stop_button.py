"""STOP: drawn here, acted on by the panel before any other widget sees the touch."""

from __future__ import annotations

from typing import Any

from kivy.properties import BooleanProperty
from kivy.uix.label import Label

from tosca_kiosk.kiosk.look.theme import look, px
from tosca_kiosk.kiosk.look.tokens import STOP_HEIGHT_MM, TITLE_MM
from tosca_kiosk.kiosk.widgets.painted import Painted, Plate

_PRESSED_LINE_MM = 1.0


class UiStop(Painted, Label):
    """The red key at the bottom right of every screen; labelled STOP, as it is no emergency stop."""

    tappable = True
    least_mm = STOP_HEIGHT_MM
    pressed = BooleanProperty(False)
    repaint_on = ("pressed",)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(text="STOP", bold=True, halign="center", valign="middle", **kwargs)

    def build(self) -> None:
        self._plate = Plate(self.canvas.before)

    def paint(self) -> None:
        line = look.rgba("text") if self.pressed else None
        self._plate.put((*self.pos, *self.size), look.rgba("high"), line, _PRESSED_LINE_MM)
        self.color = look.rgba("on_high")
        self.font_size = px(TITLE_MM * 1.3)
        self.text_size = self.size
