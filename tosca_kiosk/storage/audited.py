"""The tables whose every change is audited, and how a row compares with what the audit says of it.

The audit holds a row as a JSON object of its columns: integers, exact REALs, text and NULL as they stand. The
triggers let no other value in; what stands there all the same compares with nothing that they wrote.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection

AUDITED: Final = {
    "tech_users": "tech_id",
    "patients": "patient_id",
    "protocols": "protocol_id",
    "sessions": "session_id",
    "session_recordings": "recording_id",
    "calibrations": "calibration_id",
    "system_config": "config_key",
    "credentials": "tech_id",
    "session_journals": "session_id",
    "session_energies": "session_id",
    "operations": "operation_id",
    "acknowledgements": "ack_id",
    "recording_hashes": "recording_id",
    "change_reasons": "reason_id",
    "session_amendments": "amendment_id",
    "session_parts": "session_id",
    "session_timing": "session_id",
    "calibration_sessions": "calibration_session_id",
    "calibration_events": "event_id",
    "calibration_values": "value_id",
}
"""By table, its key. Every table but the logs, their chain and its heads."""
KEPT_OUT: Final = frozenset({"pin_hash"})
"""A PIN's hash is in no audit; its digest is."""
_DIGITS_BEFORE: Final = ".15g"
"""So many of a REAL the audit held before its values were exact."""

Values = dict[str, Any]


class AuditedRow(NamedTuple):
    """A row beside its newest audit row. values: as SQLite holds them.

    action: of the newest audit row; said: its new_values. None where there is none.
    """

    key: Any
    values: Values
    audit_id: int | None
    action: str | None
    said: object


class GoneRow(NamedTuple):
    """A row that the audit knows and the table does not have. said: its newest values."""

    key: str
    audit_id: int
    said: object


def rows(connection: Connection, table: str, key: str) -> Iterator[AuditedRow]:
    """Yield the rows of a table, each beside its newest audit row, in the order of their keys."""
    found = connection.exec_driver_sql(
        f"SELECT r.*, a.audit_id, a.action, a.new_values FROM {table} r LEFT JOIN audit_log a "
        f"ON a.audit_id = (SELECT max(audit_id) FROM audit_log WHERE table_name = '{table}' "
        f"AND row_key = CAST(r.{key} AS TEXT)) ORDER BY r.{key}"
    )
    names = list(found.keys())[:-3]
    for row in found:
        values = dict(zip(names, row, strict=False))
        yield AuditedRow(values[key], values, *row[-3:])


def gone(connection: Connection, table: str, key: str) -> Iterator[GoneRow]:
    """Yield the rows that are not there though the audit does not say that they were deleted."""
    found = connection.exec_driver_sql(
        "SELECT a.row_key, a.audit_id, a.new_values FROM (SELECT row_key, max(audit_id) AS newest "
        f"FROM audit_log WHERE table_name = '{table}' GROUP BY row_key) n "
        "JOIN audit_log a ON a.audit_id = n.newest WHERE a.action <> 'delete' "
        f"AND NOT EXISTS (SELECT 1 FROM {table} r WHERE r.{key} = n.row_key)"
    )
    for row in found:
        yield GoneRow(*row)


def decoded(said: object) -> Values | None:
    """Return the values of a row as the audit says them, None where it says nothing that can be read."""
    try:
        text = said.decode(errors="surrogateescape") if isinstance(said, bytes) else str(said)
        values = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return values if isinstance(values, dict) else None


def encoded(values: Values) -> str:
    """Return the values of a row as the audit would say them, also what its triggers would not take."""
    return json.dumps({name: _sayable(value) for name, value in values.items() if name not in KEPT_OUT})


def differing(connection: Connection, held: Values, said: Values, *, rounded: bool = False) -> list[str]:
    """Return the columns in which a row is not what the audit says, of those that both have.

    rounded: let a REAL pass that the audit holds to 15 digits.
    """
    return [
        name
        for name in held
        if name in said and not _same(connection, held[name], said[name], rounded=rounded)
    ]


def pin_digest(pin_hash: str | bytes) -> str:
    """Return what the audit keeps of a PIN's hash: which one it is, and nothing to try PINs on."""
    return sha256(pin_hash if isinstance(pin_hash, bytes) else pin_hash.encode()).hexdigest()


def _same(connection: Connection, held: Any, said: Any, *, rounded: bool) -> bool:
    if isinstance(held, bytes):
        return said in (_sayable(held), _broken_text(held))
    if type(held) is type(said) and held == said:
        return True
    if not isinstance(held, float):
        return False
    if rounded and isinstance(said, int | float):
        return float(format(held, _DIGITS_BEFORE)) == said
    # SQLite's own digits of a number with a very large or small exponent do not always mean that number.
    shown = connection.exec_driver_sql("SELECT format('%!.17g', ?)", (held,)).scalar_one()
    return isinstance(said, float) and said == float(shown)


def _sayable(value: Any) -> Any:
    """Return what JSON can hold for a value: of bytes what text they would be, marked."""
    return {"bytes": value.hex()} if isinstance(value, bytes) else value


def _broken_text(held: bytes) -> str | None:
    """Return what JSON holds of a text that is not UTF-8, None for bytes that would be one."""
    try:
        held.decode()
    except UnicodeDecodeError:
        return held.decode(errors="surrogateescape")
    return None
