"""Sessions that calibrate: their row, the readings as they come, the verdict and the values that were found.

Nothing of them stands in the tables of treatments. How a row is closed by its journal stands in
`calibration_close`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from tosca_kiosk.domain.calibration_session import CalibrationSession
from tosca_kiosk.storage import sessions
from tosca_kiosk.storage.columns import Held
from tosca_kiosk.storage.database import Database
from tosca_kiosk.storage.door import Reader, Transaction
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.timestamps import naive_utc

FOLDERS_NAME: Final = "calibrations"
"""In the data directory: where the folders of these sessions lie."""
OPEN_STATUS: Final = "in_progress"
_TABLE: Final = "calibration_sessions"
_KEY: Final = "calibration_session_id"

Verdict = Literal["passed", "failed"]
Reading = Mapping[str, Any]
"""What a reading says, as JSON has it."""


@dataclass(frozen=True, slots=True)
class CalibrationSessionRow:
    """One row of calibration_sessions. *_s: seconds, *_j: joules; None where nobody knows.

    device_serials, rules_snapshot, meter, readings, validation_data: JSON text. head_hash to imported_utc: of
    its journal, as far as that was imported. odd: what in the row is no value of its column.
    """

    calibration_session_id: int
    kind: str
    tech_id: int | None
    started_utc: datetime | None
    ended_utc: datetime | None
    status: str
    abort_reason: str | None
    origin: str
    folder_path: str
    device_serials: str
    rules_snapshot: str
    meter: str | None
    readings: str
    verdict: Verdict | None
    validation_data: str | None
    calibration_id: int | None
    continues_id: int | None
    light_s: float | None
    bound_energy_j: float | None
    measured_energy_j: float | None
    head_hash: str | None
    header_digest: str | None
    tick_count: int | None
    is_whole: bool | None
    imported_utc: datetime | None
    odd: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationValue:
    """One thing that a session found, with its tolerance. low, high: None where it has none to that side."""

    name: str
    value: float
    unit: str
    passed: bool
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendValue:
    """A value with the session that found it. found_utc: when that began, None where nobody knows."""

    calibration_session_id: int
    kind: str
    found_utc: datetime | None
    value: CalibrationValue


def start(
    transaction: Transaction,
    *,
    tech_id: int,
    start_utc: datetime,
    rules: CalibrationSession,
    device_serials: Mapping[str, str],
    origin: Literal["sim", "real"],
    meter: Mapping[str, Any] | None = None,
    continues: int | None = None,
) -> CalibrationSessionRow:
    """Open a session; its folder is made by the caller.

    device_serials: by device. meter: the reference meter that will be read. continues: the interrupted
    session whose readings it takes over. Raises StorageError while another session of either kind is open,
    and for one that cannot be continued.
    """
    refuse_open(transaction)
    readings = "[]" if continues is None else _taken_over(transaction, continues, rules)
    number: int = transaction.insert(
        _TABLE,
        kind=rules.kind,
        tech_id=tech_id,
        started_utc=start_utc,
        status=OPEN_STATUS,
        origin=origin,
        folder_path="",
        device_serials=_json(device_serials),
        rules_snapshot=_json(rules),
        meter=None if meter is None else _json(meter),
        readings=readings,
        continues_id=continues,
    )
    # Its name is like no treatment's: the folder backup brings folders back by their names.
    folder = f"data/{FOLDERS_NAME}/calibration_{number}_{naive_utc(start_utc):%Y%m%d_%H%M%S}"
    _update(transaction, number, folder_path=folder)
    return get(transaction, number)


def open_now(reader: Database | Reader) -> str | None:
    """Return what the session of either kind is called that is open, None where none is."""
    if treated := sessions.interrupted(reader):
        return f"session {treated[0].session_id}"
    calibrating = interrupted(reader)
    return f"calibration session {calibrating[0].calibration_session_id}" if calibrating else None


def refuse_open(reader: Database | Reader) -> None:
    """Raise StorageError while a session of either kind is open."""
    if (found := open_now(reader)) is not None:
        raise StorageError(f"{found} is still open; import its journal first")


def save_reading(transaction: Transaction, number: int, reading: Reading) -> None:
    """Keep one more reading of an open session. Raises StorageError for a closed one, or where no list is."""
    row = get(transaction, number)
    if row.status != OPEN_STATUS:
        raise closed_already(row)
    _update(transaction, number, readings=_json([*readings_of(row), reading]))


def finish(
    transaction: Transaction,
    number: int,
    *,
    verdict: Verdict,
    validation_data: str,
    values: Sequence[CalibrationValue] = (),
    calibration_id: int | None = None,
) -> CalibrationSessionRow:
    """Keep what the readings of a session came to, once, whether or not its journal has closed it yet.

    validation_data: JSON. calibration_id: the calibration that it became. Raises StorageError where a verdict
    stands there, and for a value that is not finite.
    """
    row = get(transaction, number)
    if row.verdict is not None:
        raise StorageError(f"calibration session {number} has {row.verdict} already; nothing was changed")
    _update(
        transaction, number, verdict=verdict, validation_data=validation_data, calibration_id=calibration_id
    )
    for value in values:
        transaction.insert(
            "calibration_values",
            calibration_session_id=number,
            name=value.name,
            value=value.value,
            unit=value.unit,
            low=value.low,
            high=value.high,
            passed=value.passed,
        )
    return get(transaction, number)


def close(
    transaction: Transaction,
    row: CalibrationSessionRow,
    *,
    status: Literal["completed", "aborted"],
    abort_reason: str | None,
    duration_s: float,
    light_s: float | None,
    bound_energy_j: float | None,
    measured_energy_j: float | None,
) -> None:
    """Say how a session ended, also over an earlier end: more of its journal was found since."""
    _update(
        transaction,
        row.calibration_session_id,
        status=status,
        abort_reason=abort_reason,
        ended_utc=row.started_utc and row.started_utc + timedelta(seconds=duration_s),
        light_s=light_s,
        bound_energy_j=bound_energy_j,
        measured_energy_j=measured_energy_j,
    )


def keep_journal(
    transaction: Transaction,
    row: CalibrationSessionRow,
    *,
    head_hash: str,
    header_digest: str,
    ticks: int,
    whole: bool,
    now: datetime,
) -> None:
    """Say how far a session's journal was imported, which its folder is compared with."""
    _update(
        transaction,
        row.calibration_session_id,
        head_hash=head_hash,
        header_digest=header_digest,
        tick_count=ticks,
        is_whole=whole,
        imported_utc=now,
    )


def get(database: Database | Reader, number: int) -> CalibrationSessionRow:
    """Return a session; StorageError if there is none."""
    found = database.held_one(_TABLE, calibration_session_id=number)
    if found is None:
        raise StorageError(
            f"no calibration session has the number {number}; see tosca-kiosk calibrations sessions"
        )
    return _row(found)


def history(database: Database | Reader, kind: str | None = None) -> list[CalibrationSessionRow]:
    """Return all sessions, or those of one kind, the newest first."""
    filters: dict[str, Any] = {} if kind is None else {"kind": kind}
    return [_row(one) for one in database.held(_TABLE, order_by=f"-{_KEY}", **filters)]


def interrupted(database: Database | Reader) -> list[CalibrationSessionRow]:
    """Return the sessions that are still open, oldest first: at program start, those that a crash left."""
    return [_row(one) for one in database.held(_TABLE, order_by=_KEY, status=OPEN_STATUS)]


def values(database: Database | Reader, number: int) -> list[CalibrationValue]:
    """Return what a session found, in its order."""
    found = database.held("calibration_values", order_by="value_id", calibration_session_id=number)
    return [_value(one.row) for one in found if not one.odd]


def trend(database: Database | Reader, name: str) -> list[TrendValue]:
    """Return what the sessions found of one thing, the oldest first."""
    found = database.held("calibration_values", order_by="value_id", name=name)
    by_number = {row.calibration_session_id: row for row in history(database)} if found else {}
    return [
        TrendValue(
            calibration_session_id=number,
            kind=by_number[number].kind,
            found_utc=by_number[number].started_utc,
            value=_value(one.row),
        )
        for one in found
        if not one.odd and (number := one.row[_KEY]) in by_number
    ]


def value_names(reader: Database | Reader) -> list[str]:
    """Return the names of what sessions have found, in alphabetical order."""
    return sorted({str(one.row["name"]) for one in reader.held("calibration_values")})


def events_of(reader: Reader, number: int) -> list[Held]:
    """Return what happened in a session, in its order, each with what is odd in it."""
    return reader.held("calibration_events", order_by="event_id", calibration_session_id=number)


def readings_of(row: CalibrationSessionRow) -> list[Any]:
    """Return a session's readings. Raises StorageError where what stands there is no list."""
    try:
        return msgspec.json.decode(row.readings or "", type=list)
    except msgspec.DecodeError as error:
        raise _odd(row, "readings", error) from error


def rules_of(row: CalibrationSessionRow) -> CalibrationSession:
    """Return the stations and bounds that a session is run under. Raises StorageError where they are none."""
    try:
        return msgspec.json.decode(row.rules_snapshot or "", type=CalibrationSession)
    except msgspec.DecodeError as error:
        raise _odd(row, "rules_snapshot", error) from error


def folder_of(row: CalibrationSessionRow, data_dir: Path) -> Path:
    """Return where the session's files are. Raises StorageError for a path out of the data directory."""
    where = f"calibration_sessions.folder_path of {row.calibration_session_id}"
    return sessions.inside(data_dir, row.folder_path or "", where)


def closed_already(row: CalibrationSessionRow) -> StorageError:
    """Return the refusal of a second close."""
    return StorageError(
        f"calibration session {row.calibration_session_id} is {row.status} already; nothing was changed"
    )


def _taken_over(transaction: Transaction, number: int, rules: CalibrationSession) -> str:
    """Return the readings of an interrupted session that another goes on from."""
    row = get(transaction, number)
    if row.verdict is not None:
        raise StorageError(f"calibration session {number} has {row.verdict} already; begin anew")
    if rules_of(row) != rules:
        raise StorageError(f"calibration session {number} was run under other stations or bounds; begin anew")
    readings_of(row)
    return row.readings


def _update(transaction: Transaction, number: int, **changed: Any) -> None:
    transaction.update(_TABLE, {_KEY: number}, **changed)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _row(found: Held) -> CalibrationSessionRow:
    return CalibrationSessionRow(**found.row, odd=found.marks)


def _value(row: Mapping[str, Any]) -> CalibrationValue:
    return CalibrationValue(
        name=row["name"],
        value=row["value"],
        unit=row["unit"],
        passed=row["passed"],
        low=row["low"],
        high=row["high"],
    )


def _odd(row: CalibrationSessionRow, column: str, error: Exception) -> StorageError:
    return StorageError(
        f"calibration_sessions, {_KEY} {row.calibration_session_id}, {column}: {error}; "
        "correct it, then repeat"
    )
