"""One chain over events, safety log and audit; what was proved of an older record and what not stays said.

The audit keeps every value of a row exactly: json_object alone rounds a REAL to 15 digits. Of a PIN's hash
it keeps a digest. On the way down the audit, the chain, the operations, the heads and the acknowledgements
stay in the file; on the way up they go on, and what was changed meanwhile is found and linked late.
"""

from collections.abc import Sequence

from alembic import context, op
from sqlalchemy import Connection

from tosca_kiosk.storage import counters, earlier_chains, taking_up

revision = "20261130_009"
down_revision = "20261130_008"

_CHAIN_LINKS = """
CREATE TABLE chain_links (
    link_id INTEGER PRIMARY KEY AUTOINCREMENT,
    log TEXT NOT NULL,  -- 'treatment_events', 'safety_log', 'audit_log'
    first_row INTEGER NOT NULL,
    last_row INTEGER NOT NULL,
    late INTEGER NOT NULL,  -- 1: found in the log, not written by this program
    hash BLOB NOT NULL,  -- SHA-256; see tosca_kiosk.storage.chain

    CHECK (typeof(first_row) = 'integer' AND typeof(last_row) = 'integer' AND typeof(hash) = 'blob')
)"""

_OPERATIONS = """
CREATE TABLE operations (
    operation_id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,  -- 'init', 'upgrade', 'downgrade', 'restore', 'import-journal', 'archive', 'new-key'
    tech_id INTEGER,  -- who allowed it; NULL where unknown
    reason TEXT,
    started_date DATETIME NOT NULL,
    ended_date DATETIME,  -- NULL while under way
    details TEXT,  -- JSON

    FOREIGN KEY (tech_id) REFERENCES tech_users(tech_id)
)"""

_RECORDING_HASHES = """
CREATE TABLE recording_hashes (
    recording_id INTEGER PRIMARY KEY,
    sha256 TEXT NOT NULL,  -- of the file's content, hexadecimal

    FOREIGN KEY (recording_id) REFERENCES session_recordings(recording_id)
)"""

_HEADS = """
CREATE TABLE heads (
    head_id INTEGER PRIMARY KEY AUTOINCREMENT,
    link_id INTEGER NOT NULL,
    hash BLOB NOT NULL,  -- of that link
    counters TEXT NOT NULL,  -- JSON: the highest number of every numbered table
    reason TEXT NOT NULL,  -- 'session', 'backup', 'migration', 'restore', 'archive', 'anchor'
    made_date DATETIME NOT NULL,
    key_fingerprint TEXT NOT NULL,
    signature BLOB NOT NULL  -- Ed25519
)"""

_ACKNOWLEDGEMENTS = """
CREATE TABLE acknowledgements (
    ack_id INTEGER PRIMARY KEY AUTOINCREMENT,
    up_to_link INTEGER NOT NULL,  -- what was linked late up to here is known
    tech_id INTEGER NOT NULL,
    reason TEXT NOT NULL,
    acknowledged_date DATETIME NOT NULL,

    FOREIGN KEY (tech_id) REFERENCES tech_users(tech_id)
)"""

_INDEXES = (
    "CREATE INDEX idx_chain_log ON chain_links(log, last_row)",
    "CREATE INDEX idx_operation_tech ON operations(tech_id)",
    "CREATE INDEX idx_acknowledgement_tech ON acknowledgements(tech_id)",
)

_EVENT_HASHES = """
CREATE TABLE treatment_events_chain (
    event_id INTEGER PRIMARY KEY,  -- of the row in treatment_events
    hash BLOB NOT NULL  -- SHA-256 up to this row of its link; see tosca_kiosk.storage.chain
)"""

_EARLIER_CHAIN = """
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

# A row under a new key leaves its old one: the audit says of both what became of them.
_RECORD_NEW_KEY = """CREATE TRIGGER {table}_audit_new_key AFTER UPDATE ON {table}
WHEN OLD.{key} IS NOT NEW.{key}
BEGIN
    INSERT INTO audit_log
        (timestamp, operator_tech_id, source, table_name, row_key, action, old_values, new_values)
    VALUES (
        strftime('%Y-%m-%d %H:%M:%f', 'now') || '000',
        (SELECT operator_tech_id FROM audit_context),
        coalesce((SELECT source FROM audit_context), 'sql'),
        '{table}', OLD.{key}, 'delete', {old}, NULL
    );
END"""

_NO_REPLACE = (
    """CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table}
WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key})
BEGIN SELECT RAISE(ABORT, '{table}: such a row exists already; change it by UPDATE'); END""",
    """CREATE TRIGGER {table}_no_replace_by_update BEFORE UPDATE ON {table}
WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} <> OLD.{key} AND {key} = NEW.{key})
BEGIN SELECT RAISE(ABORT, '{table}: another row has this key already'); END""",
)

# Table: its key. All but the last three were audited before.
_AUDITED = {
    "tech_users": "tech_id",
    "patients": "patient_id",
    "protocols": "protocol_id",
    "sessions": "session_id",
    "session_recordings": "recording_id",
    "calibrations": "calibration_id",
    "system_config": "config_key",
    "credentials": "tech_id",
    "session_journals": "session_id",
    "session_energies": "session_id",
    "operations": "operation_id",
    "acknowledgements": "ack_id",
    "recording_hashes": "recording_id",
}
_NEW = ("operations", "acknowledgements", "recording_hashes")
_KEPT_OUT = ("pin_hash",)
_ACTIONS = (("insert", "INSERT"), ("update", "UPDATE"), ("delete", "DELETE"))
_EARLIER_VALUE = "{row}.{column}"
_EXACT_VALUE = (
    "CASE typeof({row}.{column}) WHEN 'real' THEN json(format('%!.17g', {row}.{column})) "
    "ELSE {row}.{column} END"
)


def upgrade() -> None:
    """Make the tables, prove what can be proved of what is there, link it, and audit whole rows."""
    connection = op.get_bind()
    kept = "chain_links" in counters.tables(connection)  # it came down from this version before
    proof = taking_up.proved(connection, kept=kept)
    if not kept:
        _make_tables(connection)
    counters.raise_to(connection, context.config.attributes.get("given_out", {}))
    connection.exec_driver_sql("DROP TABLE safety_log_chain")
    connection.exec_driver_sql("DROP TABLE treatment_events_chain")
    _make_append_only(connection, _EVENT_HASHES, "treatment_events_chain", "event_id")
    _drop_audit(connection, [table for table in _AUDITED if table not in _NEW])
    connection.exec_driver_sql("ALTER TABLE credentials ADD COLUMN pin_digest TEXT")
    connection.exec_driver_sql("ALTER TABLE session_journals ADD COLUMN header_digest TEXT")
    taking_up.fill_new_columns(connection)
    _make_audit(connection, list(_AUDITED), _EXACT_VALUE)
    for table in _NEW:
        for trigger in _NO_REPLACE:
            connection.exec_driver_sql(trigger.format(table=table, key=_AUDITED[table]))
    taking_up.link_what_is_there(connection, proof, kept=kept)
    found = taking_up.audit_what_is_there(connection, _AUDITED)
    context.config.attributes["found"] = taking_up.told(connection, proof, found)


def downgrade() -> None:
    """Bring the two earlier chains and the earlier audit back; what proves the record stays in the file."""
    connection = op.get_bind()
    _drop_audit(connection, list(_AUDITED))
    for table in _NEW:
        for name in ("no_replace", "no_replace_by_update"):
            connection.exec_driver_sql(f"DROP TRIGGER {table}_{name}")
    connection.exec_driver_sql("ALTER TABLE session_journals DROP COLUMN header_digest")
    connection.exec_driver_sql("ALTER TABLE credentials DROP COLUMN pin_digest")
    connection.exec_driver_sql("DROP TABLE treatment_events_chain")
    for log, key in (("treatment_events", "event_id"), ("safety_log", "log_id")):
        connection.exec_driver_sql(_EARLIER_CHAIN.format(log=log, key=key).strip())
        earlier_chains.adopt(connection, log)
        for trigger in _APPEND_ONLY:
            connection.exec_driver_sql(trigger.format(table=f"{log}_chain", key=key))
    _make_audit(connection, [table for table in _AUDITED if table not in _NEW], _EARLIER_VALUE)


def _make_tables(connection: Connection) -> None:
    _make_append_only(connection, _CHAIN_LINKS, "chain_links", "link_id")
    _make_append_only(connection, _HEADS, "heads", "head_id")
    for statement in (_OPERATIONS, _ACKNOWLEDGEMENTS, _RECORDING_HASHES, *_INDEXES):
        connection.exec_driver_sql(statement.strip())


def _make_append_only(connection: Connection, statement: str, table: str, key: str) -> None:
    connection.exec_driver_sql(statement.strip())
    for trigger in _APPEND_ONLY:
        connection.exec_driver_sql(trigger.format(table=table, key=key))


def _make_audit(connection: Connection, tables: Sequence[str], value: str) -> None:
    """Make the triggers that audit these tables; a row's values are said as the version says them."""
    for table in tables:
        key = _AUDITED[table]
        old, new = (_row(connection, table, row, value) for row in ("OLD", "NEW"))
        for action, event in _ACTIONS:
            said = _RECORD.format(
                table=table,
                key=key,
                action=action,
                event=event,
                row="OLD" if action == "delete" else "NEW",
                old="NULL" if action == "insert" else old,
                new="NULL" if action == "delete" else new,
            )
            connection.exec_driver_sql(said)
        if value == _EXACT_VALUE:
            connection.exec_driver_sql(_RECORD_NEW_KEY.format(table=table, key=key, old=old))


def _drop_audit(connection: Connection, tables: Sequence[str]) -> None:
    """Drop the triggers that audit these tables; one that somebody took away already is not missed."""
    for table in tables:
        for action in (*(action for action, _ in _ACTIONS), "new_key"):
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {table}_audit_{action}")


def _row(connection: Connection, table: str, row: str, value: str) -> str:
    names = [found[1] for found in connection.exec_driver_sql(f"PRAGMA table_info({table})")]
    audited = [name for name in names if name not in _KEPT_OUT]
    pairs = ", ".join(f"'{name}', {value.format(row=row, column=name)}" for name in audited)
    return f"json_object({pairs})"
