"""The power goes while a session is treated, or something done to the record as a whole.

    python -m benchmarks.exhaustive.power_cuts
    python -m benchmarks.exhaustive.power_cuts --cuts 20 --seed 3 --only treat

A backup is made, events are archived, a journal is imported, a backup put back, the schema brought up and
down, the folders backed up. Each command runs once, in a process of its own on a memory file system that is
watched (`benchmarks/rigs/disk_log.c`). Then the power goes at many moments of it: the disk is made anew as it
may be then, with nothing of what was not synced, with its names alone, or with any part of it, and the next
start recovers. Nothing acknowledged may be lost, nothing of the journal that was synced, and of the rest no
more than 100 ms; the record is whole, each backup under its name too, no event is lost or twice, and nothing
half made stays. The disk of the folder backup is another, whose writes are not watched: of that one the
password must be kept before anything is made that it opens. Exit code 1, naming command, moment and what is
wrong, where one does otherwise. Only root may mount.
"""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final, NamedTuple

from benchmarks.exhaustive.cut_operations import (
    EVENTS_A_SESSION,
    OLD_SESSIONS,
    OPERATIONS,
    Operation,
    operation,
)
from benchmarks.rigs import disk_log
from benchmarks.rigs.command_line import command_line, machine_load, tracked
from benchmarks.rigs.disk_log import Disk, Left, Told
from benchmarks.rigs.limits import Row, judged
from benchmarks.rigs.small_file_system import small_memory
from tosca_kiosk.journal import JOURNAL_NAME
from tosca_kiosk.journal.writer import ROOM_FOR_A_SESSION_BYTES
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.machine.runtime import MEMORY
from tosca_kiosk.storage import (
    BACKUPS_NAME,
    DATABASE_NAME,
    Database,
    StorageError,
    archives,
    check,
    recover,
    verify_backup,
)
from tosca_kiosk.storage.archiving import take_back
from tosca_kiosk.storage.files import PART, beside
from tosca_kiosk.storage.folder_backup import PASSWORD_NAME
from tosca_kiosk.storage.under_way import settled

LOST_MS: Final = 100.0
DATA: Final = "data"
WORK: Final = "import sys; from benchmarks.rigs import watched_command as c; sys.exit(c.work(sys.argv[1:]))"
ROOM_BYTES: Final = 2 * ROOM_FOR_A_SESSION_BYTES


class Cut(NamedTuple):
    """A moment at which the power goes, and how much of what was not synced the disk holds."""

    time_s: float
    how: Left
    seed: int


@dataclass
class Journal:
    """The journal of the session that is treated: what memory took when, and what the disk said it keeps.

    appended: times with the bytes that memory had taken by then.
    """

    path: str = ""
    content: bytes = b""
    segments: set[int] = field(default_factory=set)
    appended: list[tuple[float, int]] = field(default_factory=list)
    written: int = 0
    syncing: int = 0
    synced: int = 0
    inode: int = 0

    def hear(self, told: Told) -> None:
        match told.what:
            case "O" if Path(told.path).name.isdigit():
                self.segments.add(told.inode)
            case "W" if told.inode in self.segments:
                before = self.appended[-1][1] if self.appended else 0
                self.appended.append((told.time_s, before + told.offset))
            case "o" if told.path == self.path:
                self.inode = told.inode
            case "w" if told.inode == self.inode:
                self.written += len(told.data)
            case "s" if told.inode == self.inode:
                self.syncing = self.written
            case "S" if told.inode == self.inode:
                self.synced = self.syncing

    def lost_ms(self, left: bytes, now_s: float) -> float:
        """Return how old the oldest line is that memory had and the disk does not."""
        kept = _alike(self.content, left)
        lost = next((time_s for time_s, end in self.appended if end > kept), now_s)
        return 1000.0 * (now_s - lost)


@dataclass
class Seen:
    """What came of all cuts. lost_ms: of the journal, the oldest lost line of each cut under light."""

    cuts: int = 0
    lost_ms: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def watched(words: Sequence[str], root: Path, scratch: Path, library: Path) -> list[Told]:
    """Run a command; return what its process told. A treatment may end in a fault on a busy machine."""
    log = scratch / "log"
    log.unlink(missing_ok=True)
    done = subprocess.run(
        [sys.executable, "-c", WORK, *words, "--json"],
        env=disk_log.environment(library, root, MEMORY, log),
        check=False,
        capture_output=True,
        text=True,
    )
    told = disk_log.read(log)
    if done.returncode not in (0, 1) or not any(_told(told)):
        raise RuntimeError(f"{' '.join(words)}: {done.stdout}{done.stderr}")
    return told


def moments(log: Sequence[Told], count: int, chance: random.Random) -> list[Cut]:
    """Return so many cuts in their order: spread over the time, over what was done, over what was told."""
    began_s, ended_s = log[0].time_s, log[-1].time_s
    marks = [told for told in log if told.what == "!"]
    times = [chance.uniform(began_s, ended_s) for _ in range(count // 2)]
    times += [chance.choice(marks).time_s for _ in range(count // 8)]
    times += [chance.choice(log).time_s for _ in range(count - len(times))]
    return [Cut(time_s, chance.choice(list(Left)), chance.randrange(1 << 30)) for time_s in sorted(times)]


def tried(name: str, count: int, library: Path, scratch: Path, chance: random.Random, seen: Seen) -> None:
    """Run one operation, and cut the power at so many moments of it."""
    root, place = scratch / name, scratch / f"{name}-place"
    with small_memory(root, ROOM_BYTES), small_memory(place, ROOM_BYTES):
        data_dir = root / DATA
        ready = operation(name, data_dir, place)
        disk, journal = Disk(root), Journal()
        log = watched([*ready.words, "--data-dir", str(data_dir)], root, scratch, library)
        if name == "treat":
            folder = Path(json.loads(_told(log)[-1])["session_folder"])
            journal = Journal(str(folder / JOURNAL_NAME), (folder / JOURNAL_NAME).read_bytes())
        cuts = moments(log, count, chance)
        played = 0
        for cut in tracked(cuts, name, len(cuts)):
            while played < len(log) and log[played].time_s <= cut.time_s:
                disk.play(log[played])
                journal.hear(log[played])
                played += 1
            with TemporaryDirectory(prefix="tosca-", dir=MEMORY) as left:
                disk_log.put(disk.left(cut.how, random.Random(cut.seed)), Path(left))
                wrong = list(_wrong(ready, Path(left), root, log[:played], journal, cut, seen))
            since_s = cut.time_s - log[0].time_s
            seen.wrong += [f"{name}, {since_s:.4f} s, {cut.how}, seed {cut.seed}: {each}" for each in wrong]
            seen.cuts += 1


def _wrong(
    ready: Operation, place: Path, root: Path, log: Sequence[Told], journal: Journal, cut: Cut, seen: Seen
) -> Iterator[str]:
    """Yield what is wrong with a disk after the next start."""
    data_dir = place / DATA
    if journal.appended:
        yield from _of_journal(place / Path(journal.path).relative_to(root), journal, cut, seen)
    for told in _told(log):
        backup = json.loads(told).get("backup")
        if backup is not None and not (place / Path(backup).relative_to(root)).exists():
            yield f"{backup} was told of and is not there"
    if any(told.path.startswith("restic ") for told in log):
        yield from _of_password(data_dir / PASSWORD_NAME, root / DATA / PASSWORD_NAME)
    yield from _of_backups(data_dir / BACKUPS_NAME)
    try:
        list(settled(data_dir / DATABASE_NAME))
        if ready.done and _told(log) and not _answers(data_dir / DATABASE_NAME, ready.done):
            yield "it was told done and is not"
        # Whoever brought it down a version may want it up again.
        with Database.open(data_dir / DATABASE_NAME, create=False, upgrade=True) as database:
            yield from _of_record(database, data_dir, log if ready.in_place else ())
    except StorageError as error:
        yield str(error)
    for suffix in (PART, ".operation"):
        if beside(data_dir / DATABASE_NAME, suffix).exists():
            yield f"{DATABASE_NAME}{suffix} is left behind"


def _of_backups(directory: Path) -> Iterator[str]:
    for backup in directory.glob("*.db"):
        try:
            verify_backup(backup)
        except StorageError as error:
            yield str(error)


def _of_password(left: Path, written: Path) -> Iterator[str]:
    if not left.exists() or left.read_bytes() != written.read_bytes():
        yield "the folder backup was begun, and the password that opens it is not kept"


def _answers(path: Path, statement: str) -> bool:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement).fetchone() is not None


def _of_journal(path: Path, journal: Journal, cut: Cut, seen: Seen) -> Iterator[str]:
    left = path.read_bytes() if path.exists() else b""
    if _alike(journal.content, left) < journal.synced:
        yield f"{journal.synced} bytes of the journal were synced, {len(left)} are there"
    seen.lost_ms.append(journal.lost_ms(left, cut.time_s))


def _of_record(database: Database, data_dir: Path, log: Sequence[Told]) -> Iterator[str]:
    with database.reading() as reader:
        links = int(reader.tuples("SELECT coalesce(max(link_id), 0) FROM chain_links")[0][0])
    acknowledged = max((int(m.path.split()[1]) for m in log if m.path.startswith("committed ")), default=0)
    if links < acknowledged:
        yield f"{acknowledged} links were acknowledged, {links} are there"
    recover(database, data_dir, utc_now())
    take_back(database)
    yield from check(database).problems
    with database.reading() as reader:
        for number in range(1, OLD_SESSIONS + 1):
            sql = "SELECT event_id FROM treatment_events WHERE session_id = ? ORDER BY event_id"
            found = list(archives.select(reader, number, sql, (number,)))
            if len(found) != EVENTS_A_SESSION:
                yield f"session {number} has {len(found)} of {EVENTS_A_SESSION} events"


def _told(log: Sequence[Told]) -> list[str]:
    """Return what the command has printed so far."""
    return [told.path.removeprefix("told ") for told in log if told.what == "!" and told.path[:5] == "told "]


def _alike(one: bytes, other: bytes) -> int:
    """Return how many bytes are the same from the beginning."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == other[:middle] else (low, middle - 1)
    return low


def main() -> int:
    parser = command_line("exhaustive.power_cuts", __doc__)
    parser.add_argument("--cuts", type=int, default=200, help="in all (default 200)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=OPERATIONS)
    asked = parser.parse_args()
    names = [asked.only] if asked.only else list(OPERATIONS)
    seen, began_s = Seen(), perf_counter()
    with TemporaryDirectory(prefix="tosca-power-") as scratch:
        library = disk_log.built(Path(scratch))
        for name in names:
            chance = random.Random(f"{asked.seed} {name}")
            tried(name, asked.cuts // len(names), library, Path(scratch), chance, seen)
    for each in seen.wrong:
        print(each)
    title = f"power cuts, {perf_counter() - began_s:.0f} s, load {machine_load()}"
    return judged(
        title,
        [
            Row("cuts", seen.cuts, None, ""),
            Row("not whole, or acknowledged and lost", len(seen.wrong), 0, ""),
            Row("of the journal lost, at most", max(seen.lost_ms, default=0.0), LOST_MS, "ms"),
        ],
    )


if __name__ == "__main__":
    raise SystemExit(main())
