"""Text in a token's ink."""

from __future__ import annotations

from typing import Any

from kivy.properties import BooleanProperty, NumericProperty, StringProperty
from kivy.uix.label import Label

from tosca_kiosk.kiosk.look.theme import look, px
from tosca_kiosk.kiosk.look.tokens import TEXT_MM
from tosca_kiosk.kiosk.widgets.painted import Painted


class UiText(Painted, Label):
    """A line of text, or lines where it wraps. shorten: may be cut with an ellipsis (names of any length)."""

    ink = StringProperty("text")
    size_mm = NumericProperty(TEXT_MM)
    wraps = BooleanProperty(False)
    repaint_on: tuple[str, ...] = ("ink", "size_mm", "wraps", "disabled")

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("halign", "left")
        kwargs.setdefault("valign", "middle")
        kwargs.setdefault("shorten_from", "right")
        super().__init__(**kwargs)

    def paint(self) -> None:
        self.color = self.disabled_color = look.rgba(self.ink)
        self.font_size = px(self.size_mm)
        self.max_lines = 0 if self.wraps else 1
        self.text_size = self.size
