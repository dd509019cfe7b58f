"""How long the opening of a session is waited for on a large record, by the kiosk's own services.

    python -m benchmarks.bench.session_opening --megabytes 1000 --between 60 --times 3

The backup begins with the choice of patient and protocol. Then so many seconds pass before the last touch;
and in turn none, where what is left of the backup has to be waited for. From that touch on the plan is
checked, the backup waited for, and the session's row and folder made; what control does with them is not in
it. A file beside is appended to and synced as often as control's journal. Exit code 1 when over a limit.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.bench.backup import JOURNAL_SYNC_MS, beside, journal
from benchmarks.rigs.command_line import command_line, machine_load, with_bar
from benchmarks.rigs.large_record import fill_record
from benchmarks.rigs.limits import Row, judged
from tosca_kiosk.config import bundled, load_config
from tosca_kiosk.domain.state import State
from tosca_kiosk.domain.summary import summarise
from tosca_kiosk.kiosk.services import Record, accounts, treatment
from tosca_kiosk.machine.clock import RealClock

OPENS_WITHIN_S = 2.0
PATIENT, TECHNICIAN, PROTOCOL = "P-2026-0001", "jane.doe", "Constant 5 W, 60 s"


class Opened(NamedTuple):
    """One opening. Seconds after the choice: copied and verified, the last touch, row and folder made.

    plan_s: what the check of the plan took. sync_ms: the slowest sync of the file beside.
    """

    verified_s: float
    touched_s: float
    opened_s: float
    plan_s: float
    sync_ms: float

    @property
    def waited_s(self) -> float:
        return self.opened_s - self.touched_s

    @property
    def after_both_s(self) -> float:
        """What the opening took once it was asked for and its copy was verified."""
        return self.opened_s - max(self.touched_s, self.verified_s)


def opened(record: Record, between_s: float) -> Opened:
    """Choose, let the time pass, open a session and close it again."""
    clock, sync_ms = RealClock(), list[float]()
    with beside(journal(record.data_dir / "beside.jsonl", clock, sync_ms)):
        began_s = clock.now_s()
        record.backup.begin()
        if between_s > 0.0:
            record.backup.wait(between_s)
            verified_s = clock.now_s() - began_s
            clock.sleep_until(began_s + between_s)
        touched_s = clock.now_s() - began_s
        plan = treatment.prepare(record, PATIENT, TECHNICIAN, PROTOCOL).plan
        plan_s = clock.now_s() - began_s - touched_s
        record.backup.begin()
        while not record.backup.wait(1.0):
            pass
        if between_s <= 0.0:
            verified_s = clock.now_s() - began_s
        made = treatment.open_row(record, plan, {})
        opened_s = clock.now_s() - began_s
    assert made is not None, "the record was changed since its backup"
    treatment.close_row(
        record, made.session.session_id, None, known=summarise(State(), "only its opening was measured")
    )
    for each in record.backup_dir.iterdir():
        each.unlink()  # else thirty copies of it fill the disk
    return Opened(verified_s, touched_s, opened_s, plan_s, max(sync_ms, default=0.0))


def measure(folder: Path, megabytes: float, between_s: float, times: int) -> list[list[Opened]]:
    """Return the openings, those after so many seconds and those at once."""
    config = load_config(bundled("simulated.yaml"))
    with closing(Record(config, folder)) as record:
        record.open()
        accounts.set_up(record, "271828", "Jane Doe", "314159")
        with_bar("the record is filled", lambda told: fill_record(record.database, megabytes, told))
        pairs = [(opened(record, between_s), opened(record, 0.0)) for _ in range(times)]
    return [list(each) for each in zip(*pairs, strict=True)]


def rows(later: list[Opened], at_once: list[Opened], between_s: float) -> list[Row]:
    """Return what was measured beside its limits."""
    every = [*later, *at_once]
    return [
        Row("choice to verified copy, median", median(each.verified_s for each in every), None, "s"),
        Row("the same, worst", max(each.verified_s for each in every), between_s, "s"),
        Row(f"last touch, {between_s:g} s later, to open: median", _median(later), None, "s"),
        Row("the same, worst", max(each.waited_s for each in later), OPENS_WITHIN_S, "s"),
        Row("of it the plan's check, worst", max(each.plan_s for each in later), None, "s"),
        Row("last touch, at once, to open: median", _median(at_once), None, "s"),
        Row("the same, worst", max(each.waited_s for each in at_once), None, "s"),
        Row(
            "of it after the verified copy, worst", max(e.after_both_s for e in at_once), OPENS_WITHIN_S, "s"
        ),
        Row("slowest sync beside, median", median(each.sync_ms for each in every), JOURNAL_SYNC_MS, "ms"),
        Row("the same, worst", max(each.sync_ms for each in every), None, "ms"),
    ]


def _median(openings: list[Opened]) -> float:
    return median(each.waited_s for each in openings)


def main() -> int:
    parser = command_line("bench.session_opening", __doc__)
    parser.add_argument("--megabytes", type=float, default=1000.0, help="of the record (default 1000)")
    parser.add_argument("--between", type=float, default=60.0, help="seconds before the touch (default 60)")
    parser.add_argument("--times", type=int, default=3, help="how many pairs of openings (default 3)")
    parser.add_argument("--folder", type=Path, help="on which disk (default: where temporary files are)")
    options = parser.parse_args()
    if not options.megabytes >= 1.0 or not options.between > 0.0 or options.times < 1:
        parser.error("--megabytes and --times are 1 or more, --between is over 0")
    folder = Path(tempfile.mkdtemp(prefix="tosca-opening-", dir=options.folder))
    try:
        found = measure(folder, options.megabytes, options.between, options.times)
    finally:
        shutil.rmtree(folder)
    title = (
        f"{options.times} pairs of openings on a record of {options.megabytes:g} MB; "
        f"machine load {machine_load()}"
    )
    return judged(title, rows(*found, options.between))


if __name__ == "__main__":
    sys.exit(main())
