"""Ctrl-C and SIGTERM while something runs that has to be ended in order."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def on_interrupt(asked: Callable[[], None]) -> Iterator[None]:
    """Call asked at every SIGINT and SIGTERM inside `with`, in place of what they do otherwise."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, lambda *_: asked())
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
