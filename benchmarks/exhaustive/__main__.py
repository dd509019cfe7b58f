"""Every start x every combination of what can be read: no decision of the safety core breaks a rule.

    python -m benchmarks.exhaustive [--processes 2] [--stride 1]

Exit code 1 when a sentence was broken. `search` says what is combined with what.
"""

from __future__ import annotations

import sys
from collections import Counter
from multiprocessing import get_context
from time import perf_counter

from rich.console import Console
from rich.progress import Progress

from benchmarks.exhaustive.search import search, shards, starts, told
from benchmarks.rigs.command_line import command_line
from benchmarks.rigs.limits import Row, judged


def main() -> int:
    """Run the search; exit code 1 when a sentence was broken."""
    parser = command_line("exhaustive", __doc__)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--stride", type=int, default=1, help="try every so many-th point")
    parser.add_argument("--seed", type=int, default=0, help="which of them")
    options = parser.parse_args()
    began_s = perf_counter()
    console = Console(width=110)
    console.print(f"starts: {len(starts(True))} of every kind, {len(starts(False))} broad")
    points, counts = 0, Counter[str]()
    parts = shards(options.stride, options.seed)
    with get_context("fork").Pool(options.processes) as pool, Progress(console=console) as progress:
        task = progress.add_task("searching", total=len(parts))
        for shard, result in zip(parts, pool.imap(search, parts), strict=True):
            points, counts = points + result.points, counts + result.counts
            for found in result.found:
                console.print(told(shard.fine, found), soft_wrap=True)
            progress.advance(task)
    taken_s = perf_counter() - began_s
    console.print(f"{points} points in {taken_s:.0f} s, {points / taken_s:.0f} a second")
    for sentence, count in counts.most_common():
        console.print(f"{count:>9}  {sentence}")
    return judged("Exhaustive search", [Row("broken sentences", counts.total(), 0, "")])


if __name__ == "__main__":
    sys.exit(main())
