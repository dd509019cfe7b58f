"""A wait after wrong PINs is counted in a run of the machine, and no longer ends by the wall clock.

A time by the wall clock locked an account for years where that was wrong, and turning it forward skipped the
wait. A wait under way begins anew with the run of the machine, as after every restart.
"""

from alembic import op

revision = "20261130_008"
down_revision = "20261130_007"

_AUDIT = """CREATE TRIGGER credentials_audit_{action} AFTER {event} ON credentials
BEGIN
    INSERT INTO audit_log
        (timestamp, operator_tech_id, source, table_name, row_key, action, old_values, new_values)
    VALUES (
        strftime('%Y-%m-%d %H:%M:%f', 'now') || '000',
        (SELECT operator_tech_id FROM audit_context),
        coalesce((SELECT source FROM audit_context), 'sql'),
        'credentials', {row}.tech_id, '{action}', {old}, {new}
    );
END"""
_ACTIONS = (("insert", "INSERT"), ("update", "UPDATE"), ("delete", "DELETE"))
_BEFORE = "tech_id failed_tries locked_until changed_date"
_AFTER = "tech_id failed_tries changed_date tried_boot_id tried_boot_s"


def upgrade() -> None:
    """Take the time of the wall clock away, and add the moment in a run of the machine."""
    _change(
        "ALTER TABLE credentials DROP COLUMN locked_until",
        "ALTER TABLE credentials ADD COLUMN tried_boot_id TEXT",
        "ALTER TABLE credentials ADD COLUMN tried_boot_s REAL",
        audited=_AFTER,
    )


def downgrade() -> None:
    """Bring the older table back; waits under way are lost, the count of wrong PINs stays."""
    _change(
        "ALTER TABLE credentials DROP COLUMN tried_boot_s",
        "ALTER TABLE credentials DROP COLUMN tried_boot_id",
        "ALTER TABLE credentials ADD COLUMN locked_until DATETIME",
        audited=_BEFORE,
    )


def _change(*statements: str, audited: str) -> None:
    """Change the table between the audit's triggers, which name its columns."""
    connection = op.get_bind()
    for action, _ in _ACTIONS:
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS credentials_audit_{action}")
    for statement in statements:
        connection.exec_driver_sql(statement)
    old, new = (_json(row, audited.split()) for row in ("OLD", "NEW"))
    for action, event in _ACTIONS:
        row = "OLD" if action == "delete" else "NEW"
        shown_old, shown_new = (
            ("NULL" if action == "insert" else old),
            ("NULL" if action == "delete" else new),
        )
        connection.exec_driver_sql(
            _AUDIT.format(action=action, event=event, row=row, old=shown_old, new=shown_new)
        )


def _json(row: str, columns: list[str]) -> str:
    pairs = ", ".join(f"'{column}', {row}.{column}" for column in columns)
    return f"json_object({pairs})"
