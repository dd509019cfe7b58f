"""Memory that processes share and nobody can cut: sealed, and reached by a link in the runtime directory.

Whoever maps a file is killed by SIGBUS when that is made shorter under him, or when its file system has no
room for a page of it. So this memory is no file: `memfd_create` gives it, all of it is taken at once, and
F_SEAL_SHRINK has the kernel refuse whoever would cut it, for as long as anybody has it mapped. A full
/dev/shm does not matter to it. Reading and writing stay loads and stores, which neither enter the kernel nor
wait for a page that was swapped out where memory is locked, as `pread` in a tick could.

The link leads to /proc/<process>/fd/<number> of the writer, where a process of the same user opens it; it is
dangling when the writer has ended. What is mapped then stays mapped. An interpreter that was given
capabilities by file (`setcap`) would close that way; the service gives limits instead.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import secrets
import stat
from pathlib import Path
from typing import Final

SEALS: Final = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL

Identity = tuple[int, int]
"""Device and inode of the memory."""


class SealedMemory:
    """Memory of a size in bytes for a path. map: of all of it, for writing; nobody sees it before `show`.

    Raises OSError, which names the path, where there is no room for it.
    """

    def __init__(self, path: Path, size: int) -> None:
        self.path = path
        self._file = os.memfd_create(path.name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.fchmod(self._file, stat.S_IRUSR | stat.S_IWUSR)
            # Room is taken now: what is not there refuses here, and does not end a process later.
            os.posix_fallocate(self._file, 0, size)
            fcntl.fcntl(self._file, fcntl.F_ADD_SEALS, SEALS)
            self.map = mmap.mmap(self._file, size)
        except OSError as error:
            os.close(self._file)
            raise _named(error, path, f"no shared memory of {size} bytes can be had") from error
        self._target = f"/proc/{os.getpid()}/fd/{self._file}"

    def show(self) -> None:
        """Lead the path here, in place of whatever was there. Raises OSError, which names the path."""
        own = self.path.with_name(f"{self.path.name}-{secrets.token_hex(8)}")
        try:
            own.symlink_to(self._target)
            own.replace(self.path)
        except OSError as error:
            raise _named(error, self.path, "the link to shared memory cannot be made") from error

    @property
    def in_place(self) -> bool:
        """Whether the path still leads here, so that a reader who comes now finds it."""
        return link_at(self.path) == self._target

    def close(self) -> None:
        """Let it go. The link stays and dangles; whoever has the memory mapped keeps it."""
        self.map.close()
        os.close(self._file)


def _named(error: OSError, path: Path, what: str) -> OSError:
    return OSError(error.errno, f"{what} ({error.strerror})", str(path))


def link_at(path: Path) -> str | None:
    """Return where the link at a path leads, None where there is none."""
    try:
        return str(path.readlink())
    except OSError:
        return None


def map_sealed(path: Path) -> tuple[mmap.mmap, Identity]:
    """Map the memory behind a link, for reading. Raises OSError or ValueError where that is none.

    It never waits: behind a dead writer's link there may be anything of another process.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise ValueError(f"{path}: no shared memory")
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        status = os.fstat(file)
        # A file that can be cut refuses the question; one that could only be cut later is as bad.
        if fcntl.fcntl(file, fcntl.F_GET_SEALS) & SEALS != SEALS:
            raise ValueError(f"{path}: shared memory that is not sealed")
        return mmap.mmap(file, 0, access=mmap.ACCESS_READ), (status.st_dev, status.st_ino)
    finally:
        os.close(file)
