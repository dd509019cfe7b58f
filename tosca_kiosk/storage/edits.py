"""What other programs wrote openly, by the file's own triggers: edits, until a supervisor acknowledges them.

Their rows are linked late, or not linked yet. What a row says of its source counts for nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection

from tosca_kiosk.storage import audited
from tosca_kiosk.storage.chain import LOGS, late_rows

NAMED_AT_MOST: Final = 20
"""Of one table; a tool that wrote a whole table is told of once."""

# An acknowledgement counts where this program wrote it, and for no link that came after it.
_ACKNOWLEDGED: Final = """
SELECT coalesce(max(min(a.up_to_link, k.link_id)), 0)
FROM acknowledgements a
JOIN audit_log l ON l.table_name = 'acknowledgements' AND l.row_key = CAST(a.ack_id AS TEXT)
JOIN chain_links k ON k.log = 'audit_log' AND k.first_row = l.audit_id
WHERE k.late = 0 AND l.action = 'insert'"""


def acknowledged(connection: Connection) -> int:
    """Return the newest link whose edits a supervisor knows, 0 for none."""
    return int(connection.exec_driver_sql(_ACKNOWLEDGED).scalar_one())


def open_edits(connection: Connection) -> Iterator[str]:
    """Yield what other programs wrote and nobody acknowledged, in words without the values."""
    known = acknowledged(connection)
    named: Counter[str] = Counter()
    for log, key in LOGS.items():
        found = connection.exec_driver_sql(late_rows(log, known))
        names = list(found.keys())
        for row in found:
            values = dict(zip(names, row, strict=True))
            table = str(values["table_name"]) if log == "audit_log" else log
            named[table] += 1
            if named[table] <= NAMED_AT_MOST:
                where = f"{log}, {key} {row[0]}: was not written by this program"
                said = _of_the_audit(values) if log == "audit_log" else where
                yield f"edited by another program: {said} ({values['timestamp']})"
    for table, count in named.items():
        if count > NAMED_AT_MOST:
            yield f"edited by another program: {table}: {count - NAMED_AT_MOST} more changes"


def found_before(connection: Connection) -> Iterator[str]:
    """Yield the damage that an upgrade found in the record that it took up, until it is acknowledged."""
    known = acknowledged(connection)
    for when, details in connection.exec_driver_sql(
        "SELECT o.started_date, o.details FROM operations o WHERE o.name = 'upgrade' AND NOT EXISTS ("
        "SELECT 1 FROM audit_log l JOIN chain_links k ON k.log = 'audit_log' AND k.first_row = l.audit_id "
        "WHERE l.table_name = 'operations' AND l.row_key = CAST(o.operation_id AS TEXT) AND k.link_id <= ?)",
        (known,),
    ):
        damage = (audited.decoded(details) or {}).get("damage", ())
        if not isinstance(damage, list | tuple):
            damage = (f"what its row holds as damage is no list: {damage}",)
        yield from (f"found by the upgrade of {when}: {found}" for found in damage)


def _of_the_audit(row: dict[str, object]) -> str:
    """Say which row was changed, in which columns."""
    table, audit_id = row["table_name"], row["audit_id"]
    what = {"insert": "was added", "delete": "was deleted"}.get(str(row["action"]))
    if what is None:
        what = f"was changed in {', '.join(_changed(row)) or 'nothing'}"
    if table == "audit_context":
        what = "was left behind for the audit, and taken away"
    elif row["source"] == "found":
        what += ", past the audit"
    elif row["source"] == "application":
        what += ", in this program's name"
    return f"{table}, {audited.AUDITED.get(str(table), 'row')} {row['row_key']}: {what}, audit_id {audit_id}"


def _changed(row: dict[str, object]) -> list[str]:
    old, new = (audited.decoded(row[name]) or {} for name in ("old_values", "new_values"))
    return [name for name in new if old.get(name) != new[name]]
