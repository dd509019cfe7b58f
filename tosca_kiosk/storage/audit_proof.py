"""Every row of an audited table beside its newest audit row: the first that differs is named.

The chain proves the audit, and the audit proves the tables.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from tosca_kiosk.storage import audited
from tosca_kiosk.storage.audited import AUDITED, KEPT_OUT, AuditedRow
from tosca_kiosk.storage.chain import last_number, noted_number


def differences(connection: Connection, table: str) -> Iterator[str]:
    """Yield of an audited table the first row that is not as audited, and the first that is missing.

    In words, without values: of a row its key alone.
    """
    key = AUDITED[table]
    for found in (_first_differing(connection, table, key), _first_gone(connection, table, key)):
        if found is not None:
            yield f"{table}: row {key} {found}"
    counted = _miscounted(connection, table, key)
    if counted is not None:
        yield f"{table}: {counted}"


def _first_differing(connection: Connection, table: str, key: str) -> str | None:
    for row in audited.rows(connection, table, key):
        why = _why(connection, row)
        if why is not None:
            return f"{row.key} {why}"
    return None


def _why(connection: Connection, row: AuditedRow) -> str | None:
    if row.audit_id is None:
        return "is not in the audit"
    if row.action == "delete":
        return "is there though it was deleted"
    said = audited.decoded(row.said)
    if said is None:
        return f"cannot be compared: audit_id {row.audit_id} cannot be read"
    columns = audited.differing(connection, row.values, said)
    columns += sorted((set(said) ^ set(row.values)) - KEPT_OUT)
    if (
        not columns
        and "pin_hash" in row.values
        and audited.pin_digest(row.values["pin_hash"]) != said["pin_digest"]
    ):
        columns = ["pin_hash"]
    return f"is not what was written: {', '.join(columns)}" if columns else None


def _first_gone(connection: Connection, table: str, key: str) -> str | None:
    for row in audited.gone(connection, table, key):
        return f"{row.key} is missing"
    return None


def _miscounted(connection: Connection, table: str, key: str) -> str | None:
    """Say how the counter of a numbered table is not where the audit says; None for one without a counter."""
    counted = connection.exec_driver_sql(
        "SELECT 1 FROM sqlite_master WHERE name = ? AND sql LIKE '%AUTOINCREMENT%'", (table,)
    ).fetchone()
    if not counted:
        return None
    number = last_number(connection, table)
    newest = connection.exec_driver_sql(
        "SELECT coalesce(max(CAST(row_key AS INTEGER)), 0) FROM audit_log "
        "WHERE table_name = ? AND action = 'insert'",
        (table,),
    ).scalar_one()
    known = max(newest, noted_number(connection, table))
    if number == known:
        return None
    if number < known:
        return f"the counter was set back to {number}, below {key} {known}"
    return f"rows after {key} {known}, up to {number}, are missing, or the counter was set forward"
