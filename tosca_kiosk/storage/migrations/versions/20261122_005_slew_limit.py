"""The setting that limits how fast power may rise."""

from alembic import op

revision = "20261122_005"
down_revision = "20261122_004"


def upgrade() -> None:
    """Add the row with its default."""
    op.execute(
        "INSERT INTO system_config (config_key, config_value, config_type, description) VALUES "
        "('max_power_slew_watts_per_second', '10.0', 'float', 'Fastest rise of laser power')"
    )


def downgrade() -> None:
    """Take the row away."""
    op.execute("DELETE FROM system_config WHERE config_key = 'max_power_slew_watts_per_second'")
