"""What the lines of a chart are: a piece of each as it is drawn, and its name; colour and form both tell."""

from __future__ import annotations

from functools import cache

import numpy as np
from kivy.core.text import Label as TextRenderer
from kivy.properties import ListProperty
from kivy.uix.floatlayout import FloatLayout

from tosca_kiosk.kiosk.look.theme import look, px
from tosca_kiosk.kiosk.look.tokens import SPACING_MM, TEXT_MM
from tosca_kiosk.kiosk.widgets.painted import Painted
from tosca_kiosk.kiosk.widgets.ribbons import Ribbon, dashed
from tosca_kiosk.kiosk.widgets.text import UiText

MEASURED_MM = 0.7
SET_MM = 0.3
DASH_MM = 1.6
_PIECE_MM = 5 * DASH_MM
"""Three dashes and the gaps between them."""


class UiLegend(Painted, FloatLayout):
    """lines: "measured" (solid, thick), "set" (dashed, thin) or both, left to right."""

    lines = ListProperty()
    repaint_on = ("lines",)

    def build(self) -> None:
        self._names = [UiText(text=name, ink="text2", size_hint=(None, None)) for name in _FORMS]
        self._pieces = {name: Ribbon(self.canvas, px(width_mm)) for name, (_, width_mm) in _FORMS.items()}

    @property
    def needed_px(self) -> int:
        """The width that it needs."""
        pieces = len(self.lines) * (px(_PIECE_MM) + px(SPACING_MM))
        gaps = max(len(self.lines) - 1, 0) * 2 * px(SPACING_MM)
        return pieces + gaps + sum(width_px(name) for name in self.lines)

    def paint(self) -> None:
        self.clear_widgets()
        x, middle = int(self.x), int(self.center_y)
        for text in self._names:
            piece = self._pieces[text.text]
            ends = np.array([[x, middle], [x + px(_PIECE_MM), middle]], np.float64)
            if text.text not in self.lines:
                piece.put(ends[:0])
                continue
            piece.put(dashed(ends, px(DASH_MM), -x) if text.text == "set" else ends)
            piece.colour(look.rgba(_FORMS[text.text][0]))
            x += px(_PIECE_MM) + px(SPACING_MM)
            text.pos, text.size = (x, int(self.y)), (width_px(text.text), int(self.height))
            x += text.width + 2 * px(SPACING_MM)
            self.add_widget(text)


_FORMS: dict[str, tuple[str, float]] = {"measured": ("measured", MEASURED_MM), "set": ("text", SET_MM)}
"""Ink and width of each line."""


@cache
def width_px(text: str) -> int:
    """Return the width of a line of running text; kept, as a chart asks in every paint."""
    width: int = TextRenderer(font_size=px(TEXT_MM)).get_extents(text)[0]
    return width + px(0.4)
