"""The shell on the stage, over a presenter whose record and control are not there."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tosca_kiosk.config import bundled, load_config
from tosca_kiosk.control.link.client import ControlLink
from tosca_kiosk.kiosk.presenter import Presenter
from tosca_kiosk.kiosk.services import Record, Worker


@pytest.fixture
def presenter(tmp_path):
    config = load_config(bundled("simulated.yaml"))
    worker = Worker()
    record = Record(config, tmp_path, lambda: datetime.now(UTC))
    link = ControlLink(tmp_path / "control.sock")
    yield Presenter(record, worker, link, lambda: None)
    worker.close()
    link.close()
    record.close()


@pytest.fixture
def shell(stage, presenter):
    from tosca_kiosk.kiosk.shell import Shell  # noqa: PLC0415 -- after the stage has prepared Kivy

    made = Shell(presenter, lambda note: None)
    made.frame.attach(stage.window)
    stage.frame(2)
    yield made
    made.frame.detach()
