"""The record as it was: whatever is edited, by whom and how, every earlier state is read exactly."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing, suppress
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.storage import Database, StorageError, history
from tosca_kiosk.storage.as_of import Moment, moment_at, record_as_of, rewound
from tosca_kiosk.storage.audited import AUDITED, KEPT_OUT
from tosca_kiosk.storage.timestamps import from_utc_text

LOGS = ("audit_log", "chain_links", "heads", "treatment_events", "treatment_events_chain", "safety_log")
VIEWS = ("patient_session_history", "safety_events_summary")

# Columns that any tool may set to anything of their type; a REAL as the record has them.
REAL = st.floats(min_value=-1e15, max_value=1e15).filter(lambda x: x == 0.0 or abs(x) > 1e-15)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
EDITABLE = {
    ("patients", "notes"): TEXT | st.none(),
    ("protocols", "description"): TEXT | st.none(),
    ("protocols", "usage_count"): st.integers(-(2**63), 2**63 - 1),
    ("sessions", "total_energy_joules"): REAL | st.none(),
    ("session_energies", "larger_joules"): REAL | st.none(),
    ("system_config", "config_value"): TEXT,
    ("calibrations", "calibration_data"): TEXT,
    ("credentials", "failed_tries"): st.integers(0, 9),
    ("tech_users", "full_name"): TEXT,
}
EDITED = {*(table for table, _ in EDITABLE), "session_recordings"}
ROWS = ("added", "deleted", "another key")
EDITS = st.one_of(
    *(
        st.tuples(st.just(where), st.integers(0, 9), value, st.booleans())
        for where, value in EDITABLE.items()
    ),
    st.tuples(st.sampled_from(ROWS), st.integers(0, 9), st.integers(1000, 10**6), st.booleans()),
)


def edit(execute, edited):
    """Make one edit by any SQL executor; one that the record refuses changes nothing."""
    what, which, value, _ = edited
    if what == "added":
        execute(f"INSERT INTO patients (patient_code, notes) VALUES ('P-{value}', {value})")
        return
    if what == "deleted":
        execute(f"DELETE FROM session_recordings WHERE recording_id = {which}")
        execute(f"DELETE FROM system_config WHERE rowid = {which}")
        return
    if what == "another key":
        execute(f"UPDATE system_config SET config_key = 'key {value}' WHERE rowid = {which}")
        return
    table, column = what
    key = AUDITED[table]
    found = f"(SELECT {key} FROM {table} ORDER BY {key} LIMIT 1 OFFSET {which % 2})"
    execute(f"UPDATE {table} SET {column} = :value WHERE {key} = {found}", value=value)


def state(database):
    """Return all rows of all tables and views, but for what no audit keeps."""
    found = {}
    for name in (*AUDITED, *LOGS, *VIEWS):
        rows = database.rows(f"SELECT * FROM {name}")
        found[name] = sorted(
            (tuple((k, v) for k, v in row.items() if k not in KEPT_OUT) for row in rows), key=repr
        )
    return found


def by_history(database, table, audit_id):
    """Return the rows of a table at an audit row, from each row's own history."""
    keys = {
        row["row_key"] for row in database.rows(f"SELECT row_key FROM audit_log WHERE table_name = '{table}'")
    }
    rows = []
    for key in keys:
        past = [
            one for one in history.history(database, table, key, limit=10_000) if one.audit_id <= audit_id
        ]
        if past and past[-1].new is not None and str(past[-1].new[AUDITED[table]]) == key:
            rows.append(tuple(past[-1].new.items()))
    return sorted(rows, key=repr)


@pytest.fixture
def edited_record(filled, tmp_path):
    """A function that gives a fresh copy of the filled record's file."""
    count = iter(range(10**6))

    def copy():
        folder = tmp_path / str(next(count))
        folder.mkdir()
        shutil.copy(filled / "laser_control.db", folder)
        return folder / "laser_control.db"

    return copy


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=st.lists(EDITS, min_size=1, max_size=6))
def test_every_earlier_state_is_rebuilt_by_as_of_and_by_history_alike(edited_record, edits):
    path = edited_record()
    with Database.open(path) as database, closing(sqlite3.connect(path, isolation_level=None)) as tool:
        states = {}

        def keep():
            [row] = database.rows("SELECT max(audit_id) AS newest, max(timestamp) AS time FROM audit_log")
            states[row["newest"]] = Moment(row["newest"], row["time"]), state(database)

        keep()
        for one in edits:
            with suppress(StorageError, sqlite3.IntegrityError):  # refused: nothing was written
                if one[-1]:
                    edit(lambda sql, **named: tool.execute(sql, named), one)
                else:
                    with database.transaction(1, reason="tried out") as transaction:
                        edit(transaction.execute, one)
            keep()
        for audit_id, (moment, then) in states.items():
            with database.reading() as reader, rewound(reader, moment, AUDITED, logs=True):
                now = state(database)
            for name in (*AUDITED, "audit_log", *VIEWS):
                assert now[name] == then[name], name
            for table in EDITED:
                rebuilt = by_history(database, table, audit_id)
                known = {row[:1] for row in rebuilt}
                assert rebuilt == [row for row in then[table] if row[:1] in known], table


def next_millisecond():
    """Return a time behind all that was done; all that will be done has a later one by the audit's clock."""
    asked = utc_now()
    while utc_now() <= asked + timedelta(milliseconds=1):
        pass
    return asked


def later(database, minutes):
    """Return a moment of the record's own times."""
    [row] = database.rows("SELECT max(timestamp) AS newest FROM audit_log")
    return from_utc_text(row["newest"]) + timedelta(minutes=minutes)


def test_a_session_that_came_since_is_in_no_table_log_or_view(database, session, path, now):
    """The whole record, by a time: nothing of it is read from after."""
    before = state(database)
    when = next_millisecond()
    with database.transaction(1) as transaction:
        transaction.execute("UPDATE sessions SET status = 'aborted', abort_reason = 'tried out'")
        transaction.insert(
            "safety_log",
            timestamp=now + timedelta(days=400),
            event_type="interlock_failure",
            severity="warning",
            description="came since",
        )
        transaction.insert_rows(
            "treatment_events",
            ("session_id", "timestamp", "time_offset_ms", "event_type"),
            [(1, "2026-03-14 09:27:00.000000", 5, "laser_on")],
        )
    with record_as_of(database, when, utc_now()):
        assert state(database) == before
        assert database.find("sessions")[0]["status"] == "in_progress"
        [active] = database.rows("SELECT duration_seconds FROM active_sessions")
    assert active["duration_seconds"] == int(when.timestamp()) - int(now.timestamp())
    assert database.find("sessions")[0]["status"] == "aborted"
    assert database.rows("SELECT * FROM sqlite_temp_master") == []


def test_a_line_of_the_safety_log_that_came_by_itself_counts_by_its_time(database, now):
    def line(text, time):
        with database.transaction() as transaction:
            transaction.insert(
                "safety_log", timestamp=time, event_type="login_failed", severity="info", description=text
            )

    line("before", utc_now())
    asked = next_millisecond()
    line("after", next_millisecond())
    for _ in range(2):  # the newest change counts, and then it is followed by another
        with record_as_of(database, asked, utc_now()):
            assert [row["description"] for row in database.find("safety_log")][-1] == "before"
        with database.transaction(1) as transaction:
            transaction.execute("UPDATE system_config SET description = 'x'")


@pytest.mark.parametrize("minutes", [-60 * 24 * 365, 60 * 24 * 365 * 10])
def test_before_the_record_and_after_now_is_refused(database, minutes):
    with (
        pytest.raises(StorageError, match=r"laser_control\.db: .* (is before the record|is still to come)"),
        record_as_of(database, later(database, minutes), utc_now()),
    ):
        raise AssertionError


def test_the_numbers_of_the_audit_count_and_not_its_times(database, path):
    """A clock that went back leaves times out of order: what has the higher number came later."""
    with closing(sqlite3.connect(path, isolation_level=None)) as tool:
        tool.execute(
            "INSERT INTO audit_log (timestamp, source, table_name, row_key, action, old_values, new_values) "
            "VALUES ('2030-01-01 00:00:00', 'sql', 'patients', '1', 'insert', NULL, '{}')"
        )
        tool.execute("UPDATE system_config SET config_value = '30' WHERE config_key = 'video_fps'")
    with database.reading() as reader:
        [(newest,)] = reader.tuples("SELECT max(audit_id) FROM audit_log")
        assert moment_at(reader, later(database, 0), utc_now()).audit_id == newest
        assert moment_at(reader, utc_now(), utc_now()).audit_id == newest


@pytest.mark.parametrize(
    "said",
    [
        "{",
        "[1]",
        '{"notes": {"a": 1}}',
        '{"notes": [1]}',
        '{"notes": 99999999999999999999}',
        '{"notes": true}',
    ],
)
def test_an_audit_that_cannot_be_read_is_named_and_nothing_of_it_stays(database, session, path, said):
    when = next_millisecond()
    with closing(sqlite3.connect(path, isolation_level=None)) as tool:
        tool.execute(
            "INSERT INTO audit_log (timestamp, source, table_name, row_key, action, old_values, new_values) "
            "VALUES (strftime('%Y-%m-%d %H:%M:%f', 'now'), 'sql', 'patients', '1', 'update', ?, '{}')",
            (said,),
        )
    with (
        pytest.raises(
            StorageError, match=r"the audit of patients cannot be read .*; run tosca-kiosk db check"
        ),
        record_as_of(database, when, utc_now()),
    ):
        raise AssertionError
    assert database.rows("SELECT * FROM sqlite_temp_master") == []
    assert "old_values cannot be read" in history.history(database, "patients", "1", limit=9)[-1].odd[0]


def test_a_reason_that_another_tool_wrote_is_the_reason_of_nothing(database, path, now):
    with database.transaction(1, reason="as told") as transaction:
        transaction.execute("UPDATE system_config SET description = 'x' WHERE config_key = 'video_fps'")
    with closing(sqlite3.connect(path, isolation_level=None)) as tool:
        tool.execute("INSERT INTO audit_context VALUES (1, 1, 'application')")
        tool.execute("UPDATE system_config SET description = 'y' WHERE config_key = 'video_fps'")
        for first, last in ((1, "max(audit_id)"), (1, 1), ("max(audit_id) - 3", "max(audit_id) - 3")):
            tool.execute(
                "INSERT INTO change_reasons (first_audit_id, last_audit_id, reason) "
                f"SELECT {first}, {last}, 'forged' FROM audit_log"
            )
    with database.transaction(1):
        pass  # links what is there, late
    told = history.history(database, "system_config", "video_fps", limit=9)
    assert [change.reason for change in told[-2:]] == ["as told", None]
    assert "forged" not in {change.reason for change in history.changes(database, limit=10_000)}
