"""A calibration session in the record: read, judged, closed by its journal, apart from treatments."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from benchmarks.rigs.recorded_calibration import SESSION, calibrated, calibration_header
from tests.storage.refusal import refused
from tests.storage.trusted import calibrate
from tosca_kiosk.domain.journal_lines import ChainReader
from tosca_kiosk.domain.replay import replay
from tosca_kiosk.session import earlier_dose
from tosca_kiosk.storage import (
    Database,
    StorageError,
    calibration_sessions,
    check,
    close_calibration,
    import_journal,
    make_backup,
    patients,
    recover_calibrations,
    restore,
)
from tosca_kiosk.storage.calibration_sessions import CalibrationValue
from tosca_kiosk.storage.folder_backup import roots
from tosca_kiosk.storage.operations import Order
from tosca_kiosk.storage.timestamps import utc_text
from tosca_kiosk.storage.unopened import unopened_gone

TREATMENTS = ("sessions", "treatment_events", "session_journals", "session_energies", "session_timing")
READING = {"station": 0, "power_w": 1.5}


@pytest.fixture(scope="module")
def run():
    return calibrated()


@pytest.fixture
def row(database, now):
    with database.transaction(1) as transaction:
        return started(transaction, now)


@pytest.fixture
def journal(row, tmp_path):
    folder = calibration_sessions.folder_of(row, tmp_path)
    folder.mkdir(parents=True)
    return folder / "journal.jsonl"


def started(transaction, now, **changes):
    given = {
        "tech_id": 1,
        "start_utc": now,
        "rules": SESSION,
        "device_serials": {"laser": "8471"},
        "origin": "sim",
    }
    return calibration_sessions.start(transaction, **given | changes)


def treatments(database):
    return {table: database.rows(f"SELECT * FROM {table}") for table in TREATMENTS}


def test_its_journal_becomes_rows_of_its_own_and_nobodys_dose(database, row, journal, run, now):
    with database.transaction(1) as transaction:
        patient = patients.add(transaction, now, created_by=1)
    before, dose = treatments(database), earlier_dose(database, patient.patient_id, now)
    journal.write_bytes(b"".join(run.lines))
    imported = import_journal(database, journal, now)
    closed = calibration_sessions.get(database, 1)
    assert (closed.status, closed.abort_reason) == ("completed", None)
    assert closed.light_s == pytest.approx(1.0)
    assert closed.bound_energy_j == run.states[-1].commanded_j > 0.0
    assert closed.measured_energy_j is None
    assert closed.ended_utc == now + timedelta(seconds=run.states[-1].now_s)
    assert imported.treatment_events == sum(len(made.events) for made in run.decisions)
    [counted] = database.rows("SELECT count(*) AS n FROM calibration_events")
    assert counted["n"] == imported.treatment_events
    assert treatments(database) == before
    assert earlier_dose(database, patient.patient_id, now) == dose
    assert check(database).problems == ()
    with refused("calibration session 1 is completed already; nothing was changed"):
        import_journal(database, journal, now)


def test_its_journal_is_decided_again_bit_for_bit(run):
    assert replay(ChainReader(b"".join(run.lines))).difference is None


def test_readings_are_kept_as_they_come_and_the_verdict_once(database, row, now):
    with database.transaction(1) as transaction:
        calibration_sessions.save_reading(transaction, 1, READING)
        calibration_sessions.save_reading(transaction, 1, READING | {"station": 1})
    assert calibration_sessions.readings_of(calibration_sessions.get(database, 1)) == [
        READING,
        READING | {"station": 1},
    ]
    found = CalibrationValue(name="span", value=3.0, unit="W", passed=True, low=2.0)
    with database.transaction(1) as transaction:
        judged = {"verdict": "passed", "validation_data": "{}", "values": [found]}
        calibration_sessions.finish(transaction, 1, **judged)
    assert calibration_sessions.values(database, 1) == [found]
    assert [one.value for one in calibration_sessions.trend(database, "span")] == [found]
    with refused("has passed already; nothing was changed"), database.transaction(1) as transaction:
        calibration_sessions.finish(transaction, 1, **judged)


def test_a_value_that_is_no_number_is_refused_whole(database, row):
    odd = CalibrationValue(name="span", value=float("nan"), unit="W", passed=True)
    with pytest.raises(StorageError), database.transaction(1) as transaction:
        calibration_sessions.finish(transaction, 1, verdict="passed", validation_data="{}", values=[odd])
    assert calibration_sessions.get(database, 1).verdict is None


def test_what_a_crash_left_open_is_closed_with_the_readings_that_were_saved(
    database, row, journal, run, now, tmp_path
):
    with database.transaction(1) as transaction:
        calibration_sessions.save_reading(transaction, 1, READING)
    lit = next(number for number, state in enumerate(run.states) if state.emission_s > 0.5)
    journal.write_bytes(b"".join(run.lines[: lit + 2]))
    [closed] = recover_calibrations(database, tmp_path, now)
    assert closed.status == "aborted"
    assert "light not confirmed ended" in closed.abort_reason
    assert closed.light_s > 0.5
    assert calibration_sessions.readings_of(closed) == [READING]
    [left] = database.rows("SELECT session_id, details FROM safety_log WHERE severity = 'critical'")
    assert left["session_id"] is None
    assert '"calibration_session":1' in left["details"]
    with refused("is aborted already"), database.transaction(1) as transaction:
        calibration_sessions.save_reading(transaction, 1, READING)
    journal.write_bytes(b"".join(run.lines))
    import_journal(database, journal, now)
    whole = calibration_sessions.get(database, 1)
    assert (whole.status, whole.is_whole) == ("completed", True)
    [counted] = database.rows("SELECT count(*) AS n FROM calibration_events")
    assert counted["n"] == sum(len(made.events) for made in run.decisions)
    assert check(database).problems == ()


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (None, "its folder"),
        (b"", "the program ended before anything was recorded"),
        (b"{broken\n", "its journal is damaged"),
    ],
)
def test_it_is_closed_however_little_is_left_of_its_journal(database, row, tmp_path, now, left, said):
    if left is not None:
        folder = calibration_sessions.folder_of(row, tmp_path)
        folder.mkdir(parents=True)
        (folder / "journal.jsonl").write_bytes(left)
    [closed] = recover_calibrations(database, tmp_path, now)
    assert closed.status == "aborted"
    assert said in closed.abort_reason
    assert closed.light_s == (0.0 if left == b"" else None)
    assert check(database).problems == ()


def test_another_sessions_journal_is_not_taken(database, row, journal, now, tmp_path, run):
    other = calibrated(calibration_header(started_utc=utc_text(now + timedelta(hours=1))))
    journal.write_bytes(b"".join(other.lines))
    with refused("the journal is of another session"):
        import_journal(database, journal, now)
    close_calibration(database, row, tmp_path, now)
    assert "in its folder the journal is of another" in calibration_sessions.get(database, 1).abort_reason


def test_one_session_of_either_kind_is_open_at_a_time(database, row, now):
    with refused("calibration session 1 is still open"), database.transaction(1) as transaction:
        started(transaction, now)


def test_one_goes_on_from_another_under_the_same_stations_alone(database, row, now, tmp_path):
    with database.transaction(1) as transaction:
        calibration_sessions.save_reading(transaction, 1, READING)
    recover_calibrations(database, tmp_path, now)
    with database.transaction(1) as transaction:
        later = started(transaction, now, continues=1)
    assert calibration_sessions.readings_of(later) == [READING]
    recover_calibrations(database, tmp_path, now)
    other = SESSION.__class__(kind="photodiode", stations=SESSION.stations * 2, bounds=SESSION.bounds)
    with refused("calibration session 2 was run under other"), database.transaction(1) as transaction:
        started(transaction, now, continues=2, rules=other)


def test_its_events_and_values_are_never_changed_by_sql(database, row, journal, run, now, tmp_path):
    journal.write_bytes(b"".join(run.lines))
    import_journal(database, journal, now)
    with closing(sqlite3.connect(tmp_path / "laser_control.db", isolation_level=None)) as tool:
        for statement in (
            "UPDATE calibration_events SET event_type = 'laser_on'",
            "DELETE FROM calibration_events",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                tool.execute(statement)
        tool.execute("DROP TRIGGER calibration_events_no_update")
        tool.execute("UPDATE calibration_events SET event_type = 'laser_on' WHERE event_id = 3")
    assert any("calibration_events" in problem for problem in check(database).problems)


def test_its_folder_is_compared_with_the_record(database, row, journal, run, now, tmp_path):
    journal.write_bytes(b"".join(run.lines))
    import_journal(database, journal, now)
    assert check(database, tmp_path).problems == ()
    journal.write_bytes(b"".join(run.lines[:-9]))
    [said] = check(database, tmp_path).problems
    assert "calibration session 1: its journal is cut after" in said
    journal.write_bytes(b"".join(run.lines))
    with database.transaction(1) as transaction:
        transaction.update("calibration_sessions", {"calibration_session_id": 1}, light_s=0.5)
    [said] = check(database, tmp_path).problems
    assert "its row is not as its journal's summary says: light_s" in said
    stray = journal.parent.parent / "stray"
    stray.mkdir()
    assert any(
        f"session folder {stray} belongs to no session" in one for one in check(database, tmp_path).problems
    )
    assert "calibrations" in roots(database, tmp_path)


@pytest.mark.parametrize("proved", [True, False])
def test_one_that_a_backup_does_not_know_comes_back_from_its_journal(path, run, now, tmp_path, proved):
    backups = tmp_path / "backups"
    with Database.open(path) as database:
        backup = make_backup(path, backups, now)
        calibrate(database, tmp_path, 1, now)
    if not proved:
        path.unlink()
    planned = restore.plan(backup, path, tmp_path, [])
    assert [folder.session_id for folder in planned.later_calibrations] == [1]
    done = restore.restore(planned, path, backups, now, Order())
    assert (done.calibrations, done.sessions, done.lost_calibrations) == ((1,), (), {})
    with Database.open(path) as database:
        row = calibration_sessions.get(database, 1)
        assert (row.status, row.verdict) == ("completed", "passed" if proved else None)
        assert len(calibration_sessions.values(database, 1)) == proved
        assert check(database, tmp_path).problems == ()
        with database.transaction(1) as transaction:
            assert started(transaction, now).calibration_session_id == 2


def test_a_folder_whose_opening_was_broken_off_goes_alone(database, row, journal, tmp_path):
    journal.write_bytes(b"")
    unopened = journal.parent.with_name("calibration_2_20260314_092653")
    unopened.mkdir()
    (unopened / "journal.jsonl").write_bytes(b"")
    [said] = unopened_gone(database, tmp_path)
    assert said.startswith(unopened.name)
    assert not unopened.exists()
    assert journal.exists()


def test_the_tables_stay_in_the_file_on_the_way_down_and_go_on(path, now, tmp_path):
    with Database.open(path) as database:
        calibrate(database, tmp_path, 1, now)
        database.migrate("20261130_011", Order())
        database.migrate("head", Order())
        assert calibration_sessions.get(database, 1).verdict == "passed"
        assert check(database, tmp_path).problems == ()
        with database.transaction(1) as transaction:
            assert started(transaction, now).calibration_session_id == 2
