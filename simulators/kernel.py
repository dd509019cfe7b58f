"""The simulated world's only clock: a discrete-event queue in simulated seconds.

Everything that happens in the world is an action at an instant. Reading a value never changes it, so the
result of a run does not depend on how often anyone asks.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from math import inf

Action = Callable[[], None]


class Timer:
    """A planned action; `cancel` makes it do nothing."""

    __slots__ = ("action",)

    def __init__(self, action: Action) -> None:
        self.action: Action | None = action

    def cancel(self) -> None:
        """Take the plan back; harmless when it has already happened."""
        self.action = None


class Kernel:
    """Runs planned actions in order of time, and of planning where times are equal."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._queue: list[tuple[float, int, Timer]] = []
        self._number = count()

    def at(self, time_s: float, action: Action) -> Timer:
        """Plan an action; a time that has passed means as soon as possible, never in the past."""
        timer = Timer(action)
        now_s = self.now_s
        heappush(self._queue, (time_s if time_s > now_s else now_s, next(self._number), timer))
        return timer

    def after(self, delay_s: float, action: Action) -> Timer:
        """Plan an action delay_s from now."""
        timer = Timer(action)
        now_s = self.now_s
        time_s = now_s + delay_s if delay_s > 0.0 else now_s
        heappush(self._queue, (time_s, next(self._number), timer))
        return timer

    @property
    def next_s(self) -> float:
        """When the next plan is due, infinite without one; a plan taken back may still count."""
        return self._queue[0][0] if self._queue else inf

    def advance(self, until_s: float) -> None:
        """Let everything up to and including until_s happen. Going backwards is ignored."""
        queue = self._queue
        while queue and queue[0][0] <= until_s:
            time_s, _, timer = heappop(queue)
            action = timer.action
            if action is not None:
                self.now_s = time_s
                action()
        self.now_s = until_s if until_s > self.now_s else self.now_s
