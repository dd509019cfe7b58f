"""Events of old sessions go into archives: at every moment each is somewhere, and whoever asks finds it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta

import pytest

from tests.storage.cast import treatment_event
from tests.storage.refusal import refused
from tosca_kiosk.config import bundled, load_config
from tosca_kiosk.domain.journal_lines import Summary
from tosca_kiosk.kiosk.services import history
from tosca_kiosk.kiosk.services.record import Record
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.storage import Database, archives, archiving, check, events, operations, patients, sessions
from tosca_kiosk.storage.as_of import opening_of, rewound
from tosca_kiosk.storage.audited import AUDITED

DONE = Summary(
    status="completed",
    abort_reason=None,
    duration_s=60.0,
    laser_on_time_s=3.0,
    avg_power_w=5.0,
    max_power_w=5.0,
    energy_j=10.0,
    commanded_j=10.0,
)
OF_SESSION = "SELECT * FROM treatment_events WHERE session_id = ? ORDER BY event_id"
EVENTS_A_SESSION = 20
AGES_DAYS = (40, 39, 38, 3, 2)
OLD = [1, 2, 3]


@pytest.fixture(scope="module")
def filled_file(tmp_path_factory, empty_file):
    """A record of five sessions; three of them are over a month old."""
    path = tmp_path_factory.mktemp("filled") / "laser_control.db"
    shutil.copy(empty_file, path)
    with Database.open(path) as database:
        with database.transaction(1) as transaction:
            patients.add(transaction, utc_now(), created_by=1)
        for days in AGES_DAYS:
            with database.transaction(1) as transaction:
                _add_session(transaction, utc_now() - timedelta(days=days))
    return path


def _add_session(transaction, start):
    session = sessions.start(
        transaction,
        patient_id=1,
        tech_id=1,
        start_utc=start,
        protocol_name="Gentle",
        protocol_snapshot="{}",
        protocol_id=None,
        origin="sim",
    )
    timed = [(0.1 * number, treatment_event(number)) for number in range(EVENTS_A_SESSION)]
    events.append_treatment(transaction, session.session_id, start, timed)
    sessions.correct(transaction, session, DONE, told=True)


@pytest.fixture
def path(tmp_path, filled_file):
    target = tmp_path / "laser_control.db"
    shutil.copy(filled_file, target)
    return target


def moved(database, old=OLD, events_a_file=2 * EVENTS_A_SESSION):
    return archiving.archive(
        database, old, operator_id=1, reason="room", details={}, events_a_file=events_a_file
    )


def asked(database, session_id):
    with database.reading() as reader:
        return list(archives.select(reader, session_id, OF_SESSION, (session_id,)))


def result_of(path, session_id):
    """Return what the kiosk shows of a session."""
    with closing(Record(load_config(bundled("simulated.yaml")), path.parent)) as record:
        record.open()
        return history.result(record, session_id)


def in_record(database):
    return database.rows("SELECT count(*) AS n FROM treatment_events")[0]["n"]


@pytest.fixture
def archived(database):
    """The record after its old sessions were archived, in two files."""
    moved(database)
    return database


@pytest.fixture
def first(archived, path):
    return path.parent / "archives" / "events_1_40.db"


def test_old_sessions_go_and_are_found_by_whoever_asks(database, path):
    before = {number: asked(database, number) for number in range(1, 6)}
    plot = result_of(path, 1).plot
    links = check(database).links
    assert archiving.old_sessions(database, utc_now(), 30) == OLD
    done = moved(database)
    assert (done.events, done.sessions, done.kept) == (60, 3, [])
    assert [file.file for file in done.files] == ["events_1_40.db", "events_41_60.db"]
    assert in_record(database) == 40
    assert archiving.old_sessions(database, utc_now(), 30) == []
    assert {number: asked(database, number) for number in range(1, 6)} == before
    assert result_of(path, 1).plot == plot
    report = check(database)
    assert report.problems == ()
    assert report.rows["treatment_events"] == 100
    assert report.links > links
    [row] = database.rows("SELECT tech_id, reason, ended_date FROM operations WHERE name = 'archive'")
    assert (row["tech_id"], row["reason"]) == (1, "room")
    assert row["ended_date"] is not None


def test_who_reads_the_record_as_it_was_finds_the_events_of_then(archived):
    with archived.reading() as reader:
        moment = opening_of(reader, 2)
        with rewound(reader, moment, AUDITED, logs=True):
            assert [len(list(archives.select(reader, n, OF_SESSION, (n,)))) for n in (1, 2, 3)] == [20, 20, 0]
        assert len(list(archives.select(reader, 3, OF_SESSION, (3,)))) == 20


def test_what_is_recorded_later_goes_on_and_is_archived_in_its_turn(archived):
    with archived.transaction(1) as transaction:
        events.append_treatment(transaction, 2, utc_now(), [(9.0, treatment_event(9))])
    assert len(asked(archived, 2)) == EVENTS_A_SESSION + 1
    assert archiving.old_sessions(archived, utc_now(), 30) == [2]
    moved(archived, [2])
    assert len(asked(archived, 2)) == EVENTS_A_SESSION + 1
    assert check(archived).problems == ()


def test_the_record_becomes_smaller(archived, path):
    before = path.stat().st_size
    assert archiving.shrink(archived) is None
    with archived.transaction(1) as transaction:
        _add_session(transaction, utc_now())
    assert check(archived).problems == ()
    assert path.stat().st_size < before


@pytest.mark.parametrize(
    "statement", ["DELETE FROM treatment_events WHERE event_id = 70", "DELETE FROM treatment_events"]
)
def test_a_delete_by_another_tool_is_refused_and_found_as_before(archived, path, statement):
    with closing(sqlite3.connect(path, isolation_level=None)) as tool:
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            tool.execute(statement)
        tool.execute("DROP TRIGGER treatment_events_no_delete")
        tool.execute(statement)
    first_gone = 70 if "WHERE" in statement else 61
    assert f"treatment_events: row event_id {first_gone} is missing" in check(archived).damage


def test_an_archived_event_that_a_tool_writes_into_the_record_again_is_named(archived, path):
    with closing(sqlite3.connect(path, isolation_level=None)) as tool:
        tool.execute("CREATE TEMP TABLE again AS SELECT * FROM treatment_events WHERE event_id = 61")
        tool.execute("UPDATE again SET event_id = 5, session_id = 1")
        tool.execute("INSERT INTO treatment_events SELECT * FROM again")
    assert check(archived).damage == ("treatment_events: row event_id 5 is not what was written",)


def change(file, statement):
    with closing(sqlite3.connect(file, isolation_level=None)) as tool:
        tool.execute(statement)


def cut(file):
    os.truncate(file, file.stat().st_size - 4096)


def of_another(file):
    change(file, "UPDATE archive_of SET record = replace(record, substr(record, 1, 1), 'x')")


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda file: file.unlink(), "is missing; it holds the events of sessions 1 to 2: bring it back"),
        (cut, "was cut: "),
        (of_another, "is of another record; bring it back"),
        (lambda file: file.write_bytes(b"x" * file.stat().st_size), "was changed (file is not a database)"),
    ],
)
def test_an_archive_that_is_not_whole_blocks_the_question_that_needs_it_alone(
    archived, first, path, harm, said
):
    harm(first)
    [problem] = check(archived).problems
    assert problem.startswith(f"archive {first}: {said}")
    with refused("events_1_40.db: "):
        asked(archived, 2)
    result = result_of(path, 2)
    assert (result.result.session.status, result.plot.times_s) == ("completed", ())
    assert said in result.no_plot
    assert len(asked(archived, 3)) == len(asked(archived, 4)) == EVENTS_A_SESSION
    with archived.transaction(1) as transaction:
        _add_session(transaction, utc_now())


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "UPDATE treatment_events SET laser_power_actual_watts = 99 WHERE event_id = 7",
            "first in event_id 7",
        ),
        ("UPDATE treatment_events SET event_id = 99 WHERE event_id = 40", "first in event_id 40"),
        ("DROP INDEX idx_event_session_time", "in none of its events"),
    ],
)
def test_an_event_that_was_changed_in_an_archive_is_named(archived, first, statement, said):
    change(first, statement)
    assert check(archived).problems == (f"archive {first}: was changed, {said}",)


def test_a_file_of_no_operation_is_named_and_one_that_the_record_has_goes(archived, first):
    half = first.with_name("events.part")
    half.write_bytes(b"half")
    other = first.with_name("events_3_4.db")
    shutil.copy(first, other)
    assert check(archived).problems[0].startswith(f"archive {other}: no operation of this record made it")
    assert archiving.sweep(archived) == []
    assert other.exists()
    assert not half.exists()
    change(other, "DELETE FROM treatment_events")
    change(other, "INSERT INTO archive_of VALUES ('x')")
    assert archiving.sweep(archived) == [f"{other}: all of it is in the record; taken away."]
    assert check(archived).problems == ()


def test_a_session_with_a_changed_event_stays_and_is_named(database, path):
    with closing(sqlite3.connect(path, isolation_level=None)) as tool:
        trigger = tool.execute(
            "SELECT sql FROM sqlite_master WHERE name = 'treatment_events_no_update'"
        ).fetchone()
        tool.execute("DROP TRIGGER treatment_events_no_update")
        tool.execute("UPDATE treatment_events SET ring_size_mm = 4.0 WHERE event_id = 25")
        tool.execute(trigger[0])
    done = moved(database)
    assert done.kept == [
        "session 2 stays in the record: its event_id 25 is not what was written, see tosca-kiosk db check"
    ]
    assert (done.sessions, in_record(database)) == (2, 60)
    assert check(database).problems == ("treatment_events: row event_id 25 is not what was written",)


def test_a_trigger_that_is_not_ours_refuses_it(database, path):
    change(path, "DROP TRIGGER treatment_events_no_delete")
    with refused("trigger treatment_events_no_delete is not as this program makes it"):
        moved(database)
    assert in_record(database) == 100


def test_a_clock_that_cannot_be_right_refuses_it(database):
    with refused("The cart's clock is over a year ahead of .* nobody knows which sessions are old"):
        archiving.old_sessions(database, utc_now() + timedelta(days=500), 30)


def test_no_version_before_the_archives_is_gone_back_to(archived, first):
    with refused(f"events of sessions 1 to 2 lie in {first}, .* restore a backup"):
        archived.migrate("20261130_008")


@pytest.mark.parametrize("files", [None, 3, "many"])
def test_a_broken_off_archiving_is_ended_also_where_its_row_lists_no_files(database, files):
    with database.transaction(1) as transaction:
        operations.begin(
            transaction.connection, "archive", operator_id=1, reason="room", details={"files": files}
        )
    [said] = archiving.take_back(database)
    assert said.startswith("An archiving was broken off; an unknown number of its files are whole and stay.")
    assert archiving.take_back(database) == []


KILLED_AT_EACH_FILE = """
import os, shutil, signal, sys
from itertools import count
from pathlib import Path
from tosca_kiosk.storage import Database, archiving
def child(path, moment):
    passed = count(1)
    def heard(event, arguments):
        if event in ("sqlite3.connect", "open", "os.rename", "os.remove", "os.mkdir"):
            if str(path.parent) in str(arguments[0]) and next(passed) == moment:
                os.kill(os.getpid(), signal.SIGKILL)
    with Database.open(path) as database:
        sys.addaudithook(heard)
        archiving.archive(database, [1, 2, 3], operator_id=1, reason="room", details={}, events_a_file=40)
        archiving.shrink(database)
    os._exit(0)
for moment in count(1, 3):
    path = Path(sys.argv[2], str(moment), "laser_control.db")
    path.parent.mkdir()
    shutil.copy(sys.argv[1], path)
    process = os.fork()
    if not process:
        child(path, moment)
    if os.waitpid(process, 0)[1] == 0:
        break
"""


@pytest.mark.process
def test_killed_at_any_file_nothing_is_lost_or_twice_and_the_next_goes_on(filled_file, tmp_path):
    command = [sys.executable, "-c", KILLED_AT_EACH_FILE, str(filled_file), str(tmp_path)]
    subprocess.run(command, check=True, timeout=120)
    killed = sorted(tmp_path.glob("*/laser_control.db"))
    assert len(killed) > 4
    for path in killed:
        with Database.open(path) as database:
            archiving.take_back(database)
            assert sum(len(asked(database, number)) for number in range(1, 6)) == 100
            assert check(database).problems == ()
            moved(database, archiving.old_sessions(database, utc_now(), 30))
            assert sum(len(asked(database, number)) for number in range(1, 6)) == 100
            assert in_record(database) == 40


def test_what_was_archived_is_compared_with_its_journal_too(tmp_path, filled):
    folder = tmp_path / "data"
    shutil.copytree(filled, folder)
    with Database.open(folder / "laser_control.db") as database:
        moved(database, old=[1])
        assert check(database, folder).problems == ()
        journal = folder / sessions.get(database, 1).session_folder_path / "journal.jsonl"
        lines = journal.read_bytes().splitlines(keepends=True)
        journal.write_bytes(b"".join([*lines[:-2], lines[-1]]))
        (problem,) = check(database, folder).problems
    assert "session 1" in problem
