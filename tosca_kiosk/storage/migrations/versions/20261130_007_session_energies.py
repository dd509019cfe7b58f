"""Both energies of a session, and how much earlier light a site lets pass without a question.

sessions.total_energy_joules stays the measured energy, as its schema says. A blocked photodiode measures
nothing, so what counts as dose stands here: the larger of measured and commanded energy.
"""

from alembic import op

revision = "20261130_007"
down_revision = "20261122_006"

_ENERGIES = """
CREATE TABLE session_energies (
    session_id INTEGER PRIMARY KEY,
    measured_joules REAL,  -- by the photodiode; NULL where nobody knows
    commanded_joules REAL,  -- of the set currents; NULL in sessions from before it was recorded
    larger_joules REAL,  -- what counts as dose; NULL where the record does not tell it all

    FOREIGN KEY (session_id) REFERENCES sessions(session_id)
)"""

_AUDIT = """CREATE TRIGGER session_energies_audit_{action} AFTER {event} ON session_energies
BEGIN
    INSERT INTO audit_log
        (timestamp, operator_tech_id, source, table_name, row_key, action, old_values, new_values)
    VALUES (
        strftime('%Y-%m-%d %H:%M:%f', 'now') || '000',
        (SELECT operator_tech_id FROM audit_context),
        coalesce((SELECT source FROM audit_context), 'sql'),
        'session_energies', {row}.session_id, '{action}', {old}, {new}
    );
END"""

_ROW = (
    "json_object('session_id', {row}.session_id, 'measured_joules', {row}.measured_joules, "
    "'commanded_joules', {row}.commanded_joules, 'larger_joules', {row}.larger_joules)"
)
_OLD, _NEW = _ROW.format(row="OLD"), _ROW.format(row="NEW")

_TRIGGERS = (
    _AUDIT.format(action="insert", event="INSERT", row="NEW", old="NULL", new=_NEW),
    _AUDIT.format(action="update", event="UPDATE", row="NEW", old=_OLD, new=_NEW),
    _AUDIT.format(action="delete", event="DELETE", row="OLD", old=_OLD, new="NULL"),
    """CREATE TRIGGER session_energies_no_replace BEFORE INSERT ON session_energies
WHEN EXISTS (SELECT 1 FROM session_energies WHERE session_id = NEW.session_id)
BEGIN SELECT RAISE(ABORT, 'session_energies: such a row exists already; change it by UPDATE'); END""",
    """CREATE TRIGGER session_energies_no_replace_by_update BEFORE UPDATE ON session_energies
WHEN EXISTS (
    SELECT 1 FROM session_energies WHERE session_id <> OLD.session_id AND session_id = NEW.session_id
)
BEGIN SELECT RAISE(ABORT, 'session_energies: another row has this key already'); END""",
)

# Of closed sessions only the measured energy is stored, and a photodiode that was blocked told less than was
# given: what counts is unknown, but for a session whose whole journal told of no light at all. An open one
# gets its row when it is closed.
_FROM_BEFORE = (
    "INSERT INTO session_energies (session_id, measured_joules, commanded_joules, larger_joules) "
    "SELECT session_id, total_energy_joules, NULL, "
    "CASE WHEN total_laser_on_time_seconds = 0 AND total_energy_joules = 0 "
    "AND session_id IN (SELECT session_id FROM session_journals WHERE is_whole) THEN 0.0 END "
    "FROM sessions WHERE status NOT IN ('in_progress', 'paused') ORDER BY session_id"
)

_SETTING = (
    "INSERT INTO system_config (config_key, config_value, config_type, description) VALUES "
    "('earlier_dose_asked_above_joules', '0.0', 'float', "
    "'Earlier light of a patient above which a new session asks; 0: any')"
)


def upgrade() -> None:
    """Create the table with its triggers, fill it, and add the setting."""
    connection = op.get_bind()
    for statement in (_ENERGIES.strip(), *_TRIGGERS, _FROM_BEFORE, _SETTING):
        connection.exec_driver_sql(statement)


def downgrade() -> None:
    """Drop the table, whose commanded energies are lost with it, and take the setting away."""
    op.execute("DROP TABLE session_energies")
    op.execute("DELETE FROM system_config WHERE config_key = 'earlier_dose_asked_above_joules'")
