"""Which camera a configuration's driver name means."""

from __future__ import annotations

from collections.abc import Callable

from hardware.cameras.interface import Camera
from hardware.settings import CameraSettings

SIMULATED = "simulated"


def make_camera(
    settings: CameraSettings,
    clock: Callable[[], float],
    simulated: Callable[[CameraSettings], Camera] | None = None,
) -> Camera:
    """Return the camera; nothing is opened before its first `poll`.

    clock: the caller's monotonic clock, also asked from the camera's own thread. simulated: makes the
    simulated camera, from whoever has the simulated world at hand. Raises ValueError for a driver's name
    that is unknown, and for simulated where there is no such maker.
    """
    if settings.driver == SIMULATED and simulated is not None:
        return simulated(settings)
    raise ValueError(f"camera: driver {settings.driver} cannot be made here; allowed: {SIMULATED}")
