"""What a kill left half made goes at the next start, which says so; what holds anything stays."""

from __future__ import annotations

import pytest

from tosca_kiosk.journal import JOURNAL_NAME
from tosca_kiosk.journal.tail import make_tail, remove_tail, segment_path
from tosca_kiosk.storage import Database, operations


@pytest.fixture
def opened(cart):
    """Leave the folder of a session whose row was never committed; give its journal and that one's tail."""
    tails = []

    def leave(name):
        folder = cart.data_dir / "sessions" / name
        folder.mkdir(parents=True)
        (folder / JOURNAL_NAME).touch()
        tails.append(make_tail(folder))
        return folder / JOURNAL_NAME, tails[-1]

    yield leave
    for tail in tails:
        remove_tail(tail)


def test_half_a_backup_goes_at_the_next_start_and_a_whole_one_stays(cart):
    whole = cart.text("db", "backup").strip()
    half = cart.backups / "laser_control_20260301_080000.db.part"
    half.write_text("half")
    said = cart.run("patients", "add").stderr
    assert f"{half.name}: a backup was broken off; its half was taken away." in said
    assert [str(path) for path in cart.backups.iterdir()] == [whole]


def test_the_folder_of_a_session_that_was_never_opened_goes_with_its_tail(cart, opened):
    journal, tail = opened("1_20260301_080000")
    bare = cart.data_dir / "sessions" / "2_20260301_080000"
    bare.mkdir()
    said = cart.run("patients", "add").stderr
    assert "1_20260301_080000: a session's opening was broken off; nothing was recorded" in said
    assert not journal.parent.exists()
    assert not bare.exists()
    assert not tail.exists()
    assert cart.json("db", "check")["ok"] is True


def test_a_folder_without_a_row_stays_where_disk_or_memory_hold_anything_of_it(cart, opened):
    on_disk, its_tail = opened("1_20260301_080000")
    on_disk.write_text("{")
    _, tail = opened("2_20260301_080000")
    segment_path(tail, 0).write_text("{")
    other, others_tail = opened("3_20260301_080000")
    (other.parent / "picture.png").touch()
    assert "broken off" not in cart.run("patients", "add").stderr
    assert on_disk.exists()
    assert other.exists()
    assert all(each.exists() for each in (its_tail, tail, others_tail))


def test_an_archiving_that_was_broken_off_is_named_with_the_command_for_the_rest(cart):
    with Database.open(cart.database, create=False) as database, database.transaction(1) as transaction:
        details = {"older_than_days": 30, "files": []}
        operations.begin(transaction.connection, "archive", operator_id=1, reason="room", details=details)
    assert (
        "Run tosca-kiosk db archive --older-than 30 again for the rest." in cart.run("patients", "add").stderr
    )
