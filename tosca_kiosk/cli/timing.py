"""`tosca-kiosk timing`: how late the control loop wakes up under load, beside a witness; the QA report."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

from tosca_kiosk.cli.console import say
from tosca_kiosk.cli.measuring import Measuring
from tosca_kiosk.cli.workplace import Workplace, workplace_command
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.machine.stop_signals import on_interrupt
from tosca_kiosk.session import RefusedError
from tosca_kiosk.timing import files, loads, report
from tosca_kiosk.timing.compare import CompareError, read_report
from tosca_kiosk.timing.computer import this_computer
from tosca_kiosk.timing.run import Measured, Request, measure
from tosca_kiosk.timing.text import red, text

RATES_HZ: Final = (50, 1000)
SECONDS: Final = (1.0, 3600.0)


@click.command()
@click.option(
    "--rate", "rate_hz", type=int, help="Ticks a second, 50 to 1000.  [default: the configuration's]"
)
@click.option("--seconds", type=float, default=60.0, show_default=True, help="How long to measure.")
@click.option(
    "--load", "load", default="", metavar="NAME,...", help=f"What runs beside it: {', '.join(loads.NAMES)}."
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The folder of the report.")
@click.option("--compare", "old_path", type=click.Path(path_type=Path), help="The JSON of an older run.")
@click.option("--fail", is_flag=True, help="Exit code 1 where the verdict is `over`.")
@workplace_command
def timing(
    workplace: Workplace,
    rate_hz: int | None,
    seconds: float,
    load: str,
    out: Path,
    old_path: Path | None,
    fail: bool,
) -> None:
    """Measure the control loop on simulated devices under light and load; write JSON, CSV and a page.

    The verdict is by the limits of the configuration's `timing` section. Exit code 0: measured, whatever
    the verdict is; with --fail, 1 where it is `over`. Standard error tells how far it is.

    \b
    Examples:
      tosca-kiosk timing --rate 100 --seconds 60 --load ui,video,database,cpu --out report
      tosca-kiosk timing --seconds 60 --out report --compare before/timing.json --fail
    """
    request, old = _checked(workplace, rate_hz, seconds, load, out, old_path)
    measured = _measure(request)
    run = report.Run(
        rate_hz=request.rate_hz,
        seconds=request.seconds,
        loads=request.loads,
        standing=measured.ready,
        rows=measured.rows,
        witness_name=measured.witness_name,
        witness=measured.witness,
        timelines=measured.timelines,
        began_s=measured.began_s,
        ended_s=measured.ended_s,
        faults=measured.faults,
        measured_utc=utc_now(),
        computer=this_computer(),
    )
    made = report.make(run, workplace.config.timing, old)
    try:
        written = files.write(out, run, made)
    except OSError as error:
        raise RefusedError(
            f"{out}: the report cannot be written ({error.strerror}); check room and rights"
        ) from error
    made["files"] = {kind: str(path) for kind, path in written.items()}
    workplace.answer(made, text(made))
    if fail and red(made):
        say(f"tosca-kiosk: the verdict is {made['verdict']}: {red(made)}")
        raise SystemExit(1)


def _checked(
    workplace: Workplace, rate_hz: int | None, seconds: float, load: str, out: Path, old_path: Path | None
) -> tuple[Request, dict[str, Any] | None]:
    """Return what to measure and what to compare with. Raises RefusedError before anything is started."""
    config = workplace.config
    rate_hz = config.rate_hz if rate_hz is None else rate_hz
    names = tuple(dict.fromkeys(name.strip() for name in load.split(",") if name.strip()))
    unknown = [name for name in names if name not in loads.NAMES]
    if not RATES_HZ[0] <= rate_hz <= RATES_HZ[1]:
        raise RefusedError(f"--rate: {rate_hz} Hz given, {RATES_HZ[0]} to {RATES_HZ[1]} allowed")
    if not SECONDS[0] <= seconds <= SECONDS[1]:
        raise RefusedError(f"--seconds: {seconds:g} given, {SECONDS[0]:g} to {SECONDS[1]:g} allowed")
    if unknown:
        raise RefusedError(f"--load: {unknown[0]} is not known; allowed: {', '.join(loads.NAMES)}")
    real = list(config.real_ports)
    if real:
        raise RefusedError(
            f"{config.source}: timing treats on simulated devices alone, and {', '.join(real)} is real; "
            "name a configuration whose ports are all sim://"
        )
    if problem := files.folder_problem(out):
        raise RefusedError(problem)
    try:
        old = None if old_path is None else read_report(old_path, rate_hz, names)
    except CompareError as error:
        raise RefusedError(str(error)) from error
    return Request(workplace.config_path, rate_hz, seconds, names, config.camera_simulated), old


def _measure(request: Request) -> Measured:
    asked: list[bool] = []
    with on_interrupt(lambda: asked.append(True)), Measuring() as measuring:
        return measure(request, lambda: bool(asked), measuring.show)
