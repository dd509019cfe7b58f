"""A part of the screen that is drawn anew only when it has changed; in between its picture is shown.

A renderer in software spends its time on shapes and their soft edges, many of which stand still for minutes
beside a chart that moves in every drawing. One of the treatment under light takes 13 ms of a processor, and
18 ms without stills (Mesa's renderer on the panel's 1280 x 800; tests/kiosk/measure_stills.py).
"""

from __future__ import annotations

from typing import Any

from kivy.graphics import (
    Callback,
    ClearBuffers,
    ClearColor,
    Color,
    Fbo,
    PopMatrix,
    PushMatrix,
    Rectangle,
    Translate,
)
from kivy.graphics.opengl import GL_BLEND, glDisable, glEnable

from tosca_kiosk.kiosk.look.theme import look


class Still:
    """The picture of a part, on a canvas. Call `place` in each paint: it takes the theme's ground as well.

    It is not transparent, so nothing may lie below it but the window's ground.
    """

    def __init__(self, canvas: Any) -> None:
        with canvas:
            self.canvas = Fbo(size=(1, 1))
            Color(1, 1, 1, 1)
            # Soft edges leave the picture's own alpha below 1: it replaces what is below, whatever that says.
            Callback(lambda _callback: glDisable(GL_BLEND))
            self._shown = Rectangle(texture=self.canvas.texture)
            Callback(lambda _callback: glEnable(GL_BLEND))
        with self.canvas.before:
            self._ground = ClearColor(0, 0, 0, 1)
            ClearBuffers()
            PushMatrix()
            self._origin = Translate()
        with self.canvas.after:
            PopMatrix()

    def take(self, canvas: Any, drawn: Any) -> None:
        """Draw this canvas, which lies in the other, into the picture from now on."""
        canvas.remove(drawn)
        self.canvas.add(drawn)

    def place(self, x: float, y: float, width: float, height: float) -> None:
        """Show this box of the window."""
        size = (max(int(width), 1), max(int(height), 1))
        if self.canvas.size != size:
            self.canvas.size = size
            self._shown.texture = self.canvas.texture
        self._ground.rgba = look.rgba("bg")
        self._origin.xy = (-int(x), -int(y))
        self._shown.pos, self._shown.size = (int(x), int(y)), size
