"""`tosca-kiosk kiosk`: the screen's process, as the supervisor starts it."""

from __future__ import annotations

import signal
from pathlib import Path

import click

from tosca_kiosk.kiosk import app
from tosca_kiosk.machine.realtime import end_with_parent
from tosca_kiosk.machine.runtime import CONTROL_SOCKET, WORLD_INPUT_SOCKET


@click.command(hidden=True)
@click.option("--config", "config_path", type=click.Path(path_type=Path), required=True)
@click.option("--data-dir", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--runtime", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--simulated", is_flag=True, help="There is a simulated world to give inputs to.")
@click.option("--windowed", is_flag=True)
@click.option("--parent", type=int, required=True, help="The supervisor, which holds the data directory.")
def kiosk(
    config_path: Path, data_dir: Path, runtime: Path, simulated: bool, windowed: bool, parent: int
) -> None:
    """Run the screen; who ends it there tells the supervisor, any other end starts it again."""
    # A frozen screen heeds nothing softer, and its record is whole at every instant.
    if not end_with_parent(parent, signal.SIGKILL):
        raise click.ClickException(f"process {parent}, which should watch the screen, is gone")
    world_input = runtime / WORLD_INPUT_SOCKET if simulated else None
    raise SystemExit(
        app.run(runtime / CONTROL_SOCKET, world_input, data_dir, config_path, windowed, lock_held=True)
    )
