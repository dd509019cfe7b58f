"""A chart's ground: surface, caption, legend, scale with round steps, and the map from values to pixels."""

from __future__ import annotations

from math import floor, log10
from typing import Any

import numpy as np
from kivy.graphics import Color, Line
from kivy.properties import ListProperty, NumericProperty, StringProperty
from kivy.uix.floatlayout import FloatLayout
from numpy.typing import ArrayLike

from tosca_kiosk.kiosk.look.theme import look, px
from tosca_kiosk.kiosk.look.tokens import PADDING_MM, SPACING_MM, TEXT_MM
from tosca_kiosk.kiosk.widgets.legend import DASH_MM, MEASURED_MM, SET_MM, UiLegend, width_px
from tosca_kiosk.kiosk.widgets.painted import OnPlate
from tosca_kiosk.kiosk.widgets.ribbons import Points, Ribbon, dashed
from tosca_kiosk.kiosk.widgets.text import UiText

_LINE = 1.25
_SCALE_MM = 9.5
_GRID_LINES = 6
_LIMIT_MM = 0.35


class Chart(OnPlate, FloatLayout):
    """Power over time. top_w: upper end of the scale. left_s, right_s: ends of the time scale.

    short_caption: stands where the caption has no room beside the legend. legend: lines to name (UiLegend).
    """

    caption = StringProperty("")
    short_caption = StringProperty("")
    legend = ListProperty()
    top_w = NumericProperty(6)
    left_s = NumericProperty(0)
    right_s = NumericProperty(1)
    repaint_on: tuple[str, ...] = ("caption", "short_caption", "legend", "top_w", "left_s", "right_s")

    def build(self) -> None:
        super().build()
        self._caption = UiText(ink="text2", size_hint=(None, None))
        self._legend = UiLegend(size_hint=(None, None))
        self.add_widget(self._caption)
        self.add_widget(self._legend)
        self._ticks: list[UiText] = []
        with self.canvas:
            self._grid_ink = Color()
            self._grid = [Line(width=1) for _ in range(_GRID_LINES)]
        self.limit = Ribbon(self.canvas, px(_LIMIT_MM))
        self.measured_line = Ribbon(self.canvas, px(MEASURED_MM))
        self.set_line = Ribbon(self.canvas, px(SET_MM))  # dashes are seen upon a line, not below it

    @property
    def field(self) -> tuple[int, int, int, int]:
        """The chart's inside: x, y, width, height in pixels."""
        line, pad = px(TEXT_MM * _LINE), px(PADDING_MM)
        x, y = int(self.x) + px(_SCALE_MM), int(self.y) + self.foot_px
        return x, y, int(self.right) - pad - x, int(self.top) - line - 2 * px(SPACING_MM) - y

    @property
    def foot_px(self) -> int:
        """Room below the inside."""
        return px(TEXT_MM * _LINE / 2)

    def place(self, times_s: ArrayLike, powers_w: ArrayLike) -> Points:
        """Return pixels of values; a power over the scale stays at its end."""
        x, y, width, height = self.field
        span_s = self.right_s - self.left_s or 1
        across = (np.asarray(times_s, np.float64) - self.left_s) / span_s
        upward = np.clip(np.asarray(powers_w, np.float64) / self.top_w, 0, 1)
        return np.column_stack([x + across * width, y + upward * height])

    def paint(self) -> None:
        super().paint()
        x, _, width, _ = self.field
        self._paint_head(x, width)
        self._paint_grid(x, width)
        self.measured_line.colour(look.rgba("measured"))
        self.set_line.colour(look.rgba("text"))
        self.limit.colour(look.rgba("text2"))

    def paint_limit(self, limit_w: float | None) -> None:
        """Draw the limit as one thin line."""
        if limit_w is None or not limit_w <= self.top_w:
            self.limit.put(self.place([], []))
        else:
            self.limit.put(self.place([self.left_s, self.right_s], [limit_w, limit_w]))

    def paint_set(self, points: Points, phase_px: float = 0.0) -> None:
        """Draw the set power, dashed."""
        self.set_line.put(dashed(points, px(DASH_MM), phase_px))

    def _paint_head(self, x: int, width: int) -> None:
        height = px(TEXT_MM * _LINE)
        y = int(self.top) - px(SPACING_MM) - height
        self._legend.lines = self.legend
        needed = self._legend.needed_px
        beside = needed + 2 * px(SPACING_MM) if needed else 0
        fits = width_px(self.caption) <= width - beside
        self._caption.text = self.caption if fits or not self.short_caption else self.short_caption
        self._caption.size, self._caption.pos = (width - beside, height), (x, y)
        self._legend.size, self._legend.pos = (needed, height), (x + width - needed, y)

    def _paint_grid(self, x: int, width: int) -> None:
        _, y, _, height = self.field
        self._grid_ink.rgba = look.rgba("raised")
        steps = round_steps(self.top_w, max(2, int(height / px(TEXT_MM * _LINE))))
        for at, line in enumerate(self._grid):
            if at < len(steps):
                level = y + round(height * steps[at] / self.top_w)
                line.points = [x, level, x + width, level]
            else:
                line.points = []
        self._paint_scale(steps, x, y, height)

    def _paint_scale(self, steps: list[float], x: int, y: int, height: int) -> None:
        while len(self._ticks) < len(steps):
            self._ticks.append(UiText(ink="text2", halign="right", size_hint=(None, None)))
            self.add_widget(self._ticks[-1])
        for at, tick in enumerate(self._ticks):
            if at >= len(steps):
                tick.text, tick.size = "", (0, 0)
                continue
            tick.text = f"{steps[at]:g}"
            tick.size = (px(_SCALE_MM) - px(SPACING_MM) * 2, px(TEXT_MM * _LINE))
            level = y + round(height * steps[at] / self.top_w)
            tick.pos = (x - px(SPACING_MM) - tick.width, level - tick.height // 2)


def round_steps(top: float, most: int) -> list[float]:
    """Return 0 and even steps of 1, 2 or 5 times a power of ten up to top: from 2 to `most` (3 to 6)."""
    most = max(3, min(most, _GRID_LINES))
    unit = 10.0 ** floor(log10(top))
    sizes = [size * unit * scale for scale in (0.1, 1.0, 10.0) for size in (1, 2, 5)]
    step = next(size for size in sizes if int(top / size + 1e-9) < most)
    return [at * step for at in range(int(top / step + 1e-9) + 1)]


def points_of(pairs: Any) -> tuple[list[float], list[float]]:
    """Split (time, power) pairs."""
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]
