"""`tosca-kiosk camera`: the camera process, as the supervisor starts it."""

from __future__ import annotations

import signal
from pathlib import Path

import click

from tosca_kiosk.config import ConfigError, load_config
from tosca_kiosk.machine.realtime import end_with_parent
from tosca_kiosk.machine.stop_signals import StopRequest
from tosca_kiosk.running.camera_process import run_camera


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
        run_camera(load_config(config_path), runtime, stop)
    except (ConfigError, OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
