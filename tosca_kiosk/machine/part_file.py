"""A file that is being written, under a name that is not its own yet; whoever writes it holds it locked.

So what a killed program has left behind can be told from what another one writes just now.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from tosca_kiosk.machine.rights import FILE_MODE

PART: Final = ".part"
_HELD: Final = fcntl.LOCK_EX | fcntl.LOCK_NB
_NO_LOCKS: Final = frozenset((errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS))
"""What a disk says that knows no locks: a file is made all the same, and never taken for a dead one."""


def begin(path: Path, mode: int = FILE_MODE) -> int:
    """Make a new file and return it, open and locked until it is closed. mode: its rights.

    Raises FileExistsError where something has the name, or another program takes the file for a dead one
    before it is locked; OSError for anything else.
    """
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        if not (_locked(file, if_unknown=True) and _is_at(path, file)):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    except BaseException:
        os.close(file)
        raise
    return file


def take_away_dead(paths: Iterable[Path]) -> Iterator[Path]:
    """Take away those files that nobody writes any more, and yield each. Raises OSError."""
    for path in paths:
        with suppress(FileNotFoundError):
            file = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                if not (_locked(file, if_unknown=False) and _is_at(path, file)):
                    continue
                path.unlink()
            finally:
                os.close(file)
            yield path


def _locked(file: int, *, if_unknown: bool) -> bool:
    try:
        fcntl.flock(file, _HELD)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        return if_unknown
    return True


def _is_at(path: Path, file: int) -> bool:
    try:
        return os.path.samestat(path.lstat(), os.fstat(file))
    except FileNotFoundError:
        return False
