"""The record: SQLite through `dataset`, migrations, import of journals, backup."""

from tosca_kiosk.storage import (
    acknowledgements,
    anchors,
    archives,
    calibration_sessions,
    calibrations,
    cart_key,
    energies,
    events,
    heads,
    patients,
    protocols,
    sessions,
    settings,
    users,
)
from tosca_kiosk.storage.backup import make_backup, prune_backups, restore_backup, verify_backup
from tosca_kiosk.storage.beside import record_to_read
from tosca_kiosk.storage.calibration_close import close_calibration, recover_calibrations
from tosca_kiosk.storage.check import CheckReport, check, found_by_upgrades
from tosca_kiosk.storage.database import Database
from tosca_kiosk.storage.door import Reader, Transaction
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.first_start import database_is_fresh
from tosca_kiosk.storage.journal_contents import Imported
from tosca_kiosk.storage.journal_import import import_journal
from tosca_kiosk.storage.lock import data_directory_lock
from tosca_kiosk.storage.session_close import close_session, recover

DATABASE_NAME = "laser_control.db"
BACKUPS_NAME = "backups"
"""In the data directory."""

__all__ = [
    "BACKUPS_NAME",
    "DATABASE_NAME",
    "CheckReport",
    "Database",
    "Imported",
    "Reader",
    "StorageError",
    "Transaction",
    "acknowledgements",
    "anchors",
    "archives",
    "calibration_sessions",
    "calibrations",
    "cart_key",
    "check",
    "close_calibration",
    "close_session",
    "data_directory_lock",
    "database_is_fresh",
    "energies",
    "events",
    "found_by_upgrades",
    "heads",
    "import_journal",
    "make_backup",
    "patients",
    "protocols",
    "prune_backups",
    "record_to_read",
    "recover",
    "recover_calibrations",
    "restore_backup",
    "sessions",
    "settings",
    "users",
    "verify_backup",
]
