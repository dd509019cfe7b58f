"""Our own keyboard: fills the content area and shows what it writes, so it never covers the field."""

from __future__ import annotations

from typing import Any

from kivy.properties import NumericProperty, ObjectProperty, OptionProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout

from tosca_kiosk.kiosk.look.theme import px
from tosca_kiosk.kiosk.look.tokens import PADDING_MM, SPACING_MM, STRONG_MM, TITLE_MM
from tosca_kiosk.kiosk.widgets.button import UiButton
from tosca_kiosk.kiosk.widgets.keypad import Keypad
from tosca_kiosk.kiosk.widgets.notice import UiNotice
from tosca_kiosk.kiosk.widgets.sheet import UiSheet
from tosca_kiosk.kiosk.widgets.text import UiText

_DIGITS = tuple("1234567890")
_LOWER = (_DIGITS, tuple("qwertyuiop"), (*"asdfghjkl", "erase"), ("shift", *"zxcvbnm", "#+", "space"))
_UPPER = tuple(tuple(key.upper() if len(key) == 1 else key for key in row) for row in _LOWER)
_SIGNS = (_DIGITS, tuple("-_.,:;'/()"), (*"äöüßéèçñå", "erase"), ("shift", *"%+=?!@&", "abc", "space"))
_LAYOUTS = {"lower": _LOWER, "upper": _UPPER, "signs": _SIGNS}
_HEADER_MM = 9.4
_CURSOR = "|"
_ACTION_MM = 44


class UiKeyboard(UiSheet):
    """caption: what is written. value: what is written so far. check: says why a text is refused, or None.

    letters: the case it begins with. A refused text cannot be accepted; the reason stands beside it.
    """

    __events__ = ("on_accept", "on_cancel")
    caption = StringProperty("")
    value = StringProperty("")
    max_length = NumericProperty(40)
    check = ObjectProperty(None, allownone=True)
    letters = OptionProperty("upper", options=tuple(_LAYOUTS))
    accept_text = StringProperty("Done")
    repaint_on = ("caption", "value", "check", "letters", "accept_text", "max_length")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(covers=True, **kwargs)
        self.actions = [self._cancel, self._accept]

    def build(self) -> None:
        super().build()
        self.card.clear_widgets()
        self.card.outline, self.card.paper = "", "bg"
        self.card.padding = 0
        self._head = BoxLayout(size_hint_y=None, height=px(_HEADER_MM), spacing=px(PADDING_MM))
        self._caption = UiText(ink="text2", size_hint_x=None)
        self._value = UiText(bold=True, size_mm=TITLE_MM, shorten=True, shorten_from="left")
        self._notice = UiNotice(tone="refused", size_hint_x=0.9)
        for part in (self._caption, self._value, self._notice):
            self._head.add_widget(part)
        self._keys = Keypad(_LAYOUTS[self.letters], self._press)
        self.card.spacing = px(SPACING_MM)
        self.card.add_widget(self._head)
        self.card.add_widget(self._keys)
        self._cancel = UiButton(text="Cancel", mark="cross", size_hint_x=None, width=px(_ACTION_MM))
        self._accept = UiButton(kind="primary", size_hint_x=None, width=px(_ACTION_MM))
        self._cancel.bind(on_tap=lambda _button: self.dispatch("on_cancel"))
        self._accept.bind(on_tap=lambda _button: self.dispatch("on_accept", self.value))

    @property
    def refusal(self) -> str | None:
        """Why the text cannot be accepted as it is, None when it can."""
        reason: str | None = self.check(self.value) if self.check is not None else None
        return reason

    def paint(self) -> None:
        super().paint()
        refusal = self.refusal
        self._caption.text = self.caption
        self._caption.width = px(STRONG_MM * 0.52) * max(len(self.caption), 1)
        self._value.text = f"{self.value}{_CURSOR}"
        self._notice.text = refusal or "" if self.value else ""
        self._notice.size_hint_x = 0.9 if self._notice.text else 0.01
        self._accept.text = self.accept_text
        self._accept.disabled = refusal is not None
        self._keys.label(_LAYOUTS[self.letters])

    def on_accept(self, text: str) -> None:
        """The text is taken."""

    def on_cancel(self) -> None:
        """The text stays as it was."""

    def _press(self, name: str) -> None:
        if name == "erase":
            self.value = self.value[:-1]
        elif name == "shift":
            self.letters = "lower" if self.letters == "upper" else "upper"
        elif name in ("#+", "abc"):
            self.letters = "signs" if name == "#+" else "lower"
        else:
            self._write(" " if name == "space" else name)

    def _write(self, character: str) -> None:
        if len(self.value) < self.max_length:
            self.value += character
