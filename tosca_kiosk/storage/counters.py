"""The highest numbers and codes that a record has given out: none is given twice, whatever is restored.

They are kept as one flat mapping, which is JSON as it stands: by table the highest number that its rows ever
had, and by year the highest patient code, as {"sessions": 12, "P-2026": 7}. After a restore they stand in its
row of `operations`, and the file counts on from there; what lies between was given out by a record that was
replaced, and is no gap that somebody tore.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

RESTORES: Final = (
    "SELECT details FROM operations WHERE name IN ('restore', 'upgrade') AND details LIKE '%\"counters\"%'"
)
"""Restores, and the upgrades that are part of one: their details hold `counters`."""
Counters = dict[str, int]

_CODE: Final = re.compile(r"(P-\d{4})-(\d{4})", re.ASCII)
_CODE_YEAR: Final = re.compile(r"P-\d{4}", re.ASCII)
_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode


def of_record(connection: Connection) -> Counters:
    """Return what a record of any version has given out; what a restore before took over is in it."""
    found = numbers(connection)
    codes = () if "patients" not in tables(connection) else _codes(connection)
    for year, number in codes:
        found[year] = max(number, found.get(year, 0))
    return merged(found, *_restored(connection))


def numbers(connection: Connection) -> Counters:
    """Return the highest number that the rows of each numbered table ever had; none of patients' codes."""
    if "sqlite_sequence" not in tables(connection):
        return {}
    found = connection.exec_driver_sql("SELECT name, seq FROM sqlite_sequence")
    return {str(name): number for name, number in found if isinstance(number, int)}


def merged(*several: Mapping[str, int]) -> Counters:
    """Return the highest of each."""
    highest: Counters = {}
    for counters in several:
        for name, number in counters.items():
            highest[name] = max(number, highest.get(name, 0))
    return highest


def raise_to(connection: Connection, counters: Mapping[str, int]) -> None:
    """Let the numbered tables count on from there, those too that are still to be made; none goes back."""
    for table, number in counters.items():
        if _CODE_YEAR.fullmatch(table):
            continue
        held = connection.exec_driver_sql(
            "SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)
        ).fetchone()
        if held is None:
            connection.exec_driver_sql("INSERT INTO sqlite_sequence VALUES (?, ?)", (table, number))
        elif held[0] < number:
            connection.exec_driver_sql("UPDATE sqlite_sequence SET seq = ? WHERE name = ?", (number, table))


def taken_over(connection: Connection, table: str) -> frozenset[int]:
    """Return the numbers from which restores let a table count on."""
    return frozenset(counters[table] for counters in _restored(connection) if table in counters)


def highest_code(restores: Iterable[object], year: int) -> int:
    """Return the highest number of a year's patient codes that restores took over, 0 for none.

    restores: their details.
    """
    return max((_counters(details).get(f"P-{year:04d}", 0) for details in restores), default=0)


def tables(connection: Connection) -> frozenset[str]:
    """Return the names of the tables that the file has."""
    found = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")
    return frozenset(str(name) for (name,) in found)


def _codes(connection: Connection) -> Iterable[tuple[str, int]]:
    """Yield the patient codes that stand there, and those that the audit knows of rows that are gone."""
    said = "SELECT patient_code FROM patients"
    if "audit_log" in tables(connection):
        said += (
            " UNION SELECT json_extract(old_values, '$.patient_code') FROM audit_log "
            "WHERE table_name = 'patients' AND json_valid(old_values)"
        )
    for (code,) in connection.exec_driver_sql(said):
        if isinstance(code, str) and (parts := _CODE.fullmatch(code)):
            yield parts[1], int(parts[2])


def _restored(connection: Connection) -> list[Counters]:
    """Return the counters that each restore of the record took over."""
    if "operations" not in tables(connection):
        return []
    return [_counters(details) for (details,) in connection.exec_driver_sql(RESTORES)]


def _counters(details: object) -> Counters:
    return _whole_numbers(_object(str(details)).get("counters"))


def _object(said: str) -> dict[str, Any]:
    try:
        return _decode(said)
    except msgspec.DecodeError:
        return {}


def _whole_numbers(said: object) -> Counters:
    pairs = said.items() if isinstance(said, dict) else ()
    return {name: number for name, number in pairs if isinstance(number, int)}
