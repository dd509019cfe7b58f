"""How the interlock board reads its pedal: two contacts, debounced on press alone, with wiring supervised."""

from __future__ import annotations

from collections.abc import Callable

from simulators.kernel import Kernel, Timer
from simulators.plant import Contact

PRESS_DEBOUNCE_S = 0.020
BOTH_OPEN_FAULT_S = 1.0
BOTH_CLOSED_FAULT_S = 0.050


class PedalInput:
    """pressed: the debounced pedal. on_change runs at each change of it, on_wiring_fault once a fault."""

    def __init__(
        self,
        kernel: Kernel,
        normally_open: Contact,
        normally_closed: Contact,
        on_change: Callable[[], None],
        on_wiring_fault: Callable[[], None],
    ) -> None:
        self._kernel = kernel
        self._normally_open = normally_open
        self._normally_closed = normally_closed
        self._on_change = on_change
        self._on_wiring_fault = on_wiring_fault
        self.pressed = False
        self._running = False
        self._pair: tuple[bool, bool] | None = None
        self._timer: Timer | None = None
        normally_open.subscribe(self._look)
        normally_closed.subscribe(self._look)

    @property
    def contacts_pressed(self) -> bool:
        """Whether the contacts form the pressed pair now, debounced or not."""
        return self._normally_open.closed and not self._normally_closed.closed

    @property
    def ambiguous(self) -> bool:
        """Whether the contacts are both open or both closed now."""
        return self._normally_open.closed == self._normally_closed.closed

    def start(self) -> None:
        """Look for the first time after a reset; a pedal held down is debounced like a press."""
        self._running = True
        self._look()

    def stop(self) -> None:
        """Look no more: the firmware stands still or restarts."""
        self._running = False
        self._pair = None
        self._cancel()

    def clear(self) -> None:
        """Forget a press, as a reset does."""
        self.pressed = False

    def _look(self) -> None:
        pair = (self._normally_open.closed, self._normally_closed.closed)
        if not self._running or pair == self._pair:
            return
        self._pair = pair
        self._cancel()
        if pair == (True, False):
            self._timer = self._kernel.after(PRESS_DEBOUNCE_S, self._press)
            return
        if pair[0] == pair[1]:
            delay_s = BOTH_CLOSED_FAULT_S if pair[0] else BOTH_OPEN_FAULT_S
            self._timer = self._kernel.after(delay_s, self._on_wiring_fault)
        if self.pressed:
            self.pressed = False
            self._on_change()

    def _press(self) -> None:
        self.pressed = True
        self._on_change()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
