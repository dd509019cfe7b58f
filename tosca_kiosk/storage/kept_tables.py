"""Tables that a version of the schema makes and leaves in the file on the way down, with what proves them.

Every change of such a table is audited, and through the audit it is in the one chain. On the way up again
they go on, and what was changed in them meanwhile is found.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection

from tosca_kiosk.storage import chain, counters, taking_up

_RECORD = """CREATE TRIGGER {table}_audit_{name} AFTER {event} ON {table}{when}
BEGIN
    INSERT INTO audit_log
        (timestamp, operator_tech_id, source, table_name, row_key, action, old_values, new_values)
    VALUES (
        strftime('%Y-%m-%d %H:%M:%f', 'now') || '000',
        (SELECT operator_tech_id FROM audit_context),
        coalesce((SELECT source FROM audit_context), 'sql'),
        '{table}', {row}.{key}, '{action}', {old}, {new}
    );
END"""
_REFUSALS = (
    """CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table}
WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key})
BEGIN SELECT RAISE(ABORT, '{table}: such a row exists already; change it by UPDATE'); END""",
    """CREATE TRIGGER {table}_no_replace_by_update BEFORE UPDATE ON {table}
WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} <> OLD.{key} AND {key} = NEW.{key})
BEGIN SELECT RAISE(ABORT, '{table}: another row has this key already'); END""",
)
_NO_CHANGE = (
    """CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only: rows are never changed'); END""",
    """CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only: rows are never deleted'); END""",
)


class KeptTable(NamedTuple):
    """A table, as its version makes it. create, indexes, triggers: SQL; triggers: beside the audit's."""

    create: str
    key: str
    columns: tuple[str, ...]
    indexes: tuple[str, ...] = ()
    append_only: bool = False
    triggers: tuple[str, ...] = ()


def make(connection: Connection, tables: Mapping[str, KeptTable], found: dict[str, Any]) -> None:
    """Make the tables by their names, or take up those that an earlier way down has left in the file.

    found: what an upgrade tells of the record; how many rows differ from their audit is added to it.
    """
    kept = counters.tables(connection) & set(tables)
    for name, table in tables.items():
        if name not in kept:
            connection.exec_driver_sql(table.create.strip())
            for index in table.indexes:
                connection.exec_driver_sql(index)
        _drop_triggers(connection, name)
    for name, table in tables.items():
        for trigger in _triggers(name, table):
            connection.exec_driver_sql(trigger)
    if kept:
        # What the versions before this one wrote in this transaction is theirs; the rest was linked before.
        chain.link_log(connection, "audit_log", late=False)
        said = taking_up.audit_what_is_there(connection, {name: table.key for name, table in tables.items()})
        found["differing"] = found.get("differing", 0) + len(said)
        for name in set(tables) - kept:  # somebody has dropped it meanwhile, and its counter with it
            _count_on(connection, name, tables[name])


def _count_on(connection: Connection, name: str, table: KeptTable) -> None:
    """Give no number of a table again that its audit knows."""
    if "AUTOINCREMENT" in table.create:
        newest = connection.exec_driver_sql(
            "SELECT coalesce(max(CAST(row_key AS INTEGER)), 0) FROM audit_log WHERE table_name = ?", (name,)
        ).scalar_one()
        counters.raise_to(connection, {name: newest})


def _drop_triggers(connection: Connection, name: str) -> None:
    found = connection.exec_driver_sql(
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (name,)
    ).fetchall()
    for (trigger,) in found:
        connection.exec_driver_sql(f"DROP TRIGGER {trigger}")


def _triggers(name: str, table: KeptTable) -> list[str]:
    key = table.key
    old, new = (_row(row, table.columns) for row in ("OLD", "NEW"))
    events = (
        ("insert", "insert", "INSERT", "", "NEW", "NULL", new),
        ("update", "update", "UPDATE", "", "NEW", old, new),
        ("delete", "delete", "DELETE", "", "OLD", old, "NULL"),
        ("new_key", "delete", "UPDATE", f"\nWHEN OLD.{key} IS NOT NEW.{key}", "OLD", old, "NULL"),
    )
    audit = [
        _RECORD.format(
            table=name,
            key=key,
            name=suffix,
            action=action,
            event=event,
            when=when,
            row=row,
            old=before,
            new=after,
        )
        for suffix, action, event, when, row, before, after in events
    ]
    refusals = [refusal.format(table=name, key=key) for refusal in _REFUSALS]
    append_only = [refusal.format(table=name) for refusal in _NO_CHANGE] if table.append_only else []
    return [*audit, *refusals, *append_only, *table.triggers]


def _row(row: str, columns: tuple[str, ...]) -> str:
    values = ", ".join(
        f"'{column}', CASE typeof({row}.{column}) WHEN 'real' THEN json(format('%!.17g', {row}.{column})) "
        f"ELSE {row}.{column} END"
        for column in columns
    )
    return f"json_object({values})"
