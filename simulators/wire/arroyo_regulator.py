"""How the laser driver finds the current at which a voltage, a photodiode's current or its power is as set.

WIRE.md says what is regulated, not how: here by equal steps, halved each time the set point is passed.
"""

from __future__ import annotations

FIRST_STEP_MA = 50.0
LAST_STEP_MA = 1.0


class Regulator:
    """current_ma: what it asks for; it looks whenever the firmware does."""

    __slots__ = ("_rising", "_step_ma", "current_ma")

    def __init__(self) -> None:
        self.current_ma = 0.0
        self.begin()

    def begin(self) -> None:
        """A set point is new: take the longest steps again, from where it is."""
        self._step_ma = FIRST_STEP_MA
        self._rising: bool | None = None

    def look(self, measured: float, wanted: float, present_ma: float, most_ma: float) -> None:
        """Step from the present current towards what is wanted, by what is measured of it."""
        rising = measured < wanted
        if self._rising not in (None, rising):
            self._step_ma = max(LAST_STEP_MA, self._step_ma / 2.0)
        self._rising = rising
        asked_ma = present_ma + (self._step_ma if rising else -self._step_ma)
        self.current_ma = min(max(0.0, asked_ma), most_ma)
