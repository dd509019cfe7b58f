"""Real file systems of so many bytes, a disk's or a memory's, which are full when those are used up.

Only root may mount them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tosca_kiosk.machine.runtime import MEMORY

PAGE_BYTES = 4096
_SMALLEST_BYTES = 512


@contextmanager
def small_memory(place: Path, size_bytes: int) -> Iterator[Path]:
    """Mount a memory file system at place, which is made; afterwards it is gone with all that it held."""
    place.mkdir(parents=True)
    with _mounted(place, "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs"):
        yield place


def in_small_memory(size_bytes: int) -> tuple[str, ...]:
    """Return a command line's beginning under which MEMORY is a file system of so many bytes of its own."""
    mount = f'mount -t tmpfs -o size={size_bytes} tmpfs {MEMORY} && exec "$@"'
    return ("unshare", "--mount", "sh", "-c", mount, "sh")


def memory_of(pid: int) -> Path:
    """Return where the MEMORY of a process is seen that has another one than this."""
    return Path(f"/proc/{pid}/root{MEMORY}")


def no_small_memory() -> str | None:
    """Return why `in_small_memory` cannot be had here, None where it can."""
    if os.geteuid() != 0:
        return "only root mounts a file system"
    return None if shutil.which("unshare") else "needs unshare"


@contextmanager
def small_disk(place: Path, size_bytes: int) -> Iterator[Path]:
    """Mount a disk at place, which is made; it lies in a file beside it, and both are gone afterwards."""
    place.mkdir(parents=True)
    image = place.with_suffix(".img")
    with image.open("wb") as file:
        file.truncate(size_bytes)
    subprocess.run(["mkfs.ext4", "-q", "-m", "0", "-O", "^has_journal", image], check=True)
    try:
        with _mounted(place, "-o", "loop", image):
            yield place
    finally:
        image.unlink()


@contextmanager
def _mounted(place: Path, *what: str | Path) -> Iterator[None]:
    subprocess.run(["mount", *what, place], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def fill(place: Path) -> Path:
    """Take all the room that is left; return the file that holds it, for whoever gives it back."""
    ballast = place / "ballast"
    file = os.open(ballast, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    size, end = 1 << 30, 0
    try:
        while size >= _SMALLEST_BYTES:
            try:
                os.posix_fallocate(file, end, size)
                end += size
            except OSError:
                size //= 2
    finally:
        os.close(file)
    return ballast
