"""The record that a command works on as a file: it must be there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tosca_kiosk.cli.workplace import Workplace

EMPTY = "base"
"""The version of a file without tables."""


@contextmanager
def existing(workplace: Workplace) -> Iterator[Path]:
    """Hold the data directory and give the database's path. A missing one leaves no directory behind."""
    path = workplace.standing()
    with workplace.locked():
        yield path
