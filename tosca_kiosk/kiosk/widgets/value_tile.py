"""A big figure with its caption and details."""

from __future__ import annotations

from typing import Any

from kivy.properties import ListProperty, NumericProperty, StringProperty

from tosca_kiosk.kiosk.look.theme import px
from tosca_kiosk.kiosk.look.tokens import PADDING_MM, SPACING_MM, TEXT_MM, VALUE_MM
from tosca_kiosk.kiosk.widgets.card import UiCard
from tosca_kiosk.kiosk.widgets.text import UiText

_LINE = 1.18
"""Height of a line of text, of its size."""


class UiValueTile(UiCard):
    """value: as shown, "--" when it is not known. details: one line each below."""

    caption = StringProperty("")
    value = StringProperty("--")
    unit = StringProperty("")
    details = ListProperty()
    ink = StringProperty("text")
    value_mm = NumericProperty(VALUE_MM)
    repaint_on = ("caption", "value", "unit", "details", "ink", "value_mm")

    def __init__(self, **kwargs: Any) -> None:
        self._details: list[UiText] = []
        super().__init__(spacing=0, padding=[px(PADDING_MM), px(SPACING_MM)], **kwargs)

    def build(self) -> None:
        super().build()
        self._caption = UiText(ink="text2", size_hint_y=None, height=px(TEXT_MM * _LINE))
        self._value = UiText(bold=True)
        self.add_widget(self._caption)
        self.add_widget(self._value)

    def paint(self) -> None:
        super().paint()
        self._caption.text = self.caption
        self._value.text = f"{self.value} {self.unit}" if self.unit and self.value != "--" else self.value
        self._value.ink = self.ink if self.value != "--" else "text2"
        self._value.size_mm = self.value_mm
        while len(self._details) < len(self.details):
            line = UiText(ink="text2", size_hint_y=None, height=px(TEXT_MM * _LINE))
            self._details.append(line)
            self.add_widget(line)
        while len(self._details) > len(self.details):
            self.remove_widget(self._details.pop())
        for line, text in zip(self._details, self.details, strict=True):
            line.text = text
