"""No second part of a treatment is taken away by an UPDATE OR REPLACE of another, which no trigger tells."""

from alembic import op

revision = "20261130_011"
down_revision = "20261130_010"

# The versions below leave it in the file, and that before this one makes the table's triggers anew.
_PART_TAKEN_BY_UPDATE = """CREATE TRIGGER IF NOT EXISTS session_parts_no_other_replace_by_update
BEFORE UPDATE ON session_parts
WHEN EXISTS (
    SELECT 1 FROM session_parts
    WHERE session_id <> OLD.session_id AND first_session_id = NEW.first_session_id
)
BEGIN SELECT RAISE(ABORT, 'session_parts: this treatment has its second part already'); END"""


def upgrade() -> None:
    """Refuse it, as the insert over another's is refused."""
    op.execute(_PART_TAKEN_BY_UPDATE)


def downgrade() -> None:
    """Leave the trigger where it is, with the table that it guards."""
