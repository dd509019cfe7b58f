"""Who holds the write lock of a database in SQLite's write-ahead mode, found out by looking alone.

A reader is never in a writer's way there, so that it has to look where writers lock: one byte of the file
that they share (sqlite.org/walformat.html, "WAL locks").
"""

from __future__ import annotations

import fcntl
import os
import struct
from pathlib import Path
from typing import Final

_WRITE_LOCK_BYTE: Final = 120
_FLOCK: Final = struct.Struct("hhqqi4x")  # of fcntl(2): type, whence, start, length, process


def write_lock_holder(path: Path) -> int | None:
    """Return the process that is writing the database at path now, None where nobody is."""
    try:
        shared = os.open(f"{path}-shm", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        asked = _FLOCK.pack(fcntl.F_RDLCK, os.SEEK_SET, _WRITE_LOCK_BYTE, 1, 0)
        kind, *_, process = _FLOCK.unpack(fcntl.fcntl(shared, fcntl.F_GETLK, asked))
    finally:
        os.close(shared)
    return None if kind == fcntl.F_UNLCK else process
