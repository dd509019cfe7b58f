"""A crashed journal has a copy on the disk and one in memory: what one has lost is taken from the other."""

from __future__ import annotations

import contextlib
import json
import sqlite3

import pytest

from benchmarks.rigs.recorded_cart import header
from tests.storage.refusal import refused
from tosca_kiosk.journal.tail import damaged_copy, make_tail, read_journal, remove_tail, segment_path
from tosca_kiosk.storage import check, close_session, import_journal, recover, sessions

ON_DISK = 60
SINCE = 40
"""Lines of the disk's copy, and those of them that memory no longer has."""


def flipped(content, byte):
    changed = bytearray(content)
    changed[byte] ^= 1 << byte % 8
    return bytes(changed)


def crash(journal, lines, *, on_disk=None, in_memory=None, since=0):
    """Leave what a killed writer leaves. on_disk, in_memory: which byte has a flipped bit there."""
    disk, begin = b"".join(lines[:ON_DISK]), len(b"".join(lines[:since]))
    memory = b"".join(lines[since:])
    journal.write_bytes(disk if on_disk is None else flipped(disk, on_disk))
    tail = make_tail(journal.parent)
    segment = memory if in_memory is None else flipped(memory, in_memory - begin)
    segment_path(tail, begin).write_bytes(segment)
    return tail


def told(database, source):
    rows = database.find("safety_log", order_by="log_id")
    return [row for row in rows if json.loads(row["details"] or "{}").get("trigger_source") == source]


def assert_whole(database, lines, whole):
    """The record has all of what was decided, and of its light."""
    ticks = len(lines) - 1
    row = sessions.get(database, 1)
    assert row.abort_reason.endswith("the program ended before the session was closed")
    assert row.total_energy_joules == whole.states[ticks - 1].measured_j > 2.0
    events = database.rows("SELECT count(*) AS n FROM treatment_events")[0]["n"]
    assert events == sum(len(made.events) for made in whole.decisions[:ticks])
    assert told(database, "journal_damaged") == []
    assert check(database).damage == ()


HEADER, LINE_2, LINE_50, END_OF_50 = "header", "line 2", "line 50", "the end of line 50"


def place_of(where, lines):
    before = {HEADER: 0, LINE_2: 1, LINE_50: 49, END_OF_50: 49}[where]
    begin = len(b"".join(lines[:before]))
    return begin + (len(lines[before]) - 1 if where == END_OF_50 else 20)


@pytest.mark.parametrize(
    ("where", "since", "line"),
    [(HEADER, 0, 1), (LINE_2, 0, 2), (LINE_50, 0, 50), (LINE_50, SINCE, 50), (END_OF_50, SINCE, 50)],
)
def test_a_flipped_bit_on_the_disk_loses_nothing_that_memory_has_whole(
    database, session, journal, cut, whole, now, tmp_path, where, since, line
):
    tail = crash(journal, cut, on_disk=place_of(where, cut), since=since)
    damaged = journal.read_bytes()
    assert len(recover(database, tmp_path, now)) == 1
    assert_whole(database, cut, whole)
    assert journal.read_bytes() == b"".join(cut)
    assert not tail.exists()
    [row] = told(database, "journal_mended")
    assert f"{journal}: line {line} is as memory held it" in row["description"]
    assert f"kept as {damaged_copy(journal).name}" in row["description"]
    assert damaged_copy(journal).read_bytes() == damaged


@pytest.mark.parametrize("where", [HEADER, LINE_2, LINE_50, END_OF_50])
def test_a_flipped_bit_in_memory_loses_nothing_that_the_disk_has_whole(
    database, session, journal, cut, whole, now, tmp_path, where
):
    crash(journal, cut, in_memory=place_of(where, cut))
    assert len(recover(database, tmp_path, now)) == 1
    assert_whole(database, cut, whole)
    assert journal.read_bytes() == b"".join(cut)
    assert not damaged_copy(journal).exists()
    [row] = told(database, "journal_mended")
    assert "the disk's is used" in row["description"]


def test_db_import_journal_takes_the_whole_of_it_too_and_says_so(database, session, journal, cut, whole, now):
    crash(journal, cut, on_disk=place_of(LINE_2, cut))
    imported = import_journal(database, journal, now)
    assert imported.damage is None
    assert "line 2 is as memory held it" in imported.mended
    assert_whole(database, cut, whole)


def test_a_reading_that_was_killed_is_followed_by_one_that_mends_and_says_the_same(
    database, session, journal, cut, whole, now, tmp_path, monkeypatch
):
    crash(journal, cut, on_disk=place_of(LINE_2, cut))
    damaged = journal.read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr("tosca_kiosk.journal.tail._write", _killed)
        with pytest.raises(KeyboardInterrupt):
            read_journal(journal)
    assert damaged_copy(journal).read_bytes() == damaged
    assert read_journal(journal) == b"".join(cut)
    assert len(recover(database, tmp_path, now)) == 1
    assert_whole(database, cut, whole)
    assert len(told(database, "journal_mended")) == 1, "also where an earlier reading has mended it"
    assert damaged_copy(journal).read_bytes() == damaged


def _killed(*_):
    raise KeyboardInterrupt


def test_where_the_disks_copy_cannot_be_kept_it_is_left_as_it_is_and_memory_is_read(
    database, session, journal, cut, whole, now, tmp_path
):
    tail = crash(journal, cut, on_disk=place_of(LINE_2, cut))
    damaged = journal.read_bytes()
    damaged_copy(journal).with_name(f"{damaged_copy(journal).name}.part").mkdir()
    assert len(recover(database, tmp_path, now)) == 1
    assert_whole(database, cut, whole)
    assert journal.read_bytes() == damaged
    assert tail.exists()
    remove_tail(tail)
    [row] = told(database, "journal_mended")
    assert "which could not be kept (Is a directory)" in row["description"]


# --- rows that another hand has taken out ----------------------------------------------------------------


def change(database, sql):
    with contextlib.closing(sqlite3.connect(database.path, isolation_level=None)) as tool:
        tool.execute(sql)


TAKEN_OUT = {
    "its journal's row": "DELETE FROM session_journals",
    "its journal's row renumbered": "UPDATE session_journals SET session_id = 5",
    "its technician": "DELETE FROM tech_users",
    "its technician in its row": "UPDATE sessions SET tech_id = 99",
    "its patient": "DELETE FROM patients",
}


@pytest.mark.parametrize("sql", TAKEN_OUT.values(), ids=TAKEN_OUT)
@pytest.mark.parametrize("left", ["a journal", "a damaged journal", "nothing"])
def test_a_row_that_is_not_there_never_keeps_the_cart_from_its_start(
    database, session, journal, cut, now, tmp_path, left, sql
):
    if left != "nothing":
        journal.write_bytes(b"".join(cut) if left == "a journal" else flipped(b"".join(cut), 20))
    change(database, sql)
    [closed] = recover(database, tmp_path, now)
    assert closed.status == "aborted"
    assert recover(database, tmp_path, now) == []
    lost = "session_journals" in sql
    assert len(told(database, "session_journals")) == lost
    if left == "a damaged journal":
        assert len(told(database, "journal_damaged")) == 1


def test_a_session_without_its_journals_row_has_all_that_its_journal_has(
    database, session, journal, cut, whole, now, tmp_path
):
    journal.write_bytes(b"".join(cut))
    change(database, "DELETE FROM session_journals")
    recover(database, tmp_path, now)
    assert_whole(database, cut, whole)
    kept = database.find_one("session_journals", session_id=1)
    assert (kept["origin"], kept["tick_count"]) == (header().origin, len(cut) - 1)


def test_a_session_closed_without_that_row_can_still_take_its_whole_journal(
    database, session, journal, cut, whole, now, tmp_path
):
    journal.write_bytes(flipped(b"".join(cut), 20))
    change(database, "DELETE FROM session_journals")
    recover(database, tmp_path, now)
    journal.write_bytes(b"".join(cut))
    import_journal(database, journal, now)
    row = sessions.get(database, 1)
    assert row.total_energy_joules == whole.states[len(cut) - 2].measured_j
    with refused("session 1 is aborted already"):
        import_journal(database, journal, now)


def test_what_was_taken_once_is_not_taken_twice_where_its_row_was_taken_out(
    database, session, journal, whole, now, tmp_path
):
    journal.write_bytes(b"".join(whole.lines))
    close_session(database, session, tmp_path, now)
    change(database, "DELETE FROM session_journals")
    with refused("session 1 is completed already"):
        import_journal(database, journal, now)
