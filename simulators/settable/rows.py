"""What a row of the settable paths is, and the few kinds of values that there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Change = Callable[[Any, Any], None]


class SettingError(ValueError):
    """A path that does not exist, or a value that its row does not allow; the text says what is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One row: what the path means, which values it takes and how it is set.

    change gets the value after the world, or after the cart where the row is a device's.
    """

    meaning: str
    allowed: str
    accepts: Callable[[object], bool]
    change: Change


def switch(meaning: str, change: Change) -> Setting:
    """A state that is there or not."""
    return Setting(
        meaning=meaning, allowed="true or false", accepts=lambda value: isinstance(value, bool), change=change
    )


def order(meaning: str, happen: Callable[[Any], None]) -> Setting:
    """Something that happens once, each time it is set."""
    return Setting(
        meaning=meaning,
        allowed="true",
        accepts=lambda value: value is True,
        change=lambda place, _: happen(place),
    )


def number(meaning: str, low: float, high: float, change: Change) -> Setting:
    """Any number from low to high."""

    def accepts(value: object) -> bool:
        return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high

    return Setting(
        meaning=meaning, allowed=f"a number from {low:g} to {high:g}", accepts=accepts, change=change
    )


def whole(meaning: str, low: int, high: int, change: Change) -> Setting:
    """Any whole number from low to high."""

    def accepts(value: object) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high

    return Setting(
        meaning=meaning, allowed=f"a whole number from {low} to {high}", accepts=accepts, change=change
    )


def choice(meaning: str, choices: Sequence[str | int], change: Change) -> Setting:
    """One of a few words or numbers."""

    def accepts(value: object) -> bool:
        return isinstance(value, str | int) and not isinstance(value, bool) and value in choices

    allowed = "one of " + ", ".join(str(word) for word in choices)
    return Setting(meaning=meaning, allowed=allowed, accepts=accepts, change=change)


def text(meaning: str, change: Change) -> Setting:
    """Any printable text, which may be empty."""
    return Setting(
        meaning=meaning,
        allowed="a text",
        accepts=lambda value: isinstance(value, str) and (not value or value.isprintable()),
        change=change,
    )


def attribute(component: str, name: str) -> Change:
    """Set an attribute of a component of the world or of the cart."""
    return lambda place, value: setattr(getattr(place, component), name, value)
