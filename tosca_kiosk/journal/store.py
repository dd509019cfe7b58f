"""A journal's bytes: appended in memory by one thread, copied to the disk by another.

Appending never touches a disk. A segment is a file of its own on a memory file system, so it outlives a
killed process; it is removed when the disk has it, so that memory stays small however long a session is.
What is decided when memory has no more room goes into a reserve, whose room was taken when the journal was
made.
"""

from __future__ import annotations

import errno
import os
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from tosca_kiosk.journal.tail import lock_journal, make_tail, remove_tail, reserve_path, segment_path
from tosca_kiosk.machine.kept_paths import KeptPaths
from tosca_kiosk.machine.synced import sync

SEGMENT_BYTES: Final = 1 << 20
"""So much and one line more are in a segment."""
MOST_SEGMENTS: Final = 64
"""So many may be in memory alone, where the disk takes nothing: minutes of ticks. Then comes the reserve."""
RESERVE_BYTES: Final = 1 << 18
"""Some seconds of ticks: the one that ends the light, and those up to darkness that is known."""
_CHUNK_BYTES: Final = 1 << 16


class _Segment(NamedTuple):
    offset: int
    file: int
    path: Path


class JournalStore:
    """The file of a new journal and its tail in memory.

    appended, synced: how many bytes memory has taken, and of how many the disk has said that it keeps them.
    short: why memory has no more room, None while it has; what comes then is in the reserve.
    Raises OSError, naming the file, when either cannot be made, and leaves neither; the file is made
    exclusively, so no record is overwritten.
    """

    def __init__(self, journal: Path) -> None:
        self.appended = 0
        self.synced = 0
        self.short: str | None = None
        self._copied = 0
        self._reserve_used = 0
        self._segments: deque[_Segment] = deque()
        # Made once: locked memory is made with the interpreter held, which the ticks would wait for.
        self._chunk = memoryview(bytearray(_CHUNK_BYTES))
        self._folder: Path | None = journal.parent
        self._disk = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        try:
            lock_journal(self._disk)
            self._tail = make_tail(journal.parent)
        except OSError:
            self._unmake(journal)
            raise
        made: list[int] = []
        try:
            self._reserve = _reserved(reserve_path(self._tail))
            made.append(self._reserve)
            self._begin_segment()
            made.append(self._newest)
            self._places = KeptPaths(journal.parent, journal, self._tail)
        except OSError:
            for file in made:
                os.close(file)
            self._unmake(journal)
            with suppress(OSError):
                remove_tail(self._tail)
            raise

    def _unmake(self, journal: Path) -> None:
        os.close(self._disk)
        journal.unlink()

    # --- the tick's thread ------------------------------------------------------------------------------

    def append(self, line: bytes) -> bool:
        """Take a line; False when it was not taken whole. After that nothing may follow it."""
        if self.short is None:
            try:
                if self.appended >= self._full_at:
                    self._begin_segment()
                taken = os.write(self._newest, line)
                why = os.strerror(errno.ENOSPC)
            except OSError as error:
                taken, why = 0, error.strerror or str(error)
            self.appended += taken
            if taken == len(line):
                return True
            self.short = f"{self._tail.parent}: no more of the journal was taken ({why})"
            line = line[taken:]
            if not self._begin_reserve():
                return False
        return self._append_to_reserve(line)

    def _begin_reserve(self) -> bool:
        """Make a segment of the reserve, whose room is taken already."""
        path = segment_path(self._tail, self.appended, reserve=True)
        try:
            reserve_path(self._tail).rename(path)
        except OSError:
            return False
        self._segments.append(_Segment(offset=self.appended, file=self._reserve, path=path))
        return True

    def _append_to_reserve(self, line: bytes) -> bool:
        if self._reserve_used + len(line) > RESERVE_BYTES:
            return False
        try:
            taken = os.pwrite(self._reserve, line, self._reserve_used)
        except OSError:
            return False
        self._reserve_used += taken
        self.appended += taken
        return taken == len(line)

    def _begin_segment(self) -> None:
        if len(self._segments) >= MOST_SEGMENTS:
            raise OSError(errno.ENOSPC, "the disk is too far behind")
        path = segment_path(self._tail, self.appended)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._newest = os.open(path, flags, 0o600)
        self._segments.append(_Segment(offset=self.appended, file=self._newest, path=path))
        self._full_at = self.appended + SEGMENT_BYTES

    # --- the helper's thread ----------------------------------------------------------------------------

    def copy(self) -> None:
        """Bring to the disk what memory has, sync, and let go of the segments that are there then.

        Raises OSError when the disk does not take every byte; the next call tries again.
        """
        for segment in tuple(self._segments):
            # The reserve is longer than what is in it.
            while size := os.preadv(
                segment.file,
                [self._chunk[: max(0, self.appended - self._copied)]],
                self._copied - segment.offset,
            ):
                taken = os.pwrite(self._disk, self._chunk[:size], self._copied)
                self._copied += taken
                if taken < size:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if self._copied == self.synced:
            return
        self._sync()
        while len(self._segments) > 1 and self._segments[1].offset <= self.synced:
            segment = self._segments.popleft()
            os.close(segment.file)
            segment.path.unlink()

    def _sync(self) -> None:
        try:
            os.fdatasync(self._disk)
        except OSError:
            # A failed sync may have dropped any byte since the last one, and says so only once.
            self._copied = self.synced
            raise
        if self._folder is not None:
            # Once, or a power cut would leave all of it under no name.
            sync(self._folder)
            self._folder = None
        self.synced = self._copied

    def lost(self) -> str | None:
        """Return which of folder, journal and tail is no more where it was made, None where all are."""
        return self._places.lost()

    def close(self) -> None:
        """Copy what is left and close. Raises OSError as `copy` does; the tail then stays for a reader."""
        try:
            self.copy()
            with suppress(OSError):
                remove_tail(self._tail)
        finally:
            for file in {self._reserve, *(segment.file for segment in self._segments)}:
                os.close(file)
            os.close(self._disk)
            self._places.close()


def _reserved(path: Path) -> int:
    """Make the reserve and take its room. Raises OSError naming it."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(file, 0, RESERVE_BYTES)
    except OSError as error:
        os.close(file)
        raise OSError(error.errno, error.strerror, str(path)) from error
    return file
