"""For who waits for a thread or a process: not for ever, and it says what did not come."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from tosca_kiosk.machine.clock import RealClock

WITHIN_S = 20.0
LOOK_EVERY_S = 0.005

Found = TypeVar("Found")


def until(condition: Callable[[], Found], what: str) -> Found:
    """Look until condition() gives something; return that. Raises AssertionError after WITHIN_S."""
    clock = RealClock()
    while not (found := condition()):
        assert clock.now_s() < WITHIN_S, f"not within {WITHIN_S:g} s: {what}"
        clock.sleep_until(clock.now_s() + LOOK_EVERY_S)
    return found
