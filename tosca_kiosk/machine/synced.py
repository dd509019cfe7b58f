"""What must outlive a power cut: a file's content, and the names by which it is found.

A name is kept by the folder that it stands in, not by the file: without a sync of the folder the disk may
hold all of a file and nothing that leads there.
"""

from __future__ import annotations

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Bring a file's content, or a folder's names, to the disk. Raises OSError."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def sync_all(path: Path) -> None:
    """Bring a file or folder to the disk with all that lies below it, but for links. Raises OSError."""
    if path.is_symlink():
        return
    if path.is_dir():
        for below in path.iterdir():
            sync_all(below)
    sync(path)


def make_folder(path: Path, *, new: bool = False) -> None:
    """Make a folder and what is missing above it, each name brought to the disk.

    new: it must not be there yet. Raises OSError; a new one is not there then.
    """
    if path.is_dir() and not new:
        return
    make_folder(path.parent)
    path.mkdir(exist_ok=not new)
    try:
        sync(path.parent)
    except OSError:
        if new:
            path.rmdir()  # refused, so not there
        raise
