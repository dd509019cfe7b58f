"""Pairs of a name and a value, in columns."""

from __future__ import annotations

from math import ceil
from typing import Any

from kivy.properties import ListProperty, NumericProperty
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.gridlayout import GridLayout

from tosca_kiosk.kiosk.look.theme import px
from tosca_kiosk.kiosk.look.tokens import PADDING_MM, TEXT_MM, TITLE_MM
from tosca_kiosk.kiosk.widgets.painted import Painted
from tosca_kiosk.kiosk.widgets.text import UiText

_PAIR_MM = 14.4
_GAP_MM = 1.2


class UiFacts(Painted, GridLayout):
    """facts: (name, value) pairs, row by row. Its height follows from their number."""

    facts = ListProperty()
    columns = NumericProperty(2)
    repaint_on = ("facts", "columns")

    def __init__(self, **kwargs: Any) -> None:
        self._lines: list[tuple[UiText, UiText]] = []
        kwargs.setdefault("size_hint_y", None)
        super().__init__(cols=1, spacing=[px(PADDING_MM), 0], **kwargs)

    def paint(self) -> None:
        self.cols = int(self.columns)
        if len(self._lines) != len(self.facts):
            self._lay_out()
        for (name, value), pair in zip(self.facts, self._lines, strict=True):
            pair[0].text, pair[1].text = name, value
        self.height = px(_PAIR_MM) * ceil(len(self.facts) / max(self.cols, 1))

    def _lay_out(self) -> None:
        self.clear_widgets()
        self._lines = []
        for _ in self.facts:
            pair = (
                UiText(ink="text2", size_hint_y=None, height=px(TEXT_MM * 1.2)),
                UiText(bold=True, size_mm=TITLE_MM, valign="top", shorten=True),
            )
            box = BoxLayout(
                orientation="vertical",
                padding=[0, px(_GAP_MM), 0, 0],
                size_hint_y=None,
                height=px(_PAIR_MM),
            )
            for text in pair:
                box.add_widget(text)
            self.add_widget(box)
            self._lines.append(pair)
