"""The interlock lamps in columns, read downwards."""

from __future__ import annotations

from math import ceil
from typing import Any

from kivy.properties import ListProperty, NumericProperty
from kivy.uix.gridlayout import GridLayout

from tosca_kiosk.kiosk.look import px
from tosca_kiosk.kiosk.tokens import PADDING_MM, SPACING_MM
from tosca_kiosk.kiosk.widgets.lamp import UiLamp
from tosca_kiosk.kiosk.widgets.painted import OnPlate


class UiLampGrid(OnPlate, GridLayout):
    """lamps: (text, state) pairs, in order. A lamp keeps its place whatever its state."""

    lamps = ListProperty()
    columns = NumericProperty(2)
    repaint_on = ("lamps", "columns")

    def __init__(self, **kwargs: Any) -> None:
        self._lamps: list[UiLamp] = []
        kwargs.setdefault("padding", [px(PADDING_MM), px(SPACING_MM)])
        super().__init__(spacing=(px(SPACING_MM), 0), orientation="tb-lr", rows=1, **kwargs)

    def paint(self) -> None:
        super().paint()
        self.rows = max(1, ceil(len(self.lamps) / self.columns))
        if len(self._lamps) != len(self.lamps):
            self.clear_widgets()
            self._lamps = [UiLamp() for _ in self.lamps]
            for lamp in self._lamps:
                self.add_widget(lamp)
        for lamp, (text, state) in zip(self._lamps, self.lamps, strict=True):
            lamp.text, lamp.state = text, state
