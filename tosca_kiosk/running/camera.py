"""From a checked configuration to its camera: over the simulated world in this process, or in another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hardware.cameras.interface import Camera
from hardware.cameras.registry import make_camera
from hardware.settings import CameraSettings
from simulators.camera.asked_world import AskedWorld
from simulators.camera.simulated import SimulatedCamera
from simulators.camera.truth import OpticalState, optical_state
from simulators.world import World
from tosca_kiosk.config import CartConfig
from tosca_kiosk.machine.clock import Clock


@contextmanager
def camera_over(config: CartConfig, clock: Clock, world: World) -> Iterator[Camera | None]:
    """Make the camera, which sees this world where it is simulated; None where the cart has none."""
    with _camera(config, clock, lambda: optical_state(world), world.seed) as camera:
        yield camera


@contextmanager
def camera_apart(config: CartConfig, clock: Clock, world_input: Path) -> Iterator[Camera | None]:
    """Make the camera, which asks for what it sees at the world's input socket where it is simulated."""
    seen = AskedWorld(world_input, clock.now_s)
    seed = 0 if config.simulation is None else config.simulation.seed
    try:
        with _camera(config, clock, seen, seed) as camera:
            yield camera
    finally:
        seen.close()


@contextmanager
def _camera(
    config: CartConfig, clock: Clock, truth: Callable[[], OpticalState], seed: int
) -> Iterator[Camera | None]:
    if config.camera is None:
        yield None
        return

    def simulated(settings: CameraSettings) -> Camera:
        return SimulatedCamera(truth, seed=seed, exposure_us=settings.exposure_us, gain_db=settings.gain_db)

    camera = make_camera(config.camera, clock.now_s, simulated)
    try:
        yield camera
    finally:
        camera.close()
