"""How late control wakes up while the record beside it is checked from end to end, over and over.

    python -m benchmarks.bench.record_check --rows 400000 --seconds 20 --times 3

The kiosk treats on a simulated cart, with a record that has so many chained rows in its safety log. `db
check` of it runs in a process of its own, again as soon as it has ended, and the same is measured at rest,
in turn. A machine pauses by itself now and then: a period that cyclictest missed too is its own. Exit code
1 where control missed one that cyclictest did not, where light was ended, where a check failed or none was
done.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import threading
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.rigs.command_line import command_line, machine_load
from benchmarks.rigs.limits import Row, judged
from tosca_kiosk.config import bundled, load_config
from tosca_kiosk.domain.events import SafetyEvent
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.storage import DATABASE_NAME, Database, events
from tosca_kiosk.timing import report
from tosca_kiosk.timing.loads import UI
from tosca_kiosk.timing.run import MeasuredRun, Request, measure

ROWS_A_BATCH = 20_000
NOW = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
EVENT = SafetyEvent(
    event_type="interlock_failure",
    severity="warning",
    description="A row of a record that has seen much.",
    system_state="ready",
    laser_state="off",
    footpedal=False,
    smoothing=True,
    photodiode_v=0.0,
    action_taken="arming_refused",
    details={"trigger_source": "filler"},
)


class RecordRun(MeasuredRun):
    """A run with a record of its own, which is checked while it is watched, if that is wanted.

    codes: takes the exit code of each check.
    """

    def __init__(self, *arguments, record: Path, codes: list[int] | None) -> None:
        super().__init__(*arguments)
        shutil.copy(record, self._folder / "data" / DATABASE_NAME)
        self._codes = codes

    def _watch(self, *arguments):
        if self._codes is None:
            return super()._watch(*arguments)
        ending = threading.Event()
        checks = threading.Thread(target=self._check, args=(ending, self._codes))
        checks.start()
        try:
            return super()._watch(*arguments)
        finally:
            ending.set()
            checks.join()

    def _check(self, ending: threading.Event, codes: list[int]) -> None:
        command = [sys.executable, "-m", "tosca_kiosk", "db", "check", "--data-dir", self._folder / "data"]
        while not ending.is_set():
            codes.append(subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode)


def record(folder: Path, rows: int) -> Path:
    """Make a record with so many rows in its safety log, all of it in the main file."""
    path = folder / DATABASE_NAME
    for number in range(0, rows, ROWS_A_BATCH):
        with Database.open(path) as database, database.transaction() as transaction:
            events.append_safety(transaction, NOW, [(0.0, EVENT)] * min(ROWS_A_BATCH, rows - number))
    return path


def measured(request: Request, path: Path, codes: list[int] | None) -> dict:
    """Measure once, with checks that leave their codes, or without any; return the report."""
    seen = measure(
        request, lambda: False, lambda doing, done: None, partial(RecordRun, record=path, codes=codes)
    )
    run = report.Run(
        rate_hz=request.rate_hz,
        seconds=request.seconds,
        loads=request.loads,
        standing=seen.ready,
        rows=seen.rows,
        witness_name=seen.witness_name,
        witness=seen.witness,
        timelines=seen.timelines,
        began_s=seen.began_s,
        ended_s=seen.ended_s,
        faults=seen.faults,
        measured_utc=utc_now(),
    )
    return report.make(run, load_config(request.config_path).timing, None)


def told(name: str, reports: list[dict], limit: float | None) -> list[Row]:
    """Return the rows of the runs of one kind. limit: of what may not be, None where it is only told."""
    rows = [
        Row(f"{name}: {what}, {part}", median(each[key][part] for each in reports), None, "us")
        for what, key in (("lateness", "late_us"), ("cyclictest", "witness"))
        for part in ("p50", "p99", "max")
        if all(part in each[key] for each in reports)
    ]
    return [
        *rows,
        Row(f"{name}: periods missed", sum(each["missed"] for each in reports), None, ""),
        Row(
            f"{name}: of these unseen by the witness",
            sum(each["missed_without_witness"] for each in reports),
            limit,
            "",
        ),
        Row(f"{name}: light ended by a fault", sum(len(each["faults"]) for each in reports), limit, "times"),
    ]


def main() -> int:
    parser = command_line("bench.record_check", __doc__)
    parser.add_argument("--rows", type=int, default=400_000, help="of the safety log (default 400 000)")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each run (default 20)")
    parser.add_argument("--times", type=int, default=3, help="how many pairs of runs (default 3)")
    parser.add_argument("--rate", type=int, default=100, help="ticks a second (default 100)")
    parser.add_argument("--without-screen", action="store_true", help="the kiosk's work without its screen")
    options = parser.parse_args()
    if options.rows < 1 or options.times < 1:
        parser.error("--rows and --times are 1 or more")
    config = load_config(bundled("simulated.yaml"))
    loads = () if options.without_screen else (UI,)
    request = Request(config.source, options.rate, options.seconds, loads, config.camera_simulated)
    folder = Path(tempfile.mkdtemp(prefix="tosca-record-check-"))
    codes: list[int] = []
    checked, at_rest = [], []
    try:
        path = record(folder, options.rows)
        megabytes = path.stat().st_size / 1e6
        for _ in range(options.times):
            at_rest.append(measured(request, path, None))
            checked.append(measured(request, path, codes))
    finally:
        shutil.rmtree(folder)
    title = (
        f"{options.times} pairs of {options.seconds:g} s at {options.rate} Hz, record of {megabytes:.0f} MB, "
        f"{checked[0]['scheduling']}; machine load {machine_load()}"
    )
    return judged(
        title,
        [
            *told("at rest", at_rest, None),
            *told("checked", checked, 0),
            Row("checks done meanwhile", len(codes), 1, "", floor=True),
            Row("checks that failed", sum(code != 0 for code in codes), 0, ""),
        ],
    )


if __name__ == "__main__":
    sys.exit(main())
