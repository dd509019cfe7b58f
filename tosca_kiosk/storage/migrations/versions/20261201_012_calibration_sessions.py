"""Sessions that calibrate, with their events and what they found: beside treatments, never among them.

Events are audited row by row as any table here, and so they are in the one chain: a calibration has few of
them, where a treatment's need links over whole blocks. On the way down the tables stay in the file, with what
they hold.
"""

from alembic import context, op

from tosca_kiosk.storage import kept_tables
from tosca_kiosk.storage.kept_tables import KeptTable

revision = "20261201_012"
down_revision = "20261130_011"

_SESSIONS = """
CREATE TABLE calibration_sessions (
    calibration_session_id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,  -- of the procedure
    tech_id INTEGER NOT NULL,
    started_utc DATETIME NOT NULL,
    ended_utc DATETIME,
    status TEXT NOT NULL,  -- 'in_progress', 'completed', 'aborted'
    abort_reason TEXT,
    origin TEXT NOT NULL,  -- 'sim', 'real'
    folder_path TEXT NOT NULL,
    device_serials TEXT NOT NULL,  -- JSON: serial number by device
    rules_snapshot TEXT NOT NULL,  -- JSON: stations and bounds of the light, as it was run
    meter TEXT,  -- JSON: the reference meter, where one was read
    readings TEXT NOT NULL,  -- JSON: a list, saved after each
    verdict TEXT,  -- 'passed', 'failed'
    validation_data TEXT,  -- JSON: the judgement
    calibration_id INTEGER,  -- that it became
    continues_id INTEGER,  -- the interrupted one whose readings it takes over

    light_s REAL,
    bound_energy_j REAL,  -- as if the current gave the most that any module gives
    measured_energy_j REAL,

    head_hash TEXT,  -- of its journal: what was imported
    header_digest TEXT,
    tick_count INTEGER,
    is_whole BOOLEAN,
    imported_utc DATETIME,

    FOREIGN KEY (tech_id) REFERENCES tech_users(tech_id),
    FOREIGN KEY (calibration_id) REFERENCES calibrations(calibration_id),
    FOREIGN KEY (continues_id) REFERENCES calibration_sessions(calibration_session_id)
)"""

_EVENTS = """
CREATE TABLE calibration_events (
    event_id INTEGER PRIMARY KEY AUTOINCREMENT,
    calibration_session_id INTEGER NOT NULL,
    timestamp DATETIME NOT NULL,
    time_offset_ms INTEGER NOT NULL,
    event_type TEXT NOT NULL,  -- as of treatment_events
    laser_power_commanded_watts REAL,
    laser_power_actual_watts REAL,
    ring_size_mm REAL,
    actuator_position_um REAL,
    photodiode_voltage_v REAL,
    footpedal_state BOOLEAN,
    smoothing_device_state BOOLEAN,
    interlock_status TEXT,  -- JSON
    image_path TEXT,
    video_timestamp_ms INTEGER,
    event_details TEXT,  -- JSON

    FOREIGN KEY (calibration_session_id) REFERENCES calibration_sessions(calibration_session_id)
)"""

_VALUES = """
CREATE TABLE calibration_values (
    value_id INTEGER PRIMARY KEY AUTOINCREMENT,
    calibration_session_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    value REAL NOT NULL,
    unit TEXT NOT NULL,
    low REAL,  -- of its tolerance, NULL where it has none to that side
    high REAL,
    passed BOOLEAN NOT NULL,

    FOREIGN KEY (calibration_session_id) REFERENCES calibration_sessions(calibration_session_id)
)"""


def _columns(create: str) -> tuple[str, ...]:
    lines = (line.split() for line in create.splitlines()[2:-1])
    return tuple(words[0] for words in lines if words and words[0] != "FOREIGN")


_TABLES = {
    "calibration_sessions": KeptTable(
        create=_SESSIONS,
        key="calibration_session_id",
        columns=_columns(_SESSIONS),
        indexes=(
            "CREATE INDEX idx_calibration_session_tech ON calibration_sessions(tech_id)",
            "CREATE INDEX idx_calibration_session_status ON calibration_sessions(status)",
            "CREATE INDEX idx_calibration_session_calibration ON calibration_sessions(calibration_id)",
            "CREATE INDEX idx_calibration_session_continues ON calibration_sessions(continues_id)",
        ),
    ),
    "calibration_events": KeptTable(
        create=_EVENTS,
        key="event_id",
        columns=_columns(_EVENTS),
        indexes=("CREATE INDEX idx_calibration_event_session ON calibration_events(calibration_session_id)",),
        append_only=True,
    ),
    "calibration_values": KeptTable(
        create=_VALUES,
        key="value_id",
        columns=_columns(_VALUES),
        indexes=(
            "CREATE INDEX idx_calibration_value_session ON calibration_values(calibration_session_id)",
            "CREATE INDEX idx_calibration_value_name ON calibration_values(name)",
        ),
        append_only=True,
    ),
}


def upgrade() -> None:
    """Make the tables, or take up those that an earlier way down has left in the file."""
    kept_tables.make(op.get_bind(), _TABLES, context.config.attributes.setdefault("found", {}))


def downgrade() -> None:
    """Leave the tables where they are, with the triggers that prove them."""
