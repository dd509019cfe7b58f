"""Which signed head proves a session: its rows, its events and its lines of the safety log."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from tosca_kiosk.storage import heads
from tosca_kiosk.storage.door import Reader
from tosca_kiosk.storage.heads import Head

_AUDITED: Final = (
    "SELECT max(audit_id) FROM audit_log WHERE table_name = ? AND row_key IN "
    "(SELECT CAST({key} AS TEXT) FROM {table} WHERE session_id = ?)"
)
_NEWEST: Final = (
    *(
        ("audit_log", table, _AUDITED.format(key=key, table=table))
        for table, key in (
            ("sessions", "session_id"),
            ("session_journals", "session_id"),
            ("session_energies", "session_id"),
            ("session_timing", "session_id"),
            ("session_parts", "session_id"),
            ("session_amendments", "amendment_id"),
            ("session_recordings", "recording_id"),
        )
    ),
    ("treatment_events", None, "SELECT max(event_id) FROM treatment_events WHERE session_id = ?"),
    ("safety_log", None, "SELECT max(log_id) FROM safety_log WHERE session_id = ?"),
)
"""By log of the chain: how the newest row of a session is found; of an audited table with its name."""
_LINK: Final = "SELECT link_id FROM chain_links WHERE log = ? AND last_row >= ? ORDER BY last_row LIMIT 1"


def newest_head_over(reader: Reader, session_id: int) -> Head | None:
    """Return the newest signed head if it proves all that the record holds of a session, else None."""
    newest = heads.newest(reader.connection)
    if newest is None or not newest.is_genuine:
        return None
    ends = [_link_over(reader.connection, session_id, *one) for one in _NEWEST]
    return newest if all(end is not None and end <= newest.signed.link_id for end in ends) else None


def _link_over(
    connection: Connection, session_id: int, log: str, table: str | None, newest: str
) -> int | None:
    """Return the link of a session's newest row: 0 where it has none, None where nothing links it yet."""
    values = (session_id,) if table is None else (table, session_id)
    row = connection.exec_driver_sql(newest, values).scalar_one()
    if row is None:
        return 0
    link = connection.exec_driver_sql(_LINK, (log, row)).fetchone()
    return None if link is None else int(link[0])
