"""A session's row says that it is paused, and nothing waits for the record."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing

import pytest

from tosca_kiosk.domain.state import Phase, State
from tosca_kiosk.session import PauseKeeper
from tosca_kiosk.storage import StorageError, sessions

PAUSED = State(phase=Phase.READY, elapsed_s=3.0)
ARMED = State(phase=Phase.ARMED, elapsed_s=3.0)


@pytest.fixture
def session(database, now):
    with database.transaction(2) as transaction:
        return sessions.start(
            transaction,
            patient_id=1,
            tech_id=2,
            start_utc=now,
            protocol_name="Gentle",
            protocol_snapshot="{}",
            protocol_id=None,
            origin="sim",
        )


@pytest.fixture
def keep(database, session):
    """Write into the row; `kept` is set after each time."""

    def written(paused):
        with database.transaction(2) as transaction:
            sessions.set_paused(transaction, session.session_id, paused)
        written.done.set()

    written.done = threading.Event()
    return written


def status(database):
    return sessions.get(database, 1).status


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (State(phase=Phase.READY), "in_progress"),
        (State(phase=Phase.FAULT, elapsed_s=3.0), "in_progress"),
        (State(phase=Phase.READY, elapsed_s=3.0, finished=True), "in_progress"),
        (PAUSED, "paused"),
    ],
    ids=["before any light", "fault", "finished", "paused"],
)
def test_a_session_is_paused_between_two_parts_of_its_light(database, keep, state, said):
    with PauseKeeper(keep, pytest.fail, waits=True) as pauses:
        pauses.follow(state)
        assert status(database) == said
        pauses.follow(ARMED)
        assert status(database) == "in_progress"
        pauses.follow(PAUSED)
        pauses.follow(State(phase=Phase.FAULT, elapsed_s=3.0))
        assert status(database) == "paused", "a fault in a pause says nothing of going on"


def test_a_busy_record_holds_up_nobody_and_is_told_when_it_can_be(database, keep, monkeypatch):
    monkeypatch.setattr("tosca_kiosk.session.pause_keeper._TRY_AGAIN_S", 0.01)
    said, refused = [], threading.Event()

    def tried(paused):
        if not refused.is_set():
            refused.set()
            raise StorageError("database is locked")
        keep(paused)

    with closing(sqlite3.connect(database.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with PauseKeeper(tried, said.append) as pauses:
            pauses.follow(PAUSED)  # returns at once
            assert refused.wait(20.0)
            assert status(database) == "in_progress"
            other.execute("COMMIT")
            assert keep.done.wait(20.0)
            assert status(database) == "paused"
            keep.done.clear()
            pauses.follow(ARMED)
            assert keep.done.wait(20.0)
        assert status(database) == "in_progress"
    assert said == ["Warning: the session's pause is not in the record yet: database is locked"]


def test_what_the_record_did_not_take_ends_with_the_treatment(database, session):
    def never(paused):
        raise StorageError("database is locked")

    with PauseKeeper(never, lambda _: None) as pauses:
        pauses.follow(PAUSED)
    assert status(database) == "in_progress"
