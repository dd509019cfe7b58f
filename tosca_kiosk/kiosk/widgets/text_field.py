"""An entry: shows its value and what is wrong with it; a touch asks for a keyboard."""

from __future__ import annotations

from typing import Any

from kivy.input.motionevent import MotionEvent
from kivy.properties import BooleanProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout

from tosca_kiosk.kiosk.look.theme import look, px
from tosca_kiosk.kiosk.look.tokens import LINE_MM, PADDING_MM, STRONG_MM, TARGET_MM, TEXT_MM
from tosca_kiosk.kiosk.widgets.notice import UiNotice
from tosca_kiosk.kiosk.widgets.painted import Painted, Plate
from tosca_kiosk.kiosk.widgets.text import UiText

_BOX_MM = 16.0
_NOTICE_MM = 6.4
FIELD_MM = _BOX_MM + _NOTICE_MM
"""Height of a field with the line below it."""
_WRONG_LINE_MM = 0.7
_BULLET = "\u2022"


class _Box(Painted, BoxLayout):
    """The field's own target."""

    tappable = True
    least_mm = TARGET_MM
    __events__ = ("on_tap",)
    wrong = BooleanProperty(False)
    repaint_on = ("wrong", "disabled")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(orientation="vertical", padding=[px(PADDING_MM), px(0.8)], **kwargs)

    def build(self) -> None:
        self._plate = Plate(self.canvas.before)
        self.caption = UiText(ink="text2", size_hint_y=None, height=px(TEXT_MM * 1.3), shorten=True)
        self.value = UiText(size_mm=STRONG_MM, shorten=True, shorten_from="left")
        self.add_widget(self.caption)
        self.add_widget(self.value)

    def paint(self) -> None:
        line = "refused" if self.wrong else "" if self.disabled else "outline"
        width_mm = _WRONG_LINE_MM if self.wrong else LINE_MM
        edge = look.rgba(line) if line else None
        self._plate.put(
            (*self.pos, *self.size), look.rgba("off" if self.disabled else "surface"), edge, width_mm
        )

    def on_tap(self) -> None:
        """Touched."""

    def on_touch_down(self, touch: MotionEvent) -> bool:
        if not self.collide_point(*touch.pos):
            return False
        if not self.disabled:
            touch.grab(self)
        return True

    def on_touch_up(self, touch: MotionEvent) -> bool:
        if touch.grab_current is not self:
            return False
        touch.ungrab(self)
        if self.collide_point(*touch.pos) and not self.disabled:
            self.dispatch("on_tap")
        return True


class UiTextField(Painted, BoxLayout):
    """caption, value; hint stands where the value is empty; error: why the value is refused, "" for none.

    secret: shows a dot for each character. Its height is FIELD_MM, with room for the error.
    """

    __events__ = ("on_edit",)
    caption = StringProperty("")
    value = StringProperty("")
    hint = StringProperty("")
    error = StringProperty("")
    secret = BooleanProperty(False)
    required = BooleanProperty(False)
    repaint_on = ("caption", "value", "hint", "error", "secret", "required", "disabled")

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("size_hint_y", None)
        kwargs.setdefault("height", px(FIELD_MM))
        super().__init__(orientation="vertical", **kwargs)

    def build(self) -> None:
        self._box = _Box(size_hint_y=None, height=px(_BOX_MM))
        self._box.bind(on_tap=lambda _box: self.dispatch("on_edit"))
        self._notice = UiNotice(tone="refused")
        self.add_widget(self._box)
        self.add_widget(self._notice)

    def paint(self) -> None:
        box = self._box
        box.caption.text = f"{self.caption} (required)" if self.required and not self.value else self.caption
        shown = _BULLET * len(self.value) if self.secret else self.value
        box.value.text = shown or self.hint
        box.value.ink = "disabled" if self.disabled else "text" if self.value else "text2"
        box.wrong = bool(self.error)
        self._notice.text = self.error

    def on_edit(self) -> None:
        """Touched: edit the value."""
