"""How far work on the record is, for whoever waits for it."""

from __future__ import annotations

from collections.abc import Callable

Tell = Callable[[str, float | None], object]
"""Hears what is done now, and how much of it, 0 to 1, None where nobody knows."""


def nobody(_doing: str, _done: float | None) -> None:
    """Hear it where nobody waits."""
