"""`tosca-kiosk run`: the kiosk; where there is no display, the same simulated treatment without one."""

from __future__ import annotations

import logging
import os
import shlex
import shutil
import sys
from pathlib import Path

import click

from tosca_kiosk.cli.console import say
from tosca_kiosk.cli.demonstration import demonstrate
from tosca_kiosk.cli.workplace import Workplace, workplace_command
from tosca_kiosk.journal.fault_traces import TRACES_NAME
from tosca_kiosk.machine.clock import RealClock
from tosca_kiosk.machine.display import has_display
from tosca_kiosk.machine.runtime import RuntimeDirError, runtime_dir
from tosca_kiosk.machine.service_manager import ServiceManager
from tosca_kiosk.machine.stop_signals import StopRequest
from tosca_kiosk.running.supervisor import Supervisor
from tosca_kiosk.session import RefusedError, helper_command

NO_DISPLAY = "There is no display here (no DISPLAY, WAYLAND_DISPLAY or graphics card): treating without one."


@click.command()
@click.option("--windowed", is_flag=True, help="A window instead of the whole screen.")
@workplace_command
def run(workplace: Workplace, windowed: bool) -> None:
    """Run the kiosk: control, camera and screen, each in its own process. This is the default command."""
    _ = workplace.config  # refused before anything is started
    if has_display(os.environ):
        raise SystemExit(_supervise(workplace, windowed))
    say(NO_DISPLAY)
    if not demonstrate(workplace):
        raise SystemExit(1)


def _supervise(workplace: Workplace, windowed: bool) -> int:
    """Hold the data directory and watch the processes until the operator ends the run."""
    with workplace.locked():
        log_dir = workplace.data_dir / "log"
        try:
            runtime = runtime_dir(workplace.data_dir)
            _log_to(log_dir)
            supervisor = Supervisor(
                _control_command(workplace, runtime),
                _kiosk_command(workplace, runtime, windowed),
                runtime,
                log_dir,
                RealClock(),
                None if workplace.config.camera is None else _command("camera", workplace, runtime),
                ServiceManager(os.environ),
            )
        except RuntimeDirError as error:
            raise RefusedError(str(error)) from error
        except OSError as error:
            raise RefusedError(
                f"{error.filename or log_dir}: {error.strerror}; check room and rights"
            ) from error
        stop = StopRequest()
        try:
            code = supervisor.run(lambda: stop.asked)
        finally:
            shutil.rmtree(runtime, ignore_errors=True)
    if code != 0:
        say(f"tosca-kiosk: the screen could not be started; see {log_dir / 'kiosk.log'}")
    return code


def _control_command(workplace: Workplace, runtime: Path) -> list[str]:
    data_dir = workplace.data_dir.resolve()
    record = ["--helper", shlex.join(helper_command()), "--data-dir", str(data_dir)]
    return [*_command("control", workplace, runtime), "--traces", str(data_dir / TRACES_NAME), *record]


def _kiosk_command(workplace: Workplace, runtime: Path, windowed: bool) -> list[str]:
    command = [*_command("kiosk", workplace, runtime), "--data-dir", str(workplace.data_dir.resolve())]
    flags = {"--windowed": windowed, "--simulated": workplace.config.any_simulated}
    return command + [flag for flag, given in flags.items() if given]


def _command(name: str, workplace: Workplace, runtime: Path) -> list[str]:
    config_path = str(workplace.config_path.resolve())
    where = ["--config", config_path, "--runtime", str(runtime), "--parent", str(os.getpid())]
    return [sys.executable, "-m", "tosca_kiosk", name, *where]


def _log_to(log_dir: Path) -> None:
    log_dir.mkdir(parents=True, exist_ok=True)
    logging.raiseExceptions = False  # a line that a full disk does not take is no news on each of them
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
        handlers=[logging.StreamHandler(), logging.FileHandler(log_dir / "supervisor.log")],
    )
