"""From a camera's own time stamps to the caller's clock."""

from __future__ import annotations

from math import inf

_WINDOW_S = 10.0
"""Clocks of 100 ppm drift 1 ms apart in it, and some frame in it comes through without waiting anywhere."""


class DeviceClock:
    """Maps a device's time stamps: the frame that came quickest in the last 10 to 20 s had no delay.

    So a frame that waited in a queue is as old as it is, although it was only received now.
    """

    def __init__(self) -> None:
        self._before_s = inf
        self._offset_s = inf
        self._began_s = -inf

    def caller_s(self, stamp_s: float, received_s: float) -> float:
        """Return when the frame was taken on the caller's clock, which shows received_s now."""
        if not 0.0 <= received_s - self._began_s < _WINDOW_S:
            self._before_s, self._offset_s, self._began_s = self._offset_s, inf, received_s
        self._offset_s = min(self._offset_s, received_s - stamp_s)
        return min(stamp_s + min(self._offset_s, self._before_s), received_s)
