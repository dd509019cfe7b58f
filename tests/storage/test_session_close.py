"""However little is left of a journal, its session is closed, what is missing is named and can come later."""

from __future__ import annotations

import contextlib
import random
import shutil
import sqlite3
from contextlib import closing

import pytest

from benchmarks.rigs.recorded_cart import RecordedCart, header
from tests.storage.refusal import refused
from tosca_kiosk.domain.journal_lines import JournalError
from tosca_kiosk.domain.summary import summarise
from tosca_kiosk.storage import (
    Database,
    archives,
    archiving,
    check,
    close_session,
    energies,
    import_journal,
    recover,
    sessions,
)
from tosca_kiosk.storage.journal_contents import contents_of

SAMPLED_BITS = 8
EVENTS = "SELECT * FROM treatment_events WHERE session_id = ? ORDER BY event_id"
CAN_STILL = "a whole journal can still be taken with tosca-kiosk db import-journal"


def criticals(database):
    return [row["description"] for row in database.find("safety_log", severity="critical", order_by="log_id")]


def larger_j(database):
    with database.reading() as reader:
        return energies.of_sessions(reader, (1,))[1].larger_j


def flipped(content, bit):
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def sampled(cut):
    """Return bits of the header and the two lines after it, the version and ends of lines among them."""
    ends = [len(b"".join(cut[:count])) - 1 for count in (1, 2, 3)]
    version = cut[0].index(b'"version":') + len(b'"version":')
    drawn = random.Random(12).sample(range(8 * (ends[-1] + 1)), SAMPLED_BITS)
    return [*drawn, *(8 * byte + 1 for byte in (version, *ends))]


def test_every_flipped_bit_of_the_first_lines_is_found(cut):
    content = b"".join(cut[:4])
    for bit in range(8 * len(b"".join(cut[:3]))):
        with contextlib.suppress(JournalError):
            assert contents_of(flipped(content, bit)).broken is not None, bit


@pytest.mark.slow
def test_one_flipped_bit_never_keeps_the_cart_from_its_start_and_the_whole_file_can_come_later(
    database, session, journal, cut, whole, now, tmp_path
):
    content = b"".join(cut)
    for bit in sampled(cut):
        savepoint = tmp_path / "before.db"
        database.close()
        shutil.copy(tmp_path / "laser_control.db", savepoint)
        _one_flipped_bit(tmp_path, journal, content, bit, whole, now)
        shutil.copy(savepoint, tmp_path / "laser_control.db")


def _one_flipped_bit(data_dir, journal, content, bit, whole, now):
    journal.write_bytes(flipped(content, bit))
    with Database.open(data_dir / "laser_control.db") as database:
        [closed] = recover(database, data_dir, now)
        assert closed.status == "aborted", bit
        assert "its journal is " in closed.abort_reason, (bit, closed.abort_reason)
        assert closed.total_energy_joules is None, bit
        assert larger_j(database) is None, bit
        [told] = criticals(database)
        assert CAN_STILL in told, bit
        assert "Turn the laser's key off" in told, bit
        journal.write_bytes(content)
        imported = import_journal(database, journal, now)
        row = sessions.get(database, 1)
        assert row.total_energy_joules == whole.states[imported.ticks - 1].measured_j > 2.0, bit
        events = database.rows("SELECT count(*) AS n FROM treatment_events")[0]["n"]
        assert events == sum(len(made.events) for made in whole.decisions[: imported.ticks]), bit
        assert check(database).problems == (), bit
        with refused("session 1 is aborted already; nothing was changed"):
            import_journal(database, journal, now)


def test_what_a_session_was_closed_with_is_continued_and_not_doubled(
    database, session, journal, whole, cut, now, tmp_path
):
    damaged_at = len(cut) - 30
    lines = [*whole.lines[:damaged_at], b"\0" * 40 + b"\n", *whole.lines[damaged_at + 1 : -1]]
    journal.write_bytes(b"".join(lines))
    [closed] = recover(database, tmp_path, now)
    assert f"damaged at line {damaged_at + 1}" in closed.abort_reason
    assert closed.total_energy_joules == whole.states[damaged_at - 2].measured_j > 0.0
    journal.write_bytes(b"".join(whole.lines))
    with database.transaction() as transaction:
        transaction.execute(
            "UPDATE session_journals SET tick_count = 'some', imported_date = '2026-02-30 12:00:00'"
        )
    with refused("session_journals, session_id 1, tick_count: 'some' is no whole number; correct it, then"):
        import_journal(database, journal, now)
    with database.transaction() as transaction:
        transaction.execute("UPDATE session_journals SET tick_count = :ticks", ticks=damaged_at - 1)
    imported = import_journal(database, journal, now)
    assert imported.whole
    row = sessions.get(database, 1)
    assert (row.status, row.abort_reason) == ("completed", None)
    assert row.total_energy_joules == whole.state.measured_j
    assert larger_j(database) == max(whole.state.measured_j, whole.state.commanded_j)
    events = database.rows("SELECT event_type FROM treatment_events ORDER BY event_id")
    recorded = [event.event_type for made in whole.decisions for event in made.events]
    assert [event["event_type"] for event in events] == recorded
    newest = database.find("safety_log", order_by="-log_id", limit=1)[0]
    assert f"it was closed after {damaged_at - 1} of {len(whole.decisions)} ticks" in newest["description"]
    assert check(database).problems == ()
    with refused("session 1 is completed already"):
        import_journal(database, journal, now)


def test_what_does_not_continue_it_is_refused(database, session, journal, cut, now, tmp_path):
    journal.write_bytes(b"".join(cut))
    recover(database, tmp_path, now)
    other = RecordedCart(header())
    other.emit()
    other.run(8.0)
    assert len(other.lines) > len(cut)
    journal.write_bytes(b"".join(other.lines))
    with refused("session 1 is aborted already"):
        import_journal(database, journal, now)


def _no_folder(journal):
    journal.parent.rmdir()
    journal.parent.write_text("in the way")


def _gone(journal):
    journal.parent.rmdir()


NOT_THERE = {
    "a file in the folder's place": (_no_folder, "is not there"),
    "no folder": (_gone, "is not there"),
    "a folder in the journal's place": (lambda journal: journal.mkdir(), "cannot be read (Is a directory)"),
    "another format": (lambda journal: journal.write_bytes(b'{"version":2}\n'), "a journal of format 2"),
    "another session": (
        lambda journal: journal.write_bytes(RecordedCart(header(patient_id=7)).lines[0]),
        "of another session 1 (patient 7",
    ),
    "no header": (lambda journal: journal.write_bytes(b"\0" * 500 + b"\n"), "damaged at line 1"),
}


@pytest.mark.parametrize(("leave", "why"), NOT_THERE.values(), ids=NOT_THERE)
def test_what_is_no_journal_closes_the_session_by_name_and_its_light_is_unknown(
    database, session, journal, now, tmp_path, leave, why
):
    leave(journal)
    [closed] = recover(database, tmp_path, now)
    assert closed.abort_reason.startswith("the program ended before the session was closed; ")
    assert why in closed.abort_reason
    assert closed.total_energy_joules is None
    assert larger_j(database) is None
    assert why in criticals(database)[0]
    assert recover(database, tmp_path, now) == []


@pytest.mark.parametrize(
    ("stored", "why"),
    [
        (None, "session 1 has no folder in its row"),
        ("../../elsewhere", "'../../elsewhere' leads out of the data directory"),
        ("/mnt/big/1", "'/mnt/big/1' leads out of the data directory"),
    ],
)
def test_a_row_that_names_no_folder_inside_is_closed_too_and_its_light_is_unknown(
    database, session, now, tmp_path, stored, why
):
    with database.transaction() as transaction:
        transaction.update("sessions", {"session_id": 1}, session_folder_path=stored)
    [closed] = recover(database, tmp_path, now)
    assert "its row names no folder of its journal: " in closed.abort_reason
    assert why in closed.abort_reason
    assert (closed.total_energy_joules, larger_j(database)) == (None, None)
    assert why in criticals(database)[0]


def test_what_an_odd_row_does_not_tell_its_journal_tells(database, session, journal, cut, now, tmp_path):
    journal.write_bytes(b"".join(cut))
    with contextlib.closing(sqlite3.connect(database.path, isolation_level=None)) as tool:
        tool.execute("UPDATE sessions SET start_time = 'yesterday', tech_id = 'jane'")
    [closed] = recover(database, tmp_path, now)
    assert (closed.start_time, closed.tech_id, closed.end_time) == (None, None, None)
    assert closed.total_energy_joules > 0.0
    first = database.rows("SELECT timestamp FROM treatment_events ORDER BY event_id LIMIT 1")[0]
    assert first["timestamp"].startswith(header().started_utc[:10])


@pytest.mark.parametrize("content", [None, b"", b'{"kind":"head'])
def test_an_empty_journal_is_closed_with_what_is_known_and_why_it_is_empty(
    database, session, journal, now, tmp_path, content
):
    cart = RecordedCart(header())
    cart.emit()
    known = summarise(cart.state, "journal: The record could not be written.")
    if content is not None:
        journal.write_bytes(content)
    made = cart.tick()
    imported = close_session(
        database, session, tmp_path, now, known=known, missing="/dev/shm: no room", unwritten=[made]
    )
    assert imported.summary == known
    row = sessions.get(database, 1)
    assert row.abort_reason == known.abort_reason
    assert row.total_energy_joules == known.energy_j > 0.0
    assert "The end of session 1 is not in its journal: /dev/shm: no room." in criticals(database)[0]
    assert imported.treatment_events == len(made.events)
    with refused("session 1 is aborted already"):
        close_session(database, session, tmp_path, now, known=known)


def test_the_rest_of_a_journal_is_taken_after_the_first_part_was_archived(
    database, journal, tmp_path, now, cut, whole
):
    def events():
        with database.reading() as reader:
            return list(archives.select(reader, 1, EVENTS, (1,)))

    journal.write_bytes(b"".join(cut))
    recover(database, tmp_path, now)
    first = events()
    archiving.archive(database, [1], operator_id=1, reason="room", details={})
    journal.write_bytes(b"".join(whole.lines))
    import_journal(database, journal, now)
    assert events()[: len(first)] == first
    assert len(events()) > len(first)
    assert sessions.get(database, 1).total_energy_joules == whole.state.measured_j
    assert check(database).problems == ()
    database.close()
    with closing(sqlite3.connect(database.path, isolation_level=None)) as tool:
        tool.execute("DELETE FROM session_journals")
    with Database.open(database.path) as again:
        archiving.archive(again, [1], operator_id=1, reason="room", details={})
        with refused("session 1 is completed already"):
            import_journal(again, journal, now)
