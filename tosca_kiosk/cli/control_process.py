"""`tosca-kiosk control`: the control process, as the supervisor starts it."""

from __future__ import annotations

import signal
from pathlib import Path

import click

from tosca_kiosk.config import ConfigError, load_config
from tosca_kiosk.machine.realtime import end_with_parent
from tosca_kiosk.machine.stop_signals import StopRequest
from tosca_kiosk.running.control_process import helper_command, run_control


@click.command(hidden=True)
@click.option("--config", "config_path", type=click.Path(path_type=Path), required=True)
@click.option("--runtime", "runtime", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--traces", type=click.Path(path_type=Path), help="Where wire traces of idle faults go.")
@click.option("--parent", type=int, help="End, in order, when this process does.")
@click.option("--helper", help="The command line of the helper that reads the record.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Where the record is that it reads.")
def control(
    config_path: Path,
    runtime: Path,
    traces: Path | None,
    parent: int | None,
    helper: str | None,
    data_dir: Path | None,
) -> None:
    """Run the control process; prints one JSON line once the link and the loop stand."""
    stop = StopRequest()
    if parent is not None and not end_with_parent(parent, signal.SIGTERM):
        raise click.ClickException(f"process {parent}, which should watch control, is gone")
    try:
        run_control(
            load_config(config_path), runtime, traces, stop, helper_command(helper, config_path, data_dir)
        )
    except (ConfigError, OSError) as error:
        raise click.ClickException(str(error)) from error
