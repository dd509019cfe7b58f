"""A line in place: what is wrong with an entry, or a hint."""

from __future__ import annotations

from typing import Any

from kivy.properties import OptionProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout

from tosca_kiosk.kiosk.look.theme import px
from tosca_kiosk.kiosk.look.tokens import SPACING_MM, TEXT_MM
from tosca_kiosk.kiosk.widgets.mark import UiMark
from tosca_kiosk.kiosk.widgets.painted import Painted
from tosca_kiosk.kiosk.widgets.text import UiText

_INKS = {"info": "text2", "refused": "refused"}


class UiNotice(Painted, BoxLayout):
    """A mark and wrapped text; an empty text shows nothing and keeps its place."""

    text = StringProperty("")
    tone = OptionProperty("info", options=tuple(_INKS))
    repaint_on = ("text", "tone")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(spacing=px(SPACING_MM), **kwargs)

    def build(self) -> None:
        self._mark = UiMark(size_hint_x=None)
        self._text = UiText(wraps=True)
        self.add_widget(self._mark)
        self.add_widget(self._text)

    def paint(self) -> None:
        ink = _INKS[self.tone]
        self._mark.mark = self.tone if self.text else ""
        self._mark.width = px(TEXT_MM * 1.2) if self.text else 0
        self._mark.ink = self._text.ink = ink
        self._text.text = self.text
        self._text.bold = self.tone == "refused"
