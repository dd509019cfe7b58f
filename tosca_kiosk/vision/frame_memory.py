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
from math import nan
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from tosca_kiosk.vision.frame_age import (
    FRAMES_FILE,
    HEADER_BYTES,
    LENGTH_WORD,
    MAGIC,
    NEWEST_WORD,
    SLOT_HEADER_BYTES,
    SLOTS,
    FrameAge,
    PackedRecord,
)


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
        if self._map is None or image.size > self._slot_bytes - SLOT_HEADER_BYTES:
            self._make(image.size)
        assert self._map is not None
        record = PackedRecord.pack(number, taken_s, simulated, dropped, width, height, exposure_us, gain_db)
        self._publication = publication = self._publication + 1
        start = HEADER_BYTES + publication % SLOTS * self._slot_bytes
        slot = start // 8
        self._words[slot] = 0
        first = start + SLOT_HEADER_BYTES
        np.copyto(self._pixels[first : first + image.size].reshape(height, width), image)
        self._map[start + 16 : start + 16 + PackedRecord.size] = record
        self._words[slot + 1] = crc32(record, publication & 0xFFFF_FFFF)
        self._words[slot] = publication
        self._words[NEWEST_WORD] = publication

    def _make(self, image_bytes: int) -> None:
        self.close()
        self._publication = 0
        self._slot_bytes = SLOT_HEADER_BYTES + -(-image_bytes // 64) * 64
        size = HEADER_BYTES + SLOTS * self._slot_bytes
        own = self._path.with_name(f"{FRAMES_FILE}-{secrets.token_hex(8)}")
        file = os.open(own, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            # Room is taken now: a full memory file system refuses here, and does not end a process later.
            os.posix_fallocate(file, 0, size)
            self._map = mmap.mmap(file, size)
            self._words = memoryview(self._map).cast("Q")
            self._pixels = np.frombuffer(self._map, np.uint8)
            self._words[0], self._words[LENGTH_WORD] = MAGIC, self._slot_bytes
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


class FrameReader(FrameAge):
    """The newest whole frame itself, for the screen."""

    def image(self) -> NDArray[np.uint8] | None:
        """Return a copy of the picture of `record`, height x width; None when it was replaced meanwhile."""
        if self._memory is None or self.record is None:
            return None
        pixels = self._memory.pixels(self._publication, self.record)
        if pixels is None:
            return None
        return np.frombuffer(pixels, np.uint8).reshape(self.record.height_px, self.record.width_px)
