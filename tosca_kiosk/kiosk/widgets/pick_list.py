"""A list in pages: two big keys turn them, which gloves do better than dragging."""

from __future__ import annotations

from math import ceil
from typing import Any, NamedTuple

from kivy.properties import ListProperty, NumericProperty, ObjectProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout

from tosca_kiosk.kiosk.look.theme import px
from tosca_kiosk.kiosk.look.tokens import GAP_MM, STRONG_MM
from tosca_kiosk.kiosk.widgets.button import UiButton
from tosca_kiosk.kiosk.widgets.list_row import UiListRow
from tosca_kiosk.kiosk.widgets.painted import Painted
from tosca_kiosk.kiosk.widgets.text import UiText

_ROW_MM = 16.0
_TURN_MM = 17.0


class Row(NamedTuple):
    """A row of a list. key: what on_pick tells."""

    key: Any
    title: str
    detail: str = ""
    right: str = ""
    disabled: bool = False


class UiPickList(Painted, BoxLayout):
    """rows: `Row` each. chosen: key of the row in force. As many rows a page as the height holds."""

    __events__ = ("on_pick",)
    rows = ListProperty()
    chosen = ObjectProperty(None, allownone=True)
    empty = StringProperty("Nothing here")
    page = NumericProperty(0)
    repaint_on = ("rows", "chosen", "empty", "page")

    def __init__(self, **kwargs: Any) -> None:
        self._shown: list[UiListRow] = []
        super().__init__(spacing=px(GAP_MM), **kwargs)

    def build(self) -> None:
        self._column = BoxLayout(orientation="vertical", spacing=px(GAP_MM), pos_hint={"top": 1})
        self._empty = UiText(ink="text2", size_mm=STRONG_MM, halign="center", wraps=True)
        self._turner = BoxLayout(
            orientation="vertical", size_hint_x=None, width=px(_TURN_MM), spacing=px(GAP_MM)
        )
        self._up = UiButton(mark="up")
        self._where = UiText(ink="text2", halign="center", wraps=True)
        self._down = UiButton(mark="down")
        self._up.bind(on_tap=lambda _button: self._turn(-1))
        self._down.bind(on_tap=lambda _button: self._turn(1))
        for part in (self._up, self._where, self._down):
            self._turner.add_widget(part)
        self.add_widget(self._column)

    @property
    def rows_a_page(self) -> int:
        """How many rows fit."""
        return max(1, int((self.height + px(GAP_MM)) // (px(_ROW_MM) + px(GAP_MM))))

    @property
    def pages(self) -> int:
        """How many pages there are, one at least."""
        return max(1, ceil(len(self.rows) / self.rows_a_page))

    def show_key(self, key: Any) -> None:
        """Turn to the page of a row; nothing happens if there is none of that key."""
        at = next((at for at, row in enumerate(self.rows) if row.key == key), None)
        if at is not None:
            self.page = at // self.rows_a_page

    def paint(self) -> None:
        page = min(max(int(self.page), 0), self.pages - 1)
        self.page = page
        first = page * self.rows_a_page
        self._fill_column(self.rows[first : first + self.rows_a_page])
        self._paint_turner(page)

    def on_pick(self, key: Any) -> None:
        """A row was touched."""

    def _fill_column(self, rows: list[Row]) -> None:
        if len(self._shown) != self.rows_a_page or bool(self.rows) != (self._empty.parent is None):
            self._lay_out()
        for row, shown in zip([*rows, *[None] * (len(self._shown) - len(rows))], self._shown, strict=True):
            shown.opacity = 0 if row is None else 1
            shown.disabled = row is None or row.disabled
            _, shown.title, shown.detail, shown.right_text, _ = row or Row(None, "")
            shown.chosen = row is not None and row.key == self.chosen
        self._empty.text = self.empty

    def _lay_out(self) -> None:
        self._column.clear_widgets()
        self._shown = [UiListRow(size_hint_y=None, height=px(_ROW_MM)) for _ in range(self.rows_a_page)]
        if not self.rows:
            self._shown = []
            self._column.size_hint_y = 1
            self._column.add_widget(self._empty)
            return
        self._column.size_hint_y = None
        self._column.height = self.rows_a_page * (px(_ROW_MM) + px(GAP_MM)) - px(GAP_MM)
        for at, shown in enumerate(self._shown):
            shown.bind(on_tap=lambda _row, at=at: self._tell(at))
            self._column.add_widget(shown)

    def _tell(self, at: int) -> None:
        self.dispatch("on_pick", self.rows[int(self.page) * self.rows_a_page + at].key)

    def _paint_turner(self, page: int) -> None:
        needed = self.pages > 1
        if needed != (self._turner.parent is not None):
            if needed:
                self.add_widget(self._turner)
            else:
                self.remove_widget(self._turner)
        self._where.text = f"{page + 1} / {self.pages}"
        self._up.disabled, self._down.disabled = page == 0, page == self.pages - 1

    def _turn(self, pages: int) -> None:
        self.page = min(max(self.page + pages, 0), self.pages - 1)
