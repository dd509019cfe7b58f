"""The record of a session that runs in this process: opened with its journal, closed by its import."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hardware.interfaces import Device
from tosca_kiosk.cli.workplace import Workplace
from tosca_kiosk.control.devices import Devices
from tosca_kiosk.control.journal import JOURNAL_NAME, Journal
from tosca_kiosk.domain.journal_lines import Header
from tosca_kiosk.record import SessionPlan, opening
from tosca_kiosk.storage import Database, Imported, import_journal
from tosca_kiosk.storage.sessions import Session


@dataclass(frozen=True)
class OpenedSession:
    """A session whose row, folder and journal exist."""

    session: Session
    folder: Path
    header: Header
    journal: Journal


def open_record(
    workplace: Workplace, database: Database, plan: SessionPlan, devices: Devices, now: datetime
) -> OpenedSession:
    """Make row, folder and journal together or not at all. Raises StorageError or RefusedError."""
    described = {device.key: _described(device) for device in devices}
    origin = workplace.config.origin
    with opening(database, workplace.data_dir, plan, described, origin, now) as opened:
        return OpenedSession(opened.session, opened.folder, opened.header, Journal(opened.folder))


def _described(device: Device) -> dict[str, str]:
    identity = device.identity
    if identity is None:
        return {"origin": str(device.origin)}
    return {
        "origin": str(device.origin),
        "model": identity.model,
        "serial_number": identity.serial_number,
        "firmware": identity.firmware,
        "found_at_start": "; ".join(device.found_at_start),
    }


def close_record(database: Database, opened: OpenedSession, now: datetime, operator_id: int) -> Imported:
    """Import the finished journal and close the session's row. Raises StorageError."""
    return import_journal(database, opened.folder / JOURNAL_NAME, now, operator_id=operator_id)
