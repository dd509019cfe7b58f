"""Drawings of the page: SVG as text, sized by its viewBox, coloured by the page's classes."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tosca_kiosk.timing.figures import shown, with_unit

WIDTH: Final = 960
HEIGHT: Final = 260
_LEFT: Final = 60
_BOTTOM: Final = 34
_TOP: Final = 10
_PLOT_W: Final = WIDTH - _LEFT - 10
_PLOT_H: Final = HEIGHT - _BOTTOM - _TOP
_DECADES_US: Final = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)
_SHARES: Final = (0.0001, 0.001, 0.01, 0.1, 1.0)
_LOW_US: Final = 1.0
_BINS: Final = 120


def histogram(series: Sequence[tuple[str, NDArray[Any]]], high_us: float) -> str:
    """Return the share of wake-ups over lateness, both logarithmic; series: (class, microseconds).

    Shares: a witness with a thread on every processor wakes up more often than control does.
    """
    top = max(high_us, 10.0)
    edges = np.geomspace(_LOW_US, top, _BINS + 1)
    shares = [
        (name, np.histogram(np.clip(values, _LOW_US, top), edges)[0] / max(1, len(values)))
        for name, values in series
    ]
    least = 1.0 / max(1, *(len(values) for _, values in series))
    drawn = [_x_axis_us(top), _share_axis(least)]
    for name, each in shares:
        points = []
        for index, share in enumerate(each):
            height = _share_height(float(share), least)
            left, right = (_LEFT + _PLOT_W * (index + at) / _BINS for at in (0, 1))
            points += [
                f"{left:.1f},{_TOP + _PLOT_H - height:.1f}",
                f"{right:.1f},{_TOP + _PLOT_H - height:.1f}",
            ]
        drawn.append(f'<polyline class="line {name}" points="{" ".join(points)}"/>')
    return _svg("Share of the wake-ups by lateness, both logarithmic", drawn)


def over_time(
    series: Sequence[tuple[str, NDArray[Any], NDArray[Any]]], seconds: float, missed_s: list[float]
) -> str:
    """Return the highest lateness of each of 480 moments of a run; series: (class, seconds, microseconds)."""
    top = max(10.0, *(float(values.max()) for _, _, values in series if len(values)))
    drawn = [_y_axis_us(top), _time_axis(seconds)]
    drawn += [
        f'<line class="missed" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{_TOP + _PLOT_H}"/>'
        for x in (_LEFT + _PLOT_W * each / seconds for each in missed_s)
    ]
    for name, times_s, values in series:
        moments = np.clip((times_s / seconds * 480).astype(int), 0, 479)
        highest = np.zeros(480)
        np.maximum.at(highest, moments, values)
        dots = (
            f"M{_LEFT + _PLOT_W * (index + 0.5) / 480:.1f} {_y_us(value, top):.1f}h1.6"
            for index, value in enumerate(highest)
            if value > 0.0
        )
        drawn.append(f'<path class="dots {name}" d="{"".join(dots)}"/>')
    return _svg("Lateness over the time of the run, microseconds, logarithmic", drawn)


def bars(rows: Sequence[tuple[str, float, float]]) -> str:
    """Return one bar a part: filled to the p50, a line to the p99; rows: (name, p50, p99) in microseconds."""
    top = max([1.0, *(p99 for _, _, p99 in rows)])
    step = 24
    drawn = []
    for index, (name, p50, p99) in enumerate(rows):
        y, scale = 6 + index * step, (WIDTH - 270) / top
        drawn.append(f'<text x="92" y="{y + 13}" text-anchor="end">{escape(name)}</text>')
        drawn.append(f'<rect class="bar" x="100" y="{y}" width="{p50 * scale:.1f}" height="16"/>')
        ends = f'x1="{100 + p50 * scale:.1f}" x2="{100 + p99 * scale:.1f}"'
        drawn.append(f'<line class="axis" {ends} y1="{y + 8}" y2="{y + 8}"/>')
        costs = f"{shown(p50, 'us')} / {with_unit(p99, 'us')}"
        drawn.append(f'<text x="{108 + p99 * scale:.1f}" y="{y + 13}">{costs}</text>')
    return _svg("Cost of each part of the tick: p50 filled, p99 as a line", drawn, len(rows) * step + 12)


def _svg(title: str, drawn: Sequence[str], height: int = HEIGHT) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>{''.join(drawn)}</svg>"
    )


def _log_share(value: float, top: float, low: float = 1.0) -> float:
    return float(np.log(max(value, low) / low) / np.log(max(top, low * 1.001) / low))


def _y_us(value: float, top: float) -> float:
    return _TOP + _PLOT_H * (1.0 - _log_share(value, top, _LOW_US))


def _x_axis_us(top: float) -> str:
    marks = [
        (decade, _LEFT + _PLOT_W * _log_share(decade, top, _LOW_US))
        for decade in _DECADES_US
        if decade <= top
    ]
    return "".join(
        f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{_TOP + _PLOT_H}"/>'
        f'<text x="{x:.1f}" y="{HEIGHT - 14}" text-anchor="middle">{decade} us</text>'
        for decade, x in marks
    )


def _y_axis_us(top: float) -> str:
    return "".join(
        f'<line class="axis" x1="{_LEFT}" x2="{_LEFT + _PLOT_W}" y1="{_y_us(decade, top):.1f}" '
        f'y2="{_y_us(decade, top):.1f}"/>'
        f'<text x="{_LEFT - 6}" y="{_y_us(decade, top) + 4:.1f}" text-anchor="end">{decade} us</text>'
        for decade in _DECADES_US
        if decade <= top
    )


def _share_height(share: float, least: float) -> float:
    """Return how high a share is drawn: nothing for none, a little for one wake-up, all for all of them."""
    return _PLOT_H * _log_share(share / least + 1.0, 1.0 / least + 1.0)


def _share_axis(least: float) -> str:
    marks = [(share, _TOP + _PLOT_H - _share_height(share, least)) for share in _SHARES if share >= least]
    return "".join(
        f'<line class="axis" x1="{_LEFT}" x2="{_LEFT + _PLOT_W}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{share * 100:g} %</text>'
        for share, y in marks
    )


def _time_axis(seconds: float) -> str:
    marks = [(seconds * part / 4, _LEFT + _PLOT_W * part / 4) for part in range(5)]
    return "".join(
        f'<text x="{x:.1f}" y="{HEIGHT - 14}" text-anchor="{"end" if second == seconds else "middle"}">'
        f"{second:g} s</text>"
        for second, x in marks
    )
