"""The safety log by command: since when, from which severity on, of which session and type."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta

import msgspec
import pytest

from tests.storage.cast import safety_event
from tests.storage.test_seed_queries import QUERIES
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.storage import Database, events, patients, sessions

HOUR = timedelta(hours=1)
ASKED = [
    (("--since", "150m", "--severity", "info"), ["within", "database_initialized", "type_0", "type_1"]),
    (("--severity", "critical"), ["within", "type_2", "type_3"]),
    (("--severity", "emergency", "--since", "7d"), ["type_3"]),
    (("--session", "1"), ["within"]),
    (("--since", "7d", "--type", "old"), ["old"]),
    (("--type", "e_stop_pressed"), []),
    (("--since", "2020-01-01", "--type", "old"), ["old"]),
]
REFUSED = [
    (("--since", "yesterday"), "--since 'yesterday' is no span and no time"),
    (("--since", "999999d"), "--since '999999d' is no span and no time"),
    (("--session", "7"), "no session has the number 7"),
    (("--type", "e_stop_presed"), "no safety event is of type 'e_stop_presed'; e_stop_pressed may be meant"),
    (("--as-of", "2020-01-01"), "is before the record"),
]


def event_of(event_type, **changes):
    return msgspec.structs.replace(safety_event(), event_type=event_type, **changes)


@pytest.fixture
def told(cart):
    """A log of four severities in the last day, one event of two days before, and a session's."""
    now = utc_now()
    with Database.open(cart.database, create=False) as database, database.transaction(1) as transaction:
        patients.add(transaction, now, code="P-2026-0001")
        session = sessions.start(
            transaction,
            patient_id=1,
            tech_id=1,
            start_utc=now,
            protocol_name="x",
            protocol_snapshot="{}",
            protocol_id=None,
            origin="sim",
        )
        for number, severity in enumerate(("info", "warning", "critical", "emergency")):
            event = event_of(f"type_{number}", severity=severity)
            at = now - (number + 1) * HOUR
            events.append_safety(transaction, at, [(0.0, event)], tech_id=1)
        events.append_safety(transaction, now - 48 * HOUR, [(0.0, event_of("old"))])
        within = event_of("within", details={"trigger_source": "tec"})
        events.append_safety(transaction, now, [(0.0, within)], session_id=session.session_id, tech_id=1)
    return cart


def types(cart, *words):
    return [one["event_type"] for one in cart.json("safety", "list", *words)["events"]]


def asked_by_tool(cart, sql):
    with closing(sqlite3.connect(cart.database)) as connection:
        return [list(row) for row in connection.execute(sql)]


def test_the_last_day_is_what_the_common_query_finds(told):
    lines = told.text("safety", "list").splitlines()[2:]
    asked = asked_by_tool(told, QUERIES[4])
    assert [line.split()[3] for line in lines] == [row[1] for row in asked]
    assert types(told) == types(told, "--since", "24h") == [row[1] for row in asked]
    assert "old" not in types(told)


def test_events_are_found_by_what_is_asked(told):
    for words, found in ASKED:
        assert sorted(types(told, *words)) == sorted(found), words


def test_a_program_gets_the_details_and_the_carts_state(told):
    [event] = told.json("safety", "list", "--session", "1")["events"]
    assert event["details"]["trigger_source"] == "tec"
    assert (event["technician"], event["session_id"], event["odd"]) == ("admin", 1, [])


def test_the_days_are_counted_as_the_view_counts_them(told):
    days = told.json("safety", "summary")["days"]
    assert [list(day.values()) for day in days] == asked_by_tool(told, "SELECT * FROM safety_events_summary")
    assert len(told.text("safety", "summary").splitlines()) == len(days) + 2


def test_what_cannot_be_asked_is_refused(told):
    for words, said in REFUSED:
        assert said in told.refused("safety", "list", *words)


def test_a_severity_that_there_is_not_is_wrong_use(told):
    assert told.run("safety", "list", "--severity", "bad").exit_code == 2


def test_what_another_program_wrote_is_marked(told):
    with closing(sqlite3.connect(told.database)) as connection:
        connection.execute(
            "INSERT INTO safety_log (timestamp, event_type, severity, description) "
            "VALUES (datetime('now'), 'foreign', 'bad', 'x')"
        )
        connection.commit()
    assert told.text("safety", "list").splitlines()[0].endswith("Odd values")
    [event] = told.json("safety", "list", "--type", "foreign")["events"]
    assert "severity: 'bad'" in event["odd"][0]
