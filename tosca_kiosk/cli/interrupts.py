"""A wish to end while something runs that has to be ended in order."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tosca_kiosk.stop_request import END_SIGNALS


@contextmanager
def on_interrupt(asked: Callable[[], None]) -> Iterator[None]:
    """Call asked at every one of END_SIGNALS inside `with`, in place of what they do otherwise."""
    before = {number: signal.getsignal(number) for number in END_SIGNALS}
    for number in before:
        signal.signal(number, lambda *_: asked())
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
