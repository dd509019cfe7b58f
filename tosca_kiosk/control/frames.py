"""When the newest new picture of the camera was taken, on the controller's clock, and whether it is covered.

On a cart the camera has a process of its own, which leaves its frames in memory; a session in one process
polls the camera itself and never asks for a picture. Both judge a frame alike.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Protocol

from hardware.cameras.interface import Camera
from tosca_kiosk.camera.frame_age import FrameAge, taken_by
from tosca_kiosk.machine.runtime import FRAMES_FILE

POLL_EVERY_S: Final = 1.0 / 30.0
"""The rate of a camera's frames: between two of them there is nothing to ask for."""


class Frames(Protocol):
    """Where the age of the picture comes from."""

    def newest_s(self, now_s: float) -> float | None:
        """Return when the newest new picture was taken; None before the first. Never waits.

        A picture whose content was there before is not new, whatever its counter and its time say.
        """

    @property
    def covered(self) -> bool:
        """Whether the newest picture is black or clipped all over; True before the first."""


class SharedFrames:
    """The camera process's frames. mono_offset_s: the system's monotonic time at the controller's time 0."""

    def __init__(self, runtime_dir: Path, mono_offset_s: float) -> None:
        self._age = FrameAge(runtime_dir / FRAMES_FILE)
        self._offset_s = mono_offset_s

    def newest_s(self, now_s: float) -> float | None:
        """See Frames."""
        taken_s = self._age.newest_s(now_s + self._offset_s)
        return None if taken_s is None else taken_s - self._offset_s

    @property
    def covered(self) -> bool:
        """See Frames."""
        return self._age.covered

    def close(self) -> None:
        """Let the memory go."""
        self._age.close()


class PolledCamera:
    """A camera in this process, on the controller's clock."""

    def __init__(self, camera: Camera) -> None:
        self._camera = camera
        self._due_s = 0.0
        self._number: int | None = None
        self._content: int | None = None
        self.covered = True
        self._newest_s: float | None = None

    def newest_s(self, now_s: float) -> float | None:
        """See Frames."""
        if now_s >= self._due_s:
            self._due_s = now_s + POLL_EVERY_S
            frame = self._camera.poll(now_s)
            if frame is not None and frame.number != self._number and taken_by(now_s, frame.taken_s):
                self._number, self.covered = frame.number, frame.covered
                if frame.content != self._content:
                    self._content, self._newest_s = frame.content, frame.taken_s
        return self._newest_s
