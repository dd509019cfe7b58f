"""What sign-in needs beside tech_users, and what is known of a session's journal beside sessions."""

from alembic import op

revision = "20261122_004"
down_revision = "20261122_003"

_CREDENTIALS = """
CREATE TABLE credentials (
    tech_id INTEGER PRIMARY KEY,
    pin_hash TEXT NOT NULL,  -- argon2, with its salt and parameters
    failed_tries INTEGER NOT NULL DEFAULT 0,  -- since the last good one
    locked_until DATETIME,  -- no PIN is looked at before
    changed_date DATETIME NOT NULL,

    FOREIGN KEY (tech_id) REFERENCES tech_users(tech_id)
)"""

_SESSION_JOURNALS = """
CREATE TABLE session_journals (
    session_id INTEGER PRIMARY KEY,
    origin TEXT NOT NULL,  -- 'sim', 'real'
    head_hash TEXT,  -- of the newest imported tick line, hexadecimal; NULL until imported
    tick_count INTEGER,
    is_whole BOOLEAN,  -- 0 when the journal was cut short
    imported_date DATETIME,

    FOREIGN KEY (session_id) REFERENCES sessions(session_id)
)"""


def upgrade() -> None:
    """Create both tables."""
    for table in (_CREDENTIALS, _SESSION_JOURNALS):
        op.get_bind().exec_driver_sql(table.strip())


def downgrade() -> None:
    """Drop both tables."""
    op.execute("DROP TABLE session_journals")
    op.execute("DROP TABLE credentials")
