"""The tables of an export and all their columns: what the files, `schema.json` and EXPORTS.md are made of.

Whoever changes a column's name, type, unit or meaning counts SCHEMA_VERSION up.
"""

from __future__ import annotations

from typing import Final

from tosca_kiosk.exports.columns import Column, Kind, Pseudonymised, Table

SCHEMA_VERSION: Final = 1

_INTEGER, _NUMBER, _BOOLEAN = Kind.INTEGER, Kind.NUMBER, Kind.BOOLEAN
_TEXT, _JSON, _TIME, _DATE = Kind.TEXT, Kind.JSON, Kind.TIME, Kind.DATE
_OUT, _WORD, _REDUCED = Pseudonymised.LEFT_OUT, Pseudonymised.WORD, Pseudonymised.REDUCED
_PSEUDONYM: Final = Pseudonymised.PSEUDONYM

_SESSION: Final = Column("session_id", _INTEGER, "", "the session's number in the record", _PSEUDONYM)
_OFFSET: Final = Column("time_offset_ms", _INTEGER, "ms", "since the session's start")

SESSIONS: Final = Table(
    "sessions",
    "a treatment session",
    (
        _SESSION,
        Column("patient", _TEXT, "", "the patient's code", _PSEUDONYM),
        Column("patient_date_of_birth", _DATE, "", "", _OUT),
        Column(
            "patient_age_band", _TEXT, "years", "age when the session began: `0-9`, `10-19` ... `90+`", _WORD
        ),
        Column("patient_gender", _TEXT, "", "as it was entered", _WORD),
        Column("technician", _TEXT, "", "the technician's username", _PSEUDONYM),
        Column("protocol_name", _TEXT, "", "as it was then", _PSEUDONYM),
        Column("protocol", _JSON, "", "the protocol as it was treated by", _REDUCED),
        Column("origin", _TEXT, "", "`sim` for a simulated cart, `real`", _WORD),
        Column("start_time", _TIME, "", "", _OUT),
        Column("end_time", _TIME, "", "", _OUT),
        Column("start_day", _INTEGER, "d", "days (UTC) from the first session of the same patient"),
        Column("duration_seconds", _INTEGER, "s", "from start to end"),
        Column("status", _TEXT, "", "`completed`, `aborted`, `in_progress`, `paused`", _WORD),
        Column("abort_source", _TEXT, "", "the interlock whose fault ended it", _WORD),
        Column("abort_reason", _TEXT, "", "why it ended early, in words", _OUT),
        Column("treatment_site", _TEXT, "", "anatomical location", _OUT),
        Column("treatment_notes", _TEXT, "", "before the treatment", _OUT),
        Column("post_treatment_notes", _TEXT, "", "after it", _OUT),
        Column("total_laser_on_time_seconds", _NUMBER, "s", "with light"),
        Column("avg_power_watts", _NUMBER, "W", "measured, mean with light"),
        Column("max_power_watts", _NUMBER, "W", "measured, highest"),
        Column("total_energy_joules", _NUMBER, "J", "measured"),
        Column("first_session_id", _INTEGER, "", "the session whose rest this one finishes", _PSEUDONYM),
        Column("ticks", _INTEGER, "", "of control, in the session's journal"),
        Column("journal_is_whole", _BOOLEAN, "", "whether the journal has its end"),
        Column("late_ticks", _INTEGER, "", "begun later than one period"),
        Column("worst_late_ms", _NUMBER, "ms", "the latest begin of a tick"),
        Column("session_folder_path", _TEXT, "", "in the data directory", _OUT),
        Column("video_path", _TEXT, "", "in the data directory", _OUT),
    ),
)

TREATMENT_EVENTS: Final = Table(
    "treatment_events",
    "an event of a treatment, or one of the samples that are taken ten times a second",
    (
        Column("event_id", _INTEGER, "", "the row's number in the record", _OUT),
        _SESSION,
        Column("timestamp", _TIME, "", "", _OUT),
        _OFFSET,
        Column("event_type", _TEXT, "", "see SCHEMA.md of the record", _WORD),
        Column("is_sample", _BOOLEAN, "", "whether it is a sample and no event"),
        Column("laser_power_commanded_watts", _NUMBER, "W", "set point"),
        Column("laser_power_actual_watts", _NUMBER, "W", "from the photodiode"),
        Column("ring_size_mm", _NUMBER, "mm", "diameter, from the stage's position by its calibration"),
        Column("actuator_position_um", _NUMBER, "µm", "the stage's position"),
        Column("photodiode_voltage_v", _NUMBER, "V", ""),
        Column("footpedal_state", _BOOLEAN, "", "whether the pedal is pressed"),
        Column("smoothing_device_state", _BOOLEAN, "", "whether it runs and vibrates as it should"),
        Column("interlock_status", _JSON, "", "each lamp: whether it passes", _REDUCED),
        Column("image_path", _TEXT, "", "", _OUT),
        Column("video_timestamp_ms", _INTEGER, "ms", "in the recording"),
        Column("event_details", _JSON, "", "what belongs to the event's type", _REDUCED),
    ),
)

SAFETY_EVENTS: Final = Table(
    "safety_events",
    "a line of the safety log that belongs to one of the sessions",
    (
        Column("log_id", _INTEGER, "", "the line's number in the record", _OUT),
        _SESSION,
        Column("timestamp", _TIME, "", "", _OUT),
        _OFFSET,
        Column("technician", _TEXT, "", "the technician's username", _PSEUDONYM),
        Column("event_type", _TEXT, "", "see SCHEMA.md of the record", _WORD),
        Column("severity", _TEXT, "", "`info`, `warning`, `critical`, `emergency`", _WORD),
        Column("description", _TEXT, "", "in words", _OUT),
        Column("system_state", _TEXT, "", "`idle`, `ready`, `armed`, `treating`, `fault`", _WORD),
        Column("laser_state", _TEXT, "", "`on`, `off`, `unknown`", _WORD),
        Column("footpedal_state", _BOOLEAN, "", "whether the pedal is pressed"),
        Column("smoothing_device_state", _BOOLEAN, "", "whether it runs and vibrates as it should"),
        Column("photodiode_voltage_v", _NUMBER, "V", ""),
        Column("action_taken", _TEXT, "", "what the cart did", _WORD),
        Column("details", _JSON, "", "what belongs to the event's type", _REDUCED),
    ),
)

DEVIATIONS: Final = Table(
    "deviations",
    "a change of the plan while it was treated (`user_action` with a new value)",
    (
        _SESSION,
        Column("time_s", _NUMBER, "s", "since the session's start"),
        Column("action", _TEXT, "", "`protocol_power_override`, `protocol_ring_override`", _WORD),
        Column("old_value", _NUMBER, "W or mm", "of power or ring, before"),
        Column("new_value", _NUMBER, "W or mm", "after"),
        Column("treatment_clock_s", _NUMBER, "s", "where the treatment stood, of what changed the plan"),
        Column("reason", _TEXT, "", "as it was given", _OUT),
    ),
)

ENERGIES: Final = Table(
    "energies",
    "the energies of a session",
    (
        _SESSION,
        Column("planned_joules", _NUMBER, "J", "of the protocol that the session was opened with"),
        Column("planned_in_force_joules", _NUMBER, "J", "of what deviations made of it"),
        Column("measured_joules", _NUMBER, "J", "from the photodiode"),
        Column("commanded_joules", _NUMBER, "J", "from the set points"),
        Column("larger_joules", _NUMBER, "J", "the larger of both, which counts as dose; NULL: not known"),
    ),
)

AMENDMENTS: Final = Table(
    "amendments",
    "what was added to a session's site or notes later, which stand as they were",
    (
        Column("amendment_id", _INTEGER, "", "the row's number in the record", _OUT),
        Column("session_id", _INTEGER, "", "the session's number in the record", _OUT),
        Column("field", _TEXT, "", "the column of sessions that it amends", _OUT),
        Column("amendment", _TEXT, "", "", _OUT),
        Column("reason", _TEXT, "", "as it was given", _OUT),
        Column("technician", _TEXT, "", "the username of who amended it", _OUT),
        Column("amended_date", _TIME, "", "", _OUT),
    ),
)

RECORDED: Final = (SESSIONS, TREATMENT_EVENTS, SAFETY_EVENTS, DEVIATIONS, ENERGIES, AMENDMENTS)
"""What the record itself holds; beside it, on demand, the ticks of the journals (see ticks)."""


def shown(table: Table, *, pseudonymised: bool) -> Table | None:
    """Return a table with the columns that an export has; None where nothing of it is left."""
    columns = tuple(
        column for column in table.columns if not (pseudonymised and column.pseudonymised is _OUT)
    )
    return Table(table.name, table.meaning, columns) if columns else None
