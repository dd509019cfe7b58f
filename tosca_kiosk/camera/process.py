"""The camera process: it captures, and leaves the newest frame where control and the screen look."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from hardware.cameras.interface import Camera, Origin
from tosca_kiosk.camera.frame_memory import FrameWriter
from tosca_kiosk.machine.clock import RealClock

POLL_EVERY_S: Final = 0.004


class CameraProcess:
    """Polls one camera on the machine's clock. alive: called after each frame that was published."""

    def __init__(
        self, camera: Camera, clock: RealClock, runtime_dir: Path, alive: Callable[[], object]
    ) -> None:
        self._camera = camera
        self._clock = clock
        self._alive = alive
        self._frames = FrameWriter(runtime_dir)

    def run(self, stopped: Callable[[], bool]) -> None:
        """Capture until `stopped` says so; the last frame stays and ages.

        Raises OSError, which names the path, without room for the frames and where they can be found no more.
        """
        try:
            while not stopped():
                now_s = self._clock.now_s()
                self.look(now_s)
                self._clock.sleep_until(now_s + POLL_EVERY_S)
        finally:
            self._frames.close()

    def look(self, now_s: float) -> bool:
        """Publish the newest frame since the last look; return whether there was one."""
        frame = self._camera.poll(now_s)
        if frame is None:
            return False
        self._frames.publish(
            frame.image,
            number=frame.number,
            taken_s=self._clock.start_s + frame.taken_s,
            content=frame.content,
            covered=frame.covered,
            simulated=self._camera.origin is Origin.SIM,
            dropped=frame.dropped,
            exposure_us=frame.exposure_us,
            gain_db=frame.gain_db,
        )
        self._alive()
        return True
