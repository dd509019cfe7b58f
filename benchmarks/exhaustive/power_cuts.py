"""The power goes while a session is treated, a backup made, events archived, a journal imported.

    python -m benchmarks.exhaustive.power_cuts
    python -m benchmarks.exhaustive.power_cuts --cuts 20 --seed 3 --only treat

Each command runs once, in a process of its own on a memory file system that is watched
(`benchmarks/rigs/disk_log.c`). Then the power goes at many moments of it: the disk is made anew as it may be
then, with nothing of what was not synced, with its names alone, or with any part of it, and the next start
recovers. Nothing acknowledged may be lost, nothing of the journal that was synced, and of the rest no more
than 100 ms; the record is whole, each backup under its name too, and no event is lost or twice. Exit code 1,
naming command, moment and what is wrong, where one does otherwise. Only root may mount.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final, NamedTuple

from click.testing import CliRunner

from benchmarks.rigs import disk_log
from benchmarks.rigs.command_line import command_line, machine_load, tracked
from benchmarks.rigs.disk_log import Disk, Left, Told
from benchmarks.rigs.limits import Row, judged
from benchmarks.rigs.recorded_cart import header, treated
from benchmarks.rigs.small_file_system import small_memory
from tosca_kiosk.cli import main as command
from tosca_kiosk.domain.events import TreatmentEvent
from tosca_kiosk.domain.journal_lines import ChainWriter, Summary
from tosca_kiosk.domain.summary import summarise
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
    events,
    patients,
    recover,
    sessions,
    verify_backup,
)
from tosca_kiosk.storage.archiving import take_back
from tosca_kiosk.storage.timestamps import utc_text

LOST_MS: Final = 100.0
DATA: Final = "data"
WORK: Final = "import sys; from benchmarks.rigs import watched_command as c; sys.exit(c.work(sys.argv[1:]))"
OLD_SESSIONS: Final = 6
EVENTS_A_SESSION: Final = 400
LIGHT_S: Final = 4
ROOM_BYTES: Final = 2 * ROOM_FOR_A_SESSION_BYTES
DONE: Final = Summary(
    status="completed",
    abort_reason=None,
    duration_s=60.0,
    laser_on_time_s=40.0,
    avg_power_w=5.0,
    max_power_w=5.0,
    energy_j=200.0,
)


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


def prepared(data_dir: Path) -> Path:
    """Make a record with old sessions and one that a crash left open; return that one's folder."""
    CliRunner().invoke(command, ["db", "init", "--data-dir", str(data_dir)], catch_exceptions=False)
    with Database.open(data_dir / DATABASE_NAME) as database:
        with database.transaction(1) as transaction:
            patients.add(transaction, utc_now(), created_by=1)
        for number in range(OLD_SESSIONS):
            _old_session(database, utc_now() - timedelta(days=60 - number))
        folder = _crashed_session(database, data_dir)
    return folder


def _old_session(database, start):
    sample = TreatmentEvent("power_change", 5.0, 5.1, 3.0, 1000.0, 2.5, True, True, {}, {"sample": True})
    with database.transaction(1) as transaction:
        number = _started(transaction, start).session_id
        timed = [(0.1 * n, sample) for n in range(EVENTS_A_SESSION)]
        events.append_treatment(transaction, number, start, timed)
        sessions.finish(transaction, number, DONE)


def _crashed_session(database, data_dir):
    start = utc_now()
    with database.transaction(1) as transaction:
        session = _started(transaction, start)
    first = header(session_id=session.session_id, started_utc=utc_text(start))
    folder = sessions.folder_of(session, data_dir)
    folder.mkdir(parents=True)
    cart, writer = treated(), ChainWriter()
    lines = [writer.header(first), *cart.lines[1:-1]]
    writer.head, writer.ticks = cart.writer.head, cart.writer.ticks
    (folder / JOURNAL_NAME).write_bytes(b"".join([*lines, writer.end(summarise(cart.state))]))
    return folder


def _started(transaction, start):
    return sessions.start(
        transaction,
        patient_id=1,
        tech_id=1,
        start_utc=start,
        protocol_name="Gentle",
        protocol_snapshot="{}",
        protocol_id=None,
        origin="sim",
    )


def commands(data_dir: Path, crashed: Path) -> dict[str, list[str]]:
    """Return the command of each operation by its name."""
    protocol = data_dir.parent / "protocol.json"
    step = {"step_number": 1, "duration_seconds": LIGHT_S, "power_start_watts": 5.0, "power_end_watts": 5.0}
    step |= {"ring_size_mm": 3.0, "ramp_type": "constant"}
    protocol.write_text(json.dumps({"version": "1.0", "protocol_name": "short", "steps": [step]}))
    with Database.read_only(data_dir / DATABASE_NAME) as database:
        code = patients.list_all(database)[0].patient_code
    return {
        "treat": ["treat", "--patient", code, "--tech", "admin", "--protocol", str(protocol)],
        "backup": ["db", "backup"],
        "archive": ["db", "archive", "--older-than", "30", "--reason", "room"],
        "import": ["db", "import-journal", str(crashed), "--reason", "a cut"],
    }


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
    root = scratch / name
    with small_memory(root, ROOM_BYTES):
        data_dir = root / DATA
        crashed = prepared(data_dir)
        words = commands(data_dir, crashed)[name]
        disk, journal = Disk(root), Journal()
        log = watched([*words, "--data-dir", str(data_dir)], root, scratch, library)
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
            with TemporaryDirectory(prefix="tosca-", dir=MEMORY) as place:
                disk_log.put(disk.left(cut.how, random.Random(cut.seed)), Path(place))
                wrong = list(_wrong(Path(place), root, log[:played], journal, cut, seen))
            since_s = cut.time_s - log[0].time_s
            seen.wrong += [f"{name}, {since_s:.4f} s, {cut.how}, seed {cut.seed}: {each}" for each in wrong]
            seen.cuts += 1


def _wrong(
    place: Path, root: Path, log: Sequence[Told], journal: Journal, cut: Cut, seen: Seen
) -> Iterator[str]:
    """Yield what is wrong with a disk after the next start."""
    data_dir = place / DATA
    if journal.appended:
        yield from _of_journal(place / Path(journal.path).relative_to(root), journal, cut, seen)
    for told in _told(log):
        backup = json.loads(told).get("backup")
        if backup is not None and not (place / Path(backup).relative_to(root)).exists():
            yield f"{backup} was told of and is not there"
    for backup in (data_dir / BACKUPS_NAME).glob("*.db"):
        try:
            verify_backup(backup)
        except StorageError as error:
            yield str(error)
    try:
        with Database.open(data_dir / DATABASE_NAME, create=False) as database:
            yield from _of_record(database, data_dir, log)
    except StorageError as error:
        yield str(error)


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
    parser.add_argument("--only", choices=("treat", "backup", "archive", "import"))
    asked = parser.parse_args()
    names = [asked.only] if asked.only else ["treat", "backup", "archive", "import"]
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
