"""Touch-downs as the frame accepted them: once a finger, STOP and swallowed ones sorted out."""

from __future__ import annotations

from kivy.event import EventDispatcher
from kivy.input.motionevent import MotionEvent


class Fingers(EventDispatcher):
    """Tells of every accepted finger, wherever it came down; for what a second finger must cancel."""

    __events__ = ("on_finger",)

    def on_finger(self, touch: MotionEvent) -> None:
        """Tell that a finger came down."""

    def tell(self, touch: MotionEvent) -> None:
        self.dispatch("on_finger", touch)


fingers = Fingers()
