"""The cast of these tests: a fresh database with an admin, a patient and an open session."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from benchmarks.rigs.recorded_cart import treated
from tests.storage.trusted import fill
from tosca_kiosk.storage import Database, patients, sessions, users

NOW = datetime(2026, 3, 14, 9, 26, 53, 589793, tzinfo=UTC)
HERE = Path(__file__).parent


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(autouse=True)
def quick_hash(monkeypatch):
    """Real argon2, at its lowest cost: these tests hash often."""
    monkeypatch.setattr(users, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory):
    """A database at the head of the schema, made once."""
    path = tmp_path_factory.mktemp("template") / "laser_control.db"
    Database.open(path).close()
    return path


@pytest.fixture(scope="session")
def filled(tmp_path_factory):
    """A data directory with two rows at least in every table, made once."""
    folder = tmp_path_factory.mktemp("filled")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(users, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        fill(folder)
    return folder


@pytest.fixture
def path(tmp_path, empty_file):
    """Where the test's own database is."""
    target = tmp_path / "laser_control.db"
    shutil.copy(empty_file, target)
    return target


@pytest.fixture
def database(path):
    with Database.open(path) as opened:
        yield opened


@pytest.fixture
def session(database):
    """A session of patient P-2026-0001 by the admin, just started."""
    with database.transaction(1) as transaction:
        patient = patients.add(transaction, NOW, created_by=1)
        return sessions.start(
            transaction,
            patient_id=patient.patient_id,
            tech_id=1,
            start_utc=NOW,
            protocol_name="Gentle",
            protocol_snapshot='{"version": "1.0"}',
            protocol_id=None,
            origin="sim",
        )


@pytest.fixture
def journal(session, tmp_path):
    """Where the session's journal belongs."""
    folder = sessions.folder_of(session, tmp_path)
    folder.mkdir(parents=True)
    return folder / "journal.jsonl"


@pytest.fixture(scope="session")
def whole():
    """A whole treatment, run once: to be read alone."""
    return treated()


@pytest.fixture(scope="session")
def cut(whole):
    """The lines that a program leaves which dies in the light's midst."""
    lit = next(number for number, state in enumerate(whole.states) if state.emission_s > 1.0)
    return whole.lines[: lit + 2]
