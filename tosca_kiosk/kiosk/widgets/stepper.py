"""Where on the way through a treatment we are."""

from __future__ import annotations

from typing import Any

from kivy.graphics import Color, SmoothEllipse, SmoothLine
from kivy.properties import ListProperty, NumericProperty
from kivy.uix.boxlayout import BoxLayout

from tosca_kiosk.kiosk.look.theme import look, px
from tosca_kiosk.kiosk.look.tokens import SPACING_MM
from tosca_kiosk.kiosk.widgets.marks import Pictogram
from tosca_kiosk.kiosk.widgets.painted import Painted
from tosca_kiosk.kiosk.widgets.text import UiText

_DOT_MM = 4.4
STEPS = ("Patient", "Protocol", "Position", "Checklist", "Treat", "Summary")


class _Dot(Painted, BoxLayout):
    """One step: done has a tick, current is filled, to come is a ring."""

    place = NumericProperty(0)
    repaint_on = ("place",)

    def __init__(self, text: str) -> None:
        self.name = text
        super().__init__(spacing=px(SPACING_MM), padding=[px(_DOT_MM + SPACING_MM), 0, 0, 0])

    def build(self) -> None:
        self._text = UiText(text=self.name)
        self.add_widget(self._text)
        with self.canvas:
            self._fill_ink, self._fill = Color(), SmoothEllipse()
            self._edge_ink, self._edge = Color(), SmoothLine(width=1.4)
        self._picture = Pictogram(self.canvas)

    def paint(self) -> None:
        side = px(_DOT_MM)
        y = round(self.center_y - side / 2)
        done, current = self.place < 0, self.place == 0
        self._fill_ink.rgba = look.rgba("text" if current else "")
        self._fill.pos, self._fill.size = (self.x, y), (side, side)
        self._edge_ink.rgba = look.rgba("text" if current else "text2")
        self._edge.circle = (self.x + side / 2, y + side / 2, side / 2 - 1)
        inset = side * 0.2
        box = (self.x + inset, y + inset, side - 2 * inset)
        self._picture.put("tick" if done else "", box, look.rgba("text2"), 0.09)
        self._text.ink = "text" if current else "text2"
        self._text.bold = current


class UiStepper(Painted, BoxLayout):
    """steps: their names. current: index of the one we are at; those before are done."""

    steps = ListProperty(STEPS)
    current = NumericProperty(0)
    repaint_on = ("steps", "current")

    def __init__(self, **kwargs: Any) -> None:
        self._dots: list[_Dot] = []
        super().__init__(spacing=px(SPACING_MM), **kwargs)

    def paint(self) -> None:
        if [dot.name for dot in self._dots] != [*self.steps]:
            self.clear_widgets()
            self._dots = [_Dot(text) for text in self.steps]
            for dot in self._dots:
                self.add_widget(dot)
        for at, dot in enumerate(self._dots):
            dot.place = at - self.current
