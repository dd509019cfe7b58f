"""How long a device that is gone is left alone: opening a dead port or camera costs a tick time."""

from __future__ import annotations

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 8.0


class RetryPause:
    """After the first loss 0.5 s, after each that follows twice as long, up to 8 s."""

    __slots__ = ("_next_s",)

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """The device is there: the next loss is a first one."""
        self._next_s = FIRST_PAUSE_S

    def take_s(self) -> float:
        """Return the pause after one more loss."""
        pause_s = self._next_s
        self._next_s = min(2.0 * pause_s, LONGEST_PAUSE_S)
        return pause_s
