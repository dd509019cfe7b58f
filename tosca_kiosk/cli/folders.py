"""`db backup-folders`, `db restore-folders`: folders and archives to a disk of their own, and back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Final

import click
import msgspec
from rich.console import Console
from rich.progress import Progress

from tosca_kiosk.cli.console import say
from tosca_kiosk.cli.workplace import Workplace, workplace_command
from tosca_kiosk.machine.clock import RealClock, utc_now
from tosca_kiosk.machine.stop_signals import on_interrupt
from tosca_kiosk.session import REFUSALS, RefusedError
from tosca_kiosk.storage import Database
from tosca_kiosk.storage.calibration_sessions import open_now
from tosca_kiosk.storage.folder_backup import FolderBackup, SavedFolders, roots

_LOOK_EVERY_S: Final = 1.0


@click.command("backup-folders")
@click.option("--check", "checks", is_flag=True, help="Only read all that is there and verify it.")
@click.option("--status", "tells", is_flag=True, help="Only say how old the newest backup is, and why.")
@workplace_command
def backup_folders(workplace: Workplace, checks: bool, tells: bool) -> None:
    """Back up what is new in the sessions' folders and the archives, by restic, to the configured place.

    Refused while a session is open, and ended when one is opened; the next run goes on.

    \b
    Examples:
      tosca-kiosk db backup-folders
      tosca-kiosk db backup-folders --check
      tosca-kiosk db backup-folders --status --json
    """
    backup = _configured(workplace)
    if tells:
        status = backup.status
        workplace.answer(msgspec.structs.asdict(status), status.in_words(utc_now()))
        return
    if not workplace.database_path.exists():
        raise RefusedError(f"{workplace.database_path}: there is no database; is this the data directory?")
    with workplace.reading() as database, _watched(database) as watch:
        if checks:
            backup.check(may_go_on=watch.may_go_on)
            workplace.answer({"repository": str(backup.repository), "ok": True}, f"{backup.repository}: ok")
            return
        saved = _saved(backup, database, watch)
    workplace.answer({"repository": str(backup.repository), **asdict(saved)}, _in_words(saved, backup))


@click.command("restore-folders")
@click.argument("folders", nargs=-1, required=True, metavar="FOLDER...")
@click.option(
    "--to",
    "target",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Into this directory.",
)
@workplace_command
def restore_folders(workplace: Workplace, folders: tuple[str, ...], target: Path) -> None:
    """Bring sessions' folders back, each as the newest folder backup that has it. Nothing is overwritten.

    FOLDER is a session folder's name, such as 3_20260314_092653, or archives: every file of moved events
    that any backup has.

    \b
    Examples:
      tosca-kiosk db restore-folders 1_20261130_112932 --to /tmp/back
      tosca-kiosk db restore-folders archives --to /tmp/back
    """
    restored = _configured(workplace).restore(folders, target)
    workplace.answer({"restored": [str(path) for path in restored]}, "\n".join(map(str, restored)))


def save_where_configured(workplace: Workplace) -> None:
    """Back up the folders where that is configured; whatever comes of it is said, and changes nothing."""
    if workplace.config.folder_backup_to is None:
        return
    try:
        backup = _configured(workplace)
        with workplace.reading() as database, _watched(database) as watch:
            say(_in_words(_saved(backup, database, watch), backup))
    except REFUSALS as error:
        say(f"Warning: the sessions' folders are not backed up: {error}")


def _configured(workplace: Workplace) -> FolderBackup:
    place = workplace.config.folder_backup_to
    if place is None:
        raise RefusedError(
            f"{workplace.config.source}: names no place for the sessions' folders; write folder_backup: with "
            "to: and a directory on a disk of its own"
        )
    return FolderBackup(workplace.data_dir, place)


class _Watch:
    """Whether a folder backup may go on: nobody has asked it to end, and no session is open."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._clock = RealClock()
        self._looked_s = -_LOOK_EVERY_S
        self._stopped = False

    def stop(self) -> None:
        self._stopped = True

    def may_go_on(self) -> bool:
        now_s = self._clock.now_s()
        if now_s - self._looked_s >= _LOOK_EVERY_S:
            self._looked_s = now_s
            self._stopped = self._stopped or open_now(self._database) is not None
        return not self._stopped


@contextmanager
def _watched(database: Database) -> Iterator[_Watch]:
    if (found := open_now(database)) is not None:
        raise RefusedError(f"{found} is open; its folder and all others are backed up after it")
    watch = _Watch(database)
    with on_interrupt(watch.stop):
        yield watch


def _saved(backup: FolderBackup, database: Database, watch: _Watch) -> SavedFolders:
    """Back up under a bar, which only a terminal sees."""
    folders = roots(database, backup.data_dir)
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("session folders", total=1.0)
        saved = backup.back_up(
            folders,
            utc_now(),
            may_go_on=watch.may_go_on,
            told=lambda share: bar.update(task, completed=share),
        )
    if saved.first:
        say(backup.to_keep)
    return saved


def _in_words(saved: SavedFolders, backup: FolderBackup) -> str:
    return (
        f"Session folders: {saved.files_new} files new, {saved.files_changed} changed, "
        f"{saved.files_unmodified} as before; {saved.bytes_added / 1e6:.1f} MB more in {backup.repository}."
    )
