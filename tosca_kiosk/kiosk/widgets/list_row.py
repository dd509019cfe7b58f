"""A row to choose: title, detail, and something at its right."""

from __future__ import annotations

from typing import Any

from kivy.input.motionevent import MotionEvent
from kivy.properties import BooleanProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout

from tosca_kiosk.kiosk.look.theme import look, px
from tosca_kiosk.kiosk.look.tokens import LINE_MM, PADDING_MM, STRONG_MM, TARGET_MM, TEXT_MM
from tosca_kiosk.kiosk.widgets.mark import UiMark
from tosca_kiosk.kiosk.widgets.painted import Painted, Plate
from tosca_kiosk.kiosk.widgets.text import UiText

_CHOSEN_LINE_MM = 0.9
_LINE = 1.3


class UiListRow(Painted, BoxLayout):
    """chosen: marked by a thick border and a tick. Texts of any length are shortened."""

    tappable = True
    least_mm = TARGET_MM
    __events__ = ("on_tap",)
    title = StringProperty("")
    detail = StringProperty("")
    right_text = StringProperty("")
    chosen = BooleanProperty(False)
    pressed = BooleanProperty(False)
    repaint_on = ("title", "detail", "right_text", "chosen", "pressed", "disabled")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(padding=[px(PADDING_MM), px(1.2)], spacing=px(PADDING_MM), **kwargs)

    def build(self) -> None:
        self._plate = Plate(self.canvas.before)
        lines = BoxLayout(orientation="vertical")
        self._title = UiText(bold=True, size_mm=STRONG_MM, shorten=True)
        self._detail = UiText(ink="text2", shorten=True, size_hint_y=None, height=0)
        lines.add_widget(self._title)
        lines.add_widget(self._detail)
        self._right = UiText(ink="text2", halign="right", size_hint_x=0.5, shorten=True)
        self._mark = UiMark(size_hint_x=None, width=0)
        for part in (lines, self._right, self._mark):
            self.add_widget(part)

    def paint(self) -> None:
        line, line_mm = ("measured", _CHOSEN_LINE_MM) if self.chosen else ("outline", LINE_MM)
        if self.pressed:
            line, line_mm = "text", _CHOSEN_LINE_MM
        paper = "off" if self.disabled else "raised"
        edge = None if self.disabled else look.rgba(line)
        self._plate.put((*self.pos, *self.size), look.rgba(paper), edge, line_mm)
        inks = ("disabled", "disabled") if self.disabled else ("text", "text2")
        self._title.text, self._title.ink = self.title, inks[0]
        self._detail.text, self._detail.ink = self.detail, inks[1]
        self._detail.height = px(TEXT_MM * _LINE) if self.detail else 0
        self._right.text, self._right.ink = self.right_text, inks[1]
        self._right.size_hint_x = 0.5 if self.right_text else 0.001
        self._mark.mark = "tick" if self.chosen else ""
        self._mark.ink, self._mark.width = "measured", px(TEXT_MM) if self.chosen else 0

    def on_tap(self) -> None:
        """Touched."""

    def on_touch_down(self, touch: MotionEvent) -> bool:
        if not self.collide_point(*touch.pos):
            return False
        if not self.disabled:
            touch.grab(self)
            self.pressed = True
        return True

    def on_touch_up(self, touch: MotionEvent) -> bool:
        if touch.grab_current is not self:
            return False
        touch.ungrab(self)
        self.pressed = False
        if self.collide_point(*touch.pos) and not self.disabled:
            self.dispatch("on_tap")
        return True
