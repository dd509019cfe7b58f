"""Folders of sessions whose opening was broken off: the row was never there, and nothing was recorded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePath

from tosca_kiosk.journal import JOURNAL_NAME
from tosca_kiosk.journal.tail import StillWrittenError, unused_gone
from tosca_kiosk.storage import sessions, settings
from tosca_kiosk.storage.database import Database
from tosca_kiosk.storage.door import Reader
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.session_folders import numbered_calibrations, numbered_folders


def unopened_gone(database: Database, data_dir: Path) -> Iterator[str]:
    """Take away the folders of sessions that were never opened, and yield a sentence each.

    A session's folder and its empty journal are made before its row is committed; a kill between the two
    leaves them alone. One in which anything was recorded stays, and `db check` names it; so does one that
    cannot be taken away, or where the record takes no writes. The caller holds the data directory's lock.
    """
    with database.reading() as reader:
        if not list(_without_row(reader, data_dir)):
            return
    try:
        # Nobody opens a session meanwhile, so none that has no row yet is taken for one that gets none.
        with database.transaction() as transaction:
            gone = [folder for folder in _without_row(transaction, data_dir) if _is_gone(folder)]
    except StorageError:
        return
    for folder in gone:
        yield f"{folder.name}: a session's opening was broken off; nothing was recorded, its folder is gone."


def _without_row(reader: Reader, data_dir: Path) -> Iterator[Path]:
    rows = reader.rows("SELECT session_folder_path AS path FROM sessions")
    stored = [row["path"] for row in rows if isinstance(row["path"], str)]
    calibrating = reader.rows("SELECT folder_path AS path FROM calibration_sessions")
    known = set()
    for path in (*stored, *(row["path"] for row in calibrating if isinstance(row["path"], str))):
        try:
            known.add(sessions.inside(data_dir, path, "the folder of a session"))
        except StorageError:
            continue  # nothing of this cart's
    places = {str(PurePath(path).parent) for path in stored}
    with suppress(StorageError):  # an odd setting, named by `db check`
        places.add(settings.session_data_path(reader, data_dir))
    for _, folder in (*numbered_folders(data_dir, places), *numbered_calibrations(data_dir)):
        if folder not in known:
            yield folder


def _is_gone(folder: Path) -> bool:
    try:
        return unused_gone(folder / JOURNAL_NAME)
    except (OSError, StillWrittenError):
        return False
