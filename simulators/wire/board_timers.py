"""What the interlock board's firmware has planned, by name: one plan a name, the newest."""

from __future__ import annotations

from collections.abc import Callable

from simulators.kernel import Kernel, Timer


class Timers:
    """Named timers. Empty: the processor stands still for good, nothing will wake it."""

    __slots__ = ("_kernel", "_timers")

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._timers: dict[str, Timer] = {}

    def __bool__(self) -> bool:
        return bool(self._timers)

    def __contains__(self, name: str) -> bool:
        return name in self._timers

    def plan(self, name: str, delay_s: float, action: Callable[[], None]) -> None:
        """Plan an action after a delay, instead of what was planned under this name."""
        self.cancel(name)
        self._timers[name] = self._kernel.after(delay_s, action)

    def go_on_at(self, name: str, due_s: float, action: Callable[[], None]) -> None:
        """Plan the next of a series inside the one that is due now."""
        self._timers[name] = self._kernel.at(due_s, action)

    def cancel(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    def cancel_all(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
