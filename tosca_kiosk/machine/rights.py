"""Who may read what a process makes: its user all of it, its group what is no secret, others nothing.

Files 0640, folders 0750; what is a secret, or a socket, is narrower where it is made.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

UMASK: Final = 0o027
FILE_MODE: Final = 0o640
FOLDER_MODE: Final = 0o750


def keep_others_out() -> int:
    """Have this process make nothing that others may read, whoever started it; return the umask before."""
    return os.umask(UMASK)


@contextmanager
def others_kept_out() -> Iterator[None]:
    """Do so for a block: whoever calls a command from a program of its own gets its umask back."""
    before = keep_others_out()
    try:
        yield
    finally:
        os.umask(before)


def tightened(path: Path, *, deep: bool) -> bool:
    """Take the rights away that a file or folder, and if deep what lies below it, has too many.

    From above downwards, so that nobody gets between; links are left alone. Return whether it could be done:
    what belongs to another user, or lies on a disk that takes no change, cannot.
    """
    mode = too_wide(path)
    done = mode is None or _set(path, mode)
    if deep and path.is_dir() and not path.is_symlink():
        try:
            with os.scandir(path) as entries:
                for entry in entries:
                    done &= tightened(Path(entry.path), deep=True)
        except FileNotFoundError:
            pass  # gone meanwhile
        except OSError:
            return False
    return done


def too_wide(path: Path) -> int | None:
    """Return the rights of a file or folder where they are too wide, None where not; None for a link."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    mode = stat.S_IMODE(found.st_mode)
    return mode if not stat.S_ISLNK(found.st_mode) and mode & ~_allowed(found.st_mode) else None


def _allowed(mode: int) -> int:
    return FOLDER_MODE if stat.S_ISDIR(mode) else FILE_MODE


def _set(path: Path, mode: int) -> bool:
    try:
        path.chmod(mode & (FOLDER_MODE if path.is_dir() else FILE_MODE))
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
