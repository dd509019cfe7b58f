"""`make long`: the campaigns, kills and full searches that `make test` has no time for, one after the other.

    python -m benchmarks.long [NAME ...]

Says of each what it shows and its command before it runs, goes on after one that failed, and ends with the
time that each took. Exit code 1 where one failed, naming it; 2 for a name that is not in the list.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
OUT = "build/long"  # for what a run leaves behind; not in git


@dataclass(frozen=True)
class Run:
    """What is run under a name, what it shows, and its command line from the repository's root."""

    name: str
    shows: str
    line: str

    @property
    def command(self) -> list[str]:
        """The command's words; `python` is the one that runs this."""
        words = shlex.split(self.line)
        return [sys.executable, *words[1:]] if words[0] == "python" else words


RUNS = (
    Run(
        "exhaustive",
        "every start x bad reading x command: no decision breaks a sentence",
        "python -m benchmarks.exhaustive",
    ),
    Run(
        "flipped_bits",
        "every bit of a crashed journal's first lines flipped: named, and nothing lost",
        "python -m benchmarks.exhaustive.flipped_bits",
    ),
    Run(
        "kills",
        "each operation on the record killed at many moments: nothing lost, and what became of it said",
        "python -m benchmarks.exhaustive.kills",
    ),
    Run(
        "power_cuts",
        "the power goes while a session is treated, or something done to the record or its folders",
        "python -m benchmarks.exhaustive.power_cuts --cuts 400",
    ),
    Run(
        "campaign",
        "random treatments with faults, judged by the world's light",
        f"python -m benchmarks.campaign --treatments 20000 --seed 2 --out {OUT}/campaign",
    ),
    Run(
        "drawn_worlds",
        "worlds that are not what their calibrations believe: dose as counted, against the truth",
        "python -m benchmarks.bench.drawn_worlds --worlds 100",
    ),
    Run(
        "calibrations",
        "drawn worlds calibrated from nothing by the commands, judged by what they truly are",
        "python -m benchmarks.bench.calibrations --seeds 100",
    ),
    Run(
        "pedal_off",
        "pedal up to light off, by each of the two ways",
        "python -m benchmarks.bench.pedal_off --releases 1000 --seed 1",
    ),
    Run(
        "watchdogs",
        "kiosk, camera and control killed and frozen, to light off",
        "python -m benchmarks.bench.watchdogs --times 50 --carts 3",
    ),
    Run(
        "cart_starts",
        "each process of a cart inside cage ended in turn, to a screen again",
        "python -m benchmarks.bench.cart_starts --times 10",
    ),
    Run(
        "replug",
        "each device's cable out of a treating cart and in again",
        "python -m benchmarks.bench.replug --times 200 --seed 1",
    ),
    Run(
        "fuzz_wire",
        "a million bad lines for every driver and simulator",
        "python -m benchmarks.fuzz --lines 1000000 --seed 1",
    ),
    Run(
        "firmware_edges",
        "the firmware's pedal edge to gate open, watchdog, flash and RAM",
        "python -m benchmarks.firmware.edges --edges 10000 --seed 1",
    ),
    Run(
        "firmware_differential",
        "the board's simulator against its firmware",
        "python -m benchmarks.firmware.differential --examples 2000 --seed 1",
    ),
    Run(
        "mutation",
        "changes of the safety core that its tests let live",
        "sh benchmarks/exhaustive/mutation.sh 240",
    ),
    Run(
        "virtual_hour",
        "an hour of all four drivers on the virtual clock",
        "python -m benchmarks.bench.virtual_hour",
    ),
    Run("journey", "a treatment by touch through the real processes", "python -m pytest -s -m journey"),
    Run(
        "kiosk_stop",
        "a finger on STOP to light off, one core loaded",
        "python -m benchmarks.bench.kiosk_stop --tries 50",
    ),
    Run(
        "full_memory",
        "a memory file system full before a session and under its light, at the screen",
        "python -m benchmarks.bench.full_memory",
    ),
    Run(
        "kiosk_start",
        "the command to the first screen, and every change of screen",
        "python -m benchmarks.bench.kiosk_start --starts 3 --ways 3",
    ),
    Run(
        "kiosk_frames",
        "frames, processor and memory of the screen under light",
        "python -m benchmarks.bench.kiosk_frames",
    ),
    Run(
        "timing",
        "control's lateness beside cyclictest",
        f"python -m tosca_kiosk timing --rate 1000 --seconds 120 --load ui,video,database --out {OUT}/timing",
    ),
    Run(
        "loop_as_thread",
        "control as a process against control as a thread",
        "python -m benchmarks.bench.loop_as_thread",
    ),
    Run("ring", "the telemetry ring with its reader stopped", "python -m benchmarks.bench.ring"),
    Run(
        "driver_tricks",
        "what each trick for speed in the drivers saves",
        "python -m benchmarks.bench.driver_tricks",
    ),
    Run(
        "backup",
        "a backup of 500 MB beside control and its journal",
        "python -m benchmarks.bench.backup --times 7",
    ),
    Run(
        "session_opening",
        "what a session's opening waits for on a record of 1 GB",
        "python -m benchmarks.bench.session_opening --times 3",
    ),
    Run(
        "record_check",
        "control's lateness while the record beside it is checked",
        "python -m benchmarks.bench.record_check --times 3",
    ),
    Run(
        "daily_use",
        "what is asked of a record of 2 000 000 events every day, each beside its limit",
        f"python -m benchmarks.bench.daily_use --folder {OUT}/busy_record",
    ),
    Run(
        "daily_beside",
        "control's lateness while its record is asked all of that",
        f"python -m benchmarks.bench.daily_beside --folder {OUT}/busy_record --times 3",
    ),
    Run(
        "check_time",
        "the proof of a record of 1 GB beside SQLite's own look at its pages",
        "python -m benchmarks.bench.check_time --times 3",
    ),
    Run(
        "month",
        "the disk that a month of sessions takes: record, folders, backups",
        "python -m benchmarks.bench.month --sessions 3 --minutes 10",
    ),
    Run(
        "report",
        "the report of an hour's session, its processor time and memory",
        "python -m benchmarks.bench.report --times 3",
    ),
    Run(
        "bit_flips",
        "single bits of a record's file flipped, each named or in bytes that hold nothing",
        "python -m benchmarks.bench.bit_flips --flips 2000 --seed 1",
    ),
    Run(
        "bench",
        "the benchmarks of `make bench`",
        "python -m pytest benchmarks --benchmark-enable -p no:xdist",
    ),
)


def run_all(runs: Sequence[Run], call: Callable[[list[str]], int]) -> list[str]:
    """Run each by `call`, which returns its exit code; return the names of those that failed."""
    lines, failed = [], []
    for number, run in enumerate(runs, start=1):
        print(f"\n=== {number} of {len(runs)}: {run.name}: {run.shows}\n$ {run.line}", flush=True)
        started_s = time.perf_counter()
        code = call(run.command)
        took_s = time.perf_counter() - started_s
        lines.append(
            f"{run.name:22} {took_s:8.0f} s  {'passed' if code == 0 else f'FAILED, exit code {code}'}"
        )
        if code != 0:
            failed.append(run.name)
    print("\n" + "\n".join(lines))
    return failed


def _call(command: list[str]) -> int:
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def main() -> int:
    """Run what is asked for, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.long", description="Run what takes long.")
    names = [run.name for run in RUNS]
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these of: {', '.join(names)}")
    asked = parser.parse_args().names
    unknown = [name for name in asked if name not in names]
    if unknown:
        parser.error(f"no run is called {', '.join(unknown)}; there are: {', '.join(names)}")
    (ROOT / OUT).mkdir(parents=True, exist_ok=True)
    failed = run_all([run for run in RUNS if run.name in asked or not asked], _call)
    if failed:
        print(f"failed: {', '.join(failed)}; each alone: make long ONLY=NAME", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
