"""The newest frame in shared memory: one writer, many readers, no lock and no waiting on either side.

A frame lies in one of three slots. The number of its publication is 0 while the slot is written, stands
before and is looked at before and after reading, and a checksum binds the record beside it, as in
`link.ring`. A slot is written again two frames later, so that only a reader that takes longer than
that reads in vain. The memory is sealed (`sealed_memory`); a writer makes his own and puts the link to it in
place of the last one's: readers look now and then whether that has happened.
"""

from __future__ import annotations

from math import nan
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from tosca_kiosk.camera.frame_age import (
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
from tosca_kiosk.machine.sealed_memory import SealedMemory


class FramesLostError(OSError):
    """The link to the frames is gone or leads elsewhere: who comes now finds no picture; the text says so."""


class FrameWriter:
    """Publishes frames under FRAMES_FILE in a directory; the memory is made for the size of the first one."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / FRAMES_FILE
        self._memory: SealedMemory | None = None
        self._slot_bytes = 0
        self._publication = 0
        self._content: int | None = None
        self._content_s = nan

    def publish(
        self,
        image: NDArray[np.uint8],
        *,
        number: int,
        taken_s: float,
        content: int,
        covered: bool = False,
        simulated: bool = False,
        dropped: int = 0,
        exposure_us: float = nan,
        gain_db: float = nan,
    ) -> None:
        """Make a frame (height x width) the newest one. content, covered: as the camera's frame has them.

        Raises OSError, with the path in it, when there is no room for it, and FramesLostError.
        """
        height, width = image.shape
        if self._memory is None or image.size > self._slot_bytes - SLOT_HEADER_BYTES:
            self._make(image.size)
        elif not self._memory.in_place:
            raise FramesLostError(
                f"{self._path}: was removed or replaced while in use; nobody can find the picture any more"
            )
        if content != self._content:
            self._content, self._content_s = content, taken_s
        flags, size_px = (simulated, covered), (width, height)
        record = PackedRecord.pack(
            number, taken_s, content, self._content_s, *flags, dropped, *size_px, exposure_us, gain_db
        )
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
        self._memory = SealedMemory(self._path, HEADER_BYTES + SLOTS * self._slot_bytes)
        self._map = self._memory.map
        self._words = memoryview(self._map).cast("Q")
        self._pixels = np.frombuffer(self._map, np.uint8)
        self._words[LENGTH_WORD], self._words[0] = self._slot_bytes, MAGIC
        self._memory.show()

    def close(self) -> None:
        """Let the memory go; who has it mapped keeps the last frame, which ages."""
        if self._memory is None:
            return
        self._words.release()
        del self._pixels
        self._memory.close()
        self._memory = None


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
