"""What the record's daily use adds: reasons of changes, amended notes, parts of a treatment, its timing.

On the way down the tables stay in the file, with what they hold: no reason or amendment that was given is
lost by going down and up again. On the way up they go on, and what was changed in them meanwhile is found.
"""

from alembic import context, op

from tosca_kiosk.storage import kept_tables
from tosca_kiosk.storage.kept_tables import KeptTable

revision = "20261130_010"
down_revision = "20261130_009"

_CHANGE_REASONS = """
CREATE TABLE change_reasons (
    reason_id INTEGER PRIMARY KEY AUTOINCREMENT,
    first_audit_id INTEGER NOT NULL,  -- the changes of one transaction, in audit_log
    last_audit_id INTEGER NOT NULL,
    reason TEXT NOT NULL
)"""

_SESSION_AMENDMENTS = """
CREATE TABLE session_amendments (
    amendment_id INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id INTEGER NOT NULL,
    field TEXT NOT NULL,  -- 'treatment_site', 'treatment_notes', 'post_treatment_notes'
    amendment TEXT NOT NULL,  -- beside what stands in the session's row, which stays as it was
    reason TEXT NOT NULL,
    tech_id INTEGER NOT NULL,
    amended_date DATETIME NOT NULL,

    FOREIGN KEY (session_id) REFERENCES sessions(session_id),
    FOREIGN KEY (tech_id) REFERENCES tech_users(tech_id)
)"""

_SESSION_PARTS = """
CREATE TABLE session_parts (
    session_id INTEGER PRIMARY KEY,  -- the part that finishes the rest
    first_session_id INTEGER UNIQUE NOT NULL,  -- the treatment that ended early

    FOREIGN KEY (session_id) REFERENCES sessions(session_id),
    FOREIGN KEY (first_session_id) REFERENCES sessions(session_id)
)"""

_SESSION_TIMING = """
CREATE TABLE session_timing (
    session_id INTEGER PRIMARY KEY,
    ticks INTEGER NOT NULL,  -- of control, in its journal
    late_ticks INTEGER NOT NULL,  -- begun later than one period
    worst_late_ms REAL NOT NULL,  -- the latest begin of a tick

    FOREIGN KEY (session_id) REFERENCES sessions(session_id)
)"""

_PART_TAKEN = """CREATE TRIGGER session_parts_no_other_replace BEFORE INSERT ON session_parts
WHEN EXISTS (SELECT 1 FROM session_parts WHERE first_session_id = NEW.first_session_id)
BEGIN SELECT RAISE(ABORT, 'session_parts: this treatment has its second part already'); END"""

_TABLES = {
    "change_reasons": KeptTable(
        create=_CHANGE_REASONS,
        key="reason_id",
        columns=("reason_id", "first_audit_id", "last_audit_id", "reason"),
        indexes=("CREATE INDEX idx_reason_last_audit ON change_reasons(last_audit_id)",),
        append_only=True,
    ),
    "session_amendments": KeptTable(
        create=_SESSION_AMENDMENTS,
        key="amendment_id",
        columns=("amendment_id", "session_id", "field", "amendment", "reason", "tech_id", "amended_date"),
        indexes=(
            "CREATE INDEX idx_amendment_session ON session_amendments(session_id)",
            "CREATE INDEX idx_amendment_tech ON session_amendments(tech_id)",
        ),
        append_only=True,
    ),
    "session_parts": KeptTable(
        create=_SESSION_PARTS,
        key="session_id",
        columns=("session_id", "first_session_id"),
        triggers=(_PART_TAKEN,),
    ),
    "session_timing": KeptTable(
        create=_SESSION_TIMING,
        key="session_id",
        columns=("session_id", "ticks", "late_ticks", "worst_late_ms"),
    ),
}


def upgrade() -> None:
    """Make the tables, or take up those that an earlier way down has left in the file."""
    kept_tables.make(op.get_bind(), _TABLES, context.config.attributes.setdefault("found", {}))


def downgrade() -> None:
    """Leave the tables where they are, with the triggers that prove them."""
