"""Whether paths still lead to what was there at first: a folder that was removed takes no record any more."""

from __future__ import annotations

import os
from pathlib import Path


class KeptPaths:
    """Remembers what lies at some paths now, links as links. Raises OSError where nothing does.

    A descriptor of each is kept, so that no number of an inode comes back under another one's name.
    """

    def __init__(self, *paths: Path) -> None:
        self._kept: list[tuple[str, int, tuple[int, int]]] = []
        for path in paths:
            try:
                file = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
            except OSError:
                self.close()
                raise
            found = os.fstat(file)
            self._kept.append((str(path), file, (found.st_dev, found.st_ino)))

    def lost(self) -> str | None:
        """Return the first path that leads elsewhere or nowhere now, None where none does."""
        for path, _, first in self._kept:
            try:
                found = os.lstat(path)
            except OSError:
                return path
            if (found.st_dev, found.st_ino) != first:
                return path
        return None

    def close(self) -> None:
        """Let the descriptors go."""
        for _, file, _ in self._kept:
            os.close(file)
        self._kept.clear()
