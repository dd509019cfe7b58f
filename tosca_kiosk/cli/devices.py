"""`tosca-kiosk devices`: connect to every device of the configuration, say what it is, and test it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from hardware.interfaces import Device
from tosca_kiosk.cli.console import say
from tosca_kiosk.cli.tables import table_text
from tosca_kiosk.cli.workplace import Workplace, refuse, workplace_command
from tosca_kiosk.config import idle_rules
from tosca_kiosk.control.self_test import Evidence, Outcome, Result, SelfTest, judged, run_self_test
from tosca_kiosk.control.self_test.run import STEPS
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.site_limits import SiteLimitError
from tosca_kiosk.machine.clock import Clock, RealClock, VirtualClock
from tosca_kiosk.machine.stop_signals import on_interrupt
from tosca_kiosk.running.cart import connected_devices, simulated_cart
from tosca_kiosk.storage import StorageError, settings

SHOW_EVERY_LOOKS = 10
STOPPED = "stopped before the end; the smoothing motor is switched off"


@click.command()
@workplace_command
def devices(workplace: Workplace) -> None:
    """Connect, identify and self-test every device; no light is emitted. Exit code 1 when a check fails.

    The smoothing motor runs for two seconds; nothing else moves.

    \b
    Examples:
      tosca-kiosk devices
      tosca-kiosk devices --config /etc/tosca-kiosk/cart.yaml --json
    """
    tested = _test(workplace)
    if tested is None:
        refuse(STOPPED, workplace.as_json)
        return
    failed = [result for result in tested.results if result.outcome is Outcome.FAILED]
    answer = {
        "devices": tested.rows,
        "checks": [_check_row(result) for result in tested.results],
        "passed": not failed,
    }
    workplace.answer(answer, f"{_devices_table(tested.rows)}\n\n{_checks_table(tested.results)}")
    for result in failed:
        say(f"tosca-kiosk: {result.line}")
    if failed:
        raise SystemExit(1)


@dataclass(frozen=True)
class _Tested:
    rows: list[dict[str, Any]]
    results: Sequence[Result]


def _test(workplace: Workplace) -> _Tested | None:
    """Run the self-test and stop the devices in order; None where somebody stopped it before its end."""
    config = workplace.config
    rules = _rules(workplace)
    clock: Clock = VirtualClock() if config.all_simulated else RealClock()
    stop = _Asked()
    with (
        on_interrupt(stop.ask),
        simulated_cart(config, clock),
        connected_devices(config, clock) as connected,
        _Bar() as bar,
    ):
        test = SelfTest(connected, config.devices, rules)
        run_self_test(test, connected, clock, stop=lambda: stop.asked, watch=bar.show)
        if not test.done:
            return None
        evidence = test.evidence()
        results = judged(evidence)
        return _Tested([_device_row(device, evidence, results) for device in connected], results)


def _rules(workplace: Workplace) -> Rules:
    """Return the limits of this site; the design limits where no record can be read."""
    if workplace.database_path.exists():
        try:
            with workplace.reading() as database:
                return idle_rules(workplace.config, settings.values(database))
        except (StorageError, SiteLimitError) as error:
            say(f"The site's own limits are not known, the design's are used: {error}")
    return idle_rules(workplace.config)


class _Asked:
    """Set by a wish to end; the test looks at it after every poll."""

    def __init__(self) -> None:
        self.asked = False

    def ask(self) -> None:
        self.asked = True


class _Bar:
    """A bar on standard error where a person waits there."""

    def __init__(self) -> None:
        console = Console(stderr=True, highlight=False)
        columns = (TextColumn("{task.description:<28}"), BarColumn())
        self._progress = Progress(
            *columns, console=console, transient=True, disable=not console.is_terminal, auto_refresh=False
        )
        self._task = self._progress.add_task("", total=len(STEPS))
        self._looks = 0

    def __enter__(self) -> _Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, test: SelfTest) -> None:
        """Draw the bar, at every tenth look."""
        self._looks += 1
        if self._progress.disable or self._looks % SHOW_EVERY_LOOKS:
            return
        self._progress.update(self._task, completed=test.progress, description=test.step.name)
        self._progress.refresh()


def _device_row(device: Device, evidence: Evidence, results: Sequence[Result]) -> dict[str, Any]:
    link, settings = evidence.links[device.key], getattr(evidence.settings, device.key)
    identity = link.identity
    connection = next(result for result in results if result.device == device.key)
    return {
        "port": settings.port,
        "device": device.key,
        "state": str(link.state),
        "origin": str(device.origin),
        "model": None if identity is None else identity.model,
        "serial_number": None if identity is None else identity.serial_number,
        "firmware": None if identity is None else identity.firmware,
        "found_at_start": list(link.found_at_start),
        "problem": link.problem or connection.line or None,
    }


def _check_row(result: Result) -> dict[str, str | None]:
    return {
        "device": result.device,
        "check": result.check,
        "result": str(result.outcome),
        "reason": result.reason,
        "to_do": result.to_do or None,
    }


def _devices_table(rows: list[dict[str, Any]]) -> str:
    keys = ("device", "state", "model", "serial_number", "firmware", "origin", "port")
    columns = ("Device", "State", "Model", "Serial number", "Firmware", "Origin", "Port")
    return table_text(columns, [[row[key] or "-" for key in keys] for row in rows])


def _checks_table(results: Sequence[Result]) -> str:
    return table_text(
        ("Device", "Check", "Result", "Reason", "What to do"),
        [(r.device, r.check, str(r.outcome), r.reason, r.to_do) for r in results],
    )
