"""Rows to be read: a mark, two lines and a rule below; nothing about them looks like a key."""

from __future__ import annotations

from typing import Any, NamedTuple

from kivy.graphics import Color, Rectangle
from kivy.properties import ListProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from tosca_kiosk.kiosk.look.theme import look, px
from tosca_kiosk.kiosk.look.tokens import LINE_MM, PADDING_MM, STRONG_MM, TEXT_MM
from tosca_kiosk.kiosk.widgets.mark import UiMark
from tosca_kiosk.kiosk.widgets.painted import OnPlate, Painted
from tosca_kiosk.kiosk.widgets.text import UiText

_READ_ROW_MM = 14.4
_LINE = 1.25


class ReadRow(NamedTuple):
    """What happened, and below it when and to whom. mark: a name of MARKS."""

    title: str
    detail: str = ""
    mark: str = ""


class _Row(Painted, BoxLayout):
    """One row. ruled: a line parts it from the next one."""

    def __init__(self, row: ReadRow, *, ruled: bool) -> None:
        self._row, self._ruled = row, ruled
        super().__init__(
            padding=[0, px(0.6)], spacing=px(PADDING_MM), size_hint_y=None, height=px(_READ_ROW_MM)
        )

    def build(self) -> None:
        lines = BoxLayout(orientation="vertical")
        lines.add_widget(UiText(text=self._row.title, bold=True, size_mm=STRONG_MM, shorten=True))
        lines.add_widget(
            UiText(
                text=self._row.detail, ink="text2", shorten=True, size_hint_y=None, height=px(TEXT_MM * _LINE)
            )
        )
        self.add_widget(UiMark(mark=self._row.mark, ink="text2", size_hint_x=None, width=px(STRONG_MM)))
        self.add_widget(lines)
        with self.canvas:
            self._rule_ink, self._rule = Color(), Rectangle()

    def paint(self) -> None:
        self._rule_ink.rgba = look.rgba("outline" if self._ruled else "")
        self._rule.pos, self._rule.size = self.pos, (self.width, px(LINE_MM))


class UiRowList(OnPlate, BoxLayout):
    """rows: `ReadRow` each, as many as there is room for. empty: said where there are none."""

    rows = ListProperty()
    empty = StringProperty("Nothing here")
    repaint_on = ("rows", "empty")

    def __init__(self, **kwargs: Any) -> None:
        self._shown: tuple[list[ReadRow], str] | None = None
        super().__init__(orientation="vertical", padding=[px(PADDING_MM), 0], **kwargs)

    def paint(self) -> None:
        super().paint()
        if (wanted := ([*self.rows], self.empty)) == self._shown:
            return
        self._shown = wanted
        self.clear_widgets()
        if not self.rows:
            self.add_widget(UiText(text=self.empty, ink="text2", size_mm=STRONG_MM, halign="center"))
            return
        for at, row in enumerate(self.rows):
            self.add_widget(_Row(row, ruled=at + 1 < len(self.rows)))
        self.add_widget(Widget())
