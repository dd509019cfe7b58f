"""Hold to arm: the ring fills as control counts; anything unusual cancels."""

from __future__ import annotations

from typing import Any

from kivy.graphics import Color, SmoothLine
from kivy.input.motionevent import MotionEvent
from kivy.properties import BooleanProperty, NumericProperty, ObjectProperty
from kivy.uix.label import Label

from tosca_kiosk.domain.rules import Limits
from tosca_kiosk.kiosk.look.theme import look, px
from tosca_kiosk.kiosk.look.tokens import PADDING_MM, PRIMARY_MM, STRONG_MM
from tosca_kiosk.kiosk.touch.fingers import fingers
from tosca_kiosk.kiosk.widgets.painted import Painted, Plate

_RING_MM = 5.0
_RING_LINE_MM = 1.3


class UiHoldButton(Painted, Label):
    """A key to hold. need_s: how long. held_s: how long control has counted, None while it does not.

    It keeps no time of its own: complete is what control has counted, with the finger still down. A hold has
    one finger: it begins with no other on the panel, and ends when another comes down.
    """

    tappable = True
    least_mm = PRIMARY_MM
    __events__ = ("on_begin", "on_complete", "on_cancel")

    need_s = NumericProperty(Limits().arm_hold_s)
    held_s = NumericProperty(None, allownone=True)
    size_mm = NumericProperty(STRONG_MM)
    holding = BooleanProperty(False)
    repaint_on = ("held_s", "need_s", "holding", "disabled", "size_mm")
    _touch = ObjectProperty(None, allownone=True)
    _canceller = ObjectProperty(None, allownone=True)
    """The second finger of the last hold: it cancels and begins nothing."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("bold", True)
        self._complete = False
        super().__init__(halign="center", valign="middle", **kwargs)

    def build(self) -> None:
        self._plate = Plate(self.canvas.before)
        with self.canvas.after:
            self._track_ink = Color(0, 0, 0, 0)
            self._track = SmoothLine()
            self._ring_ink = Color(0, 0, 0, 0)
            self._ring = SmoothLine(cap="none")
        fingers.bind(on_finger=self._other_finger)

    @property
    def share(self) -> float:
        """How much of the hold control has counted, 0 to 1; 0 without a finger."""
        if not self.holding or self.held_s is None:
            return 0.0
        return max(0.0, min(float(self.held_s / self.need_s), 1.0))

    def paint(self) -> None:
        paper, ink = ("off", "disabled") if self.disabled else ("action", "on_action")
        line = look.rgba(ink) if self.holding else None
        self._plate.put((*self.pos, *self.size), look.rgba(paper), line, 0.6)
        self.color = self.disabled_color = look.rgba(ink)
        self.font_size = px(self.size_mm)
        radius = 0 if self.disabled else px(_RING_MM)
        beside = px(PADDING_MM) * 2 + 2 * radius if radius else px(PADDING_MM)
        self.padding = [beside, 0, px(PADDING_MM), 0]
        self.text_size = self.size
        self._paint_ring(look.rgba("" if self.disabled else ink), radius)

    def _paint_ring(self, ink: tuple[float, ...], radius: float) -> None:
        """Draw it; a key that cannot be held has none, and its word stands alone."""
        x, y = self.x + px(PADDING_MM) + radius, self.center_y
        self._track_ink.rgba = ink
        self._track.width = 1.6
        self._track.circle = (x, y, radius)
        share = self.share
        self._ring_ink.rgba = ink if share else (0, 0, 0, 0)
        self._ring.width = px(_RING_LINE_MM) / 2
        self._ring.circle = (x, y, radius - px(_RING_LINE_MM), 0, max(360 * share, 1))

    def on_begin(self) -> None:
        """Finger down: ask control to start counting."""

    def on_complete(self) -> None:
        """Control has counted enough with the finger still down; once a hold."""

    def on_cancel(self, why: str) -> None:
        """Stop counting. why: what ended it."""

    def cancel(self, why: str) -> None:
        """End the hold without completing it; nothing happens while nobody holds."""
        if self._end():
            self.dispatch("on_cancel", why)

    def on_held_s(self, *_: Any) -> None:
        if self.holding and not self._complete and self.held_s is not None and self.held_s >= self.need_s:
            self._complete = True
            self.dispatch("on_complete")

    def on_disabled(self, *_: Any) -> None:
        if self.disabled:
            self.cancel("disabled")

    def on_parent(self, *_: Any) -> None:
        if self.parent is None:
            self.cancel("disabled")

    def on_touch_down(self, touch: MotionEvent) -> bool:
        if not self.collide_point(*touch.pos):
            return False
        if self.disabled or self.holding or touch is self._canceller or fingers.others_down(touch):
            return True
        touch.grab(self)
        self._touch, self._complete, self.holding = touch, False, True
        self.dispatch("on_begin")
        return True

    def on_touch_move(self, touch: MotionEvent) -> bool:
        if touch.grab_current is not self:
            return False
        if not self.collide_point(*touch.pos):
            self.cancel("slid off")
        return True

    def on_touch_up(self, touch: MotionEvent) -> bool:
        if touch.grab_current is not self:
            return False
        self.cancel("released")
        return True

    def _other_finger(self, _fingers: Any, touch: MotionEvent) -> None:
        if self.holding and touch is not self._touch:
            self._canceller = touch
            self.cancel("second finger")

    def _end(self) -> bool:
        """Let go; say whether an incomplete hold ended."""
        if not self.holding:
            return False
        self._touch.ungrab(self)
        self._touch, self.holding = None, False
        return not self._complete
