"""The fixed-rate loop: absolute deadlines, missed periods skipped and counted, never replayed."""

from __future__ import annotations

from collections.abc import Callable

from tosca_kiosk.machine.clock import Clock


class FixedRateLoop:
    """Calls a tick at every multiple of the period.

    missed: periods that passed without a tick. deadline_s: the one that the newest tick slept for.

    A tick learns how late it began, after the first deadline since the last tick began, and for how long
    ticks have taken longer than their period in a row. What made one tick late is not told to the next again.
    """

    def __init__(self, clock: Clock, rate_hz: float) -> None:
        self._clock = clock
        self.period_s = 1.0 / rate_hz
        self._next_tick = int(clock.now_s() * rate_hz) + 1
        self._rate_hz = rate_hz
        self._due_tick = self._next_tick
        self._overrun_since_s: float | None = None
        self.missed = 0
        self.deadline_s = 0.0

    def run_while(self, tick: Callable[[float, float, float], bool]) -> None:
        """Call tick(now_s, late_s, overrun_s) every period until it returns False."""
        clock = self._clock
        while True:
            self.deadline_s = self._next_tick / self._rate_hz
            clock.sleep_until(self.deadline_s)
            now_s = clock.now_s()
            began_tick = self._skip_to(int(now_s * self._rate_hz))
            late_s = now_s - self._due_tick / self._rate_hz
            overrun_s = 0.0 if self._overrun_since_s is None else now_s - self._overrun_since_s
            if not tick(now_s, late_s, overrun_s):
                return
            self._plan_next(began_tick, now_s)

    def _plan_next(self, began_tick: int, began_s: float) -> None:
        ended_s = self._clock.now_s()
        overran = ended_s - began_s > self.period_s
        self._overrun_since_s = (self._overrun_since_s or began_s) if overran else None
        self._due_tick = self._next_tick = began_tick + 1
        self._skip_to(int(ended_s * self._rate_hz) + 1)

    def _skip_to(self, tick: int) -> int:
        # Deadlines do not survive the way through seconds exactly: none is due twice.
        if tick > self._next_tick:
            self.missed += tick - self._next_tick
            self._next_tick = tick
        return self._next_tick
