"""The nine tables, indexes, views and default rows that the user gave, by his own SQL.

The text beside this file is that document's, comments included; it is never changed.
"""

from pathlib import Path

from alembic import op

from tosca_kiosk.storage.schema import statements

revision = "20251015_001"
down_revision = None

_SCRIPT = Path(__file__).with_suffix(".sql")
_VIEWS = ("safety_events_summary", "patient_session_history", "active_sessions")
# What later versions leave in the file on the way down, for it proves the record.
_KEPT = (
    "calibration_values",
    "calibration_events",
    "calibration_sessions",
    "session_timing",
    "session_parts",
    "session_amendments",
    "change_reasons",
    "recording_hashes",
    "acknowledgements",
    "heads",
    "operations",
    "chain_links",
    "audit_log",
)
# Children first, so that no foreign key points at a missing table.
_TABLES = (
    "system_config",
    "calibrations",
    "safety_log",
    "session_recordings",
    "treatment_events",
    "sessions",
    "protocols",
    "patients",
    "tech_users",
)


def upgrade() -> None:
    """Create everything the document says."""
    for statement in statements(_SCRIPT.read_text(encoding="utf-8")):
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """Drop all of it, with every row."""
    for view in _VIEWS:
        op.execute(f"DROP VIEW {view}")
    for table in _KEPT:
        op.execute(f"DROP TABLE IF EXISTS {table}")
    for table in _TABLES:
        op.execute(f"DROP TABLE {table}")
