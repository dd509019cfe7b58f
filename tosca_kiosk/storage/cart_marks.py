"""What tells one cart's record from another's: when it was begun, who signed it, which devices it knows.

No row was ever made for this, so that the records of every version have marks. They guard against the wrong
stick, not against a forger, whom chain and signature find.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection

from tosca_kiosk.storage.counters import tables

Marks = Mapping[str, frozenset[str]]

# The first account is made with the file. An audit row keeps what an edit changed.
_MADE: Final = (
    "SELECT created_date FROM tech_users WHERE tech_id = 1",
    "SELECT json_extract(old_values, '$.created_date') FROM audit_log "
    "WHERE table_name = 'tech_users' AND row_key = '1' AND json_valid(old_values)",
)
_MARKS: Final = (
    ("begun at", _MADE),
    ("signed by key", ("SELECT DISTINCT key_fingerprint FROM heads",)),
    (
        "with calibrations of the devices",
        (
            "SELECT DISTINCT device_serial_number FROM calibrations WHERE device_serial_number IS NOT NULL",
            "SELECT DISTINCT json_extract(old_values, '$.device_serial_number') FROM audit_log "
            "WHERE table_name = 'calibrations' AND json_valid(old_values)",
        ),
    ),
)
"""By how it is said: where such marks stand. A statement is of one table, which older versions may lack."""


def marks(connection: Connection) -> Marks:
    """Return the marks of a record of any version, by kind."""
    there = tables(connection)
    found: dict[str, frozenset[str]] = {}
    for kind, statements in _MARKS:
        values: set[str] = set()
        for statement in statements:
            if statement.split(" FROM ")[1].split()[0] in there:
                rows = connection.exec_driver_sql(statement)
                values.update(str(value) for (value,) in rows if value is not None)
        found[kind] = frozenset(values)
    return found


def is_nobodys(connection: Connection) -> bool:
    """Say whether nothing was recorded yet: such a record is no cart's, as after a new disk's first start."""
    asked = " OR ".join(
        f"EXISTS (SELECT 1 FROM {table})"
        for table in ("sessions", "patients", "calibration_sessions")
        if table in tables(connection)
    )
    return not connection.exec_driver_sql(f"SELECT {asked}").scalar_one()


def of_another(ours: Marks, theirs: Marks) -> str | None:
    """Say by what a record is another cart's, None where no kind of marks says so.

    A kind says so where both records have such marks and share none of them.
    """
    for kind, own in ours.items():
        other = theirs.get(kind, frozenset())
        if own and other and not own & other:
            return f"{kind} {', '.join(sorted(other))}, this cart's {kind} {', '.join(sorted(own))}"
    return None
