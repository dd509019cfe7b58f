"""`calibrations`: which are in force, how old they are and when they are due."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click

from tosca_kiosk.cli.as_of import as_of_option, moment
from tosca_kiosk.cli.calibration_sessions import session, sessions
from tosca_kiosk.cli.calibration_trend import trend
from tosca_kiosk.cli.completion import calibration
from tosca_kiosk.cli.console import say
from tosca_kiosk.cli.judged import judgement_text
from tosca_kiosk.cli.tables import printable, table_text
from tosca_kiosk.cli.workplace import Workplace, workplace_command
from tosca_kiosk.domain.calibration import Points
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.session import calibration_standing as standings
from tosca_kiosk.session.calibration_standing import CalibrationStanding

_COLUMNS = (
    "Number",
    "Calibration",
    "Device",
    "Serial number",
    "Made (UTC)",
    "Days old",
    "Due (UTC)",
    "Overdue",
)


@click.group()
def calibrations() -> None:
    """List and show calibrations. One of a type and device is in force; `calibrate` brings it there."""


@calibrations.command("list")
@as_of_option
@workplace_command
def list_calibrations(workplace: Workplace, as_of: str | None) -> None:
    """List what is in force for each device, how old it is and when it is due; and what this cart lacks.

    \b
    Examples:
      tosca-kiosk calibrations list
      tosca-kiosk calibrations list --as-of 2026-11-30 --json
    """
    then = moment(as_of)
    with workplace.reading(as_of=then) as database:
        found, missing = standings.in_force(database, workplace.config, then or utc_now())
        waiting = standings.undecided(database, workplace.config, then or utc_now())
    result = {
        "calibrations": [_as_result(one) for one in found],
        "missing": list(missing),
        "waiting": [_as_result(one) for one in waiting],
    }
    workplace.answer(result, _table(found))
    for one in waiting:
        saved = one.saved
        say(
            f"Waiting: calibration {saved.calibration_id}, {saved.calibration_type} of "
            f"{saved.device_serial_number}: tosca-kiosk calibrate confirm {saved.calibration_id}"
        )
    for line in missing:
        say(f"Missing: {line}")


@calibrations.command()
@click.argument("which", metavar="NUMBER|DEVICE", shell_complete=calibration)
@as_of_option
@workplace_command
def show(workplace: Workplace, which: str, as_of: str | None) -> None:
    """Show calibration NUMBER, points and judgement, or the newest points of a type of DEVICE.

    \b
    Examples:
      tosca-kiosk calibrations show 2
      tosca-kiosk calibrations show photodiode
    """
    then = moment(as_of)
    with workplace.reading(as_of=then) as database:
        if not which.isdecimal():
            points = standings.newest_points(database, which)
            workplace.answer({"device_type": which, "points": _points(points)}, _points_table(points))
            return
        found = standings.one(database, int(which), workplace.config, then or utc_now())
    workplace.answer(_as_result(found) | {"points": _points(found.points)}, _page(found))


@calibrations.command()
@click.argument("which", metavar="TYPE|DEVICE", shell_complete=calibration)
@as_of_option
@workplace_command
def history(workplace: Workplace, which: str, as_of: str | None) -> None:
    """List every calibration of a TYPE, a type of DEVICE or a serial number, the newest first.

    \b
    Examples:
      tosca-kiosk calibrations history photodiode
      tosca-kiosk calibrations history laser_power_verification --json
      tosca-kiosk calibrations history SIM-LASER
    """
    then = moment(as_of)
    with workplace.reading(as_of=then) as database:
        found = standings.history(database, which, workplace.config, then or utc_now())
    workplace.answer({"calibrations": [_as_result(one) for one in found]}, _table(found, state=True))


def _as_result(found: CalibrationStanding) -> dict[str, Any]:
    saved = found.saved
    return {
        "calibration_id": saved.calibration_id,
        "calibration_type": saved.calibration_type,
        "device_type": saved.device_type,
        "device_serial_number": saved.device_serial_number,
        "device_of_this_cart": found.device,
        "calibration_date": saved.calibration_date,
        "tech_id": saved.tech_id,
        "is_active": saved.is_active,
        "state": found.state,
        "age_days": found.age_days,
        "due": found.due,
        "overdue": found.overdue,
        "calibration_data": _decoded(saved.calibration_data),
        "validation_data": _decoded(saved.validation_data),
        "notes": saved.notes,
        "odd": found.odd,
    }


def _decoded(text: str | None) -> Any:
    """Return what JSON in a column says; the text where it is none."""
    try:
        return None if text is None else json.loads(text)
    except (ValueError, RecursionError):
        return text


def _table(found: Sequence[CalibrationStanding], *, state: bool = False) -> str:
    columns = (*_COLUMNS, "State") if state else _COLUMNS
    rows = [(*_cells(one), *((one.state,) if state else ())) for one in found]
    return table_text(columns, rows, [one.odd for one in found])


def _cells(found: CalibrationStanding) -> tuple[object, ...]:
    saved = found.saved
    return (
        saved.calibration_id,
        saved.calibration_type,
        found.device or f"another {saved.device_type}",
        saved.device_serial_number,
        saved.calibration_date,
        found.age_days,
        _day(found.due),
        found.overdue,
    )


def _day(time: datetime | None) -> str | None:
    return None if time is None else f"{time:%Y-%m-%d}"


def _page(found: CalibrationStanding) -> str:
    parts = [_table((found,), state=True)]
    if found.saved.notes:
        parts.append(found.saved.notes)
    if found.validation is not None:
        parts.append(judgement_text(found.validation))
        return "\n\n".join(parts)
    if found.saved.validation_data:
        parts.append(f"Validation: {printable(found.saved.validation_data)}")
    if found.points is not None:
        parts.append(_points_table(found.points))
    return "\n\n".join(parts)


def _points(points: Points | None) -> list[dict[str, float]] | None:
    if points is None:
        return None
    return [{points.x_name: x, points.y_name: y} for x, y in points.points]


def _points_table(points: Points) -> str:
    return table_text((points.x_name, points.y_name), points.points)


calibrations.add_command(trend)
calibrations.add_command(sessions)
calibrations.add_command(session)
