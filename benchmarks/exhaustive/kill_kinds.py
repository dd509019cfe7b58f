"""The operations on the record that `kills` kills: how each is made ready, and what must hold after it."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from benchmarks.exhaustive import kill_judges
from benchmarks.exhaustive.kill_judges import CONFIG_NAME, disk_of
from benchmarks.rigs.killed_operation import Step, run
from benchmarks.rigs.recorded_cart import STARTED_UTC, header, treated
from tosca_kiosk.config import bundled
from tosca_kiosk.domain.journal_lines import ChainWriter
from tosca_kiosk.domain.summary import summarise
from tosca_kiosk.journal import JOURNAL_NAME
from tosca_kiosk.storage import BACKUPS_NAME, DATABASE_NAME, Database, patients, schema, sessions
from tosca_kiosk.storage.folder_backup import PASSWORD_NAME, REPOSITORY_NAME, STATUS_NAME

NOW: Final = datetime.fromisoformat(STARTED_UTC).replace(tzinfo=UTC)
WHY: Final = ("--reason", "a kill")
NOTE: Final = f"{DATABASE_NAME}.operation"
OLD_SESSIONS: Final = 3
LIT_S: Final = 60
PICTURE_BYTES: Final = 16_000_000
_REPOSITORY_BEFORE: Final = "folders_before"
Asked = Callable[[Path], bool]
"""Of a data directory."""


def _noted(data_dir: Path) -> bool:
    note = data_dir / NOTE
    return note.exists() and note.stat().st_size > 0  # killed over an empty one it had begun nothing


def _never(_data_dir: Path) -> bool:
    return False


def _no_more(_data_dir: Path) -> Iterator[str]:
    yield from ()


class Kind(NamedTuple):
    """An operation. prepare: makes the record in a data directory; returns the command's words.

    steps: before which it is killed. next_start: a command that writes, which must clear up; none: the same
    again. done: whether the record in the directory is as it was to be; before: whether it is as it was.
    begun: whether the killed one had begun, which the next start then says, by the words of says. more:
    yields what else is wrong after that start. lay_out: puts what lies outside of the directory as it was.
    has_children: whether every other kill takes the processes that it started with it.
    """

    name: str
    prepare: Callable[[Path], list[str]]
    steps: Sequence[Step]
    next_start: Sequence[str]
    done: Asked
    before: Asked
    begun: Asked = _noted
    says: str = "was interrupted"
    more: Callable[[Path], Iterator[str]] = _no_more
    lay_out: Callable[[Path], object] = _never
    has_children: bool = False


def treat(data_dir: Path) -> Path:
    """Record a session for a new patient, its journal whole in its folder and not yet imported."""
    with (
        Database.open(data_dir / DATABASE_NAME, create=False) as database,
        database.transaction(1) as transaction,
    ):
        session = sessions.start(
            transaction,
            patient_id=patients.add(transaction, NOW).patient_id,
            tech_id=1,
            start_utc=NOW,
            protocol_name="Gentle",
            protocol_snapshot="{}",
            protocol_id=None,
            origin="sim",
        )
    recorded, writer = treated(), ChainWriter()
    first = writer.header(header(session_id=session.session_id, patient_id=session.patient_id))
    writer.head, writer.ticks = recorded.writer.head, recorded.writer.ticks
    folder = sessions.folder_of(session, data_dir)
    folder.mkdir(parents=True)
    lines = [first, *recorded.lines[1:-1], writer.end(summarise(recorded.state))]
    (folder / JOURNAL_NAME).write_bytes(b"".join(lines))
    return folder


def _ran(words: Sequence[str], data_dir: Path) -> str:
    code, said = run(list(words), data_dir)
    assert code == 0, said
    return said.splitlines()[0]


def _session_imported(data_dir: Path) -> Path:
    _ran(("db", "init"), data_dir)
    folder = treat(data_dir)
    _ran(("db", "import-journal", str(folder), *WHY), data_dir)
    return folder


def _to_upgrade(data_dir: Path) -> list[str]:
    _session_imported(data_dir)
    _ran(("db", "downgrade", *WHY), data_dir)
    return ["db", "upgrade", *WHY]


def _to_downgrade(data_dir: Path) -> list[str]:
    _session_imported(data_dir)
    return ["db", "downgrade", *WHY]


def _to_import(data_dir: Path) -> list[str]:
    _ran(("db", "init"), data_dir)
    return ["db", "import-journal", str(treat(data_dir)), *WHY]


def _to_restore(data_dir: Path) -> list[str]:
    _session_imported(data_dir)
    saved = _ran(("db", "backup"), data_dir)
    _ran(("db", "import-journal", str(treat(data_dir)), *WHY), data_dir)
    return ["db", "restore", saved, *WHY, "--yes"]


def _to_treat(data_dir: Path) -> list[str]:
    _session_imported(data_dir)
    code = _ran(("patients", "add"), data_dir)
    protocol = data_dir / "protocol.json"
    step = {"step_number": 1, "duration_seconds": LIT_S, "power_start_watts": 5.0, "power_end_watts": 5.0}
    step |= {"ring_size_mm": 3.0, "ramp_type": "constant"}
    protocol.write_text(json.dumps({"version": "1.0", "protocol_name": "short", "steps": [step]}))
    return ["treat", "--patient", code, "--tech", "admin", "--protocol", str(protocol), "--fast"]


def _to_backup(data_dir: Path) -> list[str]:
    _session_imported(data_dir)
    _ran(_BACKUP, data_dir)
    return list(_BACKUP)


def _to_archive(data_dir: Path) -> list[str]:
    _session_imported(data_dir)
    for _ in range(1, OLD_SESSIONS):
        _ran(("db", "import-journal", str(treat(data_dir)), *WHY), data_dir)
    return ["db", "archive", "--older-than", "30", *WHY]


def _to_save_folders(data_dir: Path) -> list[str]:
    _with_picture(_session_imported(data_dir))
    config = data_dir / CONFIG_NAME
    place = disk_of(data_dir.parent)
    config.write_text(f"{bundled('simulated.yaml').read_text()}\nfolder_backup:\n  to: {place}\n")
    _disk_as_before(data_dir)
    return ["db", "backup-folders", "--config", str(config)]


def _to_save_more_folders(data_dir: Path) -> list[str]:
    words = _to_save_folders(data_dir)
    _ran(words, data_dir)
    shutil.copytree(disk_of(data_dir.parent), data_dir / _REPOSITORY_BEFORE)
    (data_dir / STATUS_NAME).unlink()
    folder = treat(data_dir)
    _ran(("db", "import-journal", str(folder), *WHY), data_dir)
    _with_picture(folder)
    return words


def _with_picture(folder: Path) -> None:
    (folder / "picture").write_bytes(os.urandom(PICTURE_BYTES))


def _disk_as_before(data_dir: Path) -> None:
    """Lay the disk for the folder backups out as it was made ready: empty, or with a repository."""
    disk, before = disk_of(data_dir.parent), data_dir / _REPOSITORY_BEFORE
    shutil.rmtree(disk, ignore_errors=True)
    if before.is_dir():
        shutil.copytree(before, disk)
    else:
        disk.mkdir()


def _is_of(*numbers: int) -> Asked:
    wanted = {schema.revisions()[number] for number in numbers}
    return lambda data_dir: schema.version_of_file(data_dir / DATABASE_NAME) in wanted


def _has(statement: str) -> Asked:
    def asked(data_dir: Path) -> bool:
        with Database.open(data_dir / DATABASE_NAME, create=False) as database:
            return bool(database.rows(statement))

    return asked


def _not(asked: Asked) -> Asked:
    return lambda data_dir: not asked(data_dir)


def _stands(data_dir: Path, statement: str) -> bool:
    """Ask the record as a kill left it, aside: whoever opens it changes what lies there."""
    with TemporaryDirectory(prefix="tosca-kills-aside-") as aside:
        for path in data_dir.glob(f"{DATABASE_NAME}*"):
            shutil.copy(path, aside)
        with closing(sqlite3.connect(Path(aside) / DATABASE_NAME)) as connection:
            return connection.execute(statement).fetchone() is not None


def _treating(data_dir: Path) -> bool:
    return _stands(data_dir, "SELECT 1 FROM sessions WHERE status NOT IN ('completed', 'aborted')")


def _archiving(data_dir: Path) -> bool:
    return _stands(data_dir, "SELECT 1 FROM operations WHERE name = 'archive' AND ended_date IS NULL")


def _backing_up(data_dir: Path) -> bool:
    return any((data_dir / BACKUPS_NAME).glob("*.db.part"))


def _has_two_backups(data_dir: Path) -> bool:
    return len(list((data_dir / BACKUPS_NAME).glob("*.db"))) > 1


def _has_saved_folders(data_dir: Path) -> bool:
    return (data_dir / STATUS_NAME).exists()


_imported = _has("SELECT 1 FROM sessions WHERE status = 'completed'")
_restored = _has("SELECT 1 FROM operations WHERE name = 'restore' AND ended_date IS NOT NULL")
_treated = _has("SELECT 1 FROM sessions WHERE session_id = 2 AND status IN ('completed', 'aborted')")
_opened = _has("SELECT 1 FROM sessions WHERE session_id = 2")
_archived = _not(_has("SELECT 1 FROM treatment_events"))
_BACKUP: Final = ("db", "backup")
_START: Final = ("patients", "add")
_NOTE_GOES: Final = Step(event="os.remove", path=NOTE)
_BACKUP_NAMED: Final = Step(event="os.rename", path=".db.part")
_STATUS_KEPT: Final = Step(event="os.rename", path=f"{STATUS_NAME}.part")

KINDS: Final = (
    Kind("upgrade", _to_upgrade, (_BACKUP_NAMED, _NOTE_GOES), _BACKUP, done=_is_of(-1), before=_is_of(-2)),
    Kind(
        "downgrade", _to_downgrade, (_BACKUP_NAMED, _NOTE_GOES), _BACKUP, done=_is_of(-2), before=_is_of(-1)
    ),
    Kind("import-journal", _to_import, (_NOTE_GOES,), _BACKUP, done=_imported, before=_not(_imported)),
    Kind(
        "restore",
        _to_restore,
        (
            Step(event="sqlite3.connect", path=f"{DATABASE_NAME}.part", nth=2),
            _BACKUP_NAMED,
            Step(event="os.remove", path=f"{DATABASE_NAME}-wal"),
            Step(event="os.rename", path=DATABASE_NAME),
            _NOTE_GOES,
        ),
        _BACKUP,
        done=_restored,
        before=_not(_restored),
    ),
    Kind(
        "session",
        _to_treat,
        (
            _BACKUP_NAMED,
            *(Step(event="open", path=f"/{JOURNAL_NAME}", nth=nth) for nth in (1, 2, 3)),
        ),
        _START,
        done=_treated,
        before=_not(_opened),
        begun=_treating,
        says="was interrupted; its record is closed",
        more=kill_judges.sessions_are_closed,
    ),
    Kind(
        "backup",
        _to_backup,
        (Step(event="sqlite3.connect", path=".db.part"), _BACKUP_NAMED),
        _BACKUP,
        done=_has_two_backups,
        before=_never,
        begun=_backing_up,
        says="a backup was broken off",
        more=kill_judges.backups_are_whole,
    ),
    Kind(
        "archive",
        _to_archive,
        (
            _BACKUP_NAMED,
            Step(event="sqlite3.connect", path="/events.part"),
            Step(event="os.rename", path="/events.part"),
            Step(event="os.remove", path="/events.part", nth=2),
        ),
        _START,
        done=_archived,
        before=_not(_archived),
        begun=_archiving,
        says="An archiving was broken off",
        more=kill_judges.events_are_in_one_place,
    ),
    Kind(
        "folder-backup",
        _to_save_folders,
        (
            Step(event="os.rename", path=f"/{PASSWORD_NAME}.part"),
            Step(event="os.rename", path=f"/{REPOSITORY_NAME}.part"),
            _STATUS_KEPT,
        ),
        (),
        done=_has_saved_folders,
        before=_never,
        begun=_never,
        more=kill_judges.folders_are_saved,
        lay_out=_disk_as_before,
        has_children=True,
    ),
    Kind(
        "next-folder-backup",
        _to_save_more_folders,
        (_STATUS_KEPT,),
        (),
        done=_has_saved_folders,
        before=_never,
        begun=_never,
        more=kill_judges.folders_are_saved,
        lay_out=_disk_as_before,
        has_children=True,
    ),
)
