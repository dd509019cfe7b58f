"""What is done to the record as a whole: a row of `operations` each, audited and so in the chain."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Connection

from tosca_kiosk.storage import archives, chain, counters, heads, schema, trust
from tosca_kiosk.storage.archives import Archive
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.signing import SigningKey
from tosca_kiosk.storage.telling import Tell, nobody

_NOW: Final = "strftime('%Y-%m-%d %H:%M:%f', 'now') || '000'"


class Order(NamedTuple):
    """Who lets an operation be done, and why. operator_id: in the file that it is written into.

    run: by which the row is found after a crash (see `under_way`).
    """

    operator_id: int | None = None
    operator: str | None = None
    reason: str | None = None
    run: str | None = None

    def told(self, details: Mapping[str, Any]) -> dict[str, Any]:
        """Return an operation's details with who ordered it, and its mark."""
        named = {"operator": self.operator, "run": self.run}
        return {**details, **{name: value for name, value in named.items() if value is not None}}


NOBODY: Final = Order()


def begin(
    connection: Connection,
    name: str,
    *,
    operator_id: int | None,
    reason: str | None,
    details: Mapping[str, Any],
) -> int:
    """Write that an operation begins, inside the caller's transaction; return its number."""
    made = connection.exec_driver_sql(
        f"INSERT INTO operations (name, tech_id, reason, started_date, details) VALUES (?, ?, ?, {_NOW}, ?)",
        (name, operator_id, reason, msgspec.json.encode(details).decode()),
    )
    return int(made.lastrowid)


def update(connection: Connection, operation_id: int, details: Mapping[str, Any]) -> None:
    """Write how far an operation is."""
    connection.exec_driver_sql(
        "UPDATE operations SET details = ? WHERE operation_id = ?",
        (msgspec.json.encode(details).decode(), operation_id),
    )


def end(connection: Connection, operation_id: int, details: Mapping[str, Any]) -> None:
    """Write that an operation has ended, and what it came to."""
    connection.exec_driver_sql(
        f"UPDATE operations SET ended_date = {_NOW}, details = ? WHERE operation_id = ?",
        (msgspec.json.encode(details).decode(), operation_id),
    )


def done(connection: Connection, name: str, order: Order, details: Mapping[str, Any]) -> None:
    """Write an operation that is done with the caller's transaction."""
    said = order.told(details)
    number = begin(connection, name, operator_id=order.operator_id, reason=order.reason, details=said)
    end(connection, number, said)


def migrate(
    connection: Connection,
    path: Path,
    revision: str,
    order: Order = NOBODY,
    given_out: Mapping[str, int] | None = None,
    key: SigningKey | None = None,
    tell: Tell = nobody,
) -> tuple[str, ...]:
    """Bring the schema to a revision in the open transaction, as an operation where the file can hold one.

    given_out: the numbers from which the file counts on, which nothing that is written here takes. key: signs
    the head after it. tell: hears how far the proof of the record is. Return what was damaged before, in
    words. Raises StorageError where more would be damaged after.
    """
    before, after = schema.version_of(connection, path), schema.resolved(path, revision)
    order_of_versions = ["base", *schema.revisions()]
    if not schema.chains(after) and (kept := _archived(connection)):
        raise StorageError(
            f"{path}: events of {archives.in_words(kept[0])} lie in {kept[0].path(path)}, which no version "
            "before the archives finds; restore a backup from before they went there instead"
        )
    down = order_of_versions.index(after) < order_of_versions.index(before)
    if before == after:
        _count_on(connection, given_out)
        return ()
    # What was not chained is proved by the migration that chains it.
    said = trust.damage(connection, path, tell) if down or schema.is_chained(connection) else []
    if down:
        _down(connection, order, {"from": before, "to": after, "damage": said}, key)
    strange = list(schema.strange_objects(connection, before)) if before != "base" and not down else []
    if given_out and "chain_links" not in counters.tables(connection):
        # Versions on the way write audit rows; a chain that was kept is verified before it counts on.
        counters.raise_to(connection, {"audit_log": given_out.get("audit_log", 0)})
    if schema.is_chained(connection) and not down:
        _count_on(connection, given_out)
    found = schema.migrate(connection, path, revision, given_out or {})
    if schema.is_chained(connection) and not down:
        said = [*said, *strange, *found.pop("damage", ())]
        name = "init" if before == "base" else "upgrade"
        numbers = {**found.pop("counters", {}), **(given_out or {})}
        details = {"from": before, "to": after, **found, "counters": numbers, "damage": said}
        _audited(connection, name, order, details)
        _sign(connection, key)
    if before != "base" and after != "base":
        left = trust.damage(connection, path, tell)
        trust.refuse_more(said, left, f"{path}: the way from {before} to {after}")
    return tuple(said)


def _count_on(connection: Connection, given_out: Mapping[str, int] | None) -> None:
    """Let the file count on from there, before anything is linked, and link what other programs wrote."""
    counters.raise_to(connection, given_out or {})
    if schema.is_chained(connection):
        chain.link_foreign(connection)


def _down(connection: Connection, order: Order, details: Mapping[str, Any], key: SigningKey | None) -> None:
    if schema.is_chained(connection):
        chain.link_foreign(connection)
        _audited(connection, "downgrade", order, details)
        _sign(connection, key)


def _sign(connection: Connection, key: SigningKey | None) -> None:
    if key is not None:
        heads.sign(connection, key, "migration")


def _archived(connection: Connection) -> list[Archive]:
    return archives.known(connection) if schema.is_chained(connection) else []


def _audited(connection: Connection, name: str, order: Order, details: Mapping[str, Any]) -> None:
    """Write an operation that is done with the open transaction, and link it."""
    connection.exec_driver_sql("INSERT INTO audit_context VALUES (1, ?, 'application')", (order.operator_id,))
    done(connection, name, order, details)
    connection.exec_driver_sql("DELETE FROM audit_context")
    chain.link_own(connection)
