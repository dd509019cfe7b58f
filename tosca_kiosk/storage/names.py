"""The names that a record knows, for whoever completes what is being typed: quick, and never an error."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

_WAIT_S: Final = 0.1
"""Beside a program that keeps readers off nobody waits for longer."""
_AT_MOST: Final = 500

NAMES: Final = {
    "patients": "SELECT patient_code FROM patients ORDER BY patient_id DESC",
    "protocols": "SELECT protocol_name FROM protocols ORDER BY protocol_name",
    "users": "SELECT username FROM tech_users ORDER BY username",
    "calibration_numbers": "SELECT calibration_id FROM calibrations ORDER BY calibration_id DESC",
    "calibration_values": "SELECT DISTINCT name FROM calibration_values ORDER BY name",
    "calibration_sessions": "SELECT calibration_session_id FROM calibration_sessions ORDER BY 1 DESC",
    "sessions": "SELECT session_id FROM sessions ORDER BY session_id DESC",
    "safety": "SELECT DISTINCT event_type FROM safety_log ORDER BY event_type",
    "calibrations": "SELECT device_type FROM calibrations UNION SELECT calibration_type FROM calibrations "
    "UNION SELECT device_serial_number FROM calibrations ORDER BY 1",
}
"""By kind, what finds the names; of those that grow in number the newest first."""


def names_of(path: Path, kind: str, beginning: str) -> list[str]:
    """Return the names of a kind with this beginning in the record at path, none where it cannot be read."""
    try:
        uri = f"{path.resolve().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, timeout=_WAIT_S, uri=True)) as connection:
            found = [str(name) for (name,) in connection.execute(NAMES[kind]) if name is not None]
    except (sqlite3.Error, OSError, ValueError):
        return []
    return [name for name in found if name.startswith(beginning)][:_AT_MOST]
