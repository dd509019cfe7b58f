"""One finger reported by two input providers, or by a bouncing panel, is one touch."""

from __future__ import annotations

from tosca_kiosk.kiosk.look.tokens import SAME_TOUCH_S


class Repeats:
    """near_px: how far apart two reports of one finger may lie."""

    def __init__(self, near_px: float) -> None:
        self._near_px = near_px
        self._seen: list[tuple[float, float, float]] = []

    def is_repeat(self, now_s: float, x_px: float, y_px: float) -> bool:
        """Say whether a touch-down tells of a finger already told of; remembers it if not."""
        self._seen = [seen for seen in self._seen if 0 <= now_s - seen[0] < SAME_TOUCH_S]
        if any(self._is_near(seen, x_px, y_px) for seen in self._seen):
            return True
        self._seen.append((now_s, x_px, y_px))
        return False

    def lifted(self, x_px: float, y_px: float) -> None:
        """Note that a finger was lifted: the next touch there is a new one, however late both were told."""
        self._seen = [seen for seen in self._seen if not self._is_near(seen, x_px, y_px)]

    def _is_near(self, seen: tuple[float, float, float], x_px: float, y_px: float) -> bool:
        _, x, y = seen
        return abs(x - x_px) <= self._near_px and abs(y - y_px) <= self._near_px
