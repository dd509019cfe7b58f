"""Who may write: one program at a time holds the lock file of a data directory."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tosca_kiosk.machine.synced import make_folder
from tosca_kiosk.storage.errors import StorageError

LOCK_NAME = "laser_control.lock"
WAIT_S = 5.0
_TRY_EVERY_S = 0.05
_READ_BYTES = 4096


@contextmanager
def data_directory_lock(
    data_dir: Path,
    *,
    monotonic_s: Callable[[], float],
    wait: Callable[[float], object],
    timeout_s: float = WAIT_S,
    holder: str = "tosca-kiosk",
) -> Iterator[None]:
    """Hold the data directory alone inside `with`; the directory is made if missing.

    monotonic_s and wait(seconds) are the clock. holder: what those who wait are told of this program; not its
    arguments, which may be somebody's data. Raises StorageError naming the holder when it does not let go
    within timeout_s. The system frees the lock of a program that dies.
    """
    file = _opened(data_dir / LOCK_NAME)
    try:
        deadline_s = monotonic_s() + timeout_s
        while not _taken(file):
            if monotonic_s() >= deadline_s:
                raise StorageError(
                    f"{data_dir}: in use by {_holder(file)}; close it, or give another --data-dir"
                )
            wait(_TRY_EVERY_S)
        _name(file, f"{os.getpid()} {holder}\n")
        yield
        _name(file, "")
    finally:
        os.close(file)


def _opened(path: Path) -> int:
    try:
        make_folder(path.parent)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except OSError as error:
        raise StorageError(
            f"{path}: the lock file cannot be made ({error.strerror}); check the directory's rights"
        ) from error


def _name(file: int, holder: str) -> None:
    """Say who holds it: a courtesy to those who wait, which a full disk may spoil."""
    with suppress(OSError):
        os.ftruncate(file, 0)
        os.pwrite(file, holder.encode(errors="replace"), 0)


def _taken(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(file: int) -> str:
    try:
        said = os.pread(file, _READ_BYTES, 0).decode(errors="replace").strip()
    except OSError:
        said = ""
    pid, _, command = "".join(letter if letter.isprintable() else " " for letter in said).partition(" ")
    return f"process {pid} ({command})" if pid else "another program"
