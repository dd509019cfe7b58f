"""What a camera offers, whatever its make: mono frames with their times and counters.

The rules of `hardware.interfaces` hold: `poll` never blocks and time is an argument. What may take long
(opening, waiting for a frame) happens in a thread of the maker's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeAlias

from hardware.interfaces import Identity, Linked, LinkState, Origin

if TYPE_CHECKING:
    # Who never looks at a picture, as a session in fast time, never loads it.
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["KEY", "Camera", "Frame", "Identity", "Image", "LinkState", "Origin", "Range", "outside"]

KEY = "camera"

Image: TypeAlias = "NDArray[np.uint8]"
"""Height x width, mono."""

Range = tuple[float, float]
"""Lowest and highest value, both allowed."""


class Frame:
    """One picture with what is known of it; nothing of it changes.

    taken_s: the middle or end of the exposure as well as it is known, on the caller's monotonic clock.
    number: the camera's frame counter, 0 for the first frame since it was opened. dropped: frames lost since
    then. exposure_us, gain_db: as the frame was taken; NaN where the camera does not tell.
    content: grows with every picture that was not there before, however often the camera is opened; it stands
    where the pixels are those of an earlier frame, whatever number and taken_s say. covered: it is black or
    clipped all over. image: the picture, or what makes it when it is first asked for.
    """

    __slots__ = ("_image", "content", "covered", "dropped", "exposure_us", "gain_db", "number", "taken_s")

    def __init__(
        self,
        *,
        taken_s: float,
        number: int,
        dropped: int,
        exposure_us: float,
        gain_db: float,
        content: int,
        covered: bool,
        image: Image | Callable[[], Image],
    ) -> None:
        self.taken_s = taken_s
        self.number = number
        self.dropped = dropped
        self.exposure_us = exposure_us
        self.gain_db = gain_db
        self.content = content
        self.covered = covered
        self._image = image

    @property
    def image(self) -> Image:
        """The picture, height x width; made when first asked for."""
        if callable(self._image):
            self._image = self._image()
        return self._image


class Camera(Linked, Protocol):
    """A camera. A frame is handed over once: a counter that stands gives no frame, so its age grows.

    A frame may be handed over whose picture is an old one; its content says so.
    """

    @property
    def size_px(self) -> tuple[int, int] | None:
        """Width and height; None until known."""

    @property
    def exposure_range_us(self) -> Range | None:
        """What may be set; None until known, and where it cannot be set."""

    @property
    def gain_range_db(self) -> Range | None:
        """What may be set; None until known, and where it cannot be set."""

    def poll(self, now_s: float) -> Frame | None:
        """Return the newest frame since the last poll, and open or reopen when that is due."""

    def set_exposure_us(self, value: float) -> None:
        """Take effect within a few frames, which say so. Raises ValueError with the allowed range."""

    def set_gain_db(self, value: float) -> None:
        """Take effect within a few frames, which say so. Raises ValueError with the allowed range."""

    def close(self) -> None:
        """Release the camera and end its thread; no frame comes any more."""


def outside(what: str, value: float, allowed: Range | None, unit: str) -> str | None:
    """Return why a value may not be set, None when it may. allowed: None where nothing can be set."""
    if allowed is None:
        return f"{what} cannot be set; the camera is not open, or it or its driver has none to set"
    low, high = allowed
    if low <= value <= high:
        return None
    return f"{what} {value:g} {unit} asked, {low:g} to {high:g} {unit} allowed"
