"""An index on every foreign key that the first version left without one."""

from alembic import op

revision = "20261122_002"
down_revision = "20251015_001"

_INDEXES = (
    ("idx_patient_created_by", "patients", "created_by_tech_id"),
    ("idx_protocol_created_by", "protocols", "created_by_tech_id"),
    ("idx_session_protocol", "sessions", "protocol_id"),
    ("idx_safety_tech", "safety_log", "tech_id"),
    ("idx_calib_tech", "calibrations", "tech_id"),
    ("idx_config_modified_by", "system_config", "modified_by_tech_id"),
)


def upgrade() -> None:
    """Create the indexes."""
    for name, table, column in _INDEXES:
        op.execute(f"CREATE INDEX {name} ON {table}({column})")


def downgrade() -> None:
    """Drop the indexes."""
    for name, _, _ in _INDEXES:
        op.execute(f"DROP INDEX {name}")
