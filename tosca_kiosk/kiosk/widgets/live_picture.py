"""The camera's picture with cross and planned ring; without a live one it says so and shows nothing old."""

from __future__ import annotations

from typing import Any

import numpy as np
from kivy.graphics import Color, Line, Rectangle
from kivy.graphics.texture import Texture
from kivy.properties import BooleanProperty, NumericProperty, StringProperty
from kivy.uix.floatlayout import FloatLayout
from numpy.typing import NDArray

from tosca_kiosk.kiosk.look.theme import px
from tosca_kiosk.kiosk.look.tokens import SPACING_MM, TITLE_MM, Rgba
from tosca_kiosk.kiosk.widgets.chip import UiChip
from tosca_kiosk.kiosk.widgets.painted import OnPlate
from tosca_kiosk.kiosk.widgets.text import UiText

_CROSS_MM = 5.0
_LINE_MM = 0.35
_HALO: Rgba = (0.0, 0.0, 0.0, 0.6)
"""Below every line, so that it is seen on bright tissue too."""
_INK: Rgba = (1.0, 1.0, 1.0, 1.0)
_RING: Rgba = (0.3, 0.88, 0.7, 1.0)
"""The same in both themes: they lie on a grey picture, not on the theme's paper."""
_CORNERS = 64


class UiLivePicture(OnPlate, FloatLayout):
    """live: whether the last shown picture is one of now. rate: on a chip. message: where it is not live.

    target: diameter of the planned ring as a share of the picture's width, None draws none.
    """

    live = BooleanProperty(False)
    rate = StringProperty("")
    message = StringProperty("")
    target = NumericProperty(None, allownone=True)
    repaint_on = ("live", "rate", "message", "target")

    def __init__(self, **kwargs: Any) -> None:
        self._texture: Texture | None = None
        super().__init__(**kwargs)

    def build(self) -> None:
        super().build()
        with self.canvas:
            self._paper = Color(0, 0, 0, 0)
            self._picture = Rectangle(size=(0, 0))
        self._lines = [_Outlined(self.canvas, ink) for ink in (_INK, _INK, _RING)]
        self._rate = UiChip()
        self._message = UiText(ink="text2", bold=True, halign="center", size_mm=TITLE_MM)
        self.add_widget(self._message)
        self.add_widget(self._rate)

    def show(self, pixels: NDArray[np.uint8]) -> None:
        """Take a picture, height x width; it is seen while `live`."""
        height, width = pixels.shape
        if self._texture is None or self._texture.size != (width, height):
            self._texture = Texture.create(size=(width, height), colorfmt="luminance", bufferfmt="ubyte")
            self._texture.flip_vertical()
            self._picture.texture = self._texture
            self.repaint()
        self._texture.blit_buffer(pixels.tobytes(), colorfmt="luminance", bufferfmt="ubyte")
        self.canvas.ask_update()

    def paint(self) -> None:
        super().paint()
        seen = self.live and self._texture is not None
        self._message.text = "" if seen else self.message
        self._message.size, self._message.pos = self.size, self.pos
        self._rate.opacity = 1 if seen and self.rate else 0
        self._rate.text = self.rate if seen else ""
        self._paper.rgba = (1, 1, 1, 1 if seen else 0)
        x, y, width, height = self._box() if seen else (0, 0, 0, 0)
        inset = px(SPACING_MM)
        self._rate.pos = (x + inset, y + height - inset - self._rate.height)
        self._picture.pos, self._picture.size = (x, y), (width, height)
        self._draw_lines(x + width / 2, y + height / 2, width)

    def _box(self) -> tuple[int, int, int, int]:
        """Return the whole picture in its own proportions: x, y, width, height."""
        assert self._texture is not None
        across, upward = self._texture.size
        scale = min(self.width / across, self.height / upward)
        width, height = round(across * scale), round(upward * scale)
        return round(self.center_x - width / 2), round(self.center_y - height / 2), width, height

    def _draw_lines(self, x: float, y: float, width: float) -> None:
        arm = px(_CROSS_MM) / 2 if width else 0
        flat, upright, ring = self._lines
        flat.put([x - arm, y, x + arm, y] if arm else [])
        upright.put([x, y - arm, x, y + arm] if arm else [])
        if not width or self.target is None or not 0.0 < self.target <= 1.0:
            ring.put([])
            return
        turn = np.linspace(0.0, 2.0 * np.pi, _CORNERS + 1)
        radius = self.target * width / 2
        points = np.column_stack([x + radius * np.cos(turn), y + radius * np.sin(turn)])
        ring.put([float(value) for value in points.ravel()])


class _Outlined:
    """A line on a darker, wider one."""

    def __init__(self, canvas: Any, ink: Rgba) -> None:
        with canvas:
            Color(*_HALO)
            self._halo = Line(width=px(_LINE_MM) * 1.2)
            Color(*ink)
            self._line = Line(width=px(_LINE_MM) * 0.6)

    def put(self, points: list[float]) -> None:
        """Draw it through these points; none draws nothing."""
        self._halo.points = self._line.points = points
