"""The report of a session of an hour at 100 ticks a second: processor time, and memory beside a short one.

    python -m benchmarks.bench.report --times 3

The sessions are simulated treatments on the virtual clock. Each report is made by the command in a process of
its own, the start included. Exit code 1 where a limit is passed.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from benchmarks.rigs.command_line import command_line, machine_load, tracked
from benchmarks.rigs.limits import Row, judged

REPORT_S: Final = 3.0
MOST_GROWTH_MB: Final = 60.0
"""The curves of a page, and their vectors; an hour's ticks themselves are 200 MB on the disk."""
HOUR_S: Final = 3600
SHORT_S: Final = 10
_PROGRAM: Final = (sys.executable, "-m", "tosca_kiosk")
_WITH_PEAK: Final = (
    "import resource, sys\n"
    "from tosca_kiosk.cli import main\n"
    "try:\n    main(sys.argv[1:])\n"
    "finally:\n    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)\n"
)


class Made(NamedTuple):
    """A report. cpu_s: of the whole command; peak_mb: the most memory that it held."""

    cpu_s: float
    peak_mb: float


def plan(seconds: int) -> str:
    """Return a protocol of one step that rises."""
    step = {
        "step_number": 1,
        "duration_seconds": seconds,
        "power_start_watts": 2.0,
        "power_end_watts": 5.0,
        "ring_size_mm": 3.0,
        "ramp_type": "linear",
    }
    return json.dumps({"version": "1.0", "steps": [step]})


def treat(data_dir: Path, seconds: int) -> None:
    """Run a session of so many seconds of light on the virtual clock."""
    protocol = data_dir.parent / f"{seconds}.json"
    protocol.write_text(plan(seconds))
    _call(
        "treat",
        "--fast",
        "--patient",
        "P-2026-0001",
        "--tech",
        "ana",
        "--protocol",
        protocol,
        data_dir=data_dir,
    )


def report(data_dir: Path, session: int, to: Path) -> Made:
    """Make a report in a process of its own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    words = ("sessions", "report", str(session), "--to", str(to), "--data-dir", str(data_dir))
    done = subprocess.run(
        [sys.executable, "-c", _WITH_PEAK, *words], capture_output=True, text=True, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Made(cpu_s, float(done.stderr.split()[-1]) / 1024.0)


def _call(*words: str | Path, data_dir: Path) -> None:
    command = [*_PROGRAM, *map(str, words), "--data-dir", str(data_dir)]
    subprocess.run(command, capture_output=True, check=True)


def main() -> int:
    parser = command_line("bench.report", __doc__)
    parser.add_argument("--times", type=int, default=3, help="each report is made (default 3)")
    times = parser.parse_args().times
    with tempfile.TemporaryDirectory(prefix="tosca-report-") as folder:
        data_dir = Path(folder) / "data"
        _call("patients", "add", data_dir=data_dir)
        _call("users", "add", "ana", "--full-name", "Ana", "--role", "technician", data_dir=data_dir)
        for seconds in (SHORT_S, HOUR_S):
            treat(data_dir, seconds)
        short, long = [], []
        for number in tracked(range(times), "reports", times):
            short.append(report(data_dir, 1, Path(folder) / f"short_{number}.pdf"))
            long.append(report(data_dir, 2, Path(folder) / f"long_{number}.pdf"))
    rows = [
        Row("an hour of light", median(made.cpu_s for made in long), REPORT_S, "s"),
        Row("10 s of light", median(made.cpu_s for made in short), None, "s"),
        Row(
            "memory for the hour, more than for 10 s",
            max(made.peak_mb for made in long) - min(made.peak_mb for made in short),
            MOST_GROWTH_MB,
            "MB",
        ),
    ]
    return judged(f"sessions report, processor time; machine load {machine_load()}", rows)


if __name__ == "__main__":
    sys.exit(main())
