"""When the newest frame in shared memory was taken; the layout of that memory, without its pictures.

Control asks every tick and never needs a picture, so that nothing here loads numpy.
"""

from __future__ import annotations

import mmap
import os
import struct
from pathlib import Path
from typing import Final, NamedTuple
from zlib import crc32

FRAMES_FILE: Final = "camera.frames"
"""In the runtime directory."""

SLOTS: Final = 3
CLOCK_SLACK_S: Final = 0.001
"""A frame may seem this much newer than the moment at which it is looked at."""
LOOK_AGAIN_S: Final = 0.1
"""While the counter stands, the file is looked for this often."""

MAGIC: Final = int.from_bytes(b"TOSCAfr1", "little")
HEADER_BYTES: Final = 64
SLOT_HEADER_BYTES: Final = 64
LENGTH_WORD: Final = 1
NEWEST_WORD: Final = 2
_TRIES: Final = 3

_Header = struct.Struct("<QQ")
"""The magic number and the bytes of a slot; the number of the newest publication follows."""
PackedRecord = struct.Struct("<Qd?3xIIIdd")
"""Number, taken_s, simulated, dropped, width, height, exposure_us, gain_db: a FrameRecord."""


class FrameRecord(NamedTuple):
    """What is known of a frame. taken_s: the system's monotonic clock, the same in every process.

    simulated: it does not show this cart. exposure_us, gain_db: NaN where the camera does not tell.
    """

    number: int
    taken_s: float
    simulated: bool
    dropped: int
    width_px: int
    height_px: int
    exposure_us: float
    gain_db: float


def taken_by(now_s: float, taken_s: float) -> bool:
    """Whether a frame can have been taken by now; one without a time, NaN, cannot."""
    return taken_s - now_s <= CLOCK_SLACK_S


class _Memory:
    """A frame file, mapped for reading. Raises OSError or ValueError when it is none."""

    def __init__(self, path: Path) -> None:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            status = os.fstat(file)
            self.identity = (status.st_dev, status.st_ino)
            self._map = mmap.mmap(file, 0, access=mmap.ACCESS_READ)
        finally:
            os.close(file)
        magic, self.slot_bytes = _Header.unpack_from(self._map.read(_Header.size).ljust(_Header.size, b"\0"))
        if magic != MAGIC or len(self._map) != HEADER_BYTES + SLOTS * self.slot_bytes:
            self._map.close()
            raise ValueError(f"{path}: no frames of a camera")
        self.words = memoryview(self._map).cast("Q")

    def record(self, publication: int) -> FrameRecord | None:
        """Return the record of a publication, None when it is being replaced."""
        start = HEADER_BYTES + publication % SLOTS * self.slot_bytes
        packed = self._map[start + 16 : start + 16 + PackedRecord.size]
        slot = start // 8
        whole = self.words[slot] == publication
        if not whole or self.words[slot + 1] != crc32(packed, publication & 0xFFFF_FFFF):
            return None
        return FrameRecord(*PackedRecord.unpack(packed))

    def pixels(self, publication: int, record: FrameRecord) -> bytes | None:
        """Return a copy of its picture's pixels, None when that was replaced meanwhile."""
        start = HEADER_BYTES + publication % SLOTS * self.slot_bytes
        size = record.height_px * record.width_px
        first = start + SLOT_HEADER_BYTES
        copied = self._map[first : first + size]
        return copied if self.words[start // 8] == publication else None

    def close(self) -> None:
        self.words.release()
        self._map.close()


class FrameAge:
    """When the newest valid frame was taken: what control asks every tick.

    A frame whose number is the last one's is not new, whatever its time says; one without a time, or taken
    in the future, is none. Nothing is raised: where there is no camera process, there is no new frame.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._memory: _Memory | None = None
        self._publication = 0
        self._looked_s = -LOOK_AGAIN_S
        self._number: int | None = None
        self.record: FrameRecord | None = None
        """The newest valid frame, None before the first."""

    def look(self, now_s: float) -> bool:
        """Take in what is new at now_s, on the system's monotonic clock; return whether a frame is."""
        memory = self._memory
        if memory is None or memory.words[NEWEST_WORD] == self._publication:
            if not 0.0 <= now_s - self._looked_s < LOOK_AGAIN_S:
                self._looked_s = now_s
                self._look_for_file()
            memory = self._memory
        return memory is not None and self._take(memory, now_s)

    def newest_s(self, now_s: float) -> float | None:
        """Return when the newest valid frame was taken; None before the first."""
        self.look(now_s)
        return None if self.record is None else self.record.taken_s

    def close(self) -> None:
        """Let the memory go."""
        if self._memory is not None:
            self._memory.close()
            self._memory = None

    def _take(self, memory: _Memory, now_s: float) -> bool:
        for _ in range(_TRIES):
            publication = memory.words[NEWEST_WORD]
            if publication == self._publication:
                return False
            record = memory.record(publication)
            if record is not None:
                break
        else:
            return False
        if record.number == self._number:
            self._publication = publication
            return False
        if not taken_by(now_s, record.taken_s):
            return False
        self._publication, self._number, self.record = publication, record.number, record
        return True

    def _look_for_file(self) -> None:
        try:
            status = self._path.stat()
            if self._memory is not None and self._memory.identity == (status.st_dev, status.st_ino):
                return
            found = _Memory(self._path)
        except (OSError, ValueError):
            return
        self.close()
        self._memory, self._publication, self._number = found, 0, None
