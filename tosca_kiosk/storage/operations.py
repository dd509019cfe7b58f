"""What is done to the record as a whole: a row of `operations` each, audited and so in the chain."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from tosca_kiosk.storage import archives, chain, heads, schema
from tosca_kiosk.storage.archives import Archive
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.signing import SigningKey

_NOW: Final = "strftime('%Y-%m-%d %H:%M:%f', 'now') || '000'"


def begin(
    connection: Connection,
    name: str,
    *,
    operator_id: int | None,
    reason: str | None,
    details: dict[str, Any],
) -> int:
    """Write that an operation begins, inside the caller's transaction; return its number."""
    made = connection.exec_driver_sql(
        f"INSERT INTO operations (name, tech_id, reason, started_date, details) VALUES (?, ?, ?, {_NOW}, ?)",
        (name, operator_id, reason, msgspec.json.encode(details).decode()),
    )
    return int(made.lastrowid)


def update(connection: Connection, operation_id: int, details: dict[str, Any]) -> None:
    """Write how far an operation is."""
    connection.exec_driver_sql(
        "UPDATE operations SET details = ? WHERE operation_id = ?",
        (msgspec.json.encode(details).decode(), operation_id),
    )


def end(connection: Connection, operation_id: int, details: dict[str, Any]) -> None:
    """Write that an operation has ended, and what it came to."""
    connection.exec_driver_sql(
        f"UPDATE operations SET ended_date = {_NOW}, details = ? WHERE operation_id = ?",
        (msgspec.json.encode(details).decode(), operation_id),
    )


def migrate(
    connection: Connection,
    path: Path,
    revision: str,
    operator_id: int | None,
    reason: str | None,
    key: SigningKey | None,
) -> None:
    """Bring the schema to a revision in the open transaction, as an operation where the file can hold one.

    key: signs the head that then is the newest.
    """
    before, after = schema.version_of(connection, path), schema.resolved(path, revision)
    order = ["base", *schema.revisions()]
    if not schema.chains(after) and (kept := _archived(connection)):
        raise StorageError(
            f"{path}: events of {archives.in_words(kept[0])} lie in {kept[0].path(path)}, which no version "
            "before the archives finds; restore a backup from before they went there instead"
        )
    down = order.index(after) < order.index(before)
    if schema.is_chained(connection):
        chain.link_foreign(connection)
        if down:
            _done(connection, "downgrade", operator_id, reason, {"from": before, "to": after})
            _sign(connection, key)
    up = before not in ("base", after) and not down
    strange = list(schema.strange_objects(connection, before)) if up else []
    found = schema.migrate(connection, path, revision)
    if schema.is_chained(connection):
        if before != after and not down:
            name = "init" if before == "base" else "upgrade"
            damage = [*strange, *found.pop("damage", ())]
            details = {"from": before, "to": after, **found, "damage": damage}
            _done(connection, name, operator_id, reason, details)
        chain.link_own(connection)
        if not down:
            _sign(connection, key)


def _sign(connection: Connection, key: SigningKey | None) -> None:
    if key is not None:
        heads.sign(connection, key, "migration")


def _archived(connection: Connection) -> list[Archive]:
    return archives.known(connection) if schema.is_chained(connection) else []


def _done(
    connection: Connection, name: str, operator_id: int | None, reason: str | None, details: dict[str, Any]
) -> None:
    """Write an operation that is done with the open transaction, and link it."""
    connection.exec_driver_sql("INSERT INTO audit_context VALUES (1, ?, 'application')", (operator_id,))
    number = begin(connection, name, operator_id=operator_id, reason=reason, details=details)
    end(connection, number, details)
    connection.exec_driver_sql("DELETE FROM audit_context")
    chain.link_own(connection)
