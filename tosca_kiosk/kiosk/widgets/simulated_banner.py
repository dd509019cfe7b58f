"""SIMULATED: permanent while any device is."""

from __future__ import annotations

from typing import Any

from kivy.graphics import Color, Mesh
from kivy.properties import StringProperty
from kivy.uix.label import Label

from tosca_kiosk.kiosk.look.theme import look, px
from tosca_kiosk.kiosk.look.tokens import TEXT_MM
from tosca_kiosk.kiosk.widgets.painted import Painted, Plate

_WIDTH_MM = 36
_STRIPE_MM = 2.4
_HATCHED_MM = 5


class UiSimulatedBanner(Painted, Label):
    """The word on its own colour between hatched ends; an empty text takes no room."""

    text = StringProperty("SIMULATED")
    repaint_on = ("text",)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(bold=True, halign="center", valign="middle", **kwargs)

    def build(self) -> None:
        self._plate = Plate(self.canvas.before)
        with self.canvas.before:
            self._hatch_ink = Color()
            self._hatch = Mesh(mode="triangles")

    def paint(self) -> None:
        self.width = px(_WIDTH_MM) if self.text else 0
        self._plate.put((*self.pos, *self.size), look.rgba("sim" if self.text else ""))
        self.color = look.rgba("on_sim")
        self.font_size = px(TEXT_MM)
        self.text_size = self.size
        self._hatch_ink.rgba = look.rgba("bg")
        self._hatch.vertices, self._hatch.indices = self._stripes() if self.text else ([], [])

    def _stripes(self) -> tuple[list[float], list[int]]:
        vertices: list[float] = []
        step, ends = px(_STRIPE_MM), (px(1), px(_HATCHED_MM) - px(1) - px(_STRIPE_MM))
        starts = [
            self.x + ends[0],
            self.x + ends[1],
            self.right - ends[1] - step,
            self.right - ends[0] - step,
        ]
        bottom, top, half = self.y, self.top, step / 2
        for x in starts:
            for corner in ((x, bottom), (x + half, bottom), (x + step, top), (x + half, top)):
                vertices += [*corner, 0, 0]
        quads = range(0, 4 * len(starts), 4)
        return vertices, [at + corner for at in quads for corner in (0, 1, 2, 0, 2, 3)]
