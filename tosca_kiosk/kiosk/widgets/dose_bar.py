"""Delivered energy against the plan."""

from __future__ import annotations

from kivy.graphics import Color, Rectangle
from kivy.properties import NumericProperty

from tosca_kiosk.kiosk.look.theme import look, px
from tosca_kiosk.kiosk.look.tokens import PADDING_MM, SPACING_MM, STRONG_MM
from tosca_kiosk.kiosk.widgets.card import UiCard
from tosca_kiosk.kiosk.widgets.painted import Painted
from tosca_kiosk.kiosk.widgets.text import UiText


class _Bar(Painted):
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


class UiDoseBar(UiCard):
    """dose_j: delivered, planned_j: wanted; None shows --. The bar is full at the plan."""

    dose_j = NumericProperty(None, allownone=True)
    planned_j = NumericProperty(None, allownone=True)
    repaint_on = ("dose_j", "planned_j")

    def build(self) -> None:
        super().build()
        self.padding = [px(PADDING_MM), px(SPACING_MM)]
        self._text = UiText(size_mm=STRONG_MM)
        self._bar = _Bar(size_hint_y=None, height=px(3.0))
        self.add_widget(self._text)
        self.add_widget(self._bar)

    def paint(self) -> None:
        super().paint()
        known = self.dose_j is not None and self.planned_j
        self._text.text = f"DOSE   {_joules(self.dose_j)} of {_joules(self.planned_j)}"
        self._bar.share = self.dose_j / self.planned_j if known else 0


def _joules(energy_j: float | None) -> str:
    if energy_j is None:
        return "--"
    return f"{energy_j:.1f} J" if energy_j < 100 else f"{energy_j:.0f} J"
