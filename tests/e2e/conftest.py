"""The cast of the end-to-end tests: a data directory with a technician and a patient, and a warm cart."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.e2e.treat_bench import PATIENT, SIMULATED, TECHNICIAN, config_text, protocol_text
from tosca_kiosk.cli.workplace import Workplace
from tosca_kiosk.storage import DATABASE_NAME, patients, users
from tosca_kiosk.storage.signing import KEY_NAME

NOW = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)


@pytest.fixture(scope="session")
def first_start(tmp_path_factory) -> Path:
    """A data directory after its first start, with technician tech01 and patient P-2026-0001."""
    data_dir = tmp_path_factory.mktemp("first_start")
    with (
        Workplace(SIMULATED, data_dir, as_json=True).record() as database,
        database.transaction(1) as transaction,
    ):
        users.add(transaction, TECHNICIAN, "Jane Doe", "technician", NOW)
        patients.add(transaction, NOW, code=PATIENT, created_by=1)
    return data_dir


@pytest.fixture(scope="session")
def new_data_dir(first_start, tmp_path_factory):
    """Make further data directories that begin alike."""

    def make() -> Path:
        data_dir = tmp_path_factory.mktemp("data")
        for name in (DATABASE_NAME, KEY_NAME):
            shutil.copy(first_start / name, data_dir / name)
        return data_dir

    return make


@pytest.fixture
def data_dir(new_data_dir) -> Path:
    return new_data_dir()


@pytest.fixture(scope="session")
def warm(tmp_path_factory) -> Path:
    """A configuration whose laser has settled; its seed homes the stage within a second."""
    path = tmp_path_factory.mktemp("config") / "warm.yaml"
    path.write_text(config_text(simulation__warm=True, simulation__seed=11), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def short(tmp_path_factory) -> Path:
    """A protocol of one second."""
    path = tmp_path_factory.mktemp("protocol") / "short.json"
    path.write_text(protocol_text((1.0, 5.0, 5.0, 3.0)), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def long(tmp_path_factory) -> Path:
    """A protocol of twelve seconds: longer than every shipped scenario lets it run at a stretch."""
    path = tmp_path_factory.mktemp("protocol") / "twelve_seconds.json"
    path.write_text(protocol_text((12.0, 5.0, 5.0, 3.0)), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def endless(tmp_path_factory) -> Path:
    """A protocol that no test waits for."""
    path = tmp_path_factory.mktemp("protocol") / "endless.json"
    path.write_text(protocol_text((3000.0, 0.5, 0.5, 3.0)), encoding="utf-8")
    return path
