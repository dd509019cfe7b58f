"""`calibrations sessions` and `calibrations session N`: what was measured on the cart, and what was found."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import click

from tosca_kiosk.cli.as_of import as_of_option, moment
from tosca_kiosk.cli.completion import calibration_session_number
from tosca_kiosk.cli.tables import printable, table_text
from tosca_kiosk.cli.workplace import Workplace, workplace_command
from tosca_kiosk.storage import calibration_sessions
from tosca_kiosk.storage.calibration_sessions import CalibrationSessionRow, CalibrationValue
from tosca_kiosk.storage.columns import Held

_LIST: Final = (
    "Session",
    "Kind",
    "Started (UTC)",
    "Status",
    "Verdict",
    "Light s",
    "Calibration",
    "Account",
)
_VALUES: Final = ("Found", "Value", "Unit", "Low", "High", "Passed")
_EVENTS: Final = ("ms", "Event", "Photodiode V", "Measured W", "Details")
_AS_JSON: Final = frozenset({"device_serials", "rules_snapshot", "meter", "readings", "validation_data"})


@click.command()
@click.option("--kind", metavar="KIND", help="Those of this procedure.")
@as_of_option
@workplace_command
def sessions(workplace: Workplace, kind: str | None, as_of: str | None) -> None:
    """List the sessions that have calibrated or checked this cart, the newest first.

    \b
    Examples:
      tosca-kiosk calibrations sessions
      tosca-kiosk calibrations sessions --kind photodiode --as-of 2026-11-30 --json
    """
    with workplace.reading(as_of=moment(as_of)) as database:
        found = calibration_sessions.history(database, kind)
    workplace.answer({"sessions": [_as_result(one) for one in found]}, _table(found))


@click.command()
@click.argument("number", metavar="N", type=click.IntRange(min=1), shell_complete=calibration_session_number)
@click.option("--events", "with_events", is_flag=True, help="Also every event of the session.")
@as_of_option
@workplace_command
def session(workplace: Workplace, number: int, with_events: bool, as_of: str | None) -> None:
    """Show calibration session N: its light, its meter, its readings, and what it found.

    \b
    Examples:
      tosca-kiosk calibrations session 3
      tosca-kiosk calibrations session 3 --events --json
    """
    with workplace.reading(as_of=moment(as_of)) as database, database.reading() as reader:
        row = calibration_sessions.get(reader, number)
        values = calibration_sessions.values(reader, number)
        happened = calibration_sessions.events_of(reader, number) if with_events else []
    result = _as_result(row) | {"values": [_value(one) for one in values]}
    if with_events:
        result["events"] = [one.row for one in happened]
    workplace.answer(result, _page(row, values, happened))


def _as_result(row: CalibrationSessionRow) -> dict[str, Any]:
    held = {name: getattr(row, name) for name in row.__slots__}
    return {name: _decoded(value) if name in _AS_JSON else value for name, value in held.items()}


def _value(found: CalibrationValue) -> dict[str, Any]:
    return {name: getattr(found, name) for name in found.__slots__}


def _decoded(text: str | None) -> Any:
    """Return what JSON in a column says; the text where it is none."""
    try:
        return None if text is None else json.loads(text)
    except (ValueError, RecursionError):
        return text


def _table(found: Sequence[CalibrationSessionRow]) -> str:
    rows = [
        (
            one.calibration_session_id,
            one.kind,
            one.started_utc,
            one.status,
            one.verdict,
            _rounded(one.light_s),
            one.calibration_id,
            one.tech_id,
        )
        for one in found
    ]
    return table_text(_LIST, rows, [one.odd for one in found])


def _page(row: CalibrationSessionRow, values: Sequence[CalibrationValue], happened: Sequence[Held]) -> str:
    parts = [_table((row,)), "\n".join(_lines(row))]
    if readings := _decoded(row.readings):
        parts.append(_readings(readings))
    if values:
        cells = [(one.name, f"{one.value:.6g}", one.unit, one.low, one.high, one.passed) for one in values]
        parts.append(table_text(_VALUES, cells))
    if happened:
        parts.append(_events(happened))
    return "\n\n".join(parts)


def _lines(row: CalibrationSessionRow) -> list[str]:
    said = {
        "Aborted": row.abort_reason,
        "Light": None if row.light_s is None else _light(row),
        "Goes on from session": row.continues_id,
        "Devices": _pairs(_decoded(row.device_serials)),
        "Meter": _pairs(_decoded(row.meter)),
        "Folder": row.folder_path,
    }
    return [f"{name}: {printable(str(text))}" for name, text in said.items() if text]


def _light(row: CalibrationSessionRow) -> str:
    """Return how long it was on, and its energy: at most, and measured where a calibration was believed."""
    most = "" if row.bound_energy_j is None else f", at most {row.bound_energy_j:.1f} J"
    measured = "" if row.measured_energy_j is None else f", measured {row.measured_energy_j:.1f} J"
    return f"{row.light_s:.1f} s{most}{measured}"


def _pairs(said: Any) -> str:
    return ", ".join(f"{name} {value}" for name, value in said.items()) if isinstance(said, dict) else ""


def _readings(readings: Any) -> str:
    """Return the readings as a table of what they say; what is no reading as it stands."""
    if not (isinstance(readings, list) and all(isinstance(one, Mapping) for one in readings)):
        return f"Readings: {printable(str(readings))}"
    names = list(dict.fromkeys(name for one in readings for name in one))
    return table_text(names, [[one.get(name) for name in names] for one in readings])


def _events(happened: Sequence[Held]) -> str:
    cells = [
        (
            one.row["time_offset_ms"],
            one.row["event_type"],
            one.row["photodiode_voltage_v"],
            one.row["laser_power_actual_watts"],
            one.row["event_details"],
        )
        for one in happened
    ]
    return table_text(_EVENTS, cells, [one.marks for one in happened])


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
