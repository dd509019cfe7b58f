"""What must not be seen: whose rights are too wide, what processes are given, where a secret stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path


def secret(*texts: str) -> re.Pattern[bytes]:
    """Return what finds these texts; not within a hash or a value, where they may stand by chance."""
    return re.compile(rf"(?<![0-9a-f.])(?:{'|'.join(texts)})(?![0-9a-f])".encode())


def rights(*folders: Path) -> Iterator[tuple[Path, int | None]]:
    """Yield every file and folder, or what a link leads to, and its rights where they are too wide."""
    for folder in folders:
        for path in (folder, *folder.rglob("*")):
            mode = path.stat().st_mode & 0o777
            ours = not path.name.startswith("judge-")  # the test's own socket
            yield path, mode if ours and mode & ~(0o750 if path.is_dir() else 0o640) else None


def children(number: int) -> Iterator[bytes]:
    """Return the command lines of all processes below one."""
    for task in Path(f"/proc/{number}/task").glob("*/children"):
        try:
            pids = task.read_text().split()
        except OSError:
            continue
        for pid in pids:
            try:
                yield Path(f"/proc/{pid}/cmdline").read_bytes()
            except OSError:
                continue
            yield from children(pid)
