"""What else must hold after the next start, of each kind that `kills` kills: yielded where it does not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from benchmarks.rigs.killed_operation import left_over, run
from tosca_kiosk.journal import JOURNAL_NAME
from tosca_kiosk.journal.tail import SESSION_LINK
from tosca_kiosk.machine.runtime import MEMORY, name_of
from tosca_kiosk.storage import BACKUPS_NAME, DATABASE_NAME, Database, StorageError, archives, verify_backup
from tosca_kiosk.storage.folder_backup import REPOSITORY_NAME
from tosca_kiosk.storage.replaced import look

CONFIG_NAME: Final = "folder_backup.yaml"
"""In the data directory: what the cart that backs up its folders is configured by."""
_LASER_OUTPUT, _WANT_GATE = 0, 2
"""Places in a tick line's outputs."""
_EVENTS: Final = "SELECT event_id FROM treatment_events WHERE session_id = ? ORDER BY event_id"
_NOT_CONFIRMED: Final = (
    "SELECT 1 FROM safety_log WHERE session_id = :number AND severity = 'critical' "
    "AND details LIKE '%light_not_confirmed%'"
)


def disk_of(place: Path) -> Path:
    """Return where folder backups of the data directories in place go: in memory, a disk of its own."""
    return MEMORY / f"tosca-kills-{name_of(place)}"


def check_passes(data_dir: Path) -> Iterator[str]:
    """Yield what `db check` names."""
    code, said = run(["db", "check"], data_dir)
    if code != 0:
        yield f"db check: {said!r}"


def sessions_are_closed(data_dir: Path) -> Iterator[str]:
    """Yield what of a journal is not in the record, or twice, and light that nobody speaks of."""
    with Database.open(data_dir / DATABASE_NAME, create=False) as database:
        for row in database.rows("SELECT session_id, session_folder_path AS path FROM sessions"):
            yield from _session(database, row["session_id"], data_dir / row["path"].removeprefix("data/"))
    for link in MEMORY.glob(f"tosca-journal-*/{SESSION_LINK}"):
        if link.readlink().is_relative_to(data_dir.resolve()):
            yield f"{link.parent} is left in memory"
    yield from check_passes(data_dir)


def _session(database: Database, session_id: int, folder: Path) -> Iterator[str]:
    journal = folder / JOURNAL_NAME
    content = journal.read_bytes() if journal.exists() else b""
    lines = [json.loads(line) for line in content.split(b"\n")[:-1]]
    ticks = [line for line in lines if "t" in line]
    written = sum(len(line.get("e", ())) for line in ticks)
    found = len(database.rows("SELECT 1 FROM treatment_events WHERE session_id = :number", number=session_id))
    if found != written:
        yield f"session {session_id}: {written} events in its journal, {found} in the record"
    if (
        ticks
        and "t" in lines[-1]
        and _in_light(ticks[-1])
        and not database.rows(_NOT_CONFIRMED, number=session_id)
    ):
        yield f"session {session_id} ended in light, and the safety log does not say so"


def _in_light(tick: dict[str, Any]) -> bool:
    return bool(tick["o"][_LASER_OUTPUT] and tick["o"][_WANT_GATE])


def backups_are_whole(data_dir: Path) -> Iterator[str]:
    """Yield which files that bear a backup's name are none."""
    for path in (data_dir / BACKUPS_NAME).glob("*.db"):
        try:
            verify_backup(path)
        except StorageError as error:
            yield str(error)
        yield from (f"{path.name}: {damage}" for damage in look(path, data_dir / DATABASE_NAME).damage)
    yield from check_passes(data_dir)


def events_are_in_one_place(data_dir: Path) -> Iterator[str]:
    """Yield which events are lost, or in two places, and files that are of no operation."""
    with Database.open(data_dir / DATABASE_NAME, create=False) as database, database.reading() as reader:
        expected = [number for (number,) in reader.tuples("SELECT event_id FROM treatment_events_chain")]
        found = [
            row[0]
            for (session_id,) in reader.tuples("SELECT session_id FROM sessions")
            for row in archives.select(reader, session_id, _EVENTS, (session_id,))
        ]
        if sorted(found) != sorted(expected):
            yield f"of {len(expected)} events {len(set(found))} are there, {len(found)} with those twice"
        named = {archive.file for archive in archives.known(reader.connection)}
    there = {path.name for path in archives.directory_of(data_dir / DATABASE_NAME).glob("*")}
    if there != named:
        yield f"archives: {sorted(there)} are there, {sorted(named)} are named"
    yield from check_passes(data_dir)


def folders_are_saved(data_dir: Path) -> Iterator[str]:
    """Yield what of the sessions' folders does not come back from the disk, and what is left there."""
    disk = disk_of(data_dir.parent)
    yield from (f"left over on the disk: {name}" for name in left_over(disk))
    config = ("--config", str(data_dir / CONFIG_NAME))
    # A restic that lost the command that started it may end its own way while the next one runs.
    code, said = run(["db", "backup-folders", *config], data_dir)
    if code != 0:
        yield f"the second run failed: {said!r}"
    yield from (f"a lock is left: {path.name}" for path in (disk / REPOSITORY_NAME / "locks").glob("*"))
    code, said = run(["db", "backup-folders", "--check", *config], data_dir)
    if code != 0:
        yield f"the folder backup is damaged: {said!r}"
    here = data_dir / "sessions"
    names = sorted(path.name for path in here.iterdir())
    with TemporaryDirectory(prefix="tosca-kills-back-") as back:
        code, said = run(["db", "restore-folders", *names, "--to", back, *config], data_dir)
        if code != 0:
            yield f"the folders do not come back: {said!r}"
        elif _contents(Path(back)) != _contents(here):
            yield "the folders do not come back as they are"


def _contents(folder: Path) -> Sequence[tuple[str, bytes]]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [(str(path.relative_to(folder)), path.read_bytes()) for path in files]
