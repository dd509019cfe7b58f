"""What an SQLite tool does to a record past its triggers is named, value by value, in every table and log.

Each way is tried inside a savepoint on one connection, with the parts of `db check` that prove rows; those
that look at the schema and at folders, and the whole of it, have their own tests.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import contextmanager

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from tosca_kiosk.storage import (
    audit_proof,
    chain_check,
    edits,
)
from tosca_kiosk.storage.audited import AUDITED
from tosca_kiosk.storage.chain import LOGS

HASHES = {"treatment_events_chain": "event_id", "chain_links": "link_id"}
EVERY = {**AUDITED, **LOGS, **HASHES}
ANOTHER = {
    "integer": "{0} + 1",
    "real": "{0} + 1e-9",
    "text": "{0} || ' '",
    "blob": "zeroblob(32)",
    "null": "0",
}
"""By what stands there: an SQL expression for something else."""


@pytest.fixture(scope="module")
def connection(filled, tmp_path_factory):
    """A copy without its triggers, inside a transaction that is never committed."""
    path = tmp_path_factory.mktemp("copy") / "laser_control.db"
    shutil.copy(filled / "laser_control.db", path)
    engine = create_engine(
        "sqlite://", creator=lambda: sqlite3.connect(path, isolation_level=None), poolclass=StaticPool
    )
    with engine.connect() as opened:
        for (name,) in opened.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            opened.exec_driver_sql(f"DROP TRIGGER {name}")
        opened.exec_driver_sql("BEGIN")
        yield opened
        opened.exec_driver_sql("ROLLBACK")
    engine.dispose()


@contextmanager
def tampered(connection, *statements):
    """Do this to the record, and undo it."""
    connection.exec_driver_sql("SAVEPOINT before")
    try:
        for statement in statements:
            connection.exec_driver_sql(statement)
        yield
    finally:
        connection.exec_driver_sql("ROLLBACK TO before")
        connection.exec_driver_sql("RELEASE before")


def damage(connection):
    found = list(chain_check.broken(connection))
    return found + [said for table in AUDITED for said in audit_proof.differences(connection, table)]


def named(connection, table, *statements):
    """Say whether this is found, and its table named: of a link or an event's hash the log that it is of."""
    prefixes = {
        "treatment_events_chain": ("treatment_events: ",),
        "chain_links": ("chain_links: ", *(f"{log}: " for log in LOGS)),
    }
    with tampered(connection, *statements):
        return any(said.startswith(prefixes.get(table, f"{table}: ")) for said in damage(connection))


def keys_of(connection, table):
    key = EVERY[table]
    return [row[0] for row in connection.exec_driver_sql(f"SELECT {key} FROM {table} ORDER BY {key}")]


def quoted(key):
    return f"'{key}'" if isinstance(key, str) else str(key)


def test_the_untouched_record_is_whole(connection):
    assert damage(connection) == []
    assert all(len(keys_of(connection, table)) >= 2 for table in EVERY)


@pytest.mark.parametrize("table", EVERY)
def test_every_stored_value_is_proved(connection, table):
    """One row is changed in each column, to a value so near that it looks alike, and to NULL."""
    key = EVERY[table]
    row = keys_of(connection, table)[1]
    kinds = connection.exec_driver_sql(f"SELECT * FROM {table} WHERE {key} = {quoted(row)}")
    columns = list(kinds.keys())
    missed = []
    for column in columns:
        where = f"WHERE {key} = {quoted(row)}"
        (kind,) = connection.exec_driver_sql(f"SELECT typeof({column}) FROM {table} {where}").one()
        to = (
            ANOTHER[kind].format(column)
            if column != key
            else quoted(row + 10_000 if key != "config_key" else "z")
        )
        if not named(connection, table, f"UPDATE {table} SET {column} = {to} {where}"):
            missed.append(column)
    assert missed == []


@pytest.mark.parametrize("table", EVERY)
def test_every_way_past_the_triggers_is_named(connection, table):
    """Deleted, inserted, replaced, swapped, cut off at the end with its counter."""
    key = EVERY[table]
    keys = keys_of(connection, table)
    columns = [row[1] for row in connection.exec_driver_sql(f"PRAGMA table_info({table})")]
    rest = [column for column in columns if column != key]
    first, second, last = (quoted(number) for number in (keys[0], keys[1], keys[-1]))
    new = quoted(keys[-1] + 1 if key != "config_key" else "zz")
    loose = "PRAGMA defer_foreign_keys=ON"
    unique = (
        f"INSERT OR REPLACE INTO {table} SELECT {new}, {', '.join(rest)} FROM {table} WHERE {key} = {first}"
    )
    ways = {
        "delete": [f"DELETE FROM {table} WHERE {key} = {second}"],
        "insert": [unique],
        "replace": [
            f"CREATE TEMP TABLE other AS SELECT * FROM {table} WHERE {key} = {second}",
            f"UPDATE other SET {key} = {first}",
            f"INSERT OR REPLACE INTO {table} SELECT * FROM other",
        ],
        "swap": [
            f"CREATE TEMP TABLE two AS SELECT * FROM {table} WHERE {key} IN ({first}, {second})",
            f"UPDATE two SET {key} = CASE {key} WHEN {first} THEN {second} ELSE {first} END",
            f"DELETE FROM {table} WHERE {key} IN ({first}, {second})",
            f"INSERT INTO {table} SELECT * FROM two",
        ],
        "cut the end": [
            f"DELETE FROM {table} WHERE {key} = {last}",
            f"UPDATE sqlite_sequence SET seq = seq - 1 WHERE name = '{table}'",
        ],
        "counter": [f"UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = '{table}'"],
    }
    if not connection.exec_driver_sql("SELECT 1 FROM sqlite_sequence WHERE name = ?", (table,)).fetchone():
        del ways["counter"]
    if table == "chain_links":
        # With its counter set back a link is gone without a trace but for its row, which looks new: an edit.
        ways["cut the end"].pop()
    late = ("safety_log", "audit_log", "treatment_events")
    missed = [
        way
        for way, statements in ways.items()
        if not named(connection, table, loose, *statements) and not (way == "insert" and table in late)
    ]
    assert missed == []


def test_a_row_that_is_put_into_a_log_is_an_edit_whatever_it_says_of_itself(connection):
    forged = (
        "INSERT INTO audit_log (timestamp, source, table_name, row_key, action, new_values) "
        "SELECT timestamp, 'application', table_name, row_key, action, new_values FROM audit_log "
        "WHERE table_name = 'patients' ORDER BY audit_id DESC LIMIT 1"
    )
    with tampered(connection, forged):
        (said,) = edits.open_edits(connection)
    assert "patients, patient_id 2: " in said
    assert "in this program's name" in said


def test_an_acknowledgement_by_a_tool_counts_for_nothing(connection):
    edit = (
        "INSERT INTO safety_log (timestamp, event_type, severity, description) VALUES ('t', 'x', 'info', 'x')"
    )
    forged = "INSERT INTO acknowledgements VALUES (9, 100000, 2, 'mine', '2026-01-01 00:00:00')"
    with tampered(connection, edit, forged):
        assert len(list(edits.open_edits(connection))) == 1


def test_a_cut_with_counters_and_links_is_what_only_a_head_tells(connection):
    """Whoever cuts rows, their links and every counter leaves a whole, shorter record."""
    newest = connection.exec_driver_sql("SELECT max(link_id) FROM chain_links").scalar_one()
    row = "SELECT last_row FROM chain_links WHERE link_id = "
    with tampered(
        connection,
        f"DELETE FROM acknowledgements WHERE ack_id = (SELECT row_key FROM audit_log WHERE audit_id = "
        f"({row}{newest}))",
        f"DELETE FROM audit_log WHERE audit_id = ({row}{newest})",
        f"DELETE FROM chain_links WHERE link_id = {newest}",
        "UPDATE sqlite_sequence SET seq = seq - 1 "
        "WHERE name IN ('acknowledgements', 'audit_log', 'chain_links')",
    ):
        assert damage(connection) == []
