"""Which camera a configuration's driver name means."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from hardware.cameras.interface import Camera
from hardware.settings import CameraSettings

SIMULATED = "simulated"

# By name, for they load libraries that a cart with another camera needs not have.
DRIVERS = {
    "opencv": ("hardware.cameras.opencv", "OpenCvCamera"),
    "vmbpy": ("hardware.cameras.vimba", "VimbaCamera"),
}


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
    if settings.driver not in DRIVERS:
        allowed = ", ".join((*DRIVERS, SIMULATED) if simulated else DRIVERS)
        raise ValueError(f"camera: driver {settings.driver} cannot be made here; allowed: {allowed}")
    module, name = DRIVERS[settings.driver]
    camera: Camera = getattr(import_module(module), name)(settings, clock)
    return camera
