"""The interlock lamps in columns, read downwards."""

from __future__ import annotations

from math import ceil
from typing import Any

from kivy.properties import ListProperty, NumericProperty
from kivy.uix.gridlayout import GridLayout
from kivy.uix.widget import Widget

from tosca_kiosk.kiosk.look.theme import px
from tosca_kiosk.kiosk.look.tokens import PADDING_MM, SPACING_MM
from tosca_kiosk.kiosk.widgets.lamp import UiLamp
from tosca_kiosk.kiosk.widgets.painted import OnPlate, Plate
from tosca_kiosk.kiosk.widgets.still import Still


class UiLampGrid(OnPlate, GridLayout):
    """lamps: (text, state) pairs, in order. A lamp keeps its place whatever its state."""

    lamps = ListProperty()
    columns = NumericProperty(2)
    repaint_on = ("lamps", "columns")

    def __init__(self, **kwargs: Any) -> None:
        self._lamps: list[UiLamp] = []
        kwargs.setdefault("padding", [px(PADDING_MM), px(SPACING_MM)])
        super().__init__(spacing=(px(SPACING_MM), 0), orientation="tb-lr", rows=1, **kwargs)

    def build(self) -> None:
        self._still = Still(self.canvas)
        self._plate = Plate(self._still.canvas)

    def add_widget(self, widget: Widget, *args: Any, **kwargs: Any) -> None:
        super().add_widget(widget, *args, **kwargs)
        self._still.take(self.canvas, widget.canvas)

    def remove_widget(self, widget: Widget, *args: Any, **kwargs: Any) -> None:
        self._still.canvas.remove(widget.canvas)
        super().remove_widget(widget, *args, **kwargs)

    def paint(self) -> None:
        super().paint()
        self._still.place(*self.pos, *self.size)
        self.rows = max(1, ceil(len(self.lamps) / self.columns))
        if len(self._lamps) != len(self.lamps):
            self.clear_widgets()
            self._lamps = [UiLamp() for _ in self.lamps]
            for lamp in self._lamps:
                self.add_widget(lamp)
        for lamp, (text, state) in zip(self._lamps, self.lamps, strict=True):
            lamp.text, lamp.state = text, state
