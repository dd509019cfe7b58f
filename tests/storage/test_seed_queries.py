"""The six common queries of the nine tables find what they should, by index."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.storage.cast import safety_event, treatment_event
from tosca_kiosk.domain.journal_lines import Summary
from tosca_kiosk.storage import calibrations, events, patients, protocols, sessions
from tosca_kiosk.storage.queries import QUERIES as ASKED

TEXT = (Path(__file__).parent / "seed_queries.sql").read_text(encoding="utf-8")
QUERIES = [part.strip() for part in re.split(r"^-- \d\. .*$", TEXT, flags=re.MULTILINE) if part.strip()]
DONE = Summary("completed", None, 60.0, 50.0, 5.0, 5.1, 250.0)


@pytest.fixture
def filled(database, now):
    """Twenty patients with three sessions each of two protocols, events, calibrations, safety events."""
    with database.transaction(1) as transaction:
        named = [protocols.add(transaction, name, "constant", "{}", now) for name in ("Gentle", "Strong")]
        for _ in range(20):
            patients.add(transaction, now, code=None)
        for number in range(60):
            fill_session(transaction, now + timedelta(hours=number), number, named[number % 3 % 2])
        for data in ("old", "new"):
            calibrations.add(
                transaction,
                calibrated_utc=now,
                tech_id=1,
                device_type="photodiode",
                device_serial="SIM-BOARD",
                calibration_type="photodiode_voltage_to_power",
                calibration_data=data,
            )
        for days in range(3):
            events.append_safety(transaction, now - timedelta(days=days), [(0.0, safety_event())])
    return database


def fill_session(transaction, start, number, protocol_id):
    started = sessions.start(
        transaction,
        patient_id=number % 20 + 1,
        tech_id=1,
        start_utc=start,
        protocol_name="as then",
        protocol_snapshot="{}",
        protocol_id=protocol_id,
        origin="sim",
    )
    timed = [(0.1 * (30 - tick), treatment_event(tick)) for tick in range(30)]
    events.append_treatment(transaction, started.session_id, start, timed)
    sessions.correct(transaction, started, DONE, told=True)


def run(database, number, *parameters):
    with database.reading() as reader:
        return reader.tuples(QUERIES[number - 1], parameters)


def plan(database, number, *parameters):
    with database.reading() as reader:
        rows = reader.tuples(f"EXPLAIN QUERY PLAN {QUERIES[number - 1]}", parameters)
        return " / ".join(row[3] for row in rows)


def test_the_program_has_the_six_of_the_document_to_the_letter():
    assert len(QUERIES) == 6
    assert [query.text for query in ASKED] == QUERIES
    assert [query.title for query in ASKED] == re.findall(r"^-- \d\. (.*)$", TEXT, flags=re.MULTILINE)


@pytest.mark.parametrize(("query", "written"), list(zip(ASKED, QUERIES, strict=True)), ids=range(1, 7))
def test_what_is_asked_differs_in_its_parameter_alone(query, written):
    asked = (
        query.named.replace(f":{query.parameter}", str(query.stands_for)) if query.parameter else query.named
    )
    assert f"{asked};" == written


def test_asked_by_the_program_the_answers_are_those_of_the_document(filled):
    session_id, patient_id = 7, 5
    with filled.reading() as reader:
        both = (
            (events.of_session(reader, session_id), run(filled, 3, session_id)),
            (protocols.usage(reader), run(filled, 6)),
            (ASKED[1].ask(reader, patient_id=patient_id), run(filled, 2, patient_id)),
            (ASKED[4].ask(reader), run(filled, 5)),
        )
        assert calibrations.newest_data(reader, "photodiode") == run(filled, 4)[0][0] == "new"
    for asked, found in both:
        assert [tuple(as_held(value) for value in one.row.values()) for one in asked] == [
            tuple(as_held(value) for value in row) for row in found
        ]
        assert found
    with filled.transaction() as transaction:
        patients.add(transaction, patients.get(filled, "P-2026-0001").created_date, code="P-2025-0001")
    [row] = run(filled, 1)
    assert patients.find(filled, "P-2025-0001").patient_id == row[0]


def as_held(value):
    if isinstance(value, datetime):
        return as_held(value.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds"))
    return value.removesuffix(".000000") if isinstance(value, str) else value


def test_odd_values_come_back_with_their_marks(filled):
    with closing(sqlite3.connect(filled.path, isolation_level=None)) as tool:
        tool.execute("UPDATE sessions SET start_time = 'noon', status = 'done' WHERE session_id = 5")
        tool.execute("UPDATE tech_users SET full_name = CAST(x'ff41' AS TEXT)")
        tool.execute("UPDATE patients SET gender = CAST(x'ff' AS TEXT) WHERE patient_id = 5")
    [*_, odd] = sorted(ASKED[1].ask(filled, patient_id=5), key=lambda one: len(one.marks))
    assert odd.row["start_time"] is None
    assert [mark.partition(":")[0] for mark in odd.marks] == ["start_time", "status", "technician"]
    assert patients.find(filled, "P-2026-0005").odd == ("gender: what stands there is no text in UTF-8",)


def test_1_a_patient_is_found_by_code(filled):
    with filled.transaction() as transaction:
        patients.add(transaction, patients.get(filled, "P-2026-0001").created_date, code="P-2025-0001")
    [row] = run(filled, 1)
    assert row[1] == "P-2025-0001"
    assert re.search(r"SEARCH patients USING INDEX \S+ \(patient_code=\?\)", plan(filled, 1))


def test_2_all_sessions_of_a_patient_come_newest_first(filled):
    rows = run(filled, 2, 5)
    assert [row[0] for row in rows] == [45, 25, 5]
    assert rows[0][3:] == ("completed", "as then", 250.0, "System Administrator")
    assert "SEARCH s USING INDEX idx_session_patient (patient_id=?)" in plan(filled, 2, 5)
    assert "SCAN" not in plan(filled, 2, 5)


def test_3_the_events_of_a_session_come_in_order_without_sorting(filled):
    rows = run(filled, 3, 7)
    assert [row[3] for row in rows] == [float(29 - tick) for tick in range(30)]
    assert plan(filled, 3, 7) == ("SEARCH treatment_events USING INDEX idx_event_session_time (session_id=?)")


def test_4_the_active_calibration_of_a_device_is_the_newest(filled):
    assert run(filled, 4) == [("new",)]
    assert re.search(r"USING INDEX idx_calib_\w+", plan(filled, 4))
    assert "SCAN calibrations /" not in plan(filled, 4)


def test_5_safety_events_of_the_last_day_are_found_by_time(filled):
    stamps = [row[0] for row in run(filled, 5)]
    assert stamps == sorted(stamps, reverse=True)
    assert plan(filled, 5) == "SEARCH safety_log USING INDEX idx_safety_timestamp (timestamp>?)"


def test_6_protocol_usage_counts_sessions_by_index(filled):
    rows = run(filled, 6)
    assert [(row[0], row[1], row[3]) for row in rows] == [("Gentle", 40, 40), ("Strong", 20, 20)]
    assert "SEARCH sessions USING COVERING INDEX idx_session_protocol (protocol_id=?)" in plan(filled, 6)
    assert "SEARCH p USING INDEX idx_protocol_active (is_active=?)" in plan(filled, 6)


def test_the_views_show_the_same_sessions(filled):
    assert len(filled.rows("SELECT * FROM patient_session_history")) == 60
    assert filled.rows("SELECT * FROM active_sessions") == []
    summary = filled.rows("SELECT * FROM safety_events_summary WHERE event_type = 'smoothing_device_fault'")
    assert [row["event_count"] for row in summary] == [1, 1, 1]
