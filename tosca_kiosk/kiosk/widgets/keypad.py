"""Keys in rows, for the keyboard and the pads."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kivy.uix.boxlayout import BoxLayout

from tosca_kiosk.kiosk.look.theme import px
from tosca_kiosk.kiosk.look.tokens import GAP_MM, TITLE_MM
from tosca_kiosk.kiosk.widgets.button import UiButton
from tosca_kiosk.kiosk.widgets.marks import MARKS


class Keypad(BoxLayout):
    """rows: names of keys; a name that is a mark is drawn as one. on_key: told the name of a touched key.

    Keys act when the finger is lifted inside, so that a slip can still be taken back.
    """

    def __init__(self, rows: Sequence[Sequence[str]], on_key: Callable[[str], None]) -> None:
        super().__init__(orientation="vertical", spacing=px(GAP_MM))
        self._on_key = on_key
        self._rows: list[list[UiButton]] = []
        for names in rows:
            row = BoxLayout(spacing=px(GAP_MM))
            self._rows.append([self._key() for _ in names])
            for key in self._rows[-1]:
                row.add_widget(key)
            self.add_widget(row)
        self.label(rows)

    def label(self, rows: Sequence[Sequence[str]]) -> None:
        """Name the keys anew; the shape stays."""
        self._names: dict[UiButton, str] = {}
        for keys, names in zip(self._rows, rows, strict=True):
            for key, name in zip(keys, names, strict=True):
                self._names[key] = name
                is_mark = name in MARKS
                key.mark, key.text = (name, "") if is_mark else ("", name)

    def key(self, name: str) -> UiButton:
        """Return the key of a name. Raises StopIteration if there is none."""
        return next(key for key, own in self._names.items() if own == name)

    def _key(self) -> UiButton:
        key = UiButton(kind="key", size_mm=TITLE_MM)
        key.bind(on_tap=lambda key: self._on_key(self._names[key]))
        return key
