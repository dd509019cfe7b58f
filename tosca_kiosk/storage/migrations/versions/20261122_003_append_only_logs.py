"""treatment_events and safety_log: append-only by trigger, hash-chained in a table beside each.

A BEFORE INSERT trigger looks for the key, because REPLACE deletes without firing delete triggers unless
recursive_triggers is on. SQLite gives -1 as the key there when none was named, so a row numbered below 1
would block all later ones: it is refused too.
"""

from alembic import op

from tosca_kiosk.storage import earlier_chains

revision = "20261122_003"
down_revision = "20261122_002"

_TRIGGERS = ("no_update", "no_delete", "no_replace", "no_odd_key")
_TABLE = """
CREATE TABLE {log}_chain (
    {key} INTEGER PRIMARY KEY,  -- of the row in {log}
    hash BLOB NOT NULL  -- SHA-256 of the hash before and of the row; see tosca_kiosk.storage.chain
)"""
_APPEND_ONLY = (
    """CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only: rows are never changed'); END""",
    """CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only: rows are never deleted'); END""",
    """CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table}
WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key})
BEGIN SELECT RAISE(ABORT, '{table} is append-only: rows are never replaced'); END""",
    """CREATE TRIGGER {table}_no_odd_key AFTER INSERT ON {table}
WHEN NEW.{key} < 1
BEGIN SELECT RAISE(ABORT, '{table} is append-only: rows are numbered from 1'); END""",
)


def upgrade() -> None:
    """Create chain tables and triggers; chain the rows that are there already."""
    connection = op.get_bind()
    for log, key in (("treatment_events", "event_id"), ("safety_log", "log_id")):
        connection.exec_driver_sql(_TABLE.format(log=log, key=key).strip())
        earlier_chains.adopt(connection, log)
        for table in (log, f"{log}_chain"):
            for trigger in _APPEND_ONLY:
                connection.exec_driver_sql(trigger.format(table=table, key=key))


def downgrade() -> None:
    """Drop triggers and chains; the rows stay."""
    for log in ("treatment_events", "safety_log"):
        for trigger in _TRIGGERS:
            op.execute(f"DROP TRIGGER {log}_{trigger}")
        op.execute(f"DROP TABLE {log}_chain")
