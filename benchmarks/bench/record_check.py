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
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.rigs.beside_control import Beside, in_pairs, told
from benchmarks.rigs.command_line import command_line, machine_load
from benchmarks.rigs.limits import Row, judged
from tosca_kiosk.config import bundled, load_config
from tosca_kiosk.domain.events import SafetyEvent
from tosca_kiosk.storage import DATABASE_NAME, Database, events
from tosca_kiosk.timing.loads import UI
from tosca_kiosk.timing.run import Request

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


def record(folder: Path, rows: int) -> Path:
    """Make a record with so many rows in its safety log, all of it in the main file."""
    path = folder / DATABASE_NAME
    for number in range(0, rows, ROWS_A_BATCH):
        with Database.open(path) as database, database.transaction() as transaction:
            events.append_safety(transaction, NOW, [(0.0, EVENT)] * min(ROWS_A_BATCH, rows - number))
    return path


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
    try:
        path = record(folder, options.rows)
        megabytes = path.stat().st_size / 1e6
        checks = Beside(
            lay=lambda data_dir: shutil.copy(path, data_dir / DATABASE_NAME),
            command=lambda data_dir: ["-m", "tosca_kiosk", "db", "check", "--data-dir", str(data_dir)],
        )
        at_rest, checked = in_pairs(request, checks, options.times)
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
            Row("checks done meanwhile", len(checks.codes), 1, "", floor=True),
            Row("checks that failed", sum(code != 0 for code in checks.codes), 0, ""),
        ],
    )


if __name__ == "__main__":
    sys.exit(main())
