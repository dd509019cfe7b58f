"""Thick lines as triangles: one Mesh each, rebuilt by numpy, so that a moving chart stays cheap."""

from __future__ import annotations

from typing import Any

import numpy as np
from kivy.graphics import Color, Mesh
from numpy.typing import NDArray

from tosca_kiosk.kiosk.look.tokens import Rgba

Points = NDArray[np.float64]
"""Shape (n, 2), pixels; NaN breaks the line."""


class Ribbon:
    """One line of a chart."""

    def __init__(self, canvas: Any, width_px: float) -> None:
        self._half = width_px / 2
        with canvas:
            self._ink = Color(0, 0, 0, 0)
            self._mesh = Mesh(mode="triangles")

    def colour(self, ink: Rgba) -> None:
        """Set the line's colour."""
        self._ink.rgba = ink

    def put(self, points: Points) -> None:
        """Draw through the points."""
        starts, ends = points[:-1], points[1:]
        along = ends - starts
        length = np.hypot(along[:, 0], along[:, 1])
        seen = length > 0
        vertices = _quads(starts[seen], ends[seen], along[seen] / length[seen, None] * self._half)
        self._mesh.indices = []
        self._mesh.vertices = vertices
        self._mesh.indices = _INDICES[: 6 * (len(vertices) // 16)]


def _quads(starts: Points, ends: Points, along: Points) -> list[float]:
    """Return x, y, u, v of four corners a piece; pieces overlap by half a width, so corners stay closed."""
    across = along[:, ::-1] * (-1, 1)
    corners = np.zeros((len(starts), 4, 4), np.float32)
    corners[:, 0, :2] = starts - along + across
    corners[:, 1, :2] = starts - along - across
    corners[:, 2, :2] = ends + along - across
    corners[:, 3, :2] = ends + along + across
    flat: list[float] = corners.ravel().tolist()
    return flat


_MOST = 4000
_INDICES = [4 * piece + corner for piece in range(_MOST) for corner in (0, 1, 2, 0, 2, 3)]


def dashed(points: Points, dash_px: float, phase_px: float = 0.0) -> Points:
    """Cut a line into dashes and gaps of one length along x; upright pieces stay whole."""
    if len(points) < 2:
        return points
    x = points[:, 0]
    cuts = np.arange(np.floor((x[0] + phase_px) / dash_px), np.ceil((x[-1] + phase_px) / dash_px) + 1)
    cuts = cuts * dash_px - phase_px
    cuts = cuts[(cuts > x[0]) & (cuts < x[-1])]
    cut_points = np.column_stack([cuts, np.interp(cuts, x, points[:, 1])])
    at = np.searchsorted(x, cuts)
    whole = np.insert(points, at, cut_points, axis=0)
    middle = (whole[:-1, 0] + whole[1:, 0]) / 2
    gap = np.floor((middle + phase_px) / dash_px) % 2 == 1
    gap &= whole[1:, 0] > whole[:-1, 0]
    return np.insert(whole, np.flatnonzero(gap) + 1, np.nan, axis=0)
