"""The kiosk's sign of life: sent from the main loop, after input was handled and the window was drawn."""

from __future__ import annotations

from collections.abc import Callable

ALIVE_EVERY_S = 0.1


class Heartbeat:
    """Call `drawn` when a drawing is on the panel and `beat` at the start of the next round of the main loop.

    send is called at most every ALIVE_EVERY_S, and never without a drawing since the last time.
    """

    def __init__(self, send: Callable[[], object]) -> None:
        self._send = send
        self._drawn = False
        self._sent_s: float | None = None

    def drawn(self) -> None:
        """The window was drawn."""
        self._drawn = True

    def beat(self, now_s: float) -> bool:
        """Send if it is time and the window was drawn; return whether it must be drawn for the next one."""
        due = self._sent_s is None or now_s - self._sent_s >= ALIVE_EVERY_S
        if due and self._drawn:
            self._drawn, self._sent_s = False, now_s
            self._send()
            return False
        return due
