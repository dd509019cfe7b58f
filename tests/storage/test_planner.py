"""By which indexes SQLite answers what is asked every day: every record is given the same statistics."""

from __future__ import annotations

import re
import shutil
import sqlite3
from contextlib import closing

import pytest

from tosca_kiosk.storage import Database, check, make_backup
from tosca_kiosk.storage.queries import QUERIES

SAMPLES = "SELECT time_offset_ms FROM treatment_events WHERE session_id = ? AND event_type = 'power_change'"
ASKED = {
    **dict(zip((query.name for query in QUERIES), (query.text for query in QUERIES), strict=True)),
    "active_sessions": "SELECT * FROM active_sessions",
    "patient_session_history": "SELECT * FROM patient_session_history",
    "history of one": "SELECT * FROM patient_session_history WHERE patient_id = ?",
    "samples": SAMPLES,
    "samples in order": f"{SAMPLES} ORDER BY event_id",
    "kinds of a session": "SELECT event_type, count(*) FROM treatment_events WHERE session_id = ? GROUP BY 1",
    "lines of a session": "SELECT count(*) FROM safety_log WHERE session_id = ? AND severity = 'critical'",
    "changes of a row": "SELECT * FROM audit_log WHERE table_name = ? AND row_key = ? ORDER BY audit_id",
    "changes by": "SELECT * FROM audit_log WHERE operator_tech_id = ? AND table_name = ? ORDER BY audit_id",
    "open sessions": "SELECT * FROM sessions WHERE status IN ('in_progress', 'paused') AND tech_id = ?",
}
USED = {
    "patient_by_code": {"idx_patient_code"},
    "sessions_of_patient": {"idx_session_patient"},
    "events_of_session": {"idx_event_session_time"},
    "active_calibration": {"idx_calib_active"},
    "safety_of_last_day": {"idx_safety_timestamp"},
    "protocol_usage": {"idx_protocol_active", "idx_session_protocol"},
    "active_sessions": {"idx_session_status"},
    "patient_session_history": {"idx_session_patient"},
    "history of one": {"idx_session_patient"},
    "samples": {"idx_event_session"},
    "samples in order": {"idx_event_session"},
    "kinds of a session": {"idx_event_session"},
    "lines of a session": {"idx_safety_session"},
    "changes of a row": {"idx_audit_row"},
    "changes by": {"idx_audit_operator"},
    "open sessions": {"idx_session_status"},
}


def indexes_used(path, sql):
    with closing(sqlite3.connect(path)) as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {sql}", ["1"] * sql.count("?")).fetchall()
    return set(re.findall(r"INDEX (idx_\w+)", " ".join(row[3] for row in plan)))


def statistics(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT tbl, idx, stat FROM sqlite_stat1 ORDER BY 1, 2").fetchall()


@pytest.mark.parametrize("what", ASKED)
def test_what_is_asked_every_day_is_found_by_the_index_that_is_meant_for_it(what, empty_file):
    assert indexes_used(empty_file, ASKED[what]) == USED[what]


def test_of_each_table_with_statistics_every_index_has_its_own(empty_file):
    """One without would count as the best of all: whoever adds an index says how many rows share its key."""
    told = statistics(empty_file)
    with closing(sqlite3.connect(empty_file)) as connection:
        indexes = [
            (table, index)
            for table in sorted({table for table, _, _ in told})
            for _, index, *_ in connection.execute(f"PRAGMA index_list({table})")
        ]
    assert [(table, index) for table, index, _ in told] == sorted(indexes)
    assert {"treatment_events", "safety_log", "audit_log", "sessions"} <= {table for table, _, _ in told}


def test_a_backup_has_them_and_a_way_down_and_up_gives_them_again(database, path, tmp_path, now):
    given = statistics(path)
    with closing(sqlite3.connect(make_backup(path, tmp_path / "backups", now))) as saved:
        assert saved.execute("SELECT count(*) FROM sqlite_stat1").fetchone() == (len(given),)
    database.migrate("20261130_009")
    with closing(sqlite3.connect(path)) as tool:
        tool.execute("DELETE FROM sqlite_stat1")
        tool.commit()
    database.migrate("head")
    assert statistics(path) == given
    assert check(database).problems == ()


def test_what_another_tool_counts_in_their_place_is_no_damage(empty_file, tmp_path):
    path = tmp_path / "laser_control.db"
    shutil.copy(empty_file, path)
    with closing(sqlite3.connect(path)) as tool:
        tool.execute("ANALYZE")
        tool.commit()
    with Database.open(path) as database:
        assert check(database).problems == ()
