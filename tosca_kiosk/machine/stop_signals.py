"""The signals that ask a process to end in order: Ctrl-C, the service manager's, the end of the terminal."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

END_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""One kind: whatever ends a process that gives light, or watches one that does, ends it in the same order."""


class StopRequest:
    """Set by each of them from the moment it is made; a loop looks at `asked` between two turns."""

    def __init__(self) -> None:
        self.asked = False
        for number in END_SIGNALS:
            signal.signal(number, self._ask)

    def _ask(self, *_: object) -> None:
        self.asked = True


@contextmanager
def on_interrupt(asked: Callable[[], None], *also: signal.Signals) -> Iterator[None]:
    """Call asked at each of END_SIGNALS, and of these, inside `with`, in place of what they do otherwise."""
    before = {number: signal.getsignal(number) for number in (*END_SIGNALS, *also)}
    for number in before:
        signal.signal(number, lambda *_: asked())
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
