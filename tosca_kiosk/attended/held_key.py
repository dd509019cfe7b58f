"""Whether a key is held down, as far as a terminal tells: it sends a character, a pause, then many more.

A terminal tells of no key that goes up. The first character of a held key comes at once, the second after a
delay of 0.25 s (Linux console) to 0.66 s (X11), the others 20 to 92 ms apart. Silence past that is letting
go. What cannot be told from a held key is one that is struck again at that pace all the time.
"""

from __future__ import annotations

from typing import Final

FIRST_REPEAT_WITHIN_S: Final = 0.75
REPEATS_WITHIN_S: Final = 0.25
NEW_PRESS_AFTER_S: Final = 0.8
"""Silence before a character counts as a press: longer than any within one, or one press would be two."""
FEWEST_REPEATS: Final = 2
"""A key that has not repeated so often was struck and not held."""


class HeldKey:
    """Call `character` for each one, `look` in every turn; both on one monotonic clock."""

    def __init__(self) -> None:
        self._last_s: float | None = None
        self._repeats = 0
        self._down = False

    @property
    def down(self) -> bool:
        """Whether the key was pressed and, as far as is known, not let go."""
        return self._down

    @property
    def repeating(self) -> bool:
        """Whether it is down and has repeated, which nobody does by striking it once."""
        return self._down and self._repeats >= FEWEST_REPEATS

    def character(self, now_s: float) -> bool:
        """Take a character of the key; return whether it is a new press. Many at one time are one."""
        self.look(now_s)
        last_s, self._last_s = self._last_s, now_s
        if last_s is None or now_s - last_s >= NEW_PRESS_AFTER_S:
            self._down, self._repeats = True, 0
            return True
        self._repeats += now_s > last_s
        return False

    def look(self, now_s: float) -> None:
        """Notice that it was let go."""
        if self._down and self._last_s is not None:
            within_s = REPEATS_WITHIN_S if self._repeats else FIRST_REPEAT_WITHIN_S
            self._down = now_s - self._last_s <= within_s

    def done(self) -> None:
        """What it was pressed for is done or past: it counts for nothing until it was let go."""
        self._down = False
