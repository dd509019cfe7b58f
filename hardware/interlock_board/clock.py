"""Board milliseconds to host seconds, so that a status is as old as its measurement, not as its reading."""

from __future__ import annotations

from hardware.interlock_board.wire import MILLISECONDS

_DRIFT_S_PER_S = 0.005
"""How fast the offset may grow: Nano and Uno run from a ceramic resonator, +-0.5 %. Were this smaller than
the board's error, a slow board would seem to fall behind for ever; a backlog shows at once either way."""
_STALL_S = 0.05
"""After so long without a line the one before it is doubted: five of the board's periods."""


class BoardClock:
    """Follows the board's clock by the fastest deliveries seen.

    host = board + offset, where offset is the smallest (received - board) so far: no delivery can be faster
    than none, so what is above it is delay. The result is never later than received_s.

    A host that is stopped between reading its clock and its port gives a line a time before the stop: a
    delivery faster than none, after which every status would seem too old for minutes. The next line shows
    it, for it comes a long time later; then the line before it is left out.
    """

    __slots__ = ("_before", "_board_ms", "_last_ms", "_offset_s", "_received_s")

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Forget everything: the board counts from 0 again."""
        self._last_ms: int | None = None
        self._board_ms = 0
        self._offset_s = float("inf")
        self._received_s = 0.0
        self._before = (self._offset_s, self._received_s)

    def host_s(self, board_ms: int, received_s: float) -> float:
        """Return when, on the host's clock, the board counted board_ms, by a line received at received_s."""
        if self._last_ms is None:
            self._board_ms = board_ms
        else:
            self._board_ms += (board_ms - self._last_ms) % MILLISECONDS
        self._last_ms = board_ms
        board_s = self._board_ms / 1000
        if received_s - self._received_s > _STALL_S:
            self._offset_s, self._received_s = self._before
        self._before = (self._offset_s, self._received_s)
        relaxed_s = self._offset_s + _DRIFT_S_PER_S * (received_s - self._received_s)
        self._offset_s = min(relaxed_s, received_s - board_s)
        self._received_s = received_s
        return min(board_s + self._offset_s, received_s)  # rounding must not make it later
