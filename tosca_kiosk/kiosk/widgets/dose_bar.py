"""Delivered energy against the plan."""

from __future__ import annotations

from kivy.properties import NumericProperty

from tosca_kiosk.kiosk.look.theme import px
from tosca_kiosk.kiosk.look.tokens import PADDING_MM, SPACING_MM, STRONG_MM
from tosca_kiosk.kiosk.widgets.bar import Bar
from tosca_kiosk.kiosk.widgets.card import UiCard
from tosca_kiosk.kiosk.widgets.text import UiText


class UiDoseBar(UiCard):
    """dose_j: delivered, planned_j: wanted; None shows --. The bar is full at the plan."""

    dose_j = NumericProperty(None, allownone=True)
    planned_j = NumericProperty(None, allownone=True)
    repaint_on = ("dose_j", "planned_j")

    def build(self) -> None:
        super().build()
        self.padding = [px(PADDING_MM), px(SPACING_MM)]
        self._text = UiText(size_mm=STRONG_MM)
        self._bar = Bar(size_hint_y=None, height=px(3.0))
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
