"""`db archive` by command: what it says, whom it asks, and what it refuses."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from tests.cli.conftest import ADMIN_PIN
from tests.cli.kiosk_command import held
from tests.storage.cast import treatment_event
from tosca_kiosk.domain.journal_lines import Summary
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.storage import Database, events, patients, sessions

WORDS = ("db", "archive", "--older-than", "30", "--reason", "room")
DONE = Summary(
    status="completed",
    abort_reason=None,
    duration_s=60.0,
    laser_on_time_s=3.0,
    avg_power_w=5.0,
    max_power_w=5.0,
    energy_j=10.0,
)


@pytest.fixture
def old(guarded):
    """A cart with a PIN and a session of forty days ago."""
    return with_old_session(guarded)


def with_old_session(cart):
    start = utc_now() - timedelta(days=40)
    with Database.open(cart.database) as database, database.transaction(1) as transaction:
        patient = patients.add(transaction, start, created_by=1)
        session = sessions.start(
            transaction,
            patient_id=patient.patient_id,
            tech_id=1,
            start_utc=start,
            protocol_name="Gentle",
            protocol_snapshot="{}",
            protocol_id=None,
            origin="sim",
        )
        timed = [(0.1 * number, treatment_event(number)) for number in range(50)]
        events.append_treatment(transaction, session.session_id, start, timed)
        sessions.correct(transaction, session, DONE, told=True)
    return cart


def in_record(cart):
    with closing(sqlite3.connect(cart.database)) as connection:
        return connection.execute("SELECT count(*) FROM treatment_events").fetchone()[0]


def test_an_admin_archives_and_check_finds_all_of_it(old):
    done = old.json(*WORDS, "--admin", "admin", stdin=f"{ADMIN_PIN}\n")
    assert (done["sessions"], done["events"], done["kept"]) == (1, 50, [])
    assert done["files"] == [str(old.data_dir / "archives" / "events_1_50.db")]
    assert old.json("db", "check")["ok"] is True
    said = old.text(*WORDS, "--admin", "admin")
    assert said == "No session that ended more than 30 days ago has events in the record."


def test_a_restore_from_before_it_and_the_way_back_lose_no_event(old):
    pin, admin = f"{ADMIN_PIN}\n", ("--admin", "admin")
    before = old.text("db", "backup")
    (file,) = old.json(*WORDS, *admin, stdin=pin)["files"]
    restored = ("db", "restore", *WORDS[4:], *admin)
    done = old.json(*restored, before, stdin=pin)
    assert done["spare_archives"] == [file]
    assert (in_record(old), old.json("db", "check")["ok"]) == (50, True)
    assert old.json(*restored, done["replaced"], stdin=pin)["spare_archives"] == []
    assert (in_record(old), old.json("db", "check")["ok"]) == (0, True)
    old.text(*restored, before, stdin=pin)
    assert old.json(*WORDS, *admin, stdin=pin)["files"] == [file]
    assert (in_record(old), old.json("db", "check")["ok"]) == (0, True)


@pytest.mark.parametrize("stdin", ["", "314159\n"])
def test_without_the_pin_nothing_goes(old, stdin):
    old.refused(*WORDS, "--admin", "admin", stdin=stdin)
    assert not (old.data_dir / "archives").exists()
    assert in_record(old) == 50


def test_where_nobody_has_a_pin_it_is_done_and_said(cart):
    done = with_old_session(cart).run(*WORDS)
    assert done.exit_code == 0, done.stderr
    assert "Moved 50 events" in done.stdout
    assert "no admin has a PIN, so anybody could do this" in done.stderr


def test_on_a_record_without_sessions_it_says_so_and_changes_nothing(cart):
    before = held(cart.data_dir)
    assert "No session" in cart.text(*WORDS)
    assert held(cart.data_dir) == before


def test_a_clock_that_cannot_be_right_is_refused(old):
    ahead = utc_now() + timedelta(days=700)
    with Database.open(old.database) as database, database.transaction(1) as transaction:
        for days in (0, 30):
            transaction.execute(
                "INSERT INTO safety_log (timestamp, event_type, severity, description) "
                "VALUES (:time, 'interlock_failure', 'info', 'x')",
                time=f"{ahead + timedelta(days=days):%Y-%m-%d %H:%M:%S.000000}",
            )
    result = old.run(*WORDS, "--admin", "admin", stdin=f"{ADMIN_PIN}\n")
    assert result.exit_code == 1
    assert "Until then nobody knows which sessions are old" in result.stderr
