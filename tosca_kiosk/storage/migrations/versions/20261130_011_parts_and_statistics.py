"""What no second part is replaced by, and what lets SQLite choose its indexes as a record of years needs it.

An UPDATE OR REPLACE took another treatment's second part away, which no trigger tells.

SQLite's own count of rows takes long, or is cut short where it tells nothing: among the first rows each
session has as many as each type of event. And it would let the same question be answered another way
tomorrow. So the figures are given.
"""

from alembic import op
from sqlalchemy import Connection

revision = "20261130_011"
down_revision = "20261130_010"

# How many rows, and how many have the same first column of the index (and the same first two): ANALYZE on a
# record of 2 000 sessions and 2 000 000 events. Of a session's status and a setting's table those are counted
# that somebody asks for: the one that is open, the few rows of one table.
_STATISTICS = {
    "treatment_events": {
        "idx_event_session": "2000000 1000",
        "idx_event_session_time": "2000000 1000 1",
        "idx_event_timestamp": "2000000 1",
        "idx_event_type": "2000000 200000",
    },
    "safety_log": {
        "idx_safety_session": "4000 3",
        "idx_safety_severity": "4000 2000",
        "idx_safety_tech": "4000 300",
        "idx_safety_timestamp": "4000 1",
        "idx_safety_type": "4000 400",
    },
    "audit_log": {
        "idx_audit_operator": "14000 1000",
        "idx_audit_row": "14000 1400 3",
        "idx_audit_timestamp": "14000 1",
    },
    "sessions": {
        "idx_session_date_status": "2000 1 1",
        "idx_session_patient": "2000 7",
        "idx_session_protocol": "2000 50",
        "idx_session_start_time": "2000 1",
        "idx_session_status": "2000 2",
        "idx_session_tech": "2000 200",
    },
    "chain_links": {"idx_chain_log": "20000 7000 1"},
}

# The versions below leave it in the file, and that before this one makes the table's triggers anew.
_PART_TAKEN_BY_UPDATE = """CREATE TRIGGER IF NOT EXISTS session_parts_no_other_replace_by_update
BEFORE UPDATE ON session_parts
WHEN EXISTS (
    SELECT 1 FROM session_parts
    WHERE session_id <> OLD.session_id AND first_session_id = NEW.first_session_id
)
BEGIN SELECT RAISE(ABORT, 'session_parts: this treatment has its second part already'); END"""


def upgrade() -> None:
    """Refuse it, as the insert over another's is refused, and give the figures."""
    op.execute(_PART_TAKEN_BY_UPDATE)
    _give_statistics(op.get_bind())


def downgrade() -> None:
    """Leave the trigger where it is, with the table that it guards; the figures harm nobody."""


def _give_statistics(connection: Connection) -> None:
    """Write what ANALYZE would count, in place of what it has counted; the planner reads it when it opens."""
    connection.exec_driver_sql("ANALYZE sqlite_master")  # makes the table, counts nothing
    for table, indexes in _STATISTICS.items():
        connection.exec_driver_sql("DELETE FROM sqlite_stat1 WHERE tbl = ?", (table,))
        rows = [(table, index, counts) for index, counts in indexes.items()]
        connection.exec_driver_sql("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)", rows)
    connection.exec_driver_sql("ANALYZE sqlite_master")  # and reads it
