"""A number by keys, with the range shown; no sliders."""

from __future__ import annotations

from typing import Any

from kivy.properties import NumericProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout

from tosca_kiosk.kiosk.look.theme import px
from tosca_kiosk.kiosk.look.tokens import GAP_MM, PADDING_MM, STRONG_MM, TEXT_MM, TITLE_MM, VALUE_MM
from tosca_kiosk.kiosk.widgets.button import UiButton
from tosca_kiosk.kiosk.widgets.keypad import Keypad
from tosca_kiosk.kiosk.widgets.notice import UiNotice
from tosca_kiosk.kiosk.widgets.sheet import UiSheet
from tosca_kiosk.kiosk.widgets.text import UiText

_KEYS = (("7", "8", "9"), ("4", "5", "6"), ("1", "2", "3"), (".", "0", "erase"))
_ACTION_MM = 44
_STEP_MM = 17
_MOST = 9


class UiNumberPad(UiSheet):
    """low, high: what is accepted, ends included. decimals: how many may be written. step: of + and -."""

    __events__ = ("on_accept", "on_cancel")
    caption = StringProperty("")
    unit = StringProperty("")
    value = NumericProperty(None, allownone=True)
    low = NumericProperty(0)
    high = NumericProperty(0)
    decimals = NumericProperty(2)
    step = NumericProperty(0.1)
    accept_text = StringProperty("Set")
    written = StringProperty("")
    """The digits as they stand on the screen."""
    repaint_on = (
        "caption", "unit", "low", "high", "decimals", "step", "written", "accept_text",
    )  # fmt: skip

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(covers=True, **kwargs)
        self.actions = [self._cancel, self._accept]
        self.on_value()

    def build(self) -> None:
        super().build()
        self.card.clear_widgets()
        self.card.outline, self.card.paper = "", "bg"
        self.card.padding, self.card.orientation = 0, "horizontal"
        self.card.spacing = px(GAP_MM * 2)
        self._keys = Keypad(_KEYS, self._press)
        self.card.add_widget(self._left_side())
        self.card.add_widget(self._keys)
        self._cancel = UiButton(text="Cancel", mark="cross", size_hint_x=None, width=px(_ACTION_MM))
        self._accept = UiButton(kind="primary", size_hint_x=None, width=px(_ACTION_MM))
        self._cancel.bind(on_tap=lambda _button: self.dispatch("on_cancel"))
        self._accept.bind(on_tap=lambda _button: self.dispatch("on_accept", self.number))

    def _left_side(self) -> BoxLayout:
        side = BoxLayout(orientation="vertical", padding=px(PADDING_MM))
        self._caption = UiText(bold=True, size_mm=TITLE_MM, size_hint_y=None, height=px(TITLE_MM * 1.4))
        self._value = UiText(bold=True, size_mm=VALUE_MM, size_hint_y=None, height=px(VALUE_MM * 1.3))
        self._range = UiText(ink="text2", size_mm=STRONG_MM, size_hint_y=None, height=px(STRONG_MM * 1.4))
        self._notice = UiNotice(tone="refused", size_hint_y=None, height=px(TEXT_MM * 2.8))
        steps = BoxLayout(spacing=px(GAP_MM), size_hint_y=None, height=px(_STEP_MM))
        self._less = UiButton(mark="minus")
        self._more = UiButton(mark="plus")
        self._less.bind(on_tap=lambda _button: self._add(-self.step))
        self._more.bind(on_tap=lambda _button: self._add(self.step))
        steps.add_widget(self._less)
        steps.add_widget(self._more)
        for part in (self._caption, self._value, self._range, self._notice, steps):
            side.add_widget(part)
        return side

    @property
    def number(self) -> float | None:
        """The number written, None when it is none."""
        try:
            return float(self.written)
        except ValueError:
            return None

    @property
    def refusal(self) -> str | None:
        """Why the number cannot be accepted, None when it can."""
        number = self.number
        if number is not None and self.low <= number <= self.high:
            return None
        given = f"{self.written} {self.unit}" if number is not None else "nothing"
        return f"{given} written, {self._allowed()} allowed"

    def on_value(self, *_: Any) -> None:
        self.written = "" if self.value is None else self._text(self.value)

    def paint(self) -> None:
        super().paint()
        refusal = self.refusal
        self._caption.text = self.caption
        self._value.text = f"{self.written or '--'} {self.unit}"
        self._range.text = f"{self._allowed()} allowed"
        self._notice.text = refusal or "" if self.written else ""
        self._accept.text = self.accept_text
        self._accept.disabled = refusal is not None
        for button, sign in ((self._less, "-"), (self._more, "+")):
            button.text = f"{sign} {self.step:g}"
            button.mark = ""
        self._keys.key(".").disabled = self.decimals == 0

    def on_accept(self, number: float) -> None:
        """The number is taken."""

    def on_cancel(self) -> None:
        """The number stays as it was."""

    def _allowed(self) -> str:
        return f"{self._text(self.low)} to {self._text(self.high)} {self.unit}".rstrip()

    def _text(self, number: float) -> str:
        return f"{number:.{int(self.decimals)}f}"

    def _add(self, change: float) -> None:
        """Go a step, but not out of the range."""
        wanted = (self.low if self.number is None else self.number) + change
        self.written = self._text(min(max(wanted, self.low), self.high))

    def _press(self, name: str) -> None:
        if name == "erase":
            self.written = self.written[:-1]
        elif self._fits(self.written + name):
            self.written += name

    def _fits(self, written: str) -> bool:
        _, point, decimals = written.partition(".")
        return len(written) <= _MOST and "." not in decimals and not (point and len(decimals) > self.decimals)
