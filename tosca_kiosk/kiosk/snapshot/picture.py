"""The live picture: the newest frame of the camera process, made as small as the panel shows it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tosca_kiosk.camera.frame_age import FrameRecord
from tosca_kiosk.camera.frame_memory import FrameReader
from tosca_kiosk.machine.runtime import FRAMES_FILE

_LIVE_WITHIN_S: Final = 0.5
"""An older picture is not shown: nobody aims by what was."""
COPY_EVERY_S: Final = 0.055
"""Every second turn of the main loop: a renderer in software has more to draw."""
_PICTURE_PX: Final = 480
"""About as wide as the picture's place on the panel; wider ones are reduced by whole numbers."""
_RATE_OVER_S: Final = 2.0
_MOST_SIDE_PX: Final = 16
"""16 bits hold the sum of so large a block."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A new picture as it is shown. pixels: height x width, reduced; width_px: of the frame before that.

    content: how many new ones came before it. taken_s: when it was new; that the camera hands it out again
    makes it no younger. rate_hz: new pictures a second, lately; None until two were seen. covered: it is
    black or clipped all over.
    """

    content: int
    taken_s: float
    rate_hz: float | None
    width_px: int
    pixels: NDArray[np.uint8]
    covered: bool = False

    def live(self, now_s: float) -> bool:
        """Whether it may be shown as what is to be seen now."""
        return now_s - self.taken_s <= _LIVE_WITHIN_S


class PictureSource:
    """Looks for a new frame whenever it is asked. runtime_dir: where the camera process leaves them."""

    def __init__(self, runtime_dir: Path) -> None:
        self._reader = FrameReader(runtime_dir / FRAMES_FILE)
        self._seen: deque[tuple[int, float]] = deque()
        self._copied_s = 0.0
        self._newest: Picture | None = None

    def newest(self, now_s: float, *, wanted: bool) -> Picture | None:
        """Return the newest picture; it is copied anew only where one is wanted."""
        reader = self._reader
        if reader.look(now_s) and reader.record is not None:
            self._count(reader.record)
        due = not 0.0 <= now_s - self._copied_s < COPY_EVERY_S
        record, newest = reader.record, self._newest
        new = record is not None and (newest is None or record.content_s != newest.taken_s)
        if wanted and due and new and record is not None:
            image = reader.image()
            if image is not None:
                self._copied_s = now_s
                self._newest = self._picture(record, image)
        return self._newest

    @property
    def simulated(self) -> bool:
        """Whether the newest frame does not show this cart."""
        return self._reader.record is not None and self._reader.record.simulated

    @property
    def problem(self) -> str | None:
        """Why there is no picture although there was one, where the memory between the processes was lost."""
        return self._reader.problem

    def close(self) -> None:
        """Let the memory go."""
        self._reader.close()

    def _picture(self, record: FrameRecord, image: NDArray[np.uint8]) -> Picture:
        return Picture(
            content=record.content,
            taken_s=record.content_s,
            rate_hz=self._rate_hz(),
            width_px=record.width_px,
            pixels=reduced(image),
            covered=record.covered,
        )

    def _count(self, record: FrameRecord) -> None:
        seen, newest = self._seen, (record.content, record.content_s)
        if seen and seen[-1] == newest:
            return  # the camera repeats itself
        if seen and not (seen[-1][0] < record.content and seen[-1][1] < record.content_s):
            seen.clear()  # the camera began anew
        seen.append(newest)
        while record.content_s - seen[0][1] > _RATE_OVER_S:
            seen.popleft()

    def _rate_hz(self) -> float | None:
        if len(self._seen) < 2:
            return None
        (first, began_s), (last, ended_s) = self._seen[0], self._seen[-1]
        return (last - first) / (ended_s - began_s)


def reduced(image: NDArray[np.uint8], width_px: int = _PICTURE_PX) -> NDArray[np.uint8]:
    """Return means of square blocks of pixels, so that about width_px columns are left."""
    side = max(1, min(round(image.shape[1] / width_px), image.shape[0], _MOST_SIDE_PX))
    if side == 1:
        return image
    height, width = (length // side * side for length in image.shape)
    total = np.zeros((height // side, width // side), np.uint16)
    for row in range(side):
        for column in range(side):
            total += image[row:height:side, column:width:side]
    means: NDArray[np.uint8] = (total // (side * side)).astype(np.uint8)
    return means
