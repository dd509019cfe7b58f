"""Curves and sums of a session's samples, as `domain/light.py` counts light.

The sums are for the curves alone. What counts is in the record, and a difference is said on the page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tosca_kiosk.domain.light import LIGHT_SEEN_W, MAX_TICK_S
from tosca_kiosk.reports.curves import Columns, Curve, Numbers
from tosca_kiosk.reports.light import Span

_DARK_AFTER_S: Final = 0.1
"""Until then what is measured behind an off is the light's own end."""

Flags = NDArray[np.bool_]


class Samples(NamedTuple):
    """A block of samples in the order of time; NaN where a value is not known.

    asked: the output was asked on. off: the laser says that it is. dark: gate and photodiode say that it is,
    which counts as the end of a light that the photodiode has seen.
    """

    t_s: Numbers
    measured_w: Numbers
    commanded_w: Numbers
    ring_mm: Numbers
    asked: Flags
    off: Flags
    dark: Flags


@dataclass(frozen=True, slots=True)
class Course:
    """A session's quantities over its time. measured_j, commanded_j: energies so far; their last values too.

    from_journal: every tick of control; else the samples that the record keeps, ten a second. end_s: the
    newest one's session time.
    """

    measured_w: Curve
    commanded_w: Curve
    ring_mm: Curve
    measured_j: Curve
    commanded_j: Curve
    summed_measured_j: float
    summed_commanded_j: float
    from_journal: bool
    ticks: int
    end_s: float


class Account:
    """Takes a session's samples. light: its spans; light outside of them is drawn, too."""

    def __init__(self, light: tuple[Span, ...]) -> None:
        self._on_s = np.array([span.on_s for span in light])
        self._off_s = np.array([span.off_s if span.ended else np.inf for span in light])
        self._columns = Columns(5)
        self._before: tuple[float, float, bool] | None = None
        self._off_at_s: float | None = None
        self._unended_w = 0.0
        self._seen = False
        self._measured_j = 0.0
        self._commanded_j = 0.0

    def add(self, block: Samples) -> None:
        """Count a block of samples and draw it."""
        if not block.t_s.size:
            return
        t_s, asked = block.t_s, block.asked
        before_s, before_w, before_asked = self._before or (float(t_s[0]), 0.0, False)
        dt_s = np.clip(np.diff(t_s, prepend=before_s), 0.0, MAX_TICK_S)
        was_asked = np.concatenate([[before_asked], asked[:-1]])
        was_w = np.concatenate([[before_w], block.commanded_w[:-1]])
        measured_w = np.where(np.isfinite(block.measured_w), block.measured_w, np.nan_to_num(was_w))
        bright = np.nan_to_num(block.measured_w) >= LIGHT_SEEN_W
        possible = was_asked | bright | self._ending(t_s, was_asked & ~asked)
        measured_j = self._measured_j + np.cumsum(np.where(possible, measured_w * dt_s, 0.0))
        counted_w = np.where(was_asked, np.nan_to_num(was_w), 0.0)
        self._count_unended(counted_w, was_w, was_asked, block)
        commanded_j = self._commanded_j + np.cumsum(counted_w * dt_s)
        self._draw(block, bright, measured_j, commanded_j)
        self._measured_j, self._commanded_j = float(measured_j[-1]), float(commanded_j[-1])
        self._before = float(t_s[-1]), float(block.commanded_w[-1]), bool(asked[-1])

    def course(self, *, from_journal: bool, ticks: int) -> Course:
        """Return all of it."""
        measured_w, commanded_w, ring_mm, measured_j, commanded_j = self._columns.curves()
        return Course(
            measured_w=measured_w,
            commanded_w=commanded_w,
            ring_mm=ring_mm,
            measured_j=measured_j,
            commanded_j=commanded_j,
            summed_measured_j=self._measured_j,
            summed_commanded_j=self._commanded_j,
            from_journal=from_journal,
            ticks=ticks,
            end_s=0.0 if self._before is None else self._before[0],
        )

    def _ending(self, t_s: Numbers, goes_off: Flags) -> Flags:
        """Return which samples follow an off so closely that what they measure is its light's end."""
        off_s = np.where(goes_off, t_s, -np.inf)
        if self._off_at_s is not None:
            off_s[0] = max(off_s[0], self._off_at_s)
        newest_s = np.maximum.accumulate(off_s)
        self._off_at_s = float(newest_s[-1])
        return t_s - newest_s <= _DARK_AFTER_S

    def _count_unended(self, counted_w: Numbers, was_w: Numbers, was_asked: Flags, block: Samples) -> None:
        """Count the power of an off until its end is proved, the sample that proves it too."""
        offs = np.flatnonzero(was_asked & ~block.asked)
        for begin in [0, *offs] if self._unended_w > 0.0 else offs:
            first = int(begin)
            if was_asked[first]:
                self._unended_w = float(np.nan_to_num(was_w[first]))
                self._seen = bool(block.measured_w[max(first - 1, 0)] >= LIGHT_SEEN_W)
                first += 1
            for tick in range(first, len(counted_w)):
                if was_asked[tick]:
                    self._unended_w = 0.0  # light again, counted by itself
                if not self._unended_w > 0.0:
                    break
                counted_w[tick] = self._unended_w
                if block.off[tick] or (block.dark[tick] and self._seen):
                    self._unended_w = 0.0

    def _draw(self, block: Samples, bright: Flags, measured_j: Numbers, commanded_j: Numbers) -> None:
        stretch, shown = self._stretches(block.t_s, bright)
        within = shown & (stretch % 2 == 0)
        values = np.stack([
            block.measured_w,
            np.where(within & block.asked, block.commanded_w, np.nan),
            np.where(within, block.ring_mm, np.nan),
            measured_j,
            commanded_j,
        ])  # fmt: skip
        self._columns.add(block.t_s[shown], stretch[shown], values[:, shown])

    def _stretches(self, t_s: Numbers, bright: Flags) -> tuple[NDArray[np.int64], Flags]:
        """Return the light that each sample belongs to, even numbers for spans, and which are drawn.

        What shines outside of any is drawn by itself, an odd number; but just behind an off it is its end.
        """
        if not self._on_s.size:
            return np.full(t_s.shape, -1), bright
        slack_s = 0.0006  # the record holds an event's time in whole milliseconds
        span = np.searchsorted(self._on_s - slack_s, t_s, side="right") - 1
        behind_s = t_s - np.where(span >= 0, self._off_s[span], -np.inf)
        lit = (span >= 0) & (behind_s <= slack_s)
        end = (span >= 0) & bright & (behind_s <= _DARK_AFTER_S)
        stretch = np.where(lit | end, 2 * span, 2 * span + 1)
        return stretch.astype(np.int64), lit | bright
