"""The PIN pad: shows how many digits are in, never which."""

from __future__ import annotations

from typing import Any

from kivy.graphics import Color, SmoothEllipse, SmoothLine
from kivy.properties import ListProperty, NumericProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout

from tosca_kiosk.kiosk.look.theme import look, px
from tosca_kiosk.kiosk.look.tokens import GAP_MM, STRONG_MM
from tosca_kiosk.kiosk.widgets.keypad import Keypad
from tosca_kiosk.kiosk.widgets.painted import Painted
from tosca_kiosk.kiosk.widgets.text import UiText

_KEYS = (("1", "2", "3"), ("4", "5", "6"), ("7", "8", "9"), ("Clear", "0", "erase"))
_DOT_MM = 4.6
_DOT_SHARE = 0.72
"""Of the room that each dot has where that is short."""
_DOTS_MM = 9
_KEYPAD_MM = 63


class _Dots(Painted):
    """A ring for each digit wanted, a disc for each that is in."""

    counts = ListProperty([0, 6])
    repaint_on = ("counts",)

    def build(self) -> None:
        self._dots: list[tuple[Any, Any, Any, Any]] = []

    def paint(self) -> None:
        count, length = (int(number) for number in self.counts)
        while len(self._dots) < length:
            with self.canvas:
                self._dots.append((Color(), SmoothLine(width=1.4), Color(), SmoothEllipse()))
        pitch = min(px(_DOT_MM * 1.7), int(self.width / max(length, 1)))
        side = min(px(_DOT_MM), round(pitch * _DOT_SHARE))
        left = self.center_x - (pitch * (length - 1) + side) / 2
        for at, (ink, ring, fill, disc) in enumerate(self._dots):
            x, y = round(left + at * pitch), round(self.center_y - side / 2)
            ink.rgba = look.rgba("text" if at < length else "")
            ring.circle = (x + side / 2, y + side / 2, side / 2 - 1)
            # A smooth ellipse that shrinks to nothing keeps its last picture; so its colour goes.
            fill.rgba = look.rgba("text" if at < min(count, length) else "")
            disc.pos, disc.size = (x, y), (side, side)


class UiPinPad(Painted, BoxLayout):
    """length: digits wanted. message: what the PIN is for, or why the last one was refused.

    wait_s: seconds until the next try; over 0 the keys are off. The digits leave by on_pin alone and are
    forgotten then; no property holds them.
    """

    __events__ = ("on_pin",)
    length = NumericProperty(6)
    message = StringProperty("")
    wait_s = NumericProperty(0)
    count = NumericProperty(0)
    repaint_on = ("length", "message", "wait_s", "count", "disabled")

    def __init__(self, **kwargs: Any) -> None:
        self._digits: list[str] = []
        super().__init__(spacing=px(GAP_MM * 2), **kwargs)

    def build(self) -> None:
        side = BoxLayout(orientation="vertical")
        self._message = UiText(wraps=True, halign="center", valign="bottom", size_mm=STRONG_MM)
        self._dots = _Dots(size_hint_y=None, height=px(_DOTS_MM))
        self._wait = UiText(
            wraps=True, halign="center", valign="top", bold=True, size_mm=STRONG_MM, ink="refused"
        )
        for part in (self._message, self._dots, self._wait):
            side.add_widget(part)
        self._keys = Keypad(_KEYS, self._press)
        self._keys.size_hint_x, self._keys.width = None, px(_KEYPAD_MM)
        self._keys.key("Clear").size_mm = STRONG_MM
        self.add_widget(side)
        self.add_widget(self._keys)

    def paint(self) -> None:
        self._message.text = self.message
        self._dots.counts = [self.count, self.length]
        self._wait.text = f"Wait {_wait(self.wait_s)}, then try again." if self.wait_s > 0 else ""
        self._keys.disabled = self.wait_s > 0

    def clear(self) -> None:
        """Forget the digits."""
        self._digits.clear()
        self.count = 0

    def on_pin(self, pin: str) -> None:
        """The last digit is in."""

    def _press(self, name: str) -> None:
        if name == "Clear":
            self.clear()
        elif name == "erase":
            del self._digits[-1:]
            self.count = len(self._digits)
        else:
            self._digits.append(name)
            self.count = len(self._digits)
            self._tell_when_full()

    def _tell_when_full(self) -> None:
        if len(self._digits) < self.length:
            return
        pin = "".join(self._digits)
        self.clear()
        self.dispatch("on_pin", pin)


def _wait(seconds: float) -> str:
    """Return a wait as it counts down: `15 s`, `4:59`."""
    return f"{seconds:.0f} s" if seconds < 60 else f"{seconds // 60:.0f}:{seconds % 60:02.0f}"
