"""A protocol's power over its whole time, and in the summary what was measured."""

from __future__ import annotations

from kivy.graphics import Color, Line
from kivy.properties import ListProperty, NumericProperty

from tosca_kiosk.kiosk.look.theme import look, px
from tosca_kiosk.kiosk.look.tokens import TEXT_MM
from tosca_kiosk.kiosk.widgets.chart import Chart, points_of, round_steps
from tosca_kiosk.kiosk.widgets.text import UiText

_LABEL_MM = 18


class UiProfilePlot(Chart):
    """planned, measured: (time_s, power_w) pairs; power None breaks a line.

    marker_s: where the treatment stands, None for nowhere. Alone the plan is drawn solid, beside a
    measurement dashed.
    """

    planned = ListProperty()
    measured = ListProperty()
    limit_w = NumericProperty(None, allownone=True)
    marker_s = NumericProperty(None, allownone=True)
    repaint_on = ("planned", "measured", "limit_w", "marker_s")

    def build(self) -> None:
        super().build()
        self._times: list[UiText] = []
        with self.canvas:
            self._marker_ink = Color()
            self._marker = Line(width=1.4)

    @property
    def foot_px(self) -> int:
        return px(TEXT_MM * 1.7)

    def paint(self) -> None:
        self._scale()
        super().paint()
        self.paint_limit(self.limit_w)
        planned = self.place(*points_of(self.planned))
        if self.measured:
            self.paint_set(planned)
            self.measured_line.put(self.place(*points_of(self.measured)))
        else:
            self.set_line.put(planned[:0])
            self.measured_line.put(planned)
        self._paint_times()
        self._paint_marker()

    def _scale(self) -> None:
        pairs = [*self.planned, *self.measured]
        self.left_s = 0
        self.right_s = max([time_s for time_s, _ in pairs], default=1) or 1
        powers = [power_w for _, power_w in pairs if power_w is not None]
        highest = max([*powers, self.limit_w or 0], default=0) or 1
        self.top_w = highest * 1.1
        self.caption = "Power, W"
        self.legend = ["measured", "set"] if self.measured else []

    def _paint_times(self) -> None:
        x, y, width, _ = self.field
        steps = round_steps(self.right_s, max(2, int(width / px(_LABEL_MM))))[1:]
        while len(self._times) < len(steps):
            self._times.append(UiText(ink="text2", halign="center", size_hint=(None, None)))
            self.add_widget(self._times[-1])
        for at, label in enumerate(self._times):
            shown = at < len(steps)
            label.text = (f"{steps[at]:g} s" if at == len(steps) - 1 else f"{steps[at]:g}") if shown else ""
            label.size = (px(_LABEL_MM), px(TEXT_MM * 1.25)) if shown else (0, 0)
            middle = x + width * steps[at] / self.right_s if shown else x
            left = min(max(middle - label.width / 2, self.x), self.right - label.width)
            label.pos = (round(left), y - px(TEXT_MM * 1.45))

    def _paint_marker(self) -> None:
        x, y, width, height = self.field
        self._marker_ink.rgba = look.rgba("text")
        if self.marker_s is None:
            self._marker.points = []
            return
        at = round(x + width * min(max(self.marker_s / self.right_s, 0), 1))
        self._marker.points = [at, y, at, y + height]
