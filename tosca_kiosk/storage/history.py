"""What the audit tells of rows: every change with who, when, why, and field by field what was and is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from tosca_kiosk.storage.as_of import audited_row
from tosca_kiosk.storage.audited import AUDITED
from tosca_kiosk.storage.database import Database
from tosca_kiosk.storage.door import Reader, Row
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.timestamps import utc_text

BEFORE_THE_AUDIT: Final = "before"
"""In place of an action: the state that a row was found in when the audit of it began."""

# A reason counts where this program wrote it: right behind what it is the reason of, and linked in time.
_COUNTS: Final = """EXISTS (
        SELECT 1 FROM audit_log w JOIN chain_links k ON k.log = 'audit_log' AND k.last_row = w.audit_id
        WHERE w.audit_id = r.last_audit_id + 1 AND w.table_name = 'change_reasons' AND w.action = 'insert'
        AND w.row_key = CAST(r.reason_id AS TEXT) AND k.late = 0
    )"""
_CHANGES: Final = f"""
SELECT a.*, t.username AS operator, (
    SELECT r.reason FROM change_reasons r
    WHERE r.last_audit_id >= a.audit_id AND r.first_audit_id <= a.audit_id
    AND {_COUNTS}
    ORDER BY r.last_audit_id LIMIT 1
) AS reason
FROM audit_log a
LEFT JOIN tech_users t ON t.tech_id = a.operator_tech_id
WHERE {{conditions}}
ORDER BY a.audit_id DESC
LIMIT :limit"""
# What is no reason that counts is a change like any other: nothing that another program wrote is left out.
_TELLS_NO_REASON: Final = f"""NOT EXISTS (
    SELECT 1 FROM change_reasons r WHERE r.last_audit_id = a.audit_id - 1 AND {_COUNTS}
)"""


class Field(NamedTuple):
    """A column whose value a change made another; None where it had none, or nobody knows."""

    name: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one row, as the audit tells it.

    operator: a username, None where unknown. source: see the audit. reason: None where none was given.
    old, new: the row before and after it, values as SQLite held them; None where it was not there. odd: what
    of these the audit holds and nobody can read.
    """

    audit_id: int
    time: str
    operator: str | None
    source: str
    table: str
    key: str
    action: str
    reason: str | None
    old: Row | None
    new: Row | None
    odd: tuple[str, ...] = ()

    @property
    def fields(self) -> tuple[Field, ...]:
        """What the change made another, in the order of the table's columns."""
        old, new = self.old or {}, self.new or {}
        names = dict.fromkeys((*old, *new))
        pairs = ((name, old.get(name), new.get(name)) for name in names)
        return tuple(Field(*pair) for pair in pairs if _differ(pair[1], pair[2]))


def changes(
    database: Database | Reader,
    *,
    table: str | None = None,
    key: str | None = None,
    by: int | None = None,
    since: datetime | None = None,
    limit: int,
) -> list[Change]:
    """Return the newest changes that fit, the oldest of them first.

    table: None for all of them, but for the rows that hold a reason: that stands with what it explains.
    by: a tech_id. since: a moment by the audit's own times.
    """
    asked = {
        "a.table_name = :table": table,
        "a.row_key = :key": key,
        "a.operator_tech_id = :by": by,
        "a.timestamp >= :since": None if since is None else utc_text(since),
    }
    given = {condition: value for condition, value in asked.items() if value is not None}
    parameters = {condition.rpartition(":")[2]: value for condition, value in given.items()}
    conditions = [*given, *([_TELLS_NO_REASON] if table is None else [])]
    sql = _CHANGES.format(conditions=" AND ".join(conditions))
    found = database.rows(sql, limit=limit, **parameters)
    return [_change(row, database) for row in reversed(found)]


def history(database: Database | Reader, table: str, key: str, *, limit: int) -> list[Change]:
    """Return what became of one row, the oldest first; in front of it what it was when its audit began."""
    found = changes(database, table=table, key=key, limit=limit)
    if found and len(found) < limit and found[0].old is not None:
        first = found[0]
        found.insert(
            0,
            Change(
                audit_id=0,
                time="",
                operator=None,
                source="",
                table=table,
                key=key,
                action=BEFORE_THE_AUDIT,
                reason=None,
                old=None,
                new=first.old,
            ),
        )
    return found


def is_known(database: Database | Reader, table: str, key: str) -> bool:
    """Say whether a table has a row of this key, or the audit knows of one that it had."""
    stands = database.rows(f"SELECT 1 FROM {table} WHERE {AUDITED[table]} = :key LIMIT 1", key=key)
    return bool(stands) or bool(changes(database, table=table, key=key, limit=1))


def _change(row: Row, database: Database | Reader) -> Change:
    table = row["table_name"]
    values: dict[str, Row | None] = {}
    odd = []
    for side in ("old_values", "new_values"):
        try:
            values[side] = None if row[side] is None else audited_row(database.path, table, row[side])
        except StorageError:
            values[side] = None
            odd.append(f"{side} cannot be read; run tosca-kiosk db check")
    return Change(
        audit_id=row["audit_id"],
        time=row["timestamp"],
        operator=row["operator"],
        source=row["source"],
        table=table,
        key=row["row_key"],
        action=row["action"],
        reason=row["reason"],
        old=values["old_values"],
        new=values["new_values"],
        odd=tuple(odd),
    )


def _differ(old: Any, new: Any) -> bool:
    """Say whether two values are not the same; a whole number and a REAL are not, as SQLite holds them."""
    return type(old) is not type(new) or old != new
