"""A calibration session's opening: row, folder and journal, all or nothing, once its backup is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tosca_kiosk.config import CartConfig
from tosca_kiosk.domain.calibration_session import CalibrationSession
from tosca_kiosk.domain.journal_lines import FORMAT_VERSION, Header
from tosca_kiosk.domain.rules_difference import rules_difference
from tosca_kiosk.journal.tail import not_made
from tosca_kiosk.machine.synced import make_folder
from tosca_kiosk.session.backing_up import BackedUp
from tosca_kiosk.session.calibration_rules import recorded_calibration_rules, rules_of
from tosca_kiosk.session.errors import RefusedError
from tosca_kiosk.storage import Database, calibration_sessions, cart_key
from tosca_kiosk.storage.calibration_sessions import CalibrationSessionRow
from tosca_kiosk.storage.timestamps import utc_text
from tosca_kiosk.storage.users import User


@dataclass(frozen=True, kw_only=True)
class CalibrationOrder:
    """What is to be opened. meter: the reference meter that will be read, as JSON has it.

    continues: the interrupted session whose readings it takes over.
    """

    technician: User
    session: CalibrationSession
    config: CartConfig
    meter: Mapping[str, Any] | None = None
    continues: int | None = None


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
    order: CalibrationOrder,
    devices: Mapping[str, dict[str, str]],
    now: datetime,
    backup: BackedUp,
) -> Iterator[OpenedCalibration]:
    """Make row and folder; what is done inside `with` belongs to it: an error undoes the row.

    The header's rules are those that the record says of the row, as whoever compares them will find them.
    devices: what the journal's header says of each device. backup: the one that precedes it. Without the
    cart's key, by which the record is signed at its end, no session begins. Raises BackupOvertakenError where
    something was changed since, StorageError or RefusedError, and what
    `recorded_calibration_rules` does.
    """
    cart_key.of_record(database, data_dir)
    tech_id, origin = order.technician.tech_id, order.config.origin
    with database.transaction(tech_id) as transaction:
        backup.refuse_overtaken(transaction)
        row = calibration_sessions.start(
            transaction,
            tech_id=tech_id,
            start_utc=now,
            rules=order.session,
            device_serials={key: said.get("serial_number", "") for key, said in devices.items()},
            origin=origin,
            meter=order.meter,
            continues=order.continues,
        )
        rules = recorded_calibration_rules(transaction, order.config, row.calibration_session_id)
        if changed := rules_difference(rules_of(rules, order.session), rules):
            raise RefusedError(f"the calibration was planned under other rules: {changed}; begin anew")
        folder = calibration_sessions.folder_of(row, data_dir)
        header = Header(
            version=FORMAT_VERSION,
            session_id=row.calibration_session_id,
            patient_id=None,
            tech_id=tech_id,
            started_utc=utc_text(now),
            origin=origin,
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
