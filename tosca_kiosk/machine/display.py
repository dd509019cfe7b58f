"""Whether there is anything to draw on."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

_NAMED_BY = ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")
_CARDS = Path("/dev/dri")


def has_display(environment: Mapping[str, str], cards: Path = _CARDS) -> bool:
    """Return whether a display server or driver is named, or a graphics card is there to use."""
    if any(environment.get(name) for name in _NAMED_BY):
        return True
    return any(os.access(card, os.R_OK | os.W_OK) for card in cards.glob("card*"))
