"""`with refused("part of the text")`: what is inside must raise a StorageError that says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tosca_kiosk.storage import StorageError


@contextmanager
def refused(pattern: str) -> Iterator[None]:
    """Expect a StorageError whose text holds the regular expression."""
    with pytest.raises(StorageError, match=pattern):
        yield
