"""Calibrations of devices: one of a type and device is the active one at most, all others stay as history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tosca_kiosk.storage import queries
from tosca_kiosk.storage.as_of import Moment, audited_row
from tosca_kiosk.storage.columns import CHOICES, Held, judged
from tosca_kiosk.storage.database import Database
from tosca_kiosk.storage.door import Reader, Transaction
from tosca_kiosk.storage.errors import StorageError

DEVICE_TYPES = CHOICES["calibrations", "device_type"]
CALIBRATION_TYPES = CHOICES["calibrations", "calibration_type"]
_DECIDING = frozenset({"calibration_date", "calibration_data", "is_active"})
"""Which of a device's calibrations is in force, what it says, and how old it is."""


@dataclass(frozen=True, slots=True)
class SavedCalibration:
    """One row of calibrations. calibration_data, validation_data: JSON text.

    odd: what in the row is no value of its column.
    """

    calibration_id: int
    calibration_date: datetime | None
    tech_id: int | None
    device_type: str
    device_serial_number: str | None
    calibration_type: str
    calibration_data: str
    validation_data: str | None
    is_active: bool | None
    notes: str | None
    odd: tuple[str, ...] = ()


def add(
    transaction: Transaction,
    *,
    calibrated_utc: datetime,
    tech_id: int,
    device_type: str,
    device_serial: str,
    calibration_type: str,
    calibration_data: str,
    validation_data: str | None = None,
    notes: str | None = None,
    in_force: bool = True,
) -> int:
    """Save a calibration, which is then the active one of its type and device; return its number.

    in_force: False for one that awaits a supervisor's word, or failed. Raises StorageError for a device or
    calibration type that the schema does not name.
    """
    _check("device type", device_type, DEVICE_TYPES)
    _check("calibration type", calibration_type, CALIBRATION_TYPES)
    same: dict[str, Any] = {
        "device_type": device_type,
        "device_serial_number": device_serial,
        "calibration_type": calibration_type,
    }
    if in_force:
        _put_out_of_force(transaction, same)
    added: int = transaction.insert(
        "calibrations",
        calibration_date=calibrated_utc,
        tech_id=tech_id,
        calibration_data=calibration_data,
        validation_data=validation_data,
        notes=notes,
        is_active=in_force,
        **same,
    )
    return added


def put_in_force(transaction: Transaction, saved: SavedCalibration, validation_data: str) -> None:
    """Make a saved calibration the active one of its type and device, with what was decided of it."""
    same = {
        "device_type": saved.device_type,
        "device_serial_number": saved.device_serial_number,
        "calibration_type": saved.calibration_type,
    }
    _put_out_of_force(transaction, same)
    number = {"calibration_id": saved.calibration_id}
    transaction.update("calibrations", number, is_active=True, validation_data=validation_data)


def take_out_of_force(transaction: Transaction, saved: SavedCalibration, validation_data: str | None) -> None:
    """Make a saved calibration history, with what was decided of it; no other one comes into its place."""
    number = {"calibration_id": saved.calibration_id}
    transaction.update("calibrations", number, is_active=False, validation_data=validation_data)


def find(database: Database | Reader, number: int) -> SavedCalibration | None:
    """Return the calibration of this number, or None."""
    found = database.held_one("calibrations", calibration_id=number)
    return None if found is None else _saved(found)


def active(database: Database | Reader, calibration_type: str, device_serial: str) -> SavedCalibration | None:
    """Return the active calibration of this type for the device with this serial number, or None.

    Raises StorageError where one may be it whose row does not tell when it was made, what it says, or whether
    it is in force: it decides about light.
    """
    found = database.held(
        "calibrations",
        order_by="-calibration_id",
        calibration_type=calibration_type,
        device_serial_number=device_serial,
    )
    maybe = [one for one in found if one.row["is_active"] is not False]
    for one in maybe:
        for odd in one.odd:
            if odd.column in _DECIDING:
                raise StorageError(f"{odd}; correct it, then repeat")
    return _saved(maybe[0]) if maybe else None


def newest_data(database: Database | Reader, device_type: str) -> str | None:
    """Return the JSON of the newest active calibration of a type of device, whatever its serial number.

    For a list; what may give light is `active`, which knows the device and refuses what is doubtful.
    """
    found = queries.ACTIVE_CALIBRATION.ask(database, device_type=device_type)
    return str(found[0].row["calibration_data"]) if found else None


def history(database: Database | Reader, calibration_type: str | None = None) -> list[SavedCalibration]:
    """Return all calibrations, or those of one type, the newest entry first."""
    filters: dict[str, Any] = {} if calibration_type is None else {"calibration_type": calibration_type}
    found = database.held("calibrations", order_by="-calibration_id", **filters)
    return [_saved(one) for one in found]


def in_force_at(reader: Reader, moment: Moment) -> tuple[SavedCalibration, ...]:
    """Return the calibrations that were active at a moment of the record, the newest entry first.

    Those are meant that the audit knows of. Raises StorageError where it cannot be read.
    """
    found = reader.tuples(
        "SELECT new_values FROM audit_log WHERE audit_id IN (SELECT max(audit_id) FROM audit_log "
        "WHERE table_name = 'calibrations' AND audit_id <= ? GROUP BY row_key) AND new_values IS NOT NULL",
        (moment.audit_id,),
    )
    kinds = reader.columns("calibrations")
    rows = [audited_row(reader.path, "calibrations", values) for (values,) in found]
    then = [_saved(judged("calibrations", kinds, {name: row.get(name) for name in kinds})) for row in rows]
    return tuple(sorted((one for one in then if one.is_active), key=lambda one: -one.calibration_id))


def _put_out_of_force(transaction: Transaction, same: dict[str, Any]) -> None:
    for earlier, _ in transaction.held("calibrations", **same):
        if earlier["is_active"] is not False:
            number = {"calibration_id": earlier["calibration_id"]}
            transaction.update("calibrations", number, is_active=False)


def _saved(found: Held) -> SavedCalibration:
    return SavedCalibration(**found.row, odd=found.marks)


def _check(what: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise StorageError(f"{what} {value!r} is unknown; allowed: {', '.join(allowed)}")
