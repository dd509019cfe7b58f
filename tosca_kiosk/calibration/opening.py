"""The opening of a session that calibrates in the record: row, folder and journal, all or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from tosca_kiosk.config import CartConfig
from tosca_kiosk.domain.calibration_session import CalibrationSession
from tosca_kiosk.domain.journal_lines import FORMAT_VERSION, Header
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.journal.tail import not_made
from tosca_kiosk.machine.synced import make_folder
from tosca_kiosk.session.errors import RefusedError
from tosca_kiosk.storage import Database, calibration_sessions, cart_key
from tosca_kiosk.storage.calibration_sessions import CalibrationSessionRow
from tosca_kiosk.storage.timestamps import utc_text


@dataclass(frozen=True)
class OpenedCalibration:
    """A session whose row and folder exist."""

    row: CalibrationSessionRow
    folder: Path
    header: Header


@contextmanager
def opening_calibration(
    database: Database,
    data_dir: Path,
    config: CartConfig,
    rules: Rules,
    devices: Mapping[str, dict[str, str]],
    *,
    tech_id: int,
    now: datetime,
    meter: msgspec.Struct | None = None,
    continues: int | None = None,
) -> Iterator[OpenedCalibration]:
    """Make row and folder; what is done inside `with` belongs to it: an error undoes the row.

    devices: what the journal's header says of each device. meter: the reference that will be read. continues:
    the interrupted session whose readings it takes over. Without the cart's key, by which the record is
    signed at its end, no session begins. Raises StorageError or RefusedError.
    """
    session = rules.calibration_session
    if session is None:
        raise ValueError("the rules are a treatment's")
    cart_key.of_record(database, data_dir)
    with database.transaction(tech_id) as transaction:
        row = calibration_sessions.start(
            transaction,
            tech_id=tech_id,
            start_utc=now,
            rules=session,
            device_serials={key: told.get("serial_number", "") for key, told in devices.items()},
            origin=config.origin,
            meter=None if meter is None else _as_json(meter),
            continues=continues,
        )
        folder = calibration_sessions.folder_of(row, data_dir)
        header = Header(
            version=FORMAT_VERSION,
            session_id=row.calibration_session_id,
            patient_id=None,
            tech_id=tech_id,
            started_utc=utc_text(now),
            origin=config.origin,
            software=version("tosca-kiosk"),
            devices=dict(devices),
            rules=rules,
            work="calibration",
        )
        try:
            make_folder(folder, new=True)
            yield OpenedCalibration(row, folder, header)
        except OSError as error:
            raise RefusedError(not_made(error, folder)) from error


def _as_json(meter: msgspec.Struct) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(meter)
    return told


def as_recorded(database: Database, number: int, session: CalibrationSession | None) -> bool:
    """Whether the record says the same of a session's light as control was given."""
    return calibration_sessions.rules_of(calibration_sessions.get(database, number)) == session
