"""Where the processes of one run meet: sockets and telemetry ring, in a directory of their own in memory."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path
from typing import Final

WORLD_INPUT_SOCKET: Final = "world.sock"

_MEMORY: Final = Path("/dev/shm")
_MAX_SOCKET_PATH: Final = 107  # sun_path of unix(7), less its NUL
_LONGEST_NAME: Final = 20


class RuntimeDirError(Exception):
    """No directory for sockets; the text says which and why."""


def runtime_dir(data_dir: Path) -> Path:
    """Make the runtime directory of the one run that a data directory can have; return its path.

    It is on a memory file system where there is one, so that no disk delays telemetry, and its path is
    short enough for sockets. Raises RuntimeDirError when it cannot be made or is somebody else's.
    """
    name = hashlib.blake2b(os.fsencode(data_dir.resolve()), digest_size=6).hexdigest()
    path = _base() / f"tosca-{os.getuid()}-{name}"
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        found = path.lstat()
    except OSError as error:
        raise RuntimeDirError(f"{path}: cannot be made ({error.strerror}); check its rights") from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise RuntimeDirError(f"{path}: is not this user's alone; remove it")
    if len(os.fsencode(path)) + _LONGEST_NAME > _MAX_SOCKET_PATH:
        raise RuntimeDirError(f"{path}: is too long for a socket; set XDG_RUNTIME_DIR to a shorter one")
    return path


def _base() -> Path:
    given = os.environ.get("XDG_RUNTIME_DIR")
    candidates = ([Path(given)] if given else []) + [_MEMORY]
    usable = (path for path in candidates if path.is_dir() and os.access(path, os.W_OK | os.X_OK))
    return next(usable, Path(tempfile.gettempdir()))
