"""What a scenario has the operator do: `treat` alone has one, and asks here in every tick what he wants."""

from __future__ import annotations

from typing import Literal, NamedTuple

What = Literal["power", "ring"]


class Wish(NamedTuple):
    """An override that is asked for. value: in W of the power, in mm of the ring."""

    what: What
    value: float
    reason: str


class OperatorHands:
    """The operator's hands. present: there is an operator, who looks here; without one wishes are forgotten.

    paused: he keeps the treatment paused. reason: of the overrides that follow.
    """

    def __init__(self) -> None:
        self.present = False
        self.paused = False
        self.reason = ""
        self._wishes: list[Wish] = []

    def ask(self, what: What, value: float) -> None:
        """Ask for an override once."""
        if self.present:
            self._wishes.append(Wish(what=what, value=value, reason=self.reason))

    def take(self) -> list[Wish]:
        """Return what was asked since the last call, oldest first."""
        taken, self._wishes = self._wishes, []
        return taken
