"""Tables for people: on a narrow terminal they are broken between words, not in a code or a day."""

from __future__ import annotations

from datetime import datetime

import pytest

from tosca_kiosk.cli.tables import table_text

NOON = datetime(2026, 11, 30, 12)
SESSIONS = (
    ("Session", "Patient", "Started (UTC)", "Status", "Protocol", "Light s", "Dose J", "Technician", "Part"),
    [(12, "P-2026-0001", NOON, "completed", "Warm-up, treatment, cool-down", 150.1, 565.3, "Jane Doe", "")],
)
SETTINGS = (
    ("Key", "Value", "Allowed", "Set by", "Set (UTC)"),
    [("photodiode_warning_threshold_percent", "15.0", "a path inside the data directory", "sue", NOON)],
)
CALIBRATIONS = (
    ("Number", "Calibration", "Device", "Serial number", "Made (UTC)", "Days old", "Due (UTC)", "Overdue"),
    [(3, "actuator_position_to_ring_size", "interlock board", "SIM-LASER", NOON, 0, "2027-11-30", False)],
)


def shown(monkeypatch, columns, table):
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = table_text(*table).splitlines()
    assert max(map(len, lines)) <= columns
    return lines


@pytest.mark.parametrize(
    ("table", "whole"),
    [
        (SESSIONS, ["Technician", "P-2026-0001", "2026-11-30", "12:00", "completed", "treatment,", "Jane"]),
        (SETTINGS, ["photodiode_warning_threshold_percent", "directory", "2026-11-30"]),
        (CALIBRATIONS, ["actuator_position_", "to_ring_size", "SIM-LASER", "2027-11-30", "interlock"]),
    ],
)
def test_at_80_columns_no_code_day_or_word_is_torn(monkeypatch, table, whole):
    words = " ".join(shown(monkeypatch, 80, table)).split()
    assert set(whole) <= set(words)


def test_a_wide_terminal_has_each_row_in_a_line(monkeypatch):
    assert len(shown(monkeypatch, 200, SESSIONS)) == 3
    assert "P-2026-0001   2026-11-30 12:00   completed   Warm-up" in shown(monkeypatch, 200, SESSIONS)[2]


def test_what_is_too_wide_for_any_break_is_folded_and_nothing_is_lost(monkeypatch):
    lines = shown(monkeypatch, 20, (("Key", "Value"), [("x" * 30, "z" * 30)]))
    assert "".join(lines).count("x") == "".join(lines).count("z") == 30
