"""The one line that says what to do next, and why, as large as the words allow."""

from __future__ import annotations

from typing import Any

from kivy.properties import NumericProperty, OptionProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from tosca_kiosk.kiosk.look.theme import px
from tosca_kiosk.kiosk.look.tokens import PADDING_MM, STRONG_MM, TEXT_MM, TITLE_MM
from tosca_kiosk.kiosk.look.wording import shortened
from tosca_kiosk.kiosk.widgets.bar import Bar
from tosca_kiosk.kiosk.widgets.card import UiCard
from tosca_kiosk.kiosk.widgets.flowing import UiFlowing
from tosca_kiosk.kiosk.widgets.mark import UiMark

_PADDING_MM = 0.5
"""Above and below: five lines of words stand between."""
_BAR_MM = 3.0
_SIZES_MM = ((30, 66, TITLE_MM), (40, 60, STRONG_MM))
"""Up to so many characters, and so many of the reason below, in this size; beyond in that of running text."""
_LONG, _DETAIL_BESIDE_LONG = 60, 58
"""What to do stands whole; beside three lines of it the reason gets two."""
_INKS = {"info": ("text", "measured"), "refused": ("refused", "refused")}
"""Ink of the words and of the mark."""


class UiGuide(UiCard):
    """text: what to do. detail: why, or what goes on. tone: refused where something is in the way.

    share: how far what is waited for has come, which a bar shows; None where there is nothing to show.
    """

    text = StringProperty("")
    detail = StringProperty("")
    tone = OptionProperty("info", options=tuple(_INKS))
    share = NumericProperty(None, allownone=True)
    repaint_on = ("text", "detail", "tone", "share")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            orientation="horizontal",
            padding=[px(PADDING_MM), px(_PADDING_MM)],
            spacing=px(PADDING_MM),
            **kwargs,
        )

    def build(self) -> None:
        super().build()
        self._mark = UiMark(size_hint_x=None, width=px(TITLE_MM))
        self._text = UiFlowing(bold=True)
        self._detail = UiFlowing(ink="text2")
        self._bar = Bar(size_hint_y=None, height=px(_BAR_MM))
        self._lines = lines = BoxLayout(orientation="vertical")
        for part in (Widget(), self._text, self._detail, Widget()):
            lines.add_widget(part)
        self.add_widget(self._mark)
        self.add_widget(lines)

    def paint(self) -> None:
        super().paint()
        self._text.ink, self._mark.ink = _INKS[self.tone]
        self._mark.mark = "refused" if self.tone == "refused" else "right"
        lengths = len(self.text), len(self.detail)
        fitting = (size for *most, size in _SIZES_MM if lengths[0] <= most[0] and lengths[1] <= most[1])
        self._text.size_mm = next(fitting, TEXT_MM)
        self._text.text = self.text
        self._show_bar()
        self._detail.text = shortened(self.detail, _DETAIL_BESIDE_LONG) if lengths[0] > _LONG else self.detail

    def _show_bar(self) -> None:
        if self.share is not None:
            self._bar.share = self.share
        shown = self._bar.parent is not None
        if self.share is not None and not shown:
            self._lines.add_widget(self._bar, index=1)  # above the empty room at the foot
        elif self.share is None and shown:
            self._lines.remove_widget(self._bar)
