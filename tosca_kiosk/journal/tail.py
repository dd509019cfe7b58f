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
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from tosca_kiosk.domain.journal_copies import joined
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


def not_made(error: OSError, folder: Path | str) -> str:
    """Say that folder or journal of a session cannot be made, and what to do: memory is no disk.

    That comes first, for a screen cuts the end. folder: the session's, where the error names no file.
    """
    where = Path(error.filename or folder)
    in_memory = where.is_relative_to(MEMORY)
    advice = f"make room in memory, on {MEMORY}, not on the disk" if in_memory else "check room and rights"
    return f"{advice}: {where} cannot be made ({error.strerror}), so there is no journal"


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


def read_journal(journal: Path, say: Callable[[str], object] = log.warning) -> bytes:
    """Return all that was recorded in a journal; what only its tail holds is first appended to the file.

    A line that one of both no longer has as it was written is taken from the other one; say is told of it, at
    every reading, and what the disk had stays beside the file (see `damaged_copy`). A disk that does not take
    that now is no reason to go without: the tail is then kept for the next reading. Raises StillWrittenError
    while the writer lives, OSError for what cannot be read.
    """
    file = os.open(journal, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _hold(file, journal, fcntl.LOCK_SH)
        content = journal.read_bytes()
        for tail in _places(journal.parent):
            if tail.exists():
                _hold(file, journal, fcntl.LOCK_EX)  # only a tail is not for two readers at once
                content = _taken_over(tail, journal, content, say)
        copy = damaged_copy(journal)
        if copy.exists():
            say(f"{_other_on_disk(journal, copy.read_bytes(), content)}, which is kept as {copy.name}")
        return content
    finally:
        os.close(file)


def unused_gone(journal: Path) -> bool:
    """Take away a session's folder whose journal never took a line, its tail too; return whether it did.

    Where anything was recorded, or anything else lies there, all of it stays. Raises StillWrittenError while
    the writer lives, OSError for what cannot be read or taken away.
    """
    folder = journal.parent
    if {path.name for path in folder.iterdir()} - {journal.name, _WITHOUT_MEMORY}:
        return False
    if journal.exists():
        file = os.open(journal, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _hold(file, journal, fcntl.LOCK_EX)
            tails = [tail for tail in _places(folder) if tail.exists()]
            if os.fstat(file).st_size or not all(_is_unused(tail) for tail in tails):
                return False
            for tail in tails:
                remove_tail(tail)
            journal.unlink()
        finally:
            os.close(file)
    folder.rmdir()
    return True


def _is_unused(tail: Path) -> bool:
    """Whether a tail is this user's and holds nothing."""
    return is_private(tail, os.getuid()) and not any(content for _, content in _segments(tail))


def damaged_copy(journal: Path) -> Path:
    """Return where a journal's file is kept as the disk had it, when memory had lines of it whole."""
    return journal.with_name(f"{journal.name}.damaged")


def _places(folder: Path) -> tuple[Path, Path]:
    return MEMORY / f"tosca-journal-{name_of(folder)}", folder / _WITHOUT_MEMORY


def _hold(file: int, journal: Path, operation: int) -> None:
    try:
        fcntl.flock(file, operation | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise StillWrittenError(
            f"{journal}: the journal is still being written; try again when its session has ended"
        ) from error


def _taken_over(tail: Path, journal: Path, content: bytes, say: Callable[[str], object]) -> bytes:
    """Bring to the file what the tail holds, and remove the tail; return the whole journal."""
    if not is_private(tail, os.getuid(), journal.parent.stat().st_uid):
        return content
    segments = _segments(tail)
    memory = _laid_over(content, segments)
    if memory is None or memory.startswith(content):
        whole = memory
    else:
        whole = joined(content, memory, segments[0][0])
    if memory is None or whole is None:
        log.warning("%s: %s is of another journal and was left alone", journal, tail)
        return content
    if memory != whole:
        line = _differing_line(memory, whole)
        say(f"{journal}: memory held line {line} otherwise than it was written; the disk's is used")
    damaged = not whole.startswith(content)
    try:
        if damaged:
            _keep(damaged_copy(journal), content)
        if segments:
            _write(journal, whole, segments[0][0])
        remove_tail(tail)
    except OSError as error:
        stays = len(whole) - len(content)
        log.warning("%s: %d bytes stay in %s (%s)", journal, stays, tail, error.strerror)
        if damaged and not damaged_copy(journal).exists():
            say(f"{_other_on_disk(journal, content, whole)}, which could not be kept ({error.strerror})")
    return whole


def _other_on_disk(journal: Path, disk: bytes, whole: bytes) -> str:
    line = _differing_line(disk, whole)
    return f"{journal}: line {line} is as memory held it, for it was damaged in the disk's copy"


def _differing_line(one: bytes, other: bytes) -> int:
    """Return the number of the first line in which two journals differ."""
    pairs = zip(one.split(b"\n"), other.split(b"\n"), strict=False)
    return next((number for number, (ours, theirs) in enumerate(pairs, start=1) if ours != theirs), 0)


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


def _laid_over(content: bytes, segments: list[tuple[int, bytes]]) -> bytes | None:
    """Return the content with the segments at their places; None where there is a gap before one."""
    laid = bytearray(content)
    for offset, segment in segments:
        if offset > len(laid):
            return None
        laid[offset : offset + len(segment)] = segment
    return bytes(laid)


def _keep(copy: Path, content: bytes) -> None:
    """Make the copy whole or not at all, unless it is there. Raises OSError."""
    if copy.exists():
        return  # of a reading that was killed: what the file has now is not all the disk's
    part = copy.with_name(f"{copy.name}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.rename(copy)
    except OSError:
        with suppress(OSError):
            part.unlink()
        raise


def _write(journal: Path, whole: bytes, begin: int) -> None:
    """Write all from there on, for what the file has of it may never have been synced."""
    file = os.open(journal, os.O_WRONLY | os.O_CLOEXEC)
    try:
        left, at = memoryview(whole)[begin:], begin
        while left:
            written = os.pwrite(file, left, at)
            left, at = left[written:], at + written
        os.fsync(file)
    finally:
        os.close(file)
