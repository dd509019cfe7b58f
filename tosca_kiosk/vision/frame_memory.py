"""The newest frame in shared memory: one writer, many readers, no lock and no waiting on either side.

A frame lies in one of three slots. The number of its publication is 0 while the slot is written, stands
before and is looked at before and after reading, and a checksum binds the record beside it, as in
`control.link.ring`. A slot is written again two frames later, so that only a reader that takes longer than
that reads in vain. A writer makes a file of its own and puts it in place of the last one's: a reader that
sees the counter stand looks whether that has happened.
"""

from __future__ import annotations

import mmap
import os
import secrets
import struct
from math import nan
from pathlib import Path
from typing import Final, NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

FRAMES_FILE: Final = "camera.frames"
"""In the runtime directory."""

SLOTS: Final = 3
CLOCK_SLACK_S: Final = 0.001
"""A frame may seem this much newer than the moment at which it is looked at."""
LOOK_AGAIN_S: Final = 0.1
"""While the counter stands, the file is looked for this often."""

_MAGIC: Final = int.from_bytes(b"TOSCAfr1", "little")
_HEADER_BYTES: Final = 64
_SLOT_HEADER_BYTES: Final = 64
_LENGTH_WORD: Final = 1
_NEWEST_WORD: Final = 2
_TRIES: Final = 3

_Header = struct.Struct("<QQ")
"""The magic number and the bytes of a slot; the number of the newest publication follows."""
_Record = struct.Struct("<Qd?3xIIIdd")
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


class FrameWriter:
    """Publishes frames under FRAMES_FILE in a directory; the file is made for the size of the first one."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / FRAMES_FILE
        self._map: mmap.mmap | None = None
        self._slot_bytes = 0
        self._publication = 0

    def publish(
        self,
        image: NDArray[np.uint8],
        *,
        number: int,
        taken_s: float,
        simulated: bool = False,
        dropped: int = 0,
        exposure_us: float = nan,
        gain_db: float = nan,
    ) -> None:
        """Make a frame (height x width) the newest one. Raises OSError when there is no room for it."""
        height, width = image.shape
        if self._map is None or image.size > self._slot_bytes - _SLOT_HEADER_BYTES:
            self._make(image.size)
        assert self._map is not None
        record = _Record.pack(number, taken_s, simulated, dropped, width, height, exposure_us, gain_db)
        self._publication = publication = self._publication + 1
        start = _HEADER_BYTES + publication % SLOTS * self._slot_bytes
        slot = start // 8
        self._words[slot] = 0
        first = start + _SLOT_HEADER_BYTES
        np.copyto(self._pixels[first : first + image.size].reshape(height, width), image)
        self._map[start + 16 : start + 16 + _Record.size] = record
        self._words[slot + 1] = crc32(record, publication & 0xFFFF_FFFF)
        self._words[slot] = publication
        self._words[_NEWEST_WORD] = publication

    def _make(self, image_bytes: int) -> None:
        self.close()
        self._publication = 0
        self._slot_bytes = _SLOT_HEADER_BYTES + -(-image_bytes // 64) * 64
        size = _HEADER_BYTES + SLOTS * self._slot_bytes
        own = self._path.with_name(f"{FRAMES_FILE}-{secrets.token_hex(8)}")
        file = os.open(own, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            # Room is taken now: a full memory file system refuses here, and does not end a process later.
            os.posix_fallocate(file, 0, size)
            self._map = mmap.mmap(file, size)
            self._words = memoryview(self._map).cast("Q")
            self._pixels = np.frombuffer(self._map, np.uint8)
            self._words[0], self._words[_LENGTH_WORD] = _MAGIC, self._slot_bytes
            own.replace(self._path)
        except OSError:
            own.unlink(missing_ok=True)
            raise
        finally:
            os.close(file)

    def close(self) -> None:
        """Let the memory go; the file stays, and its last frame ages."""
        if self._map is None:
            return
        self._words.release()
        del self._pixels
        self._map.close()
        self._map = None


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
        if magic != _MAGIC or len(self._map) != _HEADER_BYTES + SLOTS * self.slot_bytes:
            self._map.close()
            raise ValueError(f"{path}: no frames of a camera")
        self.words = memoryview(self._map).cast("Q")

    def record(self, publication: int) -> FrameRecord | None:
        """Return the record of a publication, None when it is being replaced."""
        start = _HEADER_BYTES + publication % SLOTS * self.slot_bytes
        packed = self._map[start + 16 : start + 16 + _Record.size]
        slot = start // 8
        whole = self.words[slot] == publication
        if not whole or self.words[slot + 1] != crc32(packed, publication & 0xFFFF_FFFF):
            return None
        return FrameRecord(*_Record.unpack(packed))

    def image(self, publication: int, record: FrameRecord) -> NDArray[np.uint8] | None:
        """Return a copy of its picture, None when that was replaced meanwhile."""
        start = _HEADER_BYTES + publication % SLOTS * self.slot_bytes
        size = record.height_px * record.width_px
        first = start + _SLOT_HEADER_BYTES
        copied = np.frombuffer(self._map[first : first + size], np.uint8)
        if self.words[start // 8] != publication:
            return None
        return copied.reshape(record.height_px, record.width_px)

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
        if memory is None or memory.words[_NEWEST_WORD] == self._publication:
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
            publication = memory.words[_NEWEST_WORD]
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


class FrameReader(FrameAge):
    """The newest whole frame itself, for the screen."""

    def image(self) -> NDArray[np.uint8] | None:
        """Return a copy of the picture of `record`, height x width; None when it was replaced meanwhile."""
        if self._memory is None or self.record is None:
            return None
        return self._memory.image(self._publication, self.record)
