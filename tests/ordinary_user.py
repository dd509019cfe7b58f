"""Be somebody who is not root, where tests run as root, who may write anywhere."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager

NOBODY = 65534
IMPORTED_LATE = ("_strptime", "email.parser", "rich.progress", "rich.live", "rich.color")
"""From a place that nobody else may read, where Python is the superuser's own."""


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Have no more than an ordinary user's rights for a while."""
    if os.geteuid() != 0:
        yield
        return
    for late in IMPORTED_LATE:
        importlib.import_module(late)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
