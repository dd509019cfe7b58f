"""No SQLite tool can change, delete or replace a row of the logs unseen; the chain names what was done."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from tests.storage.cast import safety_event, treatment_event
from tests.storage.refusal import refused
from tosca_kiosk.storage import check, events

KEYS = {
    "treatment_events": "event_id",
    "safety_log": "log_id",
    "treatment_events_chain": "event_id",
    "chain_links": "link_id",
}
LOGS = ("treatment_events", "safety_log")


@pytest.fixture
def filled(database, session, now):
    """Thirty events and, with the row that made the database, four safety events."""
    with database.transaction(1) as transaction:
        timed = [(0.1 * number, treatment_event(number)) for number in range(30)]
        events.append_treatment(transaction, session.session_id, now, timed)
        events.append_safety(transaction, now, [(0.5 * number, safety_event()) for number in range(3)])
    return database


@pytest.fixture
def tool(filled, path):
    """Some SQLite tool, with SQLite's defaults."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


def without_triggers(tool, log, statement):
    """Do what somebody does who knows about the triggers and puts them back."""
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name GLOB ?"
    triggers = tool.execute(query, (f"{log}*",)).fetchall()
    triggers += tool.execute(query, ("chain_links",)).fetchall()
    assert len(triggers) in (8, 12)
    for name, _ in triggers:
        tool.execute(f"DROP TRIGGER {name}")
    tool.execute(statement)
    for _, sql in triggers:
        tool.execute(sql)


@pytest.mark.parametrize("recursive_triggers", ["OFF", "ON"])
@pytest.mark.parametrize("table", KEYS)
def test_update_delete_and_replace_fail_for_any_tool(tool, table, recursive_triggers):
    key = KEYS[table]
    tool.execute(f"PRAGMA recursive_triggers={recursive_triggers}")
    before = tool.execute(f"SELECT * FROM {table}").fetchall()
    columns = [row[1] for row in tool.execute(f"PRAGMA table_info({table})")]
    assert len(before) > 2
    again = f"INTO {table} SELECT * FROM {table} WHERE {key} = 2"
    for statement in (
        f"UPDATE {table} SET {columns[1]} = 'x'",
        f"UPDATE OR IGNORE {table} SET {columns[1]} = 'x'",
        f"UPDATE OR REPLACE {table} SET {key} = 1 WHERE {key} = 2",
        f"DELETE FROM {table} WHERE {key} = 2",
        f"DELETE FROM {table}",
        f"INSERT OR REPLACE {again}",
        f"REPLACE {again}",
        f"INSERT OR IGNORE {again}",
        f"INSERT {again} ON CONFLICT DO UPDATE SET {columns[1]} = 'x'",
        f"INSERT INTO {table} SELECT -1, {', '.join(columns[1:])} FROM {table} LIMIT 1",
    ):
        with pytest.raises(sqlite3.IntegrityError, match=f"{table} is append-only"):
            tool.execute(statement)
    assert tool.execute(f"SELECT * FROM {table}").fetchall() == before


def test_an_untouched_database_passes_every_check(filled):
    report = check(filled)
    assert report.problems == ()
    assert report.rows["treatment_events"] == 30
    assert report.rows["safety_log"] == 4
    assert report.links == 1 + 4 + report.rows["audit_log"]


def test_the_chain_goes_on_over_transactions_and_openings(filled, session, now):
    heads = [check(filled).head]
    for _ in range(2):
        with filled.transaction() as transaction:
            events.append_treatment(transaction, session.session_id, now, [(9.0, treatment_event(9))])
        heads.append(check(filled).head)
    assert check(filled).problems == ()
    assert len(set(heads)) == 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE {log} SET event_type = 'x' WHERE {key} = 2", "row {key} 2 is not what was written"),
        (
            "UPDATE {log} SET photodiode_voltage_v = NULL WHERE {key} = 2",
            "row {key} 2 is not what was written",
        ),
        (
            "UPDATE {log} SET photodiode_voltage_v = 9e999 WHERE {key} = 2",
            "row {key} 2 is not what was written",
        ),
        ("UPDATE {log} SET footpedal_state = 0 WHERE {key} = 2", "row {key} 2 is not what was written"),
        ("DELETE FROM {log} WHERE {key} = 2", "row {key} 2 is missing"),
        ("DELETE FROM {log} WHERE {key} > 2", "row {key} 3 is missing"),
        ("UPDATE {log} SET {key} = 99 WHERE {key} = 2", "row {key} 2 is missing"),
    ],
)
@pytest.mark.parametrize("log", LOGS)
def test_the_first_row_that_was_touched_is_named(filled, tool, log, statement, problem):
    key = KEYS[log]
    without_triggers(tool, log, statement.format(log=log, key=key))
    named = [said for said in check(filled).problems if said.startswith(f"{log}: ")]
    assert named == [f"{log}: {problem.format(key=key)}"]


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        (
            "DELETE FROM treatment_events_chain WHERE event_id = 2",
            "treatment_events: row event_id 2 was put in",
        ),
        (
            "UPDATE treatment_events_chain SET hash = zeroblob(32) WHERE event_id = 3",
            "treatment_events: row event_id 3 is not what was written",
        ),
        (
            "INSERT INTO treatment_events_chain VALUES (31, x'00')",
            "treatment_events: row event_id 31 is missing",
        ),
        ("DELETE FROM chain_links WHERE link_id = 3", "chain_links: link 3 is missing"),
    ],
)
def test_a_hash_or_a_link_that_was_touched_is_named(filled, tool, statement, problem):
    without_triggers(tool, "treatment_events", statement)
    assert check(filled).damage == (problem,)


@pytest.mark.parametrize("log", LOGS)
def test_rows_cut_off_the_end_with_their_hashes_are_missed(filled, tool, log):
    key = KEYS[log]
    number = len(tool.execute(f"SELECT * FROM {log}").fetchall())
    without_triggers(tool, log, f"DELETE FROM {log} WHERE {key} = {number}")
    assert check(filled).damage[0] == f"{log}: row {key} {number} is missing"
    without_triggers(
        tool, "treatment_events", f"DELETE FROM treatment_events_chain WHERE event_id = {number}"
    )
    without_triggers(tool, log, f"DELETE FROM chain_links WHERE log = '{log}' AND last_row = {number}")
    assert f"{log}: rows after {key} {number - 1}, up to {number}, are missing" in check(filled).damage


def test_a_row_that_a_tool_added_is_an_edit_and_ours_go_on_after_it(filled, tool, session, now):
    tool.execute(
        "INSERT INTO treatment_events (session_id, timestamp, time_offset_ms, event_type) "
        "VALUES (1, '2026-01-01 00:00:00', 5, 'laser_on')"
    )
    edit = (
        "edited by another program: treatment_events, event_id 31: was not written by this program "
        "(2026-01-01 00:00:00)"
    )
    assert check(filled).problems == (edit,)
    with filled.transaction() as transaction:
        events.append_treatment(transaction, session.session_id, now, [(9.0, treatment_event(9))])
    assert check(filled).problems == (edit,)
    assert check(filled).rows["treatment_events"] == 32


def test_a_trigger_that_was_taken_away_is_noticed(filled, tool):
    tool.execute("DROP TRIGGER safety_log_no_update")
    tool.execute("DROP INDEX idx_session_protocol")
    tool.execute("CREATE TABLE notes (text TEXT)")
    assert check(filled).problems == (
        "schema: index idx_session_protocol is missing",
        "schema: trigger safety_log_no_update is missing",
        "schema: table notes is not of this program",
    )


def test_a_changed_trigger_is_noticed(filled, tool):
    tool.execute("DROP TRIGGER safety_log_no_update")
    tool.execute("CREATE TRIGGER safety_log_no_update BEFORE UPDATE ON safety_log BEGIN SELECT 1; END")
    assert check(filled).problems == ("schema: trigger safety_log_no_update is not as this program makes it",)


def test_a_dangling_key_is_named(filled, tool):
    tool.execute("UPDATE patients SET created_by_tech_id = 77")
    assert check(filled).damage == ("foreign key: row 1 of patients points at a missing row of tech_users",)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_cannot_be_kept_stops_the_whole_append(filled, session, now, value):
    with refused("no log can keep"), filled.transaction() as transaction:
        timed = [(1.0, treatment_event(1)), (2.0, treatment_event(value))]
        events.append_treatment(transaction, session.session_id, now, timed)
    assert check(filled).rows["treatment_events"] == 30


def test_numbers_are_hashed_as_sqlite_gives_them_back(filled, session, now):
    odd = (-0.0, 5, 1e300, 5e-324, 2.0**60, 0.1 + 0.2)
    with filled.transaction() as transaction:
        timed = [(0.0, treatment_event(value)) for value in odd]
        events.append_treatment(transaction, session.session_id, now, timed)
    assert check(filled).problems == ()


def test_an_unknown_severity_is_refused(filled, now):
    with refused("severity 'bad'; allowed: info, warning"), filled.transaction() as transaction:
        events.append_safety(transaction, now, [(0.0, safety_event(severity="bad"))])


def test_rows_hold_naive_utc_and_the_columns_of_the_document(filled):
    row = filled.rows("SELECT * FROM treatment_events WHERE event_id = 12")[0]
    assert row == {
        "event_id": 12,
        "session_id": 1,
        "timestamp": "2026-03-14 09:26:54.689793",
        "time_offset_ms": 1100,
        "event_type": "power_change",
        "laser_power_commanded_watts": 5.0,
        "laser_power_actual_watts": 11.0,
        "ring_size_mm": 3.0,
        "actuator_position_um": 1000.0,
        "photodiode_voltage_v": 2.5,
        "footpedal_state": 1,
        "smoothing_device_state": 0,
        "interlock_status": '{"pedal":true,"smoothing":false}',
        "image_path": None,
        "video_timestamp_ms": None,
        "event_details": '{"sample":true}',
    }
    assert filled.rows("SELECT session_id, tech_id FROM safety_log WHERE log_id = 2") == [
        {"session_id": None, "tech_id": None}
    ]
