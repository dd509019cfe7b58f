"""The end of a session's journal that no disk has yet: where it is kept, and how a reader gets it back.

Whoever writes a journal appends to segments on a memory file system, which outlive a killed process, and
copies them to the journal's file. A segment is named by its offset in the journal. The writer holds a lock
on the file for as long as it lives, so a reader knows whether the tail is left for it.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final

from tosca_kiosk.machine.runtime import MEMORY, is_private, name_of

SESSION_LINK: Final = "session"
"""In the tail's directory: leads to the session's folder, for a person who wonders what this is."""

_WITHOUT_MEMORY: Final = "journal.tail"
_OFFSET_DIGITS: Final = 15
_RESERVE: Final = "reserve"

log = logging.getLogger("tosca_kiosk.journal")


class StillWrittenError(Exception):
    """A journal whose writer lives, so that its tail is not for others; the text says what to do."""


def segment_path(tail: Path, offset: int, *, reserve: bool = False) -> Path:
    """Return the file of the segment that begins at this byte of the journal. reserve: it is made of that."""
    return tail / (f"{offset:0{_OFFSET_DIGITS}d}" + (f".{_RESERVE}" if reserve else ""))


def reserve_path(tail: Path) -> Path:
    """Return the file of the reserve, as long as it is none of the segments."""
    return tail / _RESERVE


def room_advice(path: Path | str) -> str:
    """Return what to do where this file of a session found no room: memory is no disk."""
    in_memory = Path(path).is_relative_to(MEMORY)
    return f"make room in memory, on {MEMORY}, not on the disk" if in_memory else "check room and rights"


def make_tail(folder: Path) -> Path:
    """Make the directory for the tail of a new journal in the folder, private to this user; return it.

    It is in memory where there is a memory file system, else in the folder itself: never where the
    environment says, which may differ for the next program. What stands there is of a journal that was
    deleted. Raises OSError, naming it, when it cannot be made or is somebody else's.
    """
    in_memory, beside = _places(folder)
    tail = in_memory if os.access(MEMORY, os.W_OK | os.X_OK) else beside
    try:
        remove_tail(tail)
        tail.mkdir(mode=0o700)
        (tail / SESSION_LINK).symlink_to(folder.resolve())
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(tail)) from error
    return tail


def remove_tail(tail: Path) -> None:
    """Remove a tail and its directory, if it is there. Raises OSError."""
    with suppress(FileNotFoundError):
        shutil.rmtree(tail)


def lock_journal(file: int) -> None:
    """Keep every reader off the tail until the file is closed or this process ends.

    Raises BlockingIOError when somebody else holds it.
    """
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def read_journal(journal: Path) -> bytes:
    """Return all that was recorded in a journal; what only its tail holds is first appended to the file.

    A disk that does not take that now is no reason to go without: the tail is then kept for the next
    reading. Raises StillWrittenError while the writer lives, OSError for what cannot be read.
    """
    file = os.open(journal, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _hold(file, journal, fcntl.LOCK_SH)
        content = journal.read_bytes()
        for tail in _places(journal.parent):
            if tail.exists():
                _hold(file, journal, fcntl.LOCK_EX)  # only a tail is not for two readers at once
                content += _taken_over(tail, journal, content)
        return content
    finally:
        os.close(file)


def _places(folder: Path) -> tuple[Path, Path]:
    return MEMORY / f"tosca-journal-{name_of(folder)}", folder / _WITHOUT_MEMORY


def _hold(file: int, journal: Path, operation: int) -> None:
    try:
        fcntl.flock(file, operation | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise StillWrittenError(
            f"{journal}: the journal is still being written; try again when its session has ended"
        ) from error


def _taken_over(tail: Path, journal: Path, content: bytes) -> bytes:
    """Append to the file what the tail holds beyond it, and remove the tail; return what was appended."""
    if not is_private(tail, os.getuid(), journal.parent.stat().st_uid):
        return b""
    segments = _segments(tail)
    missing = _beyond(content, segments)
    if missing is None:
        log.warning("%s: %s is of another journal and was left alone", journal, tail)
        return b""
    try:
        _write(journal, segments)
        remove_tail(tail)
    except OSError as error:
        log.warning("%s: %d bytes stay in %s (%s)", journal, len(missing), tail, error.strerror)
    return missing


def _segments(tail: Path) -> list[tuple[int, bytes]]:
    """Return offset and content of every segment, in their order."""
    found = []
    for path in tail.iterdir():
        offset, _, kind = path.name.partition(".")
        if offset.isdecimal():
            # What the reserve has not been written to holds NUL, which no line holds.
            content = path.read_bytes().rstrip(b"\0") if kind == _RESERVE else path.read_bytes()
            found.append((int(offset), content))
    return sorted(found)


def _beyond(content: bytes, segments: list[tuple[int, bytes]]) -> bytes | None:
    """Return what the segments hold beyond the content; None where they do not continue it."""
    end, missing = len(content), []
    for offset, segment in segments:
        # What both have must be the same, and there is no gap.
        if offset > end or not segment.startswith(content[offset : offset + len(segment)]):
            return None
        missing.append(segment[end - offset :])
        end += len(missing[-1])
    return b"".join(missing)


def _write(journal: Path, segments: list[tuple[int, bytes]]) -> None:
    """Write whole segments at their places, for what the file has of them may never have been synced."""
    file = os.open(journal, os.O_WRONLY | os.O_CLOEXEC)
    try:
        for offset, segment in segments:
            written = 0
            while written < len(segment):
                written += os.pwrite(file, segment[written:], offset + written)
        os.fsync(file)
    finally:
        os.close(file)
