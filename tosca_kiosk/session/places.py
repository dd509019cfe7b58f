"""Where everything of a cart lies: configuration, record, what belongs to it; sizes, and what is missing."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from tosca_kiosk.config import CartConfig
from tosca_kiosk.domain.setting_table import DEFAULT_SESSION_DATA_PATH, SESSION_DATA_PATH
from tosca_kiosk.journal.fault_traces import TRACES_NAME
from tosca_kiosk.storage import (
    BACKUPS_NAME,
    DATABASE_NAME,
    Database,
    StorageError,
    archives,
    sessions,
    settings,
)
from tosca_kiosk.storage.archives import ARCHIVES_NAME
from tosca_kiosk.storage.folder_backup import PASSWORD_NAME, REPOSITORY_NAME
from tosca_kiosk.storage.signing import KEY_NAME

LOG_NAME: Final = "log"
"""In the data directory: what the processes of a run say."""
_LOGS_OF_SQLITE: Final = ("-wal", "-shm")
_NAMED_AT_MOST: Final = 5


class Place(NamedTuple):
    """A file or folder. path: None where none is configured. files, size_bytes: None where it is not there.

    missing: what should be there and is not, in words.
    """

    name: str
    path: Path | None
    files: int | None
    size_bytes: int | None
    missing: tuple[str, ...] = ()


def places(
    config_path: Path, config: CartConfig | None, data_dir: Path, database: Database | None
) -> list[Place]:
    """Return where everything lies. config, database: None where they cannot be read."""
    record = data_dir / DATABASE_NAME
    folders, lost_folders, lost_archives = _of_record(database, data_dir)
    always = (
        _place("configuration", config_path, needed=True),
        _place("record", record, *(Path(f"{record}{end}") for end in _LOGS_OF_SQLITE), needed=True),
        _place("backups", data_dir / BACKUPS_NAME),
        _place("sessions", folders, missing=lost_folders),
        _place("archives", data_dir / ARCHIVES_NAME, missing=lost_archives),
        _place("key", data_dir / KEY_NAME, needed=record.exists()),
        _place("log", data_dir / LOG_NAME),
        _place("traces", data_dir / TRACES_NAME),
    )
    if config is None:
        return list(always)
    to = config.folder_backup_to
    password = data_dir / PASSWORD_NAME
    return [
        *always,
        _place("anchors", config.anchor_path, needed=True),
        _place("folder backup", None if to is None else to / REPOSITORY_NAME, needed=to is not None),
        _place("folder backup's password", None if to is None else password, needed=to is not None),
    ]


def _of_record(database: Database | None, data_dir: Path) -> tuple[Path, tuple[str, ...], tuple[str, ...]]:
    """Return where new sessions go, and which folders and archives that the record names are not there."""
    path = DEFAULT_SESSION_DATA_PATH
    lost_folders: list[str] = []
    lost_archives: list[str] = []
    if database is not None:
        with database.reading() as reader:
            path = settings.session_data_path(reader, data_dir)
            named = reader.tuples("SELECT session_id, session_folder_path FROM sessions ORDER BY session_id")
            for number, stored in named:
                if stored is not None and not _is_there(data_dir, str(stored)):
                    lost_folders.append(f"folder of session {number}")
            for archive in archives.known(reader.connection):
                if not archive.path(database.path).exists():
                    lost_archives.append(archive.file)
    where = sessions.inside(data_dir, path, SESSION_DATA_PATH)
    return where, _few(lost_folders), _few(lost_archives)


def _is_there(data_dir: Path, stored: str) -> bool:
    try:
        return sessions.inside(data_dir, stored, "session_folder_path").is_dir()
    except StorageError:
        return False


def _few(missing: list[str]) -> tuple[str, ...]:
    more = len(missing) - _NAMED_AT_MOST
    return tuple(missing[:_NAMED_AT_MOST]) + ((f"{more} more",) if more > 0 else ())


def _place(
    name: str, path: Path | None, *beside: Path, needed: bool = False, missing: tuple[str, ...] = ()
) -> Place:
    if path is None:
        return Place(name=name, path=None, files=None, size_bytes=None)
    if not os.path.lexists(path):
        lost = (*missing, "is not there") if needed else missing
        return Place(name=name, path=path, files=None, size_bytes=None, missing=lost)
    files, size_bytes, unread = _measured((path, *(other for other in beside if other.exists())))
    return Place(name=name, path=path, files=files, size_bytes=size_bytes, missing=(*missing, *unread))


def _measured(paths: Iterable[Path]) -> tuple[int, int, tuple[str, ...]]:
    """Return how many files there are and their bytes; and which folders cannot be looked into."""
    files, size_bytes = 0, 0
    unread: list[str] = []
    for path in paths:
        found = [path]
        if path.is_dir():
            found = [
                Path(folder) / name
                for folder, _, names in os.walk(
                    path, onerror=lambda error: unread.append(str(error.filename))
                )
                for name in names
            ]
        for file in found:
            try:
                size_bytes += file.lstat().st_size
                files += 1
            except OSError:
                continue  # taken away meanwhile
    return files, size_bytes, _few([f"{folder} cannot be read" for folder in unread])
