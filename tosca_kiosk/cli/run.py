"""`tosca-kiosk run`: the kiosk; where there is no display, the same simulated treatment without one."""

from __future__ import annotations

import logging
import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

import click

from tosca_kiosk.cli.console import say
from tosca_kiosk.cli.data_rights import tighten_rights
from tosca_kiosk.cli.demonstration import demonstrate
from tosca_kiosk.cli.workplace import Workplace, workplace_command
from tosca_kiosk.journal.fault_traces import TRACES_NAME
from tosca_kiosk.machine.clock import RealClock
from tosca_kiosk.machine.display import has_display
from tosca_kiosk.machine.runtime import RuntimeDirError, runtime_dir
from tosca_kiosk.machine.service_manager import ServiceManager
from tosca_kiosk.machine.stop_signals import StopRequest
from tosca_kiosk.running.supervisor import Supervisor, last_words
from tosca_kiosk.session import RefusedError, helper_command
from tosca_kiosk.session.places import LOG_NAME

ENDS_WITH_PARENT = ("setpriv", "--pdeathsig", "KILL", "--")
"""Of util-linux, in front of a compositor, which would go on and keep the panel without its supervisor."""

NO_DISPLAY = "There is no display here (no DISPLAY, WAYLAND_DISPLAY or graphics card): treating without one."
WITHOUT_KIOSK = (
    "Control runs without a screen until Ctrl-C; tosca-kiosk calibrate KIND in another terminal uses it."
)


class Screen(NamedTuple):
    """How the screen is started. around: the compositor's command line, none where it needs none."""

    around: list[str]
    windowed: bool


@click.command()
@click.option("--windowed", is_flag=True, help="A window instead of the whole screen.")
@click.option(
    "--compositor",
    metavar="COMMAND",
    default="",
    help="Run the screen inside this program, both anew when either ends: 'cage -s --' where nothing draws.",
)
@click.option(
    "--without-kiosk",
    is_flag=True,
    help="Control and camera alone, without a screen: a terminal may then calibrate (calibrate KIND).",
)
@workplace_command
def run(workplace: Workplace, windowed: bool, compositor: str, without_kiosk: bool) -> None:
    """Run the kiosk: control, camera and screen, each in its own process. This is the default command.

    \b
    Examples:
      tosca-kiosk
      tosca-kiosk run --windowed
      tosca-kiosk run --config /etc/tosca-kiosk/cart.yaml --data-dir /var/lib/tosca-kiosk --compositor cage
      tosca-kiosk run --config /etc/tosca-kiosk/cart.yaml --without-kiosk
    """
    _ = workplace.config  # refused before anything is started
    if without_kiosk:
        if windowed or compositor:
            raise RefusedError("--without-kiosk: there is no screen for --windowed or --compositor to show")
        with workplace.record():
            pass  # made where there is none, and what a crash left open is closed: no screen does it here
        say(WITHOUT_KIOSK)
        raise SystemExit(_supervise(workplace, None))
    around = _around_the_screen(compositor)
    if around or has_display(os.environ):
        raise SystemExit(_supervise(workplace, Screen(around, windowed)))
    say(NO_DISPLAY)
    if not demonstrate(workplace):
        raise SystemExit(1)


def _around_the_screen(compositor: str) -> list[str]:
    """Return what stands before the screen's own command line. Raises RefusedError."""
    try:
        words = shlex.split(compositor)
    except ValueError as error:
        raise RefusedError(f"--compositor {compositor}: {error}; write 'cage -s --'") from error
    if not words:
        return []
    for program in (ENDS_WITH_PARENT[0], words[0]):
        if shutil.which(program) is None:
            raise RefusedError(
                f"--compositor {compositor}: {program} is not installed; "
                "the cart's packages stand in configs/debian/packages-cart.txt"
            )
    return [*ENDS_WITH_PARENT, *words]


def _supervise(workplace: Workplace, screen: Screen | None) -> int:
    """Hold the data directory and watch the processes until the operator ends the run."""
    with workplace.locked():
        log_dir = workplace.data_dir / LOG_NAME
        for told in tighten_rights(workplace.data_dir, deep=True):
            say(f"Warning: {told}")
        try:
            runtime = runtime_dir(workplace.data_dir)
            _log_to(log_dir)
            supervisor = Supervisor(
                _control_command(workplace, runtime),
                None if screen is None else _screen_command(workplace, runtime, screen),
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
        what, log = (
            ("control has ended", "control.log")
            if screen is None
            else ("the screen could not be started", "kiosk.log")
        )
        say(f"tosca-kiosk: {what}; see {log_dir / log}: {last_words(log_dir / log)}")
    return code


def _control_command(workplace: Workplace, runtime: Path) -> list[str]:
    data_dir = workplace.data_dir.resolve()
    record = ["--helper", shlex.join(helper_command()), "--data-dir", str(data_dir)]
    return [*_command("control", workplace, runtime), "--traces", str(data_dir / TRACES_NAME), *record]


def _screen_command(workplace: Workplace, runtime: Path, screen: Screen) -> list[str]:
    data_dir = str(workplace.data_dir.resolve())
    command = [*screen.around, *_command("kiosk", workplace, runtime), "--data-dir", data_dir]
    flags = {"--windowed": screen.windowed, "--simulated": workplace.config.any_simulated}
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
