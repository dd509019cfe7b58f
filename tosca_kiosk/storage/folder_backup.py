"""The sessions' folders and the archives, backed up apart by `restic` to a place; and the way back.

Both incrementally: what is there is written once.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from tosca_kiosk.machine.synced import make_folder, sync, sync_all
from tosca_kiosk.storage.archives import ARCHIVES_NAME
from tosca_kiosk.storage.calibration_sessions import FOLDERS_NAME
from tosca_kiosk.storage.database import Database
from tosca_kiosk.storage.errors import StorageError
from tosca_kiosk.storage.files import PART
from tosca_kiosk.storage.restic import FullError, InterruptedRunError, Restic
from tosca_kiosk.storage.sessions import inside
from tosca_kiosk.storage.timestamps import from_utc_text, utc_text

PASSWORD_NAME: Final = "folder_backup_password"
STATUS_NAME: Final = "folder_backup.json"
"""Both in the data directory."""
REPOSITORY_NAME: Final = "tosca-kiosk-folders"
"""In the place."""
_HOST: Final = "tosca-kiosk"
"""Instead of the machine's name, which may change: the next backup builds on the newest of this name."""
_BACKUP: Final = ("backup", "--host", _HOST, "--exclude", f"{ARCHIVES_NAME}/*{PART}*")
_ARCHIVES: Final = "events_*.db"
_ARCHIVE: Final = re.compile(rf"/{ARCHIVES_NAME}/events_\d+_\d+\.db")
"""In a backup."""
_PASSWORD_BYTES: Final = 24
_LEAST_ROOM_BYTES: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class SavedFolders:
    """What a run has done. bytes_added: what it wrote to the place. first: none was whole before."""

    snapshot: str
    files_new: int
    files_changed: int
    files_unmodified: int
    bytes_added: int
    first: bool


class FolderBackupStatus(msgspec.Struct, frozen=True):
    """How the folders' backups stand. newest, tried: UTC as text. problem: why the last one failed."""

    newest: str | None = None
    tried: str | None = None
    problem: str | None = None

    def in_words(self, now: datetime) -> str:
        """Return one line for a person."""
        if self.newest is None:
            line = "The sessions' folders have not been backed up yet."
        else:
            line = f"The newest backup of the sessions' folders is {_age(self.newest, now)} old."
        return line if self.problem is None else f"{line} The last one failed: {self.problem}"


def _age(text: str, now: datetime) -> str:
    hours = (now - from_utc_text(text)).total_seconds() / 3600.0
    if hours < 1.0:
        return f"{max(hours, 0.0) * 60.0:.0f} min"
    return f"{hours:.0f} h" if hours < 48.0 else f"{hours / 24.0:.0f} days"


class FolderBackup:
    """The folder backup of a data directory. place: the configured directory, on a disk of its own."""

    def __init__(self, data_dir: Path, place: Path) -> None:
        self.data_dir = data_dir
        self.place = place
        self.repository = place / REPOSITORY_NAME
        self.password_file = data_dir / PASSWORD_NAME

    @property
    def status(self) -> FolderBackupStatus:
        """How the backups stand; where nobody can say so, as if there were none."""
        try:
            return msgspec.json.decode((self.data_dir / STATUS_NAME).read_bytes(), type=FolderBackupStatus)
        except (OSError, msgspec.DecodeError):
            return FolderBackupStatus()

    def back_up(
        self,
        folders: Sequence[str],
        now: datetime,
        *,
        may_go_on: Callable[[], bool] = lambda: True,
        told: Callable[[float], object] = lambda share: None,
    ) -> SavedFolders:
        """Back up what is new in these folders of the data directory (see `roots`).

        may_go_on: asked all the time; the run ends where it says no. told: is called with the share that is
        done. A run that was killed, its lock too, is no obstacle. Raises StorageError, which the status tells
        too, but for InterruptedRunError.
        """
        before = self.status
        try:
            saved = self._backed_up(folders, may_go_on, told, first=before.newest is None)
        except InterruptedRunError:
            raise
        except StorageError as error:
            self._keep(FolderBackupStatus(newest=before.newest, tried=utc_text(now), problem=str(error)))
            raise
        self._keep(FolderBackupStatus(newest=utc_text(now), tried=utc_text(now)))
        return saved

    @property
    def to_keep(self) -> str:
        """What a person must know when the first backup was made."""
        return f"Keep a copy of {self.password_file} off the cart: nothing else opens the folder backup."

    def check(self, *, may_go_on: Callable[[], bool] = lambda: True) -> None:
        """Read all that is in the place and compare it with its sums. Raises StorageError."""
        self._standing(may_go_on).run("check", "--no-lock", "--read-data")

    def restore(self, names: Sequence[str], target: Path) -> list[Path]:
        """Bring folders back into target, as the newest backup that has each holds it; return where they are.

        names: of sessions' folders, such as 3_20260314_092653, or `archives` for every archive that any
        backup has. Each comes whole or not at all. Raises StorageError for one that no backup has, and where
        something stands in its place.
        """
        restic = self._standing(lambda: True)
        wanted = {name: target / name for name in names}
        for name, final in wanted.items():
            if name != Path(name).name or name in ("", ".", ".."):
                raise StorageError(f"{name!r}: is no folder's name; give one such as 3_20260314_092653")
            if os.path.lexists(final):
                raise StorageError(f"{final}: is there already; nothing is overwritten, give another --to")
        part = target / f"{REPOSITORY_NAME}{PART}"
        try:
            make_folder(target)
            shutil.rmtree(part, ignore_errors=True)
            try:
                found = _found(restic, list(wanted))
                for name, places in found.items():
                    for snapshot, paths in places.items():
                        chosen = [word for path in paths for word in ("--include", path)]
                        at = str(part / name)
                        restic.run("restore", snapshot, "--no-lock", "--verify", *chosen, "--target", at)
                sync_all(part)  # a name that outlived a power cut with half of its files would be in the way
                for name, places in found.items():
                    (path, *_), *_ = places.values()
                    inner = ARCHIVES_NAME if name == ARCHIVES_NAME else path.removeprefix("/")
                    (part / name / inner).rename(wanted[name])
                sync(target)
            finally:
                shutil.rmtree(part, ignore_errors=True)
        except OSError as error:
            raise StorageError(
                f"{error.filename or target}: cannot be written ({error.strerror}); check the disk"
            ) from error
        return list(wanted.values())

    def _backed_up(
        self,
        folders: Sequence[str],
        may_go_on: Callable[[], bool],
        told: Callable[[float], object],
        *,
        first: bool,
    ) -> SavedFolders:
        self._check_place()
        if not folders:
            raise StorageError(f"{self.data_dir}: there is no session's folder yet")
        restic = self._restic(self.repository, may_go_on)
        if not self._make_repository(may_go_on):
            restic.run("unlock")
        try:
            said = restic.run(*_BACKUP, "--", *folders, folder=self.data_dir, told=told)
        except FullError:
            with suppress(StorageError):  # what was written in vain is room again
                restic.run("unlock")
                restic.run("prune", "--max-repack-size", "0")
            raise
        summary = next(one for one in said if one.get("message_type") == "summary")
        return SavedFolders(
            snapshot=summary["snapshot_id"],
            files_new=summary["files_new"],
            files_changed=summary["files_changed"],
            files_unmodified=summary["files_unmodified"],
            bytes_added=summary["data_added"],
            first=first,
        )

    def _restic(self, repository: Path, may_go_on: Callable[[], bool]) -> Restic:
        return Restic(repository=repository, password_file=self.password_file, may_go_on=may_go_on)

    def _standing(self, may_go_on: Callable[[], bool]) -> Restic:
        if not self.repository.is_dir():
            raise StorageError(
                f"{self.repository}: there is no folder backup; is the disk mounted? Else run "
                "tosca-kiosk db backup-folders"
            )
        self._check_password()
        return self._restic(self.repository, may_go_on)

    def _check_place(self) -> None:
        """Refuse a place that is not there, not a disk of its own, full or not to be written, at once."""
        try:
            device = self.place.stat().st_dev
            if not self.place.is_dir() or device in (self.data_dir.stat().st_dev, Path("/").stat().st_dev):
                raise StorageError(
                    f"{self.place}: is no disk of its own; mount the one for the folder backups there, which "
                    "is neither the record's nor the system's"
                )
            trial = self.place / f".{REPOSITORY_NAME}.trial"
            try:
                with trial.open("wb") as file:
                    file.write(bytes(_LEAST_ROOM_BYTES))
            finally:
                trial.unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(
                f"{self.place}: the folders cannot be backed up there ({error.strerror}); check that the "
                "disk is mounted, has room and takes writes"
            ) from error

    def _make_repository(self, may_go_on: Callable[[], bool]) -> bool:
        """Make repository and password where there are none, whole or not at all; return whether it did."""
        if self.repository.exists():
            self._check_password()
            return False
        if not self.password_file.exists():
            self._make_password()
        self._check_password()
        part = self.repository.with_name(REPOSITORY_NAME + PART)
        try:
            shutil.rmtree(part, ignore_errors=True)
            try:
                self._restic(part, may_go_on).run("init")
                part.rename(self.repository)
                sync(self.place)  # under its other name the next run would take it away
            finally:
                shutil.rmtree(part, ignore_errors=True)
        except OSError as error:
            raise StorageError(f"{self.repository}: cannot be made ({error.strerror})") from error
        return True

    def _make_password(self) -> None:
        part = self.password_file.with_name(PASSWORD_NAME + PART)
        try:
            part.unlink(missing_ok=True)
            file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(file, "w", encoding="ascii") as writing:
                writing.write(secrets.token_urlsafe(_PASSWORD_BYTES) + "\n")
                writing.flush()
                os.fsync(file)
            part.rename(self.password_file)
            sync(self.data_dir)  # before a repository is made that nothing else opens
        except OSError as error:
            raise StorageError(
                f"{self.password_file}: the password cannot be kept ({error.strerror}); check the disk"
            ) from error

    def _check_password(self) -> None:
        try:
            mode = self.password_file.stat().st_mode
        except OSError as error:
            raise StorageError(
                f"{self.password_file}: cannot be read ({error.strerror}), and {self.repository} opens with "
                "nothing else; put back the copy that was kept of it"
            ) from error
        if stat.S_IMODE(mode) & 0o077:
            raise StorageError(f"{self.password_file}: others may read it; chmod 600 {self.password_file}")

    def _keep(self, status: FolderBackupStatus) -> None:
        """Keep how it stands: a courtesy that a full disk may spoil."""
        part = self.data_dir / (STATUS_NAME + PART)
        with suppress(OSError):
            part.write_bytes(msgspec.json.encode(status))
            part.rename(self.data_dir / STATUS_NAME)


def roots(database: Database, data_dir: Path) -> list[str]:
    """Return the folders of a data directory in which sessions' folders, calibrations' too, and archives lie.

    A row whose path leads out of it is left out: what is there is not this cart's.
    """
    with database.reading() as reader:
        rows = reader.rows("SELECT DISTINCT session_folder_path AS path FROM sessions")
    found = {data_dir / ARCHIVES_NAME, data_dir / FOLDERS_NAME}
    for path in (row["path"] for row in rows if isinstance(row["path"], str)):
        with suppress(StorageError):
            folder = inside(data_dir, path, "sessions.session_folder_path")
            # One that lies in the data directory itself is taken alone: the record has backups of its own.
            found.add(folder if folder.parent == data_dir else folder.parent)
    return sorted(str(root.relative_to(data_dir)) for root in found if root.is_dir())


def _found(restic: Restic, names: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    """Return for each name the newest backup that has it, and its path in there.

    The archives are all that any backup has, each file in the newest one that has it. Raises StorageError for
    a name that none has.
    """
    listed = restic.run("snapshots", "--no-lock")[0] or ()
    age = {one["id"]: number for number, one in enumerate(sorted(listed, key=_made, reverse=True))}
    patterns = [_ARCHIVES if name == ARCHIVES_NAME else name for name in names]
    hits = [
        (age[found["snapshot"]], found["snapshot"], match["path"])
        for found in restic.run("find", "--no-lock", "--", *patterns)[0] or ()
        for match in found["matches"]
        if match["type"] == "dir" or _ARCHIVE.fullmatch(match["path"])
    ]
    newest: dict[str, dict[str, str]] = {}
    for _, snapshot, path in sorted(hits, reverse=True):  # the newest one last
        if _ARCHIVE.fullmatch(path):
            newest.setdefault(ARCHIVES_NAME, {})[path] = snapshot
        else:
            newest[Path(path).name] = {path: snapshot}
    if missing := [name for name in names if name not in newest]:
        raise StorageError(
            f"{', '.join(missing)}: no backup in {restic.repository} has this; nothing is restored"
        )
    return {
        name: {
            snapshot: [path for path, within in newest[name].items() if within == snapshot]
            for snapshot in newest[name].values()
        }
        for name in names
    }


def _made(listed: dict[str, str]) -> str:
    return listed["time"]
