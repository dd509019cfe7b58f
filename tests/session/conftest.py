"""A record of the simulated cart as its first start leaves it, with a patient and a technician."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tosca_kiosk.config import bundled, load_config
from tosca_kiosk.session import load_shipped_content
from tosca_kiosk.storage import DATABASE_NAME, Database, cart_key, patients, users

NOW = datetime(2026, 3, 14, 9, 26, 53, 589793, UTC)


@pytest.fixture(scope="session")
def config():
    return load_config(bundled("simulated.yaml"))


@pytest.fixture
def data_dir(tmp_path):
    return tmp_path


@pytest.fixture
def database(data_dir, config):
    with Database.open(data_dir / DATABASE_NAME) as made:
        cart_key.of_record(made, data_dir)
        load_shipped_content(made, config, NOW)
        with made.transaction() as transaction:
            users.set_pin(
                transaction, users.add(transaction, "jane", "Jane", "technician", NOW), "314159", NOW
            )
            patients.add(transaction, NOW, code="P-2026-0001", created_by=1)
        yield made


@pytest.fixture
def now():
    return NOW
