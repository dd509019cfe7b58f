"""The camera process: the configured camera, and its newest frame in the runtime directory."""

from __future__ import annotations

import os
from contextlib import closing, suppress
from pathlib import Path

from tosca_kiosk.camera.process import CameraProcess
from tosca_kiosk.config import CartConfig, ConfigError
from tosca_kiosk.domain.documents import PathError
from tosca_kiosk.link.datagram import CAMERA_ALIVE, DatagramOutlet
from tosca_kiosk.machine.clock import RealClock
from tosca_kiosk.machine.runtime import SUPERVISOR_SOCKET, WORLD_INPUT_SOCKET
from tosca_kiosk.machine.stop_signals import StopRequest
from tosca_kiosk.running.camera import camera_apart

NICE = -10
"""As the screen's process, where that is allowed: a picture that is late ends the light."""


def run_camera(config: CartConfig, runtime: Path, stop: StopRequest) -> None:
    """Capture until it is asked to stop. Raises ConfigError, OSError or ValueError."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
    clock = RealClock()
    supervisor = DatagramOutlet(runtime / SUPERVISOR_SOCKET)
    with closing(supervisor), camera_apart(config, clock, runtime / WORLD_INPUT_SOCKET) as device:
        if device is None:
            raise ConfigError(str(config.source), (PathError("camera", "none; there is nothing to capture"),))
        CameraProcess(device, clock, runtime, lambda: supervisor.send(CAMERA_ALIVE)).run(lambda: stop.asked)
