"""Real file systems of so many bytes, a disk's or a memory's, which are full when those are used up.

Only root may mount them.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PAGE_BYTES = 4096
_SMALLEST_BYTES = 512


@contextmanager
def small_memory(place: Path, size_bytes: int) -> Iterator[Path]:
    """Mount a memory file system at place, which is made; afterwards it is gone with all that it held."""
    place.mkdir(parents=True)
    with _mounted(place, "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs"):
        yield place


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
