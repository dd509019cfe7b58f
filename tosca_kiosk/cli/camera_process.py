"""`tosca-kiosk camera`: the camera process, as the supervisor starts it."""

from __future__ import annotations

import os
import signal
from contextlib import closing, suppress
from pathlib import Path

import click

from tosca_kiosk.cli.camera import camera_apart
from tosca_kiosk.config import CartConfig, ConfigError, load_config
from tosca_kiosk.control.clock import RealClock
from tosca_kiosk.control.link.datagram import CAMERA_ALIVE, SUPERVISOR_SOCKET, DatagramOutlet
from tosca_kiosk.control.realtime import end_with_parent
from tosca_kiosk.runtime import WORLD_INPUT_SOCKET
from tosca_kiosk.stop_request import StopRequest
from tosca_kiosk.vision.process import CameraProcess

NICE = -10
"""As the screen's process, where that is allowed: a picture that is late ends the light."""


@click.command(hidden=True)
@click.option("--config", "config_path", type=click.Path(path_type=Path), required=True)
@click.option("--runtime", "runtime", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--parent", type=int, help="End when this process does.")
def camera(config_path: Path, runtime: Path, parent: int | None) -> None:
    """Run the camera process; its frames lie in the runtime directory."""
    # A driver that hangs heeds nothing softer, and a camera has nothing to put in order.
    if parent is not None and not end_with_parent(parent, signal.SIGKILL):
        raise click.ClickException(f"process {parent}, which should watch the camera, is gone")
    stop = StopRequest()
    try:
        _run(load_config(config_path), runtime, stop)
    except (ConfigError, OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error


def _run(config: CartConfig, runtime: Path, stop: StopRequest) -> None:
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
    clock = RealClock()
    supervisor = DatagramOutlet(runtime / SUPERVISOR_SOCKET)
    with closing(supervisor), camera_apart(config, clock, runtime / WORLD_INPUT_SOCKET) as device:
        if device is None:
            raise click.ClickException(f"{config.source}: camera: none; there is nothing to capture")
        CameraProcess(device, clock, runtime, lambda: supervisor.send(CAMERA_ALIVE)).run(lambda: stop.asked)
