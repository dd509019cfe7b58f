"""The record as the kiosk holds it: opened once, probed for loss, used in the worker's thread alone."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from tosca_kiosk.config import CartConfig
from tosca_kiosk.machine.clock import SinceBoot, since_boot, utc_now
from tosca_kiosk.session import FolderKeeper, Sealing, SessionBackup, load_shipped_content
from tosca_kiosk.storage import BACKUPS_NAME, DATABASE_NAME, Database, StorageError


class Record:
    """The open record of a data directory. utc: the wall clock, aware; it labels rows and steers nothing.

    since_boot: the clock that nobody sets; waits after wrong PINs are counted on it. sealing: signs what
    ends, and takes the anchors out. backup: the one before the next session, in a thread of its own. folders:
    keeps the sessions' folders backed up in another, None where the configuration names no place.

    lost: whether the last look found that the database's file was removed or replaced: nobody reads what is
    written then.
    """

    def __init__(
        self,
        config: CartConfig,
        data_dir: Path,
        utc: Callable[[], datetime] = utc_now,
        since_boot: Callable[[], SinceBoot] = since_boot,
    ) -> None:
        self.config = config
        self.data_dir = data_dir
        self.utc = utc
        self.since_boot = since_boot
        self.sealing = Sealing(data_dir, config.anchor_path, logging.getLogger(__name__).warning)
        self.backup = SessionBackup(lambda: self.database, self.backup_dir, utc, self.sealing)
        place = config.folder_backup_to
        self.folders = None if place is None else FolderKeeper(lambda: self.database, data_dir, place, utc)
        self._database: Database | None = None
        self._file: tuple[int, int] | None = None
        self.lost = False

    @property
    def path(self) -> Path:
        return self.data_dir / DATABASE_NAME

    @property
    def backup_dir(self) -> Path:
        return self.data_dir / BACKUPS_NAME

    @property
    def database(self) -> Database:
        """The open database. Raises StorageError before `open` and after `close`."""
        if self._database is None:
            raise StorageError(f"{self.path}: the record is not open")
        return self._database

    def open(self) -> None:
        """Open the database; a new simulated cart gets the shipped content. Raises one of REFUSALS."""
        if self._database is not None:
            return
        database = Database.open(self.path)
        try:
            if self.config.all_simulated:
                load_shipped_content(database, self.config, self.utc())
            self.sealing.begin(database)
        except BaseException:
            database.close()
            raise
        self._database, self._file = database, self._identity()

    def close(self) -> None:
        """Close the database; backups that are under way end."""
        self.backup.close()
        if self.folders is not None:
            self.folders.close()
        if self._database is not None:
            self._database.close()
            self._database = None

    def problem(self, *, write: bool) -> str | None:
        """Return why the record cannot be used now, None when it can. write: try that too, to the disk.

        SQLite goes on in a file that was deleted or replaced under it, so the file itself is looked at.
        """
        if self._database is None:
            return f"{self.path} is not open."
        self.lost = self._identity() != self._file
        if self.lost:
            return f"Do not treat. Restart the kiosk or call service: {self.path} is gone or was replaced."
        try:
            self._database.held("system_config", limit=1)
            if write:
                with self._database.transaction():
                    pass
        except StorageError as error:
            return str(error)
        return None

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino
