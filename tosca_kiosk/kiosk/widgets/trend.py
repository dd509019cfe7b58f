"""The last seconds of power: measured solid, set dashed, limit thin."""

from __future__ import annotations

from collections import deque
from math import nan
from typing import Any

import numpy as np
from kivy.properties import NumericProperty

from tosca_kiosk.kiosk.look.theme import px
from tosca_kiosk.kiosk.widgets.chart import Chart
from tosca_kiosk.kiosk.widgets.legend import DASH_MM


class UiTrend(Chart):
    """window_s: how far back. limit_w: None draws none. Time may be any clock that goes forward."""

    window_s = NumericProperty(20)
    limit_w = NumericProperty(None, allownone=True)
    repaint_on = ("window_s", "limit_w")

    def __init__(self, **kwargs: Any) -> None:
        self._samples: deque[tuple[float, float, float]] = deque()
        super().__init__(**kwargs)

    def add(self, time_s: float, measured_w: float | None, set_w: float | None) -> None:
        """Add a sample; None breaks that line. A sample not after the last one is left out."""
        samples = self._samples
        if samples and time_s <= samples[-1][0]:
            return
        samples.append((time_s, nan if measured_w is None else measured_w, nan if set_w is None else set_w))
        while len(samples) > 1 and samples[1][0] < time_s - self.window_s:
            samples.popleft()
        self.right_s = time_s
        self.left_s = time_s - self.window_s

    def clear(self) -> None:
        """Forget all samples."""
        self._samples.clear()
        self.repaint()

    def paint(self) -> None:
        self.caption = f"Power, W ({self.window_s:g} s)"
        self.short_caption = f"W, {self.window_s:g} s"
        self.legend = ["measured", "set"]
        super().paint()
        self.paint_limit(self.limit_w)
        table = np.array(self._samples, np.float64).reshape(-1, 3)
        table[:, 0] = np.maximum(table[:, 0], self.left_s)
        self.measured_line.put(self.place(table[:, 0], table[:, 1]))
        width = self.field[2]
        phase_px = self.left_s / self.window_s * width % (2 * px(DASH_MM))
        self.paint_set(self.place(table[:, 0], table[:, 2]), phase_px)
