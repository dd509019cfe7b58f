"""The cast: the simulated cart's record, freshly opened, at a fixed time."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher

from tosca_kiosk.config import bundled, load_config
from tosca_kiosk.kiosk.services import Record
from tosca_kiosk.machine.clock import SinceBoot
from tosca_kiosk.storage import users


class Wall:
    """The clocks, which a test sets: now is the wall's, boot the one that nobody sets."""

    def __init__(self):
        self.now = datetime(2026, 3, 14, 9, 26, 53, 589793, tzinfo=UTC)
        self.boot = SinceBoot("this run", 5000.0)

    def __call__(self):
        return self.now

    def since_boot(self):
        return self.boot

    def pass_s(self, seconds):
        self.now += timedelta(seconds=seconds)
        self.boot = self.boot._replace(s=self.boot.s + seconds)


@pytest.fixture(autouse=True)
def quick_hash(monkeypatch):
    """Real argon2, at its lowest cost: these tests hash often."""
    monkeypatch.setattr(users, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def wall():
    return Wall()


@pytest.fixture(scope="session")
def new_record(tmp_path_factory):
    """The data directory of a new simulated cart, made once."""
    made = Record(load_config(bundled("simulated.yaml")), tmp_path_factory.mktemp("template"), Wall())
    made.open()
    made.close()
    return made.data_dir


@pytest.fixture
def record(tmp_path, wall, new_record):
    shutil.copytree(new_record, tmp_path, dirs_exist_ok=True)
    opened = Record(load_config(bundled("simulated.yaml")), tmp_path, wall, wall.since_boot)
    opened.open()
    yield opened
    opened.close()
