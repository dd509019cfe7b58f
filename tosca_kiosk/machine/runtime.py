"""Where the processes of one run meet: sockets and telemetry ring, in a directory of their own in memory."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path
from typing import Final

CONTROL_SOCKET: Final = "control.sock"
"""Where control hears the kiosk."""
SUPERVISOR_SOCKET: Final = "supervisor.sock"
"""Where the supervisor hears that the others are alive."""
WORLD_INPUT_SOCKET: Final = "world.sock"
"""Where the simulated world takes inputs."""
FRAMES_FILE: Final = "camera.frames"
"""What leads to the camera's newest frame."""

MEMORY: Final = Path("/dev/shm")
_MAX_SOCKET_PATH: Final = 107  # sun_path of unix(7), less its NUL
_LONGEST_NAME: Final = 20


class RuntimeDirError(Exception):
    """No directory for sockets; the text says which and why."""


def runtime_dir(data_dir: Path) -> Path:
    """Make the runtime directory of the one run that a data directory can have; return its path.

    It is on a memory file system where there is one, so that no disk delays telemetry, and its path is
    short enough for sockets. Raises RuntimeDirError when it cannot be made or is somebody else's.
    """
    path = _base() / f"tosca-{os.getuid()}-{name_of(data_dir)}"
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        private = is_private(path, os.getuid())
    except OSError as error:
        raise RuntimeDirError(f"{path}: cannot be made ({error.strerror}); check its rights") from error
    if not private:
        raise RuntimeDirError(f"{path}: is not this user's alone; remove it")
    if len(os.fsencode(path)) + _LONGEST_NAME > _MAX_SOCKET_PATH:
        raise RuntimeDirError(f"{path}: is too long for a socket; set XDG_RUNTIME_DIR to a shorter one")
    return path


def name_of(path: Path) -> str:
    """Return a short name that follows from a directory's absolute path alone."""
    return hashlib.blake2b(os.fsencode(path.resolve()), digest_size=6).hexdigest()


def is_private(path: Path, *owners: int) -> bool:
    """Whether path is a directory, no link to one, that nobody but one of the owners can look into.

    Raises OSError where nothing is there.
    """
    found = path.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid in owners and not found.st_mode & 0o077


def _base() -> Path:
    given = os.environ.get("XDG_RUNTIME_DIR")
    candidates = ([Path(given)] if given else []) + [MEMORY]
    usable = (path for path in candidates if path.is_dir() and os.access(path, os.W_OK | os.X_OK))
    return next(usable, Path(tempfile.gettempdir()))
