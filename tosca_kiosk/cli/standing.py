"""The record that a command works on as a file: it must be there, and it is backed up first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tosca_kiosk.cli.workplace import Workplace
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.session import RefusedError
from tosca_kiosk.storage import make_backup

EMPTY = "base"
"""The version of a file without tables."""


@contextmanager
def existing(workplace: Workplace) -> Iterator[Path]:
    """Hold the data directory and give the database's path. A missing one leaves no directory behind."""
    path = standing(workplace)
    with workplace.locked():
        yield path


def standing(workplace: Workplace) -> Path:
    """Return the database's path. Raises RefusedError where there is none."""
    path = workplace.database_path
    if not path.exists():
        raise RefusedError(f"{path}: there is no database; create it with tosca-kiosk db init")
    return path


def backed_up(workplace: Workplace) -> Path:
    """Make a verified copy in the data directory's backups; return its path."""
    return make_backup(workplace.database_path, workplace.backup_dir, utc_now())
