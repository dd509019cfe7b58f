"""Settable paths of the operator of `treat`: what he does at the screen that nobody sees."""

from __future__ import annotations

from simulators.hands import What
from simulators.settable.rows import Change, Setting, attribute, number, switch, text
from simulators.world import World

_BEGINNING = "operator."


def is_operators(path: str) -> bool:
    """Whether a path is something that an operator does, so that there must be one."""
    return path.startswith(_BEGINNING)


def _ask(what: What) -> Change:
    def change(world: World, value: float) -> None:
        world.operator.ask(what, float(value))

    return change


OPERATOR: dict[str, Setting] = {
    "operator.pause": switch(
        "`treat`'s operator pauses, and goes on at false", attribute("operator", "paused")
    ),
    "operator.reason": text(
        "why he overrides, of the overrides that follow", attribute("operator", "reason")
    ),
    "operator.power_w": number(
        "the power in W that he asks for, for the rest of the step", -1000.0, 1000.0, _ask("power")
    ),
    "operator.ring_mm": number(
        "the ring in mm that he asks for, for the rest of the step", -1000.0, 1000.0, _ask("ring")
    ),
}
