"""The note of an operation: it tells the next start what became of it, and never hides what was done."""

from __future__ import annotations

import logging

import pytest

from tests.storage.refusal import refused
from tosca_kiosk.storage import StorageError
from tosca_kiosk.storage.under_way import settled, under_way

NOTE = "laser_control.db.operation"


def stay(path):
    """Put something in the note's place that no unlink takes away."""
    note = path.with_name(NOTE)
    note.unlink()
    (note / "inside").mkdir(parents=True)


def test_a_note_that_cannot_be_taken_away_makes_nothing_undone_of_what_was_done(path, caplog):
    with caplog.at_level(logging.WARNING), under_way(path, "the upgrade"):
        stay(path)
    assert "the upgrade has ended, its note cannot be taken away" in caplog.text


def test_nor_does_it_hide_why_an_operation_failed(path):
    with refused("no such thing"), under_way(path, "the upgrade"):
        stay(path)
        raise StorageError("no such thing")


def test_a_note_that_cannot_be_written_is_an_error_that_says_so(path):
    (path.with_name(NOTE) / "inside").mkdir(parents=True)
    with refused(f"{NOTE}: cannot be written"), under_way(path, "the upgrade"):
        pytest.fail("it was begun without a note")


def test_a_note_that_stays_is_named_by_the_next_start(path):
    with under_way(path, "the upgrade"):
        stay(path)
    with refused(f"{NOTE}: what an interrupted operation left cannot be taken away"):
        list(settled(path))
