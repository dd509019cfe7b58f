"""`calibrations trend`: what was found of one thing again and again, and when it leaves its tolerance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click
import msgspec

from tosca_kiosk.calibration.courses import Course, course
from tosca_kiosk.cli.as_of import as_of_option, moment
from tosca_kiosk.cli.completion import value_name
from tosca_kiosk.cli.console import say
from tosca_kiosk.cli.tables import table_text
from tosca_kiosk.cli.workplace import Workplace, workplace_command

_COLUMNS = ("Session", "Kind", "Found (UTC)", "Value", "Unit", "Low", "High", "Passed")


@click.command()
@click.argument("name", metavar="NAME", shell_complete=value_name)
@as_of_option
@workplace_command
def trend(workplace: Workplace, name: str, as_of: str | None) -> None:
    """List what was found under NAME, the oldest first, with its trend and when it leaves its tolerance.

    Of the device that is in use now, and where it is held to calibrations, since they came into force.

    \b
    Examples:
      tosca-kiosk calibrations trend power_off_percent
      tosca-kiosk calibrations trend stage_repeat_um --as-of 2026-11-30 --json
    """
    with workplace.reading(as_of=moment(as_of)) as database:
        found = course(database, name)
    workplace.answer(course_result(found), table_text(_COLUMNS, _rows(found)))
    for line in course_lines(found):
        say(line)


def course_result(found: Course) -> dict[str, Any]:
    """Return a course as JSON tells it."""
    return {
        "name": found.name,
        "values": [
            {
                "calibration_session_id": one.calibration_session_id,
                "kind": one.kind,
                "found_utc": one.found_utc,
                "value": one.value.value,
                "unit": one.value.unit,
                "low": one.value.low,
                "high": one.value.high,
                "passed": one.value.passed,
            }
            for one in found.values
        ],
        "before": found.before,
        "trend": msgspec.to_builtins(found.trend),
    }


def course_lines(found: Course) -> Iterator[str]:
    """Yield what a course says: a sentence where it has a slope, and one where older values do not count."""
    unit, trend = found.values[-1].value.unit, found.trend
    if trend.per_year is None:
        yield f"{found.name}: no trend in {trend.values} values"
    else:
        leaves = (
            "" if trend.leaves_on is None else f"; it leaves its tolerance about {trend.leaves_on:%Y-%m-%d}"
        )
        yield f"{found.name} moves by {trend.per_year:+.3g} {unit} a year{leaves}"
    if found.before:
        yield f"{found.name}: {found.before} older values are of another device or of other calibrations"


def _rows(found: Course) -> list[tuple[object, ...]]:
    return [
        (
            one.calibration_session_id,
            one.kind,
            one.found_utc,
            f"{one.value.value:.6g}",
            one.value.unit,
            one.value.low,
            one.value.high,
            one.value.passed,
        )
        for one in found.values
    ]
