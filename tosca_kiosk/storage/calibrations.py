"""Calibrations of devices: the newest of a type and device is the active one, older ones stay as history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tosca_kiosk.storage.database import Database
from tosca_kiosk.storage.door import Reader, Transaction
from tosca_kiosk.storage.errors import StorageError

DEVICE_TYPES = ("laser", "actuator", "photodiode", "camera")
CALIBRATION_TYPES = (
    "actuator_position_to_ring_size",
    "photodiode_voltage_to_power",
    "laser_power_verification",
    "camera_focus_calibration",
    "ring_detection_calibration",
)


@dataclass(frozen=True, slots=True)
class SavedCalibration:
    """One row of calibrations. calibration_data, validation_data: JSON text."""

    calibration_id: int
    calibration_date: datetime
    tech_id: int
    device_type: str
    device_serial_number: str | None
    calibration_type: str
    calibration_data: str
    validation_data: str | None
    is_active: bool
    notes: str | None


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
) -> int:
    """Save a validated calibration, which is then the active one of its type and device; return its number.

    Raises StorageError for a device or calibration type that the schema does not name.
    """
    _check("device type", device_type, DEVICE_TYPES)
    _check("calibration type", calibration_type, CALIBRATION_TYPES)
    same: dict[str, Any] = {
        "device_type": device_type,
        "device_serial_number": device_serial,
        "calibration_type": calibration_type,
    }
    for earlier in transaction.find("calibrations", is_active=True, **same):
        transaction.update("calibrations", {"calibration_id": earlier["calibration_id"]}, is_active=False)
    added: int = transaction.insert(
        "calibrations",
        calibration_date=calibrated_utc,
        tech_id=tech_id,
        calibration_data=calibration_data,
        validation_data=validation_data,
        notes=notes,
        is_active=True,
        **same,
    )
    return added


def active(database: Database | Reader, calibration_type: str, device_serial: str) -> SavedCalibration | None:
    """Return the active calibration of this type for the device with this serial number, or None."""
    rows = database.find(
        "calibrations",
        order_by="-calibration_id",
        limit=1,
        calibration_type=calibration_type,
        device_serial_number=device_serial,
        is_active=True,
    )
    return SavedCalibration(**rows[0]) if rows else None


def history(database: Database | Reader, calibration_type: str | None = None) -> list[SavedCalibration]:
    """Return all calibrations, or those of one type, the newest entry first."""
    filters: dict[str, Any] = {} if calibration_type is None else {"calibration_type": calibration_type}
    rows = database.find("calibrations", order_by="-calibration_id", **filters)
    return [SavedCalibration(**row) for row in rows]


def _check(what: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise StorageError(f"{what} {value!r} is unknown; allowed: {', '.join(allowed)}")
