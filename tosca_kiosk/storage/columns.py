"""What a text of the record may be, beyond its type: one of a few words, or JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from tosca_kiosk.domain.interlocks import ROLES
from tosca_kiosk.storage.values import from_column, shown

CHOICES: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("tech_users", "role"): ROLES,
    ("protocols", "protocol_type"): ("constant", "linear_ramp", "multi_step", "custom"),
    ("sessions", "status"): ("in_progress", "completed", "aborted", "paused"),
    ("session_recordings", "recording_type"): ("video", "snapshot", "focus_stack"),
    ("safety_log", "severity"): ("info", "warning", "critical", "emergency"),
    ("calibrations", "device_type"): ("laser", "actuator", "photodiode", "camera"),
    ("calibrations", "calibration_type"): (
        "actuator_position_to_ring_size",
        "photodiode_voltage_to_power",
        "laser_power_verification",
        "camera_focus_calibration",
        "ring_detection_calibration",
    ),
    ("system_config", "config_type"): ("string", "integer", "float", "boolean", "json"),
    ("session_journals", "origin"): ("sim", "real"),
    ("calibration_sessions", "status"): ("in_progress", "completed", "aborted"),
    ("calibration_sessions", "origin"): ("sim", "real"),
    ("calibration_sessions", "verdict"): ("passed", "failed"),
    ("session_amendments", "field"): ("treatment_site", "treatment_notes", "post_treatment_notes"),
    ("audit_log", "action"): ("insert", "update", "delete"),
    ("audit_log", "source"): ("application", "sql", "migration", "found"),
    ("chain_links", "log"): ("treatment_events", "safety_log", "audit_log"),
}
"""By table and column: the words that the schema names."""

JSON_COLUMNS: Final = frozenset(
    {
        ("protocols", "protocol_data"),
        ("sessions", "protocol_data_snapshot"),
        ("treatment_events", "interlock_status"),
        ("treatment_events", "event_details"),
        ("safety_log", "details"),
        ("calibrations", "calibration_data"),
        ("calibrations", "validation_data"),
        ("audit_log", "old_values"),
        ("audit_log", "new_values"),
        ("operations", "details"),
        ("heads", "counters"),
        ("calibration_sessions", "device_serials"),
        ("calibration_sessions", "rules_snapshot"),
        ("calibration_sessions", "meter"),
        ("calibration_sessions", "readings"),
        ("calibration_sessions", "validation_data"),
        ("calibration_events", "interlock_status"),
        ("calibration_events", "event_details"),
    }
)

UNSPOKEN: Final = frozenset(
    {
        ("credentials", "pin_hash"),
        ("credentials", "pin_digest"),
        ("patients", "date_of_birth"),
        ("patients", "gender"),
        ("patients", "notes"),
        ("sessions", "treatment_site"),
        ("sessions", "treatment_notes"),
        ("sessions", "post_treatment_notes"),
        ("session_amendments", "amendment"),
        ("audit_log", "old_values"),
        ("audit_log", "new_values"),
    }
)
"""Columns whose values are a secret, a patient's, or hold such a one: no message shows what stands there."""

NEEDED: Final = frozenset(
    (table, "is_active") for table in ("tech_users", "patients", "protocols", "calibrations")
)
"""Columns that the schema lets be NULL, which then says neither yes nor no."""


class Odd(NamedTuple):
    """A value that its column does not take. row: table, key column and key; why: holds the value."""

    row: str
    column: str
    why: str

    def __str__(self) -> str:
        return f"{self.row}, {self.column}: {self.why}"

    @property
    def in_its_row(self) -> str:
        """The same for whoever sees the row."""
        return f"{self.column}: {self.why}"


class Held(NamedTuple):
    """A row as it was found. odd: what in it is no value of its column.

    row: times aware UTC; None where a value is of another type than its column's; a text stays a text.
    """

    row: dict[str, Any]
    odd: tuple[Odd, ...]

    @property
    def marks(self) -> tuple[str, ...]:
        """What a record of the row says is odd in it."""
        return tuple(one.in_its_row for one in self.odd)


class Origin(NamedTuple):
    """Where a column that a SELECT shows comes from."""

    table: str
    column: str


def judged(table: str, kinds: dict[str, str], found: dict[str, Any]) -> Held:
    """Return what a row means that SQLite holds. kinds: declared types; the first column is the key."""
    key = next(iter(kinds))
    origins = {column: (Origin(table, column), kinds[column]) for column in found}
    return judged_row(f"{table}, {key} {shown(found.get(key))}", origins, found)


def judged_row(row_name: str, origins: Mapping[str, tuple[Origin, str]], found: dict[str, Any]) -> Held:
    """Return what a row of a SELECT means. origins: where each column comes from, with its declared type.

    A column without an origin was computed, and is what it is.
    """
    row, odd = dict(found), []
    for column, (origin, kind) in origins.items():
        held = found[column]
        row[column], why = from_column(kind, held)
        if why is None:
            why = _why_not(origin.table, origin.column, row[column])
        if why is not None:
            if origin in UNSPOKEN:
                why = why.replace(shown(held), "what stands there")
            odd.append(Odd(row=row_name, column=column, why=why))
    return Held(row, tuple(odd))


def _why_not(table: str, column: str, value: Any) -> str | None:
    """Say why a value of the right type is none of its column."""
    where = table, column
    if value is None:
        return "NULL is not 0 or 1" if where in NEEDED else None
    if where in CHOICES and value not in CHOICES[where]:
        return f"{shown(value)} is none of {', '.join(CHOICES[where])}"
    if where in JSON_COLUMNS and not _is_json(value):
        return f"{shown(value)} is no JSON"
    return None


def _is_json(text: str) -> bool:
    """Say whether a text is JSON."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
