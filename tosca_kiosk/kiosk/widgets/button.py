"""A button for gloved fingers."""

from __future__ import annotations

from typing import Any

from kivy.input.motionevent import MotionEvent
from kivy.properties import BooleanProperty, NumericProperty, OptionProperty, StringProperty
from kivy.uix.label import Label

from tosca_kiosk.kiosk.look.theme import look, px
from tosca_kiosk.kiosk.look.tokens import LINE_MM, PADDING_MM, PRIMARY_MM, SPACING_MM, STRONG_MM, TARGET_MM
from tosca_kiosk.kiosk.widgets.marks import Pictogram
from tosca_kiosk.kiosk.widgets.painted import Painted, Plate

_CHOSEN_LINE_MM = 0.9


class UiButton(Painted, Label):
    """A button with text, a mark or both.

    kind: what it is for; "key" is quieter, for keyboards. acts_on: "down" for what must act at once.
    chosen: the choice in force of several.
    """

    tappable = True
    __events__ = ("on_tap",)

    kind = OptionProperty("secondary", options=("secondary", "primary", "danger", "key"))
    mark = StringProperty("")
    acts_on = OptionProperty("up", options=("up", "down"))
    chosen = BooleanProperty(False)
    size_mm = NumericProperty(STRONG_MM)
    pressed = BooleanProperty(False)
    repaint_on = ("kind", "mark", "chosen", "size_mm", "pressed", "disabled", "text")

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("bold", True)
        kwargs.setdefault("halign", "center")
        kwargs.setdefault("valign", "middle")
        super().__init__(**kwargs)

    @property
    def least_mm(self) -> float:
        """The least side it may have."""
        return PRIMARY_MM if self.kind == "primary" else TARGET_MM

    def build(self) -> None:
        self._plate = Plate(self.canvas.before)
        self._picture = Pictogram(self.canvas.after)

    def paint(self) -> None:
        paper, ink, line, line_mm = self._colours()
        if self.pressed and not self.disabled:
            line, line_mm = "text", _CHOSEN_LINE_MM
        self._plate.put((*self.pos, *self.size), look.rgba(paper), look.rgba(line) if line else None, line_mm)
        self.color = self.disabled_color = look.rgba(ink)
        self.font_size = px(self.size_mm)
        self._place_mark(ink)

    def _colours(self) -> tuple[str, str, str, float]:
        if self.disabled:
            return "off", "disabled", "", LINE_MM
        if self.kind == "primary":
            return "action", "on_action", "", LINE_MM
        if self.chosen:
            return "raised", "text", "measured", _CHOSEN_LINE_MM
        if self.kind == "danger":
            return "surface", "refused", "refused", LINE_MM
        return "raised", "text", "outline", LINE_MM

    def _place_mark(self, ink: str) -> None:
        inset = px(SPACING_MM)
        if not self.mark:
            self.padding = [inset, 0, inset, 0]
            self._picture.put("", (0, 0, 1), look.rgba(""))
            self.text_size = self.size
            return
        side = min(px(self.size_mm * 1.25), min(self.size) * 0.62)
        if self.text:
            x = self.x + px(PADDING_MM)
            self.padding = [px(PADDING_MM) + side + inset, 0, inset, 0]
        else:
            x = self.center_x - side / 2
        self.text_size = self.size
        self._picture.put(self.mark, (round(x), round(self.center_y - side / 2), side), look.rgba(ink))

    def on_tap(self) -> None:
        """Touched: lifted inside, or put down where it acts on down."""

    def on_touch_down(self, touch: MotionEvent) -> bool:
        if not self.collide_point(*touch.pos):
            return False
        if self.disabled or self.pressed:
            return True
        touch.grab(self)
        self.pressed = True
        if self.acts_on == "down":
            self.dispatch("on_tap")
        return True

    def on_touch_move(self, touch: MotionEvent) -> bool:
        if touch.grab_current is not self:
            return False
        if self.acts_on == "up" and not self.collide_point(*touch.pos):
            self._let_go(touch)
        return True

    def on_touch_up(self, touch: MotionEvent) -> bool:
        if touch.grab_current is not self:
            return False
        inside = self.collide_point(*touch.pos)
        was_pressed = self.pressed
        self._let_go(touch)
        if was_pressed and inside and self.acts_on == "up" and not self.disabled:
            self.dispatch("on_tap")
        return True

    def on_disabled(self, *_: Any) -> None:
        if self.disabled:
            self.pressed = False

    def _let_go(self, touch: MotionEvent) -> None:
        touch.ungrab(self)
        self.pressed = False
