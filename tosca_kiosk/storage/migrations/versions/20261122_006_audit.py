"""Every change of every table but the two logs leaves a row in audit_log, whoever makes it.

The triggers are plain SQL, so that any SQLite tool can go on working with the file: its changes are
recorded with source 'sql' and no operator. This program puts operator and source into audit_context
inside its own transaction and takes them out before the commit, so nobody else ever sees them there.
REPLACE over another row is refused: SQLite would drop the old row without a trace.
"""

from alembic import op

from tosca_kiosk.storage import schema

revision = "20261122_006"
down_revision = "20261122_005"

_CONTEXT = """
CREATE TABLE audit_context (
    context_id INTEGER PRIMARY KEY CHECK (context_id = 1),
    operator_tech_id INTEGER,
    source TEXT NOT NULL
)"""

_AUDIT_LOG = """
CREATE TABLE audit_log (
    audit_id INTEGER PRIMARY KEY AUTOINCREMENT,
    timestamp DATETIME NOT NULL,
    operator_tech_id INTEGER,  -- NULL where unknown
    source TEXT NOT NULL,  -- 'application', 'sql'
    table_name TEXT NOT NULL,
    row_key TEXT NOT NULL,
    action TEXT NOT NULL,  -- 'insert', 'update', 'delete'
    old_values TEXT,  -- JSON: the whole row before
    new_values TEXT,  -- JSON: the whole row after

    FOREIGN KEY (operator_tech_id) REFERENCES tech_users(tech_id)
)"""

_INDEXES = (
    "CREATE INDEX idx_audit_operator ON audit_log(operator_tech_id)",
    "CREATE INDEX idx_audit_row ON audit_log(table_name, row_key)",
    "CREATE INDEX idx_audit_timestamp ON audit_log(timestamp)",
)

# Table: its key, its other unique column, the columns that go into the record. A PIN's hash never does.
_AUDITED: dict[str, tuple[str, str | None, str]] = {
    "tech_users": (
        "tech_id",
        "username",
        "tech_id username full_name role created_date last_login is_active notes",
    ),
    "patients": (
        "patient_id",
        "patient_code",
        "patient_id patient_code date_of_birth gender created_date created_by_tech_id last_modified_date "
        "notes is_active",
    ),
    "protocols": (
        "protocol_id",
        "protocol_name",
        "protocol_id protocol_name description protocol_type protocol_data created_date created_by_tech_id "
        "last_modified_date last_used_date usage_count is_active",
    ),
    "sessions": (
        "session_id",
        None,
        "session_id patient_id tech_id protocol_id start_time end_time duration_seconds status abort_reason "
        "treatment_site treatment_notes protocol_name protocol_data_snapshot session_folder_path video_path "
        "total_laser_on_time_seconds avg_power_watts max_power_watts total_energy_joules "
        "post_treatment_notes created_date",
    ),
    "session_recordings": (
        "recording_id",
        None,
        "recording_id session_id recording_type file_path file_size_bytes duration_seconds timestamp "
        "frame_count resolution notes",
    ),
    "calibrations": (
        "calibration_id",
        None,
        "calibration_id calibration_date tech_id device_type device_serial_number calibration_type "
        "calibration_data validation_data is_active notes",
    ),
    "system_config": (
        "config_key",
        None,
        "config_key config_value config_type description last_modified modified_by_tech_id",
    ),
    "credentials": ("tech_id", None, "tech_id failed_tries locked_until changed_date"),
    "session_journals": (
        "session_id",
        None,
        "session_id origin head_hash tick_count is_whole imported_date",
    ),
}

_RECORD = """CREATE TRIGGER {table}_audit_{action} AFTER {event} ON {table}
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

_NO_REPLACE = """CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table}
WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key}{or_unique})
BEGIN SELECT RAISE(ABORT, '{table}: such a row exists already; change it by UPDATE'); END"""

_NO_REPLACE_BY_UPDATE = """CREATE TRIGGER {table}_no_replace_by_update BEFORE UPDATE ON {table}
WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} <> OLD.{key} AND ({key} = NEW.{key}{or_unique}))
BEGIN SELECT RAISE(ABORT, '{table}: another row has this key already'); END"""

_APPEND_ONLY = (
    """CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
BEGIN SELECT RAISE(ABORT, 'audit_log is append-only: rows are never changed'); END""",
    """CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
BEGIN SELECT RAISE(ABORT, 'audit_log is append-only: rows are never deleted'); END""",
    """CREATE TRIGGER audit_log_no_replace BEFORE INSERT ON audit_log
WHEN EXISTS (SELECT 1 FROM audit_log WHERE audit_id = NEW.audit_id)
BEGIN SELECT RAISE(ABORT, 'audit_log is append-only: rows are never replaced'); END""",
    """CREATE TRIGGER audit_log_no_odd_key AFTER INSERT ON audit_log
WHEN NEW.audit_id < 1
BEGIN SELECT RAISE(ABORT, 'audit_log is append-only: rows are numbered from 1'); END""",
)


def upgrade() -> None:
    """Create the audit's tables and all triggers; an audit that was kept on the way down goes on."""
    connection = op.get_bind()
    kept = schema.objects_of(connection).get(("table", "audit_log")) == _AUDIT_LOG.strip()
    for statement in (_CONTEXT.strip(), *(() if kept else (_AUDIT_LOG.strip(), *_INDEXES, *_APPEND_ONLY))):
        connection.exec_driver_sql(statement)
    for table in _AUDITED:
        for _, statement in _triggers(table):
            connection.exec_driver_sql(statement)
    # What the next versions change is theirs; who runs them takes this out before the commit.
    connection.exec_driver_sql("INSERT INTO audit_context VALUES (1, NULL, 'migration')")


def downgrade() -> None:
    """Drop the triggers; what was audited stays in the file."""
    for table in _AUDITED:
        for name, _ in _triggers(table):
            op.execute(f"DROP TRIGGER {name}")
    op.execute("DROP TABLE audit_context")


def _triggers(table: str) -> list[tuple[str, str]]:
    key, unique, columns = _AUDITED[table]
    old, new = (_json(row, columns.split()) for row in ("OLD", "NEW"))
    or_unique = f" OR {unique} = NEW.{unique}" if unique else ""
    made = [
        (f"{table}_audit_{action}", _RECORD.format(table=table, key=key, action=action, event=event, **shown))
        for action, event, shown in (
            ("insert", "INSERT", {"row": "NEW", "old": "NULL", "new": new}),
            ("update", "UPDATE", {"row": "NEW", "old": old, "new": new}),
            ("delete", "DELETE", {"row": "OLD", "old": old, "new": "NULL"}),
        )
    ]
    for name, body in (("no_replace", _NO_REPLACE), ("no_replace_by_update", _NO_REPLACE_BY_UPDATE)):
        made.append((f"{table}_{name}", body.format(table=table, key=key, or_unique=or_unique)))
    return made


def _json(row: str, columns: list[str]) -> str:
    pairs = ", ".join(f"'{column}', {row}.{column}" for column in columns)
    return f"json_object({pairs})"
