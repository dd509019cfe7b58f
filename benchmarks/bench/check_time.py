"""How long the proof of a whole record takes, beside SQLite's own look at its pages.

    python -m benchmarks.bench.check_time --megabytes 1000 --times 3

`PRAGMA integrity_check` of a file and what `db check` does with it run in turn, each in a process of its own
that has the file in the machine's memory; the processor's time counts, for the machine may have other work.
The folders of sessions lie beside the file and are not looked at. Exit code 1 where the median of the pairs
is over three times, or where the check keeps more and more in memory.
"""

from __future__ import annotations

import resource
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import NamedTuple

from benchmarks.rigs.command_line import command_line, machine_load, tracked, with_bar
from benchmarks.rigs.large_record import fill_record
from benchmarks.rigs.limits import Row, judged
from tosca_kiosk.storage import DATABASE_NAME, Database, check

TIMES_AT_MOST = 3.0
MEGABYTES_AT_MOST = 200.0


class Took(NamedTuple):
    """What a look at a record took: seconds of the processor and by the clock, megabytes of memory."""

    processor_s: float
    clock_s: float
    memory_mb: float


def pages(path: Path) -> None:
    """Have SQLite look at the pages of a file."""
    with closing(sqlite3.connect(path)) as connection:
        said = connection.execute("PRAGMA integrity_check").fetchall()
    assert said == [("ok",)], said


def proof(path: Path) -> None:
    """Prove a record."""
    with Database.read_only(path) as database:
        problems = check(database).problems
    assert problems == (), problems


def took(look: Callable[[Path], None], path: Path) -> Took:
    """Look at a record in a process of its own."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(_timed, (look, path))


def _timed(look: Callable[[Path], None], path: Path) -> Took:
    processor_s, clock_s = process_time(), perf_counter()
    look(path)
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Took(process_time() - processor_s, perf_counter() - clock_s, memory_mb)


def rows(pairs: list[tuple[Took, Took]]) -> list[Row]:
    """Return what was measured beside its limits. pairs: SQLite's look and the proof."""
    return [
        Row("integrity_check, median", median(one.processor_s for one, _ in pairs), None, "s"),
        Row("db check, median", median(two.processor_s for _, two in pairs), None, "s"),
        Row(
            "times as long, median",
            median(two.processor_s / one.processor_s for one, two in pairs),
            TIMES_AT_MOST,
            "",
        ),
        Row("the same by the clock", median(two.clock_s / one.clock_s for one, two in pairs), None, ""),
        Row("memory of db check, most", max(two.memory_mb for _, two in pairs), MEGABYTES_AT_MOST, "MB"),
    ]


def main() -> int:
    parser = command_line("bench.check_time", __doc__)
    parser.add_argument("--megabytes", type=float, default=1000.0, help="of the record (default 1000)")
    parser.add_argument("--record", type=Path, help="of this file instead, which nobody has open")
    parser.add_argument("--times", type=int, default=3, help="how many pairs (default 3)")
    options = parser.parse_args()
    if not options.megabytes >= 1.0 or options.times < 1:
        parser.error("--megabytes and --times are 1 or more")
    with tempfile.TemporaryDirectory(prefix="tosca-check-time-") as folder:
        path = options.record or Path(folder) / DATABASE_NAME
        if options.record is None:
            with Database.open(path) as database:
                with_bar("the record is filled", lambda told: fill_record(database, options.megabytes, told))
        pages(path)  # the file is in memory from here on
        each = tracked(range(options.times), "pairs", options.times)
        measured = [(took(pages, path), took(proof, path)) for _ in each]
        megabytes = path.stat().st_size / 1e6
    title = f"{options.times} pairs on a record of {megabytes:.0f} MB; machine load {machine_load()}"
    return judged(title, rows(measured))


if __name__ == "__main__":
    sys.exit(main())
