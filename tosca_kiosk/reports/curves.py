"""Many samples become as many columns as a page can show, each with its lowest and highest value.

Memory stays flat: columns grow wider when there are too many. A column never reaches over the end of a light,
nor over a time of which nothing is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

MOST_COLUMNS: Final = 2048
"""On a page's width 0.07 mm each: finer than an eye or the line itself."""
_FIRST_WIDTH_S: Final = 1.0 / 64
KNOWN_FOR_S: Final = 0.5
"""Samples further apart than this, and than two columns, have no line between them."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A quantity over time. pieces: lines that stand apart, each of shape (n, 2): session seconds, value."""

    pieces: tuple[Numbers, ...]

    @property
    def is_empty(self) -> bool:
        return not self.pieces

    @property
    def highest(self) -> float:
        """The highest value; 0 where there is none."""
        return max((float(piece[:, 1].max()) for piece in self.pieces), default=0.0)

    @property
    def lowest(self) -> float:
        """The lowest value; 0 where there is none."""
        return min((float(piece[:, 1].min()) for piece in self.pieces), default=0.0)


class Columns:
    """Takes blocks of samples, oldest first, and gives the curves of their quantities.

    quantities: how many values a sample has, NaN where one is not known.
    """

    def __init__(self, quantities: int) -> None:
        self._width_s = _FIRST_WIDTH_S
        self._done = _empty(quantities)
        self._new: list[_Block] = []
        self._count = 0

    def add(self, t_s: Numbers, stretch: NDArray[np.int64], values: Numbers) -> None:
        """Take samples. stretch: which light each belongs to; values: shape (quantities, n)."""
        if not t_s.size:
            return
        block = _Block(
            stretch=stretch, from_s=t_s, to_s=t_s, first=values, last=values, low=values, high=values
        )
        self._new.append(block.reduced(self._width_s))
        self._count += len(self._new[-1].from_s)
        if self._count > 2 * MOST_COLUMNS:
            self._shrink()

    def curves(self) -> tuple[Curve, ...]:
        """Return the curve of each quantity."""
        self._shrink()
        return tuple(self._curve(index) for index in range(len(self._done.low)))

    def _shrink(self) -> None:
        joined = _joined([self._done, *self._new])
        self._new = []
        self._done = joined.reduced(self._width_s)
        while len(self._done.from_s) > MOST_COLUMNS:
            self._width_s *= 2.0
            narrower = len(self._done.from_s)
            self._done = self._done.reduced(self._width_s)
            if len(self._done.from_s) == narrower:
                break  # as many lights, each a column
        self._count = len(self._done.from_s)

    def _curve(self, index: int) -> Curve:
        columns = self._done
        known = np.isfinite(columns.low[index])
        from_s, to_s, stretch = columns.from_s[known], columns.to_s[known], columns.stretch[known]
        if not from_s.size:
            return Curve(())
        middle_s = (from_s + to_s) / 2.0
        values = [getattr(columns, name)[index][known] for name in ("first", "low", "high", "last")]
        points = np.stack([np.stack([from_s, middle_s, middle_s, to_s]), np.stack(values)], axis=-1)
        apart_s = max(KNOWN_FOR_S, 2.0 * self._width_s)
        ends = np.flatnonzero((np.diff(stretch) != 0) | (from_s[1:] - to_s[:-1] > apart_s)) + 1
        return Curve(tuple(_line(piece) for piece in np.split(points, ends, axis=1)))


@dataclass(frozen=True, slots=True)
class _Block:
    """Columns: the light that each belongs to, its first and last sample's time, and values by quantity."""

    stretch: NDArray[np.int64]
    from_s: Numbers
    to_s: Numbers
    first: Numbers
    last: Numbers
    low: Numbers
    high: Numbers

    def reduced(self, width_s: float) -> _Block:
        """Return the columns with those joined that lie in one of this width."""
        if not self.from_s.size:
            return self
        slot = np.floor(self.from_s / width_s).astype(np.int64)
        starts = np.flatnonzero(np.concatenate([[True], (np.diff(slot) != 0) | (np.diff(self.stretch) != 0)]))
        ends = np.append(starts[1:], len(self.from_s)) - 1
        return _Block(
            stretch=self.stretch[starts],
            from_s=self.from_s[starts],
            to_s=self.to_s[ends],
            first=self.first[:, starts],
            last=self.last[:, ends],
            low=np.fmin.reduceat(self.low, starts, axis=1),
            high=np.fmax.reduceat(self.high, starts, axis=1),
        )


def _empty(quantities: int) -> _Block:
    none, values = np.empty(0), np.empty((quantities, 0))
    return _Block(
        stretch=np.empty(0, np.int64),
        from_s=none,
        to_s=none,
        first=values,
        last=values,
        low=values,
        high=values,
    )


def _joined(blocks: list[_Block]) -> _Block:
    def all_of(name: str) -> NDArray[np.generic]:
        return np.concatenate([getattr(block, name) for block in blocks], axis=-1)

    return _Block(**{name: all_of(name) for name in _Block.__dataclass_fields__})  # type: ignore[arg-type]


def _line(points: Numbers) -> Numbers:
    """Return a piece's points in their order, without those that repeat the one before or are not known."""
    flat = points.transpose(1, 0, 2).reshape(-1, 2)
    flat = flat[np.isfinite(flat[:, 1])]
    again = np.concatenate([[False], (np.diff(flat, axis=0) == 0.0).all(axis=1)])
    line: Numbers = flat[~again]
    return line
