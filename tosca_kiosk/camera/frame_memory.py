"""The newest frame in shared memory, with its picture: the camera process writes it, the screen reads it."""

from __future__ import annotations

from math import nan
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tosca_kiosk.camera.frame_age import MAGIC, SLOTS, FrameAge, PackedRecord
from tosca_kiosk.machine.latest_cell import CellWriter
from tosca_kiosk.machine.runtime import FRAMES_FILE


class FramesLostError(OSError):
    """The link to the frames is gone or leads elsewhere: who comes now finds no picture; the text says so."""


class FrameWriter:
    """Publishes frames under FRAMES_FILE in a directory; the memory is made for the size of the first one."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / FRAMES_FILE
        self._cell: CellWriter | None = None
        self._room_bytes = 0
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
        cell = self._cell
        if cell is None or image.size > self._room_bytes:
            cell = self._make(image.size)
        elif not cell.in_place:
            raise FramesLostError(
                f"{self._path}: was removed or replaced while in use; nobody can find the picture any more"
            )
        if content != self._content:
            self._content, self._content_s = content, taken_s
        flags, size_px = (simulated, covered), (width, height)
        record = PackedRecord.pack(
            number, taken_s, content, self._content_s, *flags, dropped, *size_px, exposure_us, gain_db
        )
        first = cell.begin() + PackedRecord.size
        np.copyto(self._pixels[first : first + image.size].reshape(height, width), image)
        cell.seal(record)

    def _make(self, image_bytes: int) -> CellWriter:
        self.close()
        self._room_bytes = image_bytes
        room_bytes = PackedRecord.size + image_bytes
        self._cell = cell = CellWriter(self._path, MAGIC, slots=SLOTS, room_bytes=room_bytes)
        self._pixels = np.frombuffer(cell.map, np.uint8)
        return cell

    def close(self) -> None:
        """Let the memory go; who has it mapped keeps the last frame, which ages."""
        if self._cell is None:
            return
        del self._pixels
        self._cell.close()
        self._cell = None


class FrameReader(FrameAge):
    """The newest whole frame itself, for the screen."""

    def image(self) -> NDArray[np.uint8] | None:
        """Return a copy of the picture of `record`, height x width; None when it was replaced meanwhile."""
        if self._memory is None or self.record is None:
            return None
        height, width = self.record.height_px, self.record.width_px
        pixels = self._memory.body(self._publication, PackedRecord.size, height * width)
        return None if pixels is None else np.frombuffer(pixels, np.uint8).reshape(height, width)
