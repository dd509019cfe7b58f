"""How long what is asked of a large record every day takes: each figure beside its limit.

    python -m benchmarks.bench.daily_use --folder FOLDER

The record has 2 000 sessions and 2 000 000 events (`benchmarks/rigs/busy_record.py`). It is made in the
folder, which takes two minutes, or found there again; without the option it is made aside and taken away.
Each question is asked so many times of a warm record, by the program's own functions; the medians count, of
the processor's time, for the machine may have other work. Exit code 1 where one is over its limit.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import NamedTuple

from benchmarks.rigs.busy_record import EVENTS, SESSIONS, busy_record, folder_for_record
from benchmarks.rigs.command_line import command_line, machine_load, with_bar
from benchmarks.rigs.daily_questions import Asked, questions
from benchmarks.rigs.limits import Row, judged
from tosca_kiosk.storage import Database


class Took(NamedTuple):
    """How long an answer took, in milliseconds: of the processor's time, and by the clock."""

    processor_ms: float
    clock_ms: float


def took(ask: Callable[[], object], times: int) -> Took:
    """Ask once, then so many times more; return the medians of these."""
    ask()
    each = []
    for _ in range(times):
        clock_s, processor_s = perf_counter(), process_time()
        ask()
        each.append((process_time() - processor_s, perf_counter() - clock_s))
    processor_s, clock_s = (median(one) for one in zip(*each, strict=True))
    return Took(1000.0 * processor_s, 1000.0 * clock_s)


def rows(asked: Asked, times: int) -> list[Row]:
    """Measure one question."""
    found = took(asked.ask, min(times, asked.times))
    return [
        Row(asked.what, found.processor_ms, asked.limit_ms, "ms"),
        Row("    by the clock", found.clock_ms, None, "ms"),
    ]


def main() -> int:
    parser = command_line("bench.daily_use", __doc__)
    parser.add_argument("--folder", type=Path, help="where the record is, or is made (default: aside)")
    parser.add_argument("--sessions", type=int, default=SESSIONS, help=f"(default {SESSIONS})")
    parser.add_argument("--events", type=int, default=EVENTS, help=f"(default {EVENTS})")
    parser.add_argument("--times", type=int, default=15, help="each is asked, at most (default 15)")
    options = parser.parse_args()
    if options.times < 1:
        parser.error("--times is 1 or more")
    with folder_for_record(options.folder) as folder, tempfile.TemporaryDirectory(prefix="tosca-out-") as out:
        try:
            busy = with_bar(
                "the record is made",
                lambda told: busy_record(folder, options.sessions, options.events, told),
            )
        except ValueError as error:
            parser.error(str(error))
        with Database.read_only(busy.path) as database:
            measured = [
                row
                for asked in questions(
                    database, busy.folder, usual=busy.usual, long=busy.long, out=Path(out) / "export"
                )
                for row in rows(asked, options.times)
            ]
    title = (
        f"{options.sessions} sessions, {options.events} events, median of {options.times}; "
        f"machine load {machine_load()}"
    )
    return judged(title, measured)


if __name__ == "__main__":
    sys.exit(main())
