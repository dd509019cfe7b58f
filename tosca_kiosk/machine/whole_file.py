"""A file that somebody asked for: there with all of its content, or not there at all."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from tosca_kiosk.machine.part_file import PART, begin, take_away_dead
from tosca_kiosk.machine.rights import FILE_MODE
from tosca_kiosk.machine.synced import sync

_NO_LINKS: Final = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
"""What a disk says that knows no second name of a file, as a stick's FAT does."""


def write_whole(path: Path, content: bytes, mode: int = FILE_MODE) -> None:
    """Write a new file, on the disk when this returns; it never stands there in part, nor over another one.

    mode: its rights. What a program that was killed has left of the same name is taken away where it can be.
    Raises FileExistsError where something has the name, OSError for anything else; nothing is left then.
    """
    _refuse_taken(path)
    begun = f".{path.name}."
    parts = [one for one in path.parent.iterdir() if one.name.startswith(begun) and one.name.endswith(PART)]
    for one in parts:
        with suppress(OSError):  # this one is written under a name of its own
            list(take_away_dead((one,)))
    part = path.with_name(f"{begun}{os.getpid()}{PART}")
    file = begin(part, mode)
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(file, left) :]
        os.fsync(file)
        _name(part, path)
        try:
            sync(path.parent)
        except OSError:
            with suppress(OSError):
                path.unlink()  # refused, so not there
            raise
    finally:
        with suppress(FileNotFoundError):
            part.unlink()
        os.close(file)


def _name(part: Path, path: Path) -> None:
    """Give the file its name unless something has it by now, which a rename would replace."""
    try:
        os.link(part, path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _refuse_taken(path)
        part.rename(path)


def _refuse_taken(path: Path) -> None:
    if os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
