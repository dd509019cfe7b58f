"""Odd values of another SQLite tool, in every column of every table: named, marked, and nothing stops."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from tosca_kiosk.kiosk.look import wording
from tosca_kiosk.kiosk.services import accounts, history, people, plans
from tosca_kiosk.session import earlier_dose
from tosca_kiosk.storage import calibrations, check, patients, protocols, sessions, settings, users
from tosca_kiosk.storage.columns import CHOICES, JSON_COLUMNS, NEEDED

PIN = "314159"
BROKEN_TEXT = b"a\xffb"
ODD = {
    "DATETIME": (
        "03/22/15 12:00",
        "",
        20150322,
        1.5,
        "2015-03-22 12:00:00+02:00",
        "2015-03-22T12:00:00Z",
        "2015-02-31 12:00:00",
        "0001-01-01 00:00:00",
        b"\x00",
    ),
    "DATE": ("22.3.1980", "", 5, "1980-02-31", b"\x00"),
    "BOOLEAN": ("yes", "", 2, -1, 0.5, b"\x00"),
    "INTEGER": ("three", "", 1.5, b"\x00"),
    "REAL": ("5,0", "", float("inf"), b"\x00"),
    "TEXT": (b"\x00", BROKEN_TEXT),
    "BLOB": ("text", 5),
}
GOOD = {
    "DATETIME": "2026-03-01 10:00:00.000000",
    "DATE": "1980-03-22",
    "BOOLEAN": 1,
    "INTEGER": 1,
    "REAL": 1.5,
    "BLOB": b"\x01" * 32,
}
FIRST_NUMBER = 1000


@pytest.fixture
def staffed(record):
    """The record of a cart with a technician, an admin and a patient."""
    accounts.set_up(record, "271828", "Jane Doe", PIN)
    people.add(record, "P-2026-0001", "first", 1)
    return record


def tool(record):
    """Open the file as any SQLite tool does: it knows no foreign keys and none of our rules."""
    return closing(sqlite3.connect(record.path, isolation_level=None))


def kinds_of(connection):
    """Return the columns with their declared types of every table that is in the file."""
    named = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*'"
    tables = [
        name for (name,) in connection.execute(named) if name not in ("alembic_version", "audit_context")
    ]
    columns = "SELECT name, type, pk FROM pragma_table_info(?)"
    return {table: connection.execute(columns, (table,)).fetchall() for table in tables}


def odd_of(table, column, kind):
    where = (table, column)
    yield from ODD[kind]
    if where in CHOICES:
        yield "wild"
    if where in JSON_COLUMNS:
        yield "{"
    if where in NEEDED:
        yield None


def good_of(table, column, kind, number):
    if (table, column) == ("sessions", "status"):
        return "completed"
    if (table, column) in CHOICES:
        return CHOICES[table, column][0]
    if (table, column) in JSON_COLUMNS:
        return "{}"
    return f"x{number}" if kind == "TEXT" else GOOD[kind]


def spoil(connection, table, columns):
    """Insert a row for each odd value of each column; return what `db check` must name of them."""
    number, named = FIRST_NUMBER, []
    key, key_kind, _ = columns[0]
    for column, kind, _ in columns:
        for odd in odd_of(table, column, kind) if column != key or key_kind == "TEXT" else ():
            number += 1
            row = {name: good_of(table, name, type_, number) for name, type_, _ in columns}
            if key_kind == "INTEGER":
                row[key] = number
            row[column] = odd
            holders = ["CAST(? AS TEXT)" if value is BROKEN_TEXT else "?" for value in row.values()]
            into = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(holders)})"
            try:
                connection.execute(into, list(row.values()))
            except sqlite3.Error:
                continue  # the file's own rules keep this one out, as the audit every blob
            named.append(f"{table}, {key} " + (f"{number}, {column}: " if key_kind == "INTEGER" else ""))
    return named


def everything_else_works(record):
    """List all that is listed, sign somebody in, look at what counts before a session."""
    assert accounts.sign_in(record, "jane.doe", PIN).user.username == "jane.doe"
    assert {"Jane Doe", "System Administrator"} <= {
        user.full_name for user in accounts.accounts(record).users
    }
    assert "P-2026-0001" in {found.patient_code for found in people.found(record, "").patients} | {
        found.patient_code for found in people.found(record, "first").patients
    }
    assert sum(row.refused is None for row in plans.listed(record).protocols) >= 3
    with record.database.reading() as reader:
        every = [*users.list_all(reader), *patients.list_all(reader), *protocols.list_all(reader)]
        for number in {session.session_id for session in sessions.for_patient(reader, 1)}:
            history.result(record, number)
        every += calibrations.history(reader)
        assert settings.values(reader)["max_laser_power_watts"] == 10.0
    for page in range(3):
        for row in history.safety_rows(record, page):
            wording.local_time(row.time)
    earlier_dose(record.database, 1, record.utc())
    return every


@pytest.mark.parametrize(
    "table",
    [
        "tech_users", "patients", "protocols", "sessions", "treatment_events", "session_recordings",
        "safety_log", "calibrations", "system_config", "credentials", "session_journals", "session_energies",
        "treatment_events_chain", "audit_log", "chain_links", "heads", "operations", "acknowledgements",
        "recording_hashes", "change_reasons", "session_amendments", "session_parts", "session_timing",
        "calibration_sessions", "calibration_events", "calibration_values",
    ],
)  # fmt: skip
def test_an_odd_value_in_any_column_is_named_and_stops_nothing(staffed, table, monkeypatch):
    monkeypatch.setattr("tosca_kiosk.storage.odd_values.NAMED_AT_MOST", 1000)
    before = len(everything_else_works(staffed))
    with tool(staffed) as connection:
        columns = kinds_of(connection)
        assert table in columns
        named = spoil(connection, table, columns[table])
    problems = check(staffed.database).problems
    missed = [one for one in named if not any(said.startswith(one) for said in problems)]
    assert named
    assert missed == []
    every = everything_else_works(staffed)
    if table in ("tech_users", "patients", "protocols", "calibrations"):
        assert sum(bool(row.odd) for row in every) > (len(every) - before) / 2


def test_every_table_is_tried(staffed):
    with tool(staffed) as connection:
        tried = next(
            mark for mark in test_an_odd_value_in_any_column_is_named_and_stops_nothing.pytestmark
        ).args[1]
        assert set(tried) == set(kinds_of(connection))
