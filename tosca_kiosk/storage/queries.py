"""The six common queries of the user's schema, to the letter, and how the program asks them.

What stands for a value in them, a `?` or an example, becomes a parameter with a name; nothing else differs.
`tests/storage/seed_queries.sql` is the document's text, which a test holds these to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tosca_kiosk.storage.columns import Held, Origin
from tosca_kiosk.storage.database import Database
from tosca_kiosk.storage.door import Reader


@dataclass(frozen=True, slots=True)
class Query:
    """One of the six. title: the document's; table: whose columns it shows.

    stands_for: what in the text stands for a value, None where nothing is asked; parameter: its name.
    renamed: the shown columns that are no column of the table, with where they come from; None: counted.
    """

    name: str
    title: str
    table: str
    text: str
    stands_for: str | None = None
    parameter: str = ""
    renamed: Mapping[str, Origin | None] = field(default_factory=dict)

    @property
    def named(self) -> str:
        """The text with `:parameter` in place of what stands for a value."""
        statement = self.text.removesuffix(";")
        if self.stands_for is None:
            return statement
        return statement.replace(self.stands_for, f":{self.parameter}")

    def ask(self, reader: Database | Reader, **values: Any) -> list[Held]:
        """Return the rows, each with what is odd in it. values: of the parameter, by its name."""
        return reader.held_rows(self.named, self.table, self.renamed, **values)


PATIENT_BY_CODE: Final = Query(
    name="patient_by_code",
    title="Find Patient by Code",
    table="patients",
    text="""SELECT * FROM patients
WHERE patient_code = 'P-2025-0001';""",
    stands_for="'P-2025-0001'",
    parameter="patient_code",
)
SESSIONS_OF_PATIENT: Final = Query(
    name="sessions_of_patient",
    title="Get All Sessions for Patient",
    table="sessions",
    text="""SELECT
    s.session_id,
    s.start_time,
    s.end_time,
    s.status,
    s.protocol_name,
    s.total_energy_joules,
    t.full_name as technician
FROM sessions s
JOIN tech_users t ON s.tech_id = t.tech_id
WHERE s.patient_id = ?
ORDER BY s.start_time DESC;""",
    stands_for="?",
    parameter="patient_id",
    renamed={"technician": Origin("tech_users", "full_name")},
)
EVENTS_OF_SESSION: Final = Query(
    name="events_of_session",
    title="Get Treatment Events for Session",
    table="treatment_events",
    text="""SELECT
    timestamp,
    event_type,
    laser_power_commanded_watts,
    laser_power_actual_watts,
    ring_size_mm,
    photodiode_voltage_v
FROM treatment_events
WHERE session_id = ?
ORDER BY time_offset_ms;""",
    stands_for="?",
    parameter="session_id",
)
ACTIVE_CALIBRATION: Final = Query(
    name="active_calibration",
    title="Get Active Calibration for Device",
    table="calibrations",
    text="""SELECT calibration_data
FROM calibrations
WHERE device_type = 'photodiode'
  AND is_active = 1
ORDER BY calibration_date DESC
LIMIT 1;""",
    stands_for="'photodiode'",
    parameter="device_type",
)
SAFETY_OF_LAST_DAY: Final = Query(
    name="safety_of_last_day",
    title="Safety Events in Last 24 Hours",
    table="safety_log",
    text="""SELECT
    timestamp,
    event_type,
    severity,
    description,
    session_id
FROM safety_log
WHERE timestamp >= datetime('now', '-1 day')
ORDER BY timestamp DESC;""",
)
PROTOCOL_USAGE: Final = Query(
    name="protocol_usage",
    title="Protocol Usage Statistics",
    table="protocols",
    text="""SELECT
    protocol_name,
    usage_count,
    last_used_date,
    (SELECT COUNT(*) FROM sessions WHERE protocol_id = p.protocol_id) as actual_usage
FROM protocols p
WHERE is_active = 1
ORDER BY usage_count DESC;""",
    renamed={"actual_usage": None},
)

QUERIES: Final = (
    PATIENT_BY_CODE,
    SESSIONS_OF_PATIENT,
    EVENTS_OF_SESSION,
    ACTIVE_CALIBRATION,
    SAFETY_OF_LAST_DAY,
    PROTOCOL_USAGE,
)
"""In the document's order."""
