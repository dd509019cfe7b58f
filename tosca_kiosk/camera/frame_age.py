"""When the newest new picture in shared memory was taken; the layout of that memory, without its pictures.

Control asks every tick and never needs a picture, so that nothing here loads numpy.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Final, NamedTuple
from zlib import crc32

from tosca_kiosk.machine.sealed_memory import map_sealed

FRAMES_FILE: Final = "camera.frames"
"""In the runtime directory."""

SLOTS: Final = 3
CLOCK_SLACK_S: Final = 0.001
"""A frame may seem this much newer than the moment at which it is looked at."""
LOOK_AGAIN_S: Final = 0.1
"""So often it is looked whether the path still leads to the memory that is read."""

MAGIC: Final = int.from_bytes(b"TOSCAfr1", "little")
HEADER_BYTES: Final = 64
LENGTH_WORD: Final = 1
NEWEST_WORD: Final = 2
_TRIES: Final = 3

_Header = struct.Struct("<QQ")
"""The magic number and the bytes of a slot; the number of the newest publication follows."""
PackedRecord = struct.Struct("<QdQd??2xIIIdd")
"""The fields of a FrameRecord, in its order."""
SLOT_HEADER_BYTES: Final = 16 + PackedRecord.size


class FrameRecord(NamedTuple):
    """What is known of a frame. taken_s: the system's monotonic clock, the same in every process.

    content: grows with every picture that was not there before. content_s: when the newest new one was
    taken, so that of a source that repeats itself number and taken_s go on and these two stand. covered:
    black or clipped all over. simulated: it does not show this cart. exposure_us, gain_db: NaN where the
    camera does not tell.
    """

    number: int
    taken_s: float
    content: int
    content_s: float
    simulated: bool
    covered: bool
    dropped: int
    width_px: int
    height_px: int
    exposure_us: float
    gain_db: float


def taken_by(now_s: float, taken_s: float) -> bool:
    """Whether a frame can have been taken by now; one without a time, NaN, cannot."""
    return taken_s - now_s <= CLOCK_SLACK_S


class _Memory:
    """The frames' memory, mapped for reading. Raises OSError or ValueError when it is none."""

    def __init__(self, path: Path) -> None:
        self._map, self.identity = map_sealed(path)
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
    """When the newest new picture was taken: what control asks every tick.

    A frame whose number or content is the last one's is not new, whatever its time says; one without a time,
    or taken in the future, is none. Nothing is raised: where there is no camera process, there is no new
    frame. problem: why there is no picture at all, where the path no longer leads to a camera process that
    lives or lived; None while it does, and before there was one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._memory: _Memory | None = None
        self._publication = 0
        self._looked_s = -LOOK_AGAIN_S
        self._number: int | None = None
        self.record: FrameRecord | None = None
        """The newest valid frame, None before the first."""
        self.problem: str | None = None

    @property
    def covered(self) -> bool:
        """Whether nobody can see anything in the newest frame; True where there is none."""
        return self.record is None or self.problem is not None or self.record.covered

    def look(self, now_s: float) -> bool:
        """Take in what is new at now_s, on the system's monotonic clock; return whether a frame is."""
        if not 0.0 <= now_s - self._looked_s < LOOK_AGAIN_S:
            self._looked_s = now_s
            self._look_for_memory()
        memory = self._memory
        return memory is not None and self.problem is None and self._take(memory, now_s)

    def newest_s(self, now_s: float) -> float | None:
        """Return when the newest new picture was taken; None before the first, and in a problem."""
        self.look(now_s)
        return None if self.record is None or self.problem is not None else self.record.content_s

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
        if not (taken_by(now_s, record.taken_s) and taken_by(now_s, record.content_s)):
            return False
        self._publication, self._number, self.record = publication, record.number, record
        return True

    def _look_for_memory(self) -> None:
        """Take what the path leads to now, where that is another memory, and say where it leads to none.

        A link that dangles is a camera process's that has ended: its last picture ages.
        """
        known = self._memory
        try:
            status = self._path.stat()
            if known is not None and known.identity == (status.st_dev, status.st_ino):
                self.problem = None
                return
            found = _Memory(self._path)
        except (OSError, ValueError) as error:
            dangles = isinstance(error, FileNotFoundError) and self._path.is_symlink()
            self.problem = None if known is None or dangles else f"the camera's memory was lost: {error}"
            return
        self.close()
        self.problem = None
        self._memory, self._publication, self._number = found, 0, None
