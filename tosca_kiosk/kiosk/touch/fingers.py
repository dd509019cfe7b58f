"""Touch-downs as the panel accepted them: once a finger, STOP and swallowed ones sorted out."""

from __future__ import annotations

from typing import Any

from kivy.event import EventDispatcher
from kivy.input.motionevent import MotionEvent


class Fingers(EventDispatcher):
    """Tells of every accepted finger, wherever it came down, and knows which of them are still down."""

    __events__ = ("on_finger",)

    def __init__(self, **kwargs: Any) -> None:
        self._down: list[MotionEvent] = []
        super().__init__(**kwargs)

    def on_finger(self, touch: MotionEvent) -> None:
        """Tell that a finger came down."""

    def tell(self, touch: MotionEvent) -> None:
        self._down.append(touch)
        self.dispatch("on_finger", touch)

    def lifted(self, touch: MotionEvent) -> None:
        """Forget a finger; nothing happens if it was never accepted."""
        self._down = [down for down in self._down if down is not touch]

    def forget(self) -> None:
        """Forget all fingers: the window that they were on is left."""
        self._down.clear()

    def others_down(self, touch: MotionEvent) -> bool:
        """Say whether any other finger rests on the panel."""
        return any(down is not touch for down in self._down)


fingers = Fingers()
