"""Python's collector of cycles, run when a pause of the main loop holds up nobody.

A full collection stops the loop for 0.1 to 0.2 s, and with it STOP and the heartbeat. What the screens are
made of is put out of its sight; sheets and keyboards that were closed wait for the next quiet screen.
"""

from __future__ import annotations

import gc
from collections.abc import Container

_NEVER = 1_000_000


class Collector:
    """Make it when all that stays is built, and look at the start of each round of the main loop.

    quiet: the screens on which no light can be, and which whoever treats passes at least once a session.
    """

    def __init__(self, quiet: Container[str]) -> None:
        self._quiet = quiet
        gc.freeze()
        young, middle, _ = gc.get_threshold()
        gc.set_threshold(young, middle, _NEVER)
        gc.enable()
        self._screen: str | None = None

    def look(self, screen: str | None) -> None:
        """Collect all garbage if a quiet screen was drawn for the first time since another one."""
        if screen != self._screen:
            self._screen = screen
            if screen in self._quiet:
                gc.collect()
