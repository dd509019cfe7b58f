"""The simulated world's only clock: a discrete-event queue in simulated seconds.

Everything that happens in the world is an action at an instant. Reading a value never changes it, so the
result of a run does not depend on how often anyone asks.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from math import inf
from typing import Any

Action = Callable[[], None]


class Timer(list[Any]):
    """A planned action: its time, its number and itself, in the order of the queue it lies in.

    A list, for a list is made and compared without a call; five are made every 10 ms.
    """

    __slots__ = ()

    def cancel(self) -> None:
        """Take the plan back; harmless when it has already happened."""
        self[2] = None


class Kernel:
    """Runs planned actions in order of time, and of planning where times are equal."""

    __slots__ = ("_number", "_queue", "now_s")

    def __init__(self) -> None:
        self.now_s = 0.0
        self._queue: list[Timer] = []
        self._number = count().__next__

    def at(self, time_s: float, action: Action) -> Timer:
        """Plan an action; a time that has passed means as soon as possible, never in the past."""
        now_s = self.now_s
        timer = Timer((time_s if time_s > now_s else now_s, self._number(), action))
        heappush(self._queue, timer)
        return timer

    def after(self, delay_s: float, action: Action) -> Timer:
        """Plan an action delay_s from now."""
        now_s = self.now_s
        timer = Timer((now_s + delay_s if delay_s > 0.0 else now_s, self._number(), action))
        heappush(self._queue, timer)
        return timer

    @property
    def next_s(self) -> float:
        """When the next plan is due, infinite without one; a plan taken back may still count."""
        return float(self._queue[0][0]) if self._queue else inf

    def advance(self, until_s: float) -> None:
        """Let everything up to and including until_s happen. Going backwards is ignored."""
        queue = self._queue
        while queue and queue[0][0] <= until_s:
            time_s, _, action = heappop(queue)
            if action is not None:
                self.now_s = time_s
                action()
        self.now_s = until_s if until_s > self.now_s else self.now_s
