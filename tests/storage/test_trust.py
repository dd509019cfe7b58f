"""Edits that other programs make openly are edits, damage is damage, and nothing here hides either."""

from __future__ import annotations

import re
import shutil
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.bench.bit_flips import flipped
from tests.storage.refusal import refused
from tosca_kiosk.storage import (
    DATABASE_NAME,
    Database,
    acknowledgements,
    check,
    folder_check,
    patients,
    schema,
)
from tosca_kiosk.storage.operations import Order

RECORDS = Path(__file__).parents[1] / "records"
LAST_BEFORE = "20261130_008"
FIRST_CHAINED = "20261130_009"
BYTES_TRIED = 60
FLIPS = 100


@pytest.fixture
def folder(filled, tmp_path):
    """The filled data directory, the test's own."""
    return Path(shutil.copytree(filled, tmp_path / "data"))


@pytest.fixture
def tool(folder):
    """Some SQLite tool."""
    with closing(sqlite3.connect(folder / DATABASE_NAME, isolation_level=None)) as connection:
        yield connection


def report(folder):
    with Database.read_only(folder / DATABASE_NAME) as database:
        return check(database, folder)


def write(folder, now):
    """Write something, as the program does."""
    with Database.open(folder / DATABASE_NAME) as database, database.transaction(1) as transaction:
        patients.add(transaction, now)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "UPDATE patients SET gender = 'x' WHERE patient_id = 2",
            "patients, patient_id 2: was changed in gender",
        ),
        (
            "DELETE FROM recording_hashes WHERE recording_id = 2",
            "recording_hashes, recording_id 2: was deleted",
        ),
        (
            "INSERT INTO calibrations "
            "(calibration_date, tech_id, device_type, calibration_type, calibration_data) "
            "VALUES ('2026-01-01 00:00:00', 1, 'laser', 'laser_power_verification', '{}')",
            "calibrations, calibration_id 3: was added",
        ),
        (
            "UPDATE system_config SET config_key = 'colour' WHERE config_key = 'video_fps'",
            "system_config, config_key colour: was changed in config_key",
        ),
        (
            "UPDATE sessions SET avg_power_watts = 1.0000000000000002 WHERE session_id = 1",
            "sessions, session_id 1: was changed in avg_power_watts",
        ),
        (
            "UPDATE patients SET notes = CAST(x'61ff62' AS TEXT) WHERE patient_id = 1",
            "patients, patient_id 1: was",
        ),
        (
            "UPDATE sessions SET treatment_notes = 'a' || char(0) || 'b' WHERE session_id = 1",
            "sessions, session_id 1",
        ),
        (
            "INSERT INTO safety_log (timestamp, event_type, severity, description) "
            "VALUES ('2026-01-01 00:00:00', 'x', 'info', 'mine')",
            "safety_log, log_id ",
        ),
    ],
)
def test_an_honest_edit_is_an_edit_until_a_supervisor_knows_it(folder, tool, now, statement, said):
    tool.execute(statement)
    for turn in range(2):
        found = report(folder)
        assert found.damage == ()
        assert any(edit.startswith(f"edited by another program: {said}") for edit in found.edits)
        if turn == 0:
            write(folder, now)  # by then they are linked late
    with Database.open(folder / DATABASE_NAME) as database:
        known = acknowledgements.acknowledge(database, 2, "corrected by hand", now)
        assert known.known == found.edits
    write(folder, now)
    assert (report(folder).damage, report(folder).edits) == ((), ())
    with Database.open(folder / DATABASE_NAME) as database, refused("no other program has written"):
        acknowledgements.acknowledge(database, 2, "again", now)


def test_a_context_left_behind_makes_no_edit_look_like_ours(folder, tool, now):
    tool.execute("INSERT INTO audit_context VALUES (1, 1, 'application')")
    tool.execute("UPDATE patients SET notes = 'not by us' WHERE patient_id = 1")
    write(folder, now)
    assert tool.execute("SELECT * FROM audit_context").fetchall() == []
    edit, left = report(folder).edits
    assert "patients, patient_id 1: was changed in notes, in this program's name" in edit
    assert "audit_context, row 1: was left behind for the audit, and taken away" in left


def test_a_value_that_the_audit_cannot_hold_is_refused_by_the_file_and_named_where_it_got_in(folder, tool):
    for value in ("x'6162'", "9e999"):
        with pytest.raises(sqlite3.Error):
            tool.execute(f"UPDATE sessions SET avg_power_watts = {value} WHERE session_id = 1")
    (sql,) = tool.execute("SELECT sql FROM sqlite_master WHERE name = 'patients_audit_update'").fetchone()
    tool.execute("DROP TRIGGER patients_audit_update")
    tool.execute("UPDATE patients SET notes = CAST(notes AS BLOB) WHERE patient_id = 1")
    tool.execute(sql)
    assert report(folder).damage == ("patients: row patient_id 1 is not what was written: notes",)


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (["DROP TRIGGER patients_audit_update"], "trigger patients_audit_update is missing"),
        (["DROP INDEX idx_chain_log"], "index idx_chain_log is missing"),
        (["CREATE TRIGGER mine AFTER INSERT ON patients BEGIN SELECT 1; END"], "trigger mine is not of this"),
        (
            [
                "PRAGMA writable_schema=ON",
                "UPDATE sqlite_master SET sql = replace(sql, 'OLD.notes', 'NEW.notes') "
                "WHERE name = 'patients_audit_update'",
            ],
            "trigger patients_audit_update is not as this program makes it",
        ),
        (
            [
                "PRAGMA writable_schema=ON",
                "UPDATE sqlite_master SET sql = replace(sql, 'version_pkc', 'vmrsion_pkc') "
                "WHERE name = 'alembic_version'",
            ],
            "table alembic_version is not as this program makes it",
        ),
        (
            [
                "PRAGMA writable_schema=ON",
                "UPDATE sqlite_master SET type = 'indeX' WHERE name = 'sqlite_autoindex_protocols_1'",
            ],
            "indeX sqlite_autoindex_protocols_1 is not as this program makes it",
        ),
        (
            [
                "PRAGMA writable_schema=ON",
                "UPDATE sqlite_master SET sql = replace(sql, 'gender', CAST(x'67f46e646572' AS TEXT)) "
                "WHERE name = 'patients'",
            ],
            "audit of patients: cannot be looked at: ",
        ),
        (["ALTER TABLE patients ADD COLUMN mine TEXT"], "table patients is not as this program makes it"),
        (["DROP TABLE chain_links"], "chain: cannot be looked at: no such table: chain_links"),
        (["DROP TABLE acknowledgements"], "edits: cannot be looked at: "),
    ],
)
def test_a_schema_that_was_touched_is_named_and_the_rest_is_looked_at(folder, tool, statements, said):
    for statement in statements:
        tool.execute(statement)
    found = report(folder)
    assert [problem for problem in found.problems if said in problem] != [], found.problems
    assert not any("db check" in problem for problem in found.problems)


def journal_of(folder, number):
    (journal,) = folder.glob(f"sessions/{number}_*/journal.jsonl")
    return journal


def cut(folder):
    journal = journal_of(folder, 1)
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:-3]))


def without_its_end(folder):
    journal = journal_of(folder, 1)
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:-1]))


def longer(folder):
    journal = journal_of(folder, 1)
    journal.write_bytes(journal.read_bytes() + b"{}\n")


def swapped(folder):
    one, other = journal_of(folder, 1), journal_of(folder, 2)
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)


def filmed_anew(folder):
    (folder / "2.avi").write_bytes(b"film 3")


FOLDERS = [
    (lambda folder: shutil.rmtree(journal_of(folder, 1).parent), "session 1: its folder "),
    (lambda folder: journal_of(folder, 1).unlink(), "session 1: its journal .* is missing"),
    (cut, "session 1: its journal is cut after "),
    (without_its_end, "session 1: its journal is cut: it has no end"),
    (longer, "session 1: its journal goes on after its end"),
    (swapped, "session 1: the header of its journal is not the one that was recorded"),
    (lambda folder: (folder / "sessions" / "9_x").mkdir(), "session folder .*9_x belongs to no session"),
    (lambda folder: (folder / "1.avi").unlink(), "session_recordings, recording_id 1: 1.avi cannot be read"),
    (lambda folder: (folder / "1.avi").write_bytes(b""), "recording_id 1: .* has 0 bytes, 6 are recorded"),
    (filmed_anew, "recording_id 2: .* is not what was recorded"),
]


@pytest.mark.parametrize(("change", "said"), FOLDERS)
def test_a_folder_that_is_not_as_the_record_says_is_named(folder, change, said):
    change(folder)
    (first, *_) = report(folder).damage
    assert re.search(said, first)


def test_every_byte_of_a_journal_is_proved(folder):
    journal = journal_of(folder, 1)
    whole = journal.read_bytes()
    missed = []
    with Database.read_only(folder / DATABASE_NAME) as database, database.reading() as reader:
        for at in range(0, len(whole), max(1, len(whole) // BYTES_TRIED)):
            journal.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            if not list(folder_check.differences(reader, folder, lambda _done: None)):
                missed.append(at)
    assert missed == []


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "UPDATE treatment_events SET ring_size_mm = 9.0 WHERE event_id = 20",
            "session 1: an event of its journal is not in treatment_events",
        ),
        (
            "UPDATE safety_log SET description = 'All is well.' WHERE session_id = 2",
            "session 2: an event of its journal, footpedal_released, is not in safety_log",
        ),
        (
            "UPDATE sessions SET total_energy_joules = 1.0 WHERE session_id = 2",
            "session 2: its row is not as its journal's summary says: total_energy_joules",
        ),
    ],
)
def test_what_was_chained_anew_is_not_what_the_journals_say(folder, tool, statement, said):
    """Who makes every hash anew is found by the journals beside the file, as long as those are left alone."""
    triggers = tool.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _ in triggers:
        tool.execute(f"DROP TRIGGER {name}")
    tool.execute(statement)
    for table in ("treatment_events_chain", "chain_links", "audit_log", "operations", "acknowledgements"):
        tool.execute(f"DELETE FROM {table}")
        tool.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
    for _, sql in triggers:
        tool.execute(sql)
    with Database.open(folder / DATABASE_NAME) as database:
        database.migrate(LAST_BEFORE)
        database.migrate("head")
    assert report(folder).damage == (said,)


def test_an_edit_before_an_upgrade_stays_an_edit(folder, tool):
    """What stood unlinked in a file that is chained already is another program's, also for a migration."""
    with Database.open(folder / DATABASE_NAME) as database:
        database.migrate(FIRST_CHAINED)
        tool.execute("UPDATE patients SET gender = 'x' WHERE patient_id = 2")
        database.migrate("head")
    [edit] = report(folder).edits
    assert "patients, patient_id 2: was changed in gender" in edit


def test_reasons_and_amendments_outlive_the_way_down_and_up(folder):
    tables = ("change_reasons", "session_amendments", "session_parts", "session_timing")
    with Database.open(folder / DATABASE_NAME) as database:
        kept = {table: database.find(table) for table in tables}
        assert all(kept.values())
        for below in (FIRST_CHAINED, LAST_BEFORE):
            database.migrate(below)
            database.migrate("head")
            assert {table: database.find(table) for table in tables} == kept
    assert report(folder).problems == ()


def test_a_table_that_was_dropped_below_is_made_again_and_told(folder, tool):
    with Database.open(folder / DATABASE_NAME) as database:
        database.migrate(FIRST_CHAINED)
        tool.execute("DROP TABLE change_reasons")
        database.migrate("head")
        assert report(folder).damage[0].endswith("change_reasons: the table is missing")
        with database.transaction(1, reason="goes on") as transaction:
            transaction.execute("UPDATE patients SET notes = 'x' WHERE patient_id = 1")
        assert [row["reason_id"] for row in database.find("change_reasons")] == [3]
    assert len(report(folder).damage) == 1


@pytest.mark.slow
def test_a_bit_of_the_file_that_flips_is_named_or_holds_nothing(folder):
    found = flipped(folder / DATABASE_NAME, FLIPS, seed=1)
    assert found.missed == []
    assert found.named > FLIPS / 5
    assert report(folder).problems == ()


# What the way up and the way down do.


def test_down_and_up_again_keeps_the_audit_and_finds_what_was_changed_below(folder, tool):
    kept = "SELECT * FROM audit_log ORDER BY audit_id"
    before = tool.execute(kept).fetchall()
    links = tool.execute("SELECT * FROM chain_links ORDER BY link_id").fetchall()
    with Database.open(folder / DATABASE_NAME) as database:
        database.migrate(LAST_BEFORE)
        tool.execute("DROP TRIGGER patients_audit_update")
        tool.execute("UPDATE patients SET notes = 'in between' WHERE patient_id = 1")
        database.migrate("head")
    assert tool.execute(kept).fetchall()[: len(before)] == before
    assert tool.execute("SELECT * FROM chain_links ORDER BY link_id").fetchall()[: len(links)] == links
    found = report(folder)
    (edit,) = found.edits
    assert "patients, patient_id 1: was changed in notes, past the audit" in edit
    assert all("found by the upgrade of" in said for said in found.damage)
    assert any("trigger patients_audit_update is missing" in said for said in found.damage)


def test_every_operation_is_a_row_with_who_and_why(folder, tool):
    with Database.open(folder / DATABASE_NAME) as database:
        database.migrate(LAST_BEFORE, Order(operator_id=1, reason="to try"))
        database.migrate("head", Order(operator_id=2, reason="enough"))
    rows = tool.execute("SELECT name, tech_id, reason FROM operations ORDER BY operation_id").fetchall()
    assert rows[0] == ("init", None, None)
    assert rows[-2:] == [("downgrade", 1, "to try"), ("upgrade", 2, "enough")]
    assert report(folder).problems == ()


@pytest.fixture
def older(tmp_path):
    """The data directory of an older version, unpacked."""
    with tarfile.open(RECORDS / "rules_1" / "record.tar.xz") as packed:
        packed.extractall(tmp_path, filter="data")
    return tmp_path / "data"


def test_an_older_record_whose_chain_is_broken_is_upgraded_and_stays_broken(older, now):
    with closing(sqlite3.connect(older / DATABASE_NAME, isolation_level=None)) as tool:
        triggers = tool.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            tool.execute(f"DROP TRIGGER {name}")
        tool.execute("UPDATE treatment_events SET event_type = 'laser_off' WHERE event_id = 50")
        tool.execute("UPDATE patients SET notes = 'in silence' WHERE patient_id = 1")
        for _, sql in triggers:
            tool.execute(sql)
    with Database.open(older / DATABASE_NAME, create=False, upgrade=True) as database:
        found = check(database)
        (damage,) = found.damage
        assert damage.startswith("found by the upgrade of ")
        assert damage.endswith("treatment_events: row event_id 50 is not what was written")
        assert any(
            "patients, patient_id 1: was changed in notes, past the audit" in said for said in found.edits
        )
        assert any("treatment_events, event_id 50: was not written" in said for said in found.edits)
        assert not any("event_id 49:" in said for said in found.edits)
        acknowledgements.acknowledge(database, 1, "looked into", now)
        assert check(database).problems == ()


def test_an_older_record_and_its_journals_are_whole_in_every_part(older):
    with Database.open(older / DATABASE_NAME, create=False, upgrade=True) as database:
        assert check(database, older).problems == ()
        assert schema.revisions()[-1] in database.rows("SELECT details FROM operations")[0]["details"]
