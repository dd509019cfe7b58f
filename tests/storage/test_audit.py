"""Every change of every table but the logs leaves who, when, what and from where."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from tosca_kiosk.storage import patients, schema, users
from tosca_kiosk.storage.audited import AUDITED

LOGS = {"treatment_events", "safety_log", "treatment_events_chain", "chain_links", "heads"}
OF_THE_AUDIT = {"audit_log", "audit_context"}


@pytest.fixture
def tool(database, session, path):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys=ON")
        yield connection


def newest(database):
    return database.find("audit_log", order_by="-audit_id", limit=1)[0]


def test_every_table_but_the_logs_is_audited():
    objects = schema.expected_objects()
    tables = {name for kind, name in objects if kind == "table"} - LOGS - OF_THE_AUDIT
    assert tables == set(AUDITED)
    for table in tables:
        for action in ("insert", "update", "delete"):
            body = objects["trigger", f"{table}_audit_{action}"]
            assert f"AFTER {action.upper()} ON {table}" in body


def test_the_record_holds_every_column_but_the_hash_of_a_pin(path):
    with closing(sqlite3.connect(path)) as connection:
        for (kind, name), sql in schema.expected_objects().items():
            if kind != "trigger" or "_audit_" not in name:
                continue
            table = name.partition("_audit_")[0]
            columns = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")} - {"pin_hash"}
            assert {column for column in columns if f"'{column}', " in sql} == columns
            assert "pin_hash" not in sql


def test_our_change_names_its_operator(database, session, now):
    with database.transaction(operator_id=1) as transaction:
        patients.change(transaction, 1, now, notes="left-handed")
    row = newest(database)
    old, new = json.loads(row["old_values"]), json.loads(row["new_values"])
    assert (row["operator_tech_id"], row["source"], row["action"]) == (1, "application", "update")
    assert (row["table_name"], row["row_key"]) == ("patients", "1")
    assert {key for key in old if old[key] != new[key]} == {"notes", "last_modified_date"}
    assert (old["notes"], new["notes"]) == (None, "left-handed")


def test_our_change_without_an_operator_says_so(database, now):
    with database.transaction() as transaction:
        patients.add(transaction, now)
    row = newest(database)
    assert (row["operator_tech_id"], row["source"], row["old_values"]) == (None, "application", None)


def test_a_change_by_any_sqlite_tool_is_recorded_as_sql(database, tool):
    tool.execute("UPDATE patients SET notes = 'by hand'")
    row = newest(database)
    assert (row["operator_tech_id"], row["source"]) == (None, "sql")
    tool.execute("DELETE FROM session_journals")
    row = newest(database)
    assert (row["action"], row["new_values"]) == ("delete", None)
    assert json.loads(row["old_values"])["origin"] == "sim"


def test_nobody_else_ever_sees_our_operator(database, tool):
    with database.transaction(operator_id=1) as transaction:
        transaction.insert("patients", patient_code="P-2026-0777")
        assert tool.execute("SELECT * FROM audit_context").fetchall() == []
    assert tool.execute("SELECT * FROM audit_context").fetchall() == []


def test_what_was_rolled_back_is_not_audited(database, session):
    before = len(database.find("audit_log"))

    def fail():
        with database.transaction() as transaction:
            transaction.insert("patients", patient_code="P-2026-0777")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert len(database.find("audit_log")) == before


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT OR REPLACE INTO patients (patient_id, patient_code) VALUES (1, 'P-2026-0009')",
        "REPLACE INTO patients (patient_code) VALUES ('P-2026-0001')",
        "UPDATE OR REPLACE patients SET patient_code = 'P-2026-0001' WHERE patient_id = 2",
        "UPDATE OR REPLACE patients SET patient_id = 1 WHERE patient_id = 2",
        "REPLACE INTO system_config VALUES ('video_fps', '1', 'integer', NULL, NULL, NULL)",
        "REPLACE INTO session_parts VALUES (9, 1)",
        "UPDATE OR REPLACE session_parts SET first_session_id = 1 WHERE session_id = 4",
    ],
)
def test_a_row_cannot_be_replaced_without_a_trace(tool, statement):
    tool.execute("INSERT INTO patients (patient_code) VALUES ('P-2026-0002')")
    tool.execute("PRAGMA foreign_keys=OFF")
    tool.execute("INSERT INTO session_parts VALUES (2, 1), (4, 3)")
    with pytest.raises(
        sqlite3.IntegrityError, match=r"exists already|has this key already|second part already"
    ):
        tool.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET operator_tech_id = 1",
        "DELETE FROM audit_log",
        "INSERT OR REPLACE INTO audit_log SELECT * FROM audit_log WHERE audit_id = 2",
        "INSERT INTO audit_log SELECT -1, timestamp, operator_tech_id, source, table_name, row_key, action, "
        "old_values, new_values FROM audit_log WHERE audit_id = 2",
    ],
)
def test_the_audit_itself_is_append_only(tool, statement):
    with pytest.raises(sqlite3.IntegrityError, match="audit_log is append-only"):
        tool.execute(statement)


def test_a_pin_never_reaches_the_audit(database, now):
    with database.transaction(1) as transaction:
        users.set_pin(transaction, 1, "271828", now)
    row = newest(database)
    assert row["table_name"] == "credentials"
    assert set(json.loads(row["new_values"])) == {
        "tech_id",
        "pin_digest",
        "failed_tries",
        "changed_date",
        "tried_boot_id",
        "tried_boot_s",
    }
    assert "271828" not in str(database.find("audit_log"))
    assert "argon2" not in str(database.find("audit_log"))
