"""What the record's daily use adds: reasons of changes, amended notes, parts of a treatment, its timing.

On the way down the tables stay in the file, with what they hold: no reason or amendment that was given is
lost by going down and up again. On the way up they go on, and what was changed in them meanwhile is found.
"""

from alembic import context, op
from sqlalchemy import Connection

from tosca_kiosk.storage import chain, counters, taking_up

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

# By table: its SQL, its key, and its columns.
_TABLES = {
    "change_reasons": (
        _CHANGE_REASONS,
        "reason_id",
        ("reason_id", "first_audit_id", "last_audit_id", "reason"),
    ),
    "session_amendments": (
        _SESSION_AMENDMENTS,
        "amendment_id",
        ("amendment_id", "session_id", "field", "amendment", "reason", "tech_id", "amended_date"),
    ),
    "session_parts": (_SESSION_PARTS, "session_id", ("session_id", "first_session_id")),
    "session_timing": (_SESSION_TIMING, "session_id", ("session_id", "ticks", "late_ticks", "worst_late_ms")),
}
_INDEXES = {
    "change_reasons": ("CREATE INDEX idx_reason_last_audit ON change_reasons(last_audit_id)",),
    "session_amendments": (
        "CREATE INDEX idx_amendment_session ON session_amendments(session_id)",
        "CREATE INDEX idx_amendment_tech ON session_amendments(tech_id)",
    ),
}
_APPEND_ONLY = ("change_reasons", "session_amendments")

_RECORD = """CREATE TRIGGER {table}_audit_{name} AFTER {event} ON {table}{when}
BEGIN
    INSERT INTO audit_log
        (timestamp, operator_tech_id, source, table_name, row_key, action, old_values, new_values)
    VALUES (
        strftime('%Y-%m-%d %H:%M:%f', 'now') || '000',
        (SELECT operator_tech_id FROM audit_context),
        coalesce((SELECT source FROM audit_context), 'sql'),
        '{table}', {row}.{key}, '{action}', {old}, {new}
    );
END"""
_REFUSALS = (
    """CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table}
WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key})
BEGIN SELECT RAISE(ABORT, '{table}: such a row exists already; change it by UPDATE'); END""",
    """CREATE TRIGGER {table}_no_replace_by_update BEFORE UPDATE ON {table}
WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} <> OLD.{key} AND {key} = NEW.{key})
BEGIN SELECT RAISE(ABORT, '{table}: another row has this key already'); END""",
)
_NO_CHANGE = (
    """CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only: rows are never changed'); END""",
    """CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only: rows are never deleted'); END""",
)
_PART_TAKEN = """CREATE TRIGGER session_parts_no_other_replace BEFORE INSERT ON session_parts
WHEN EXISTS (SELECT 1 FROM session_parts WHERE first_session_id = NEW.first_session_id)
BEGIN SELECT RAISE(ABORT, 'session_parts: this treatment has its second part already'); END"""


def upgrade() -> None:
    """Make the tables, or take up those that an earlier way down has left in the file."""
    connection = op.get_bind()
    kept = counters.tables(connection) & set(_TABLES)
    for table, (statement, _, _) in _TABLES.items():
        if table not in kept:
            connection.exec_driver_sql(statement.strip())
            for index in _INDEXES.get(table, ()):
                connection.exec_driver_sql(index)
        _drop_triggers(connection, table)
    for table in _TABLES:
        for trigger in _triggers(table):
            connection.exec_driver_sql(trigger)
    if kept:
        # What the versions before this one wrote in this transaction is theirs; the rest was linked before.
        chain.link_log(connection, "audit_log", late=False)
        said = taking_up.audit_what_is_there(
            connection, {table: key for table, (_, key, _) in _TABLES.items()}
        )
        found = context.config.attributes.setdefault("found", {})
        found["differing"] = found.get("differing", 0) + len(said)
        for table in set(_TABLES) - kept:  # somebody has dropped it meanwhile, and its counter with it
            _count_on(connection, table)


def downgrade() -> None:
    """Leave the tables where they are, with the triggers that prove them."""


def _count_on(connection: Connection, table: str) -> None:
    """Give no number of a table again that its audit knows."""
    statement, _, _ = _TABLES[table]
    if "AUTOINCREMENT" in statement:
        newest = connection.exec_driver_sql(
            "SELECT coalesce(max(CAST(row_key AS INTEGER)), 0) FROM audit_log WHERE table_name = ?", (table,)
        ).scalar_one()
        counters.raise_to(connection, {table: newest})


def _drop_triggers(connection: Connection, table: str) -> None:
    found = connection.exec_driver_sql(
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (table,)
    ).fetchall()
    for (name,) in found:
        connection.exec_driver_sql(f"DROP TRIGGER {name}")


def _triggers(table: str) -> list[str]:
    _, key, columns = _TABLES[table]
    old, new = (_row(row, columns) for row in ("OLD", "NEW"))
    events = (
        ("insert", "insert", "INSERT", "", "NEW", "NULL", new),
        ("update", "update", "UPDATE", "", "NEW", old, new),
        ("delete", "delete", "DELETE", "", "OLD", old, "NULL"),
        ("new_key", "delete", "UPDATE", f"\nWHEN OLD.{key} IS NOT NEW.{key}", "OLD", old, "NULL"),
    )
    audit = [
        _RECORD.format(
            table=table,
            key=key,
            name=name,
            action=action,
            event=event,
            when=when,
            row=row,
            old=before,
            new=after,
        )
        for name, action, event, when, row, before, after in events
    ]
    refusals = [refusal.format(table=table, key=key) for refusal in _REFUSALS]
    append_only = [refusal.format(table=table) for refusal in _NO_CHANGE] if table in _APPEND_ONLY else []
    return [*audit, *refusals, *append_only, *([_PART_TAKEN] if table == "session_parts" else [])]


def _row(row: str, columns: tuple[str, ...]) -> str:
    values = ", ".join(
        f"'{column}', CASE typeof({row}.{column}) WHEN 'real' THEN json(format('%!.17g', {row}.{column})) "
        f"ELSE {row}.{column} END"
        for column in columns
    )
    return f"json_object({values})"
