"""What a backup costs the others: its time, and how long it delays control and control's journal.

    python -m benchmarks.bench.backup --megabytes 500 --times 3

A database of filler rows is backed up while a second connection commits all the time. Beside it cyclictest
wakes up 1000 times a second on every processor, above all else, and a file is appended to and synced as
often as control's journal. The same is measured at rest, in turn, since a virtual machine pauses now
and then by itself: medians of the worst are judged, at rest and worst of all are told. Without cyclictest
(rt-tests), or without the right to SCHED_FIFO, its rows are left out. Exit code 1 when over a limit.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.rigs.command_line import command_line, machine_load
from benchmarks.rigs.limits import Row, judged
from benchmarks.rigs.machine_pauses import machine_pauses
from tosca_kiosk.journal.writer import SYNC_PERIOD_S
from tosca_kiosk.machine.clock import RealClock
from tosca_kiosk.storage import Database, make_backup

SECONDS_A_MEGABYTE = 2.0 / 500.0
STALL_MS = 10.0
"""A period of control at 100 Hz."""
JOURNAL_SYNC_MS = 1000.0 * SYNC_PERIOD_S
"""A sync that takes longer than their period leaves control's journal behind."""
ROW_BYTES = 900
COMMIT_EVERY_S = 0.01
APPEND_EVERY_S = 0.01
APPENDS_A_SYNC = round(SYNC_PERIOD_S / APPEND_EVERY_S)
NOW = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)


class Seen(NamedTuple):
    """One run. stall_ms: cyclictest's worst, None without it; sync_ms: the slowest of the other file."""

    took_s: float
    stall_ms: float | None
    sync_ms: float


def database(folder: Path, megabytes: float) -> Path:
    """Make a database of that size, all of it in the main file, and a table for the writer."""
    path = folder / "laser_control.db"
    Database.open(path).close()
    rows = round(megabytes * 1e6 / (1.15 * ROW_BYTES))
    with closing(sqlite3.connect(path, isolation_level=None)) as tool:
        tool.execute("CREATE TABLE written (number INTEGER)")
        tool.execute("CREATE TABLE filler (number INTEGER PRIMARY KEY, content BLOB)")
        for number in range(0, rows, 20_000):
            tool.execute("BEGIN")
            batch = ((os.urandom(ROW_BYTES),) for _ in range(min(20_000, rows - number)))
            tool.executemany("INSERT INTO filler (content) VALUES (?)", batch)
            tool.execute("COMMIT")
        tool.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@contextmanager
def beside(work: Callable[[threading.Event], None]) -> Iterator[None]:
    """Have a thread do work until it is told to end."""
    ending = threading.Event()
    thread = threading.Thread(target=work, args=(ending,))
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()


def commits(path: Path) -> Callable[[threading.Event], None]:
    def commit(ending: threading.Event) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as writer:
            while not ending.wait(COMMIT_EVERY_S):
                writer.execute("INSERT INTO written VALUES (1)")

    return commit


def journal(path: Path, clock: RealClock, sync_ms: list[float]) -> Callable[[threading.Event], None]:
    def append(ending: threading.Event) -> None:
        with path.open("ab", buffering=0) as file:
            while not ending.wait(APPEND_EVERY_S):
                for _ in range(APPENDS_A_SYNC):
                    file.write(b"-" * 199 + b"\n")
                    ending.wait(APPEND_EVERY_S)
                began_s = clock.now_s()
                os.fdatasync(file.fileno())
                sync_ms.append(1000.0 * (clock.now_s() - began_s))

    return append


def seen(path: Path, clock: RealClock, work: Callable[[], object]) -> Seen:
    """Do the work while all the others run."""
    os.sync()
    sync_ms: list[float] = [0.0]
    with (
        machine_pauses() as pauses,
        beside(commits(path)),
        beside(journal(path.with_name("journal"), clock, sync_ms)),
    ):
        began_s = clock.now_s()
        work()
        took_s = clock.now_s() - began_s
    return Seen(took_s, pauses.longest_ms, max(sync_ms))


def measure(folder: Path, megabytes: float, times: int) -> Iterator[tuple[Seen, Seen]]:
    """Yield what was seen of a backup, and of as long a time at rest."""
    clock, path, backups = RealClock(), database(folder, megabytes), folder / "backups"
    for _ in range(times):
        backed_up = seen(path, clock, lambda: make_backup(path, backups, NOW))
        shutil.rmtree(backups)
        yield backed_up, seen(path, clock, partial(_rest, clock, backed_up.took_s))


def _rest(clock: RealClock, for_s: float) -> None:
    clock.sleep_until(clock.now_s() + for_s)


def rows(found: list[tuple[Seen, Seen]], megabytes: float) -> list[Row]:
    backups, rests = [pair[0] for pair in found], [pair[1] for pair in found]
    table = [
        Row("time, median", median(each.took_s for each in backups), megabytes * SECONDS_A_MEGABYTE, "s")
    ]
    stalls, at_rest = _known(backups), _known(rests)
    if stalls and at_rest:
        table += [
            Row("cyclictest's worst lateness, median", median(stalls), STALL_MS, "ms"),
            Row(f"the same, worst of {len(stalls)}", max(stalls), None, "ms"),
            Row("the same at rest, median", median(at_rest), None, "ms"),
            Row(f"the same at rest, worst of {len(at_rest)}", max(at_rest), None, "ms"),
        ]
    syncs = [each.sync_ms for each in backups]
    return [
        *table,
        Row("slowest sync of another file, median", median(syncs), JOURNAL_SYNC_MS, "ms"),
        Row(f"the same, worst of {len(syncs)}", max(syncs), None, "ms"),
        Row("the same at rest, median", median(each.sync_ms for each in rests), None, "ms"),
    ]


def _known(runs: list[Seen]) -> list[float]:
    return [each.stall_ms for each in runs if each.stall_ms is not None]


def main() -> int:
    parser = command_line("bench.backup", __doc__)
    parser.add_argument("--megabytes", type=float, default=500.0, help="of the database (default 500)")
    parser.add_argument("--times", type=int, default=3, help="how many backups (default 3)")
    parser.add_argument("--folder", type=Path, help="on which disk (default: where temporary files are)")
    options = parser.parse_args()
    if not options.megabytes >= 1.0 or options.times < 1:
        parser.error("--megabytes and --times are 1 or more")
    folder = Path(tempfile.mkdtemp(prefix="tosca-backup-", dir=options.folder))
    try:
        found = list(measure(folder, options.megabytes, options.times))
    finally:
        shutil.rmtree(folder)
    if not _known([pair[0] for pair in found]):
        print("without cyclictest: install rt-tests and give the right to SCHED_FIFO", file=sys.stderr)
    title = f"{options.times} backups of {options.megabytes:g} MB; machine load {machine_load()}"
    return judged(title, rows(found, options.megabytes))


if __name__ == "__main__":
    sys.exit(main())
