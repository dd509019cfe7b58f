"""How much disk a month of sessions takes: record, journals and backups, as the program keeps them.

    python -m benchmarks.bench.month --sessions 3 --minutes 10 --days 30 --a-day 20

So many sessions of constant light are treated by `treat --fast` on the simulated cart, each imported and
backed up as ever. From the second on each adds the same to the record and a folder of the same size: what the
last one added is taken for each of the month. A backup is the record as it stood when it was made; which of
the month's are left at its end is asked of the program's own thinning, with empty files of their names.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from benchmarks.rigs.command_line import command_line, machine_load, tracked
from benchmarks.rigs.limits import Row, judged
from tosca_kiosk.storage import DATABASE_NAME, prune_backups

BEGINS = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
EVERY = timedelta(minutes=25)
"""From one session of a day to the next."""
JOURNAL = "journal.jsonl"


class Sizes(NamedTuple):
    """In bytes. empty: the record before the first session. added: to it by the last session.

    journal: of the last session; folder: all of its folder, the journal too.
    """

    empty: int
    added: int
    journal: int
    folder: int

    def record(self, sessions: int) -> int:
        """Return how large the record is after so many sessions."""
        return self.empty + sessions * self.added


def measure(data_dir: Path, sessions: int, minutes: float) -> Sizes:
    """Treat so many sessions, two or more, on a record that is made in data_dir."""
    protocol = data_dir / "constant.json"
    protocol.write_text(json.dumps(_protocol(minutes)), encoding="utf-8")
    _command(data_dir, "db", "init")
    patient = _command(data_dir, "patients", "add")["patient_code"]
    sizes, folder = [_record_bytes(data_dir)], data_dir
    for _ in tracked(range(sessions), "sessions", sessions):
        words = ("--patient", patient, "--tech", "admin", "--protocol", str(protocol), "--fast")
        folder = Path(_command(data_dir, "treat", *words)["session_folder"])
        sizes.append(_record_bytes(data_dir))
    return Sizes(
        empty=sizes[0],
        added=sizes[-1] - sizes[-2],
        journal=(folder / JOURNAL).stat().st_size,
        folder=sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()),
    )


def kept_backups(folder: Path, days: int, a_day: int) -> list[int]:
    """Return before which sessions of the month, from 0, the backups were made that are left at its end."""
    of_name = {}
    for number in range(days * a_day):
        day, of_day = divmod(number, a_day)
        now = BEGINS + timedelta(days=day) + of_day * EVERY
        path = folder / f"laser_control_{now:%Y%m%d_%H%M%S}.db"
        path.touch()
        of_name[path] = number
        prune_backups(folder, now, None)
    return [number for path, number in of_name.items() if path.exists()]


def rows(sizes: Sizes, kept: list[int], sessions: int) -> list[Row]:
    """Return the month: so many sessions, and the backups that are left."""
    record, folders = sizes.record(sessions), sessions * sizes.folder
    backups = sum(sizes.record(number) for number in kept)
    return [
        Row("added to the record by a session", sizes.added / 1e6, None, "MB"),
        Row("its journal", sizes.journal / 1e6, None, "MB"),
        Row("its folder, journal and all", sizes.folder / 1e6, None, "MB"),
        Row("the month: the record", record / 1e9, None, "GB"),
        Row("the sessions' folders", folders / 1e9, None, "GB"),
        Row(f"{len(kept)} backups of the record", backups / 1e9, None, "GB"),
        Row("all of it", (record + folders + backups) / 1e9, None, "GB"),
    ]


def _protocol(minutes: float) -> dict[str, object]:
    step = {
        "step_number": 1,
        "duration_seconds": 60.0 * minutes,
        "power_start_watts": 5.0,
        "power_end_watts": 5.0,
        "ring_size_mm": 3.0,
        "ramp_type": "constant",
    }
    return {"version": "1.0", "protocol_name": "A long one", "steps": [step]}


def _command(data_dir: Path, *words: str) -> dict[str, str]:
    """Run a command on the simulated cart; return what it prints with --json."""
    command = [sys.executable, "-m", "tosca_kiosk", *words, "--data-dir", str(data_dir), "--json"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def _record_bytes(data_dir: Path) -> int:
    """Have the log written back; return the size of the record's file."""
    path = data_dir / DATABASE_NAME
    with closing(sqlite3.connect(path, isolation_level=None)) as tool:
        tool.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.stat().st_size


def main() -> int:
    parser = command_line("bench.month", __doc__)
    parser.add_argument("--sessions", type=int, default=3, help="treated, 2 or more (default 3)")
    parser.add_argument("--minutes", type=float, default=10.0, help="of light in each (default 10)")
    parser.add_argument("--days", type=int, default=30, help="of the month (default 30)")
    parser.add_argument("--a-day", type=int, default=20, help="sessions a day, up to 36 (default 20)")
    parser.add_argument("--folder", type=Path, help="on which disk (default: where temporary files are)")
    options = parser.parse_args()
    if options.sessions < 2 or not options.minutes > 0.0 or options.days < 1 or not 1 <= options.a_day <= 36:
        parser.error("--sessions is 2 or more, --days 1 or more, --a-day 1 to 36, --minutes over 0")
    with tempfile.TemporaryDirectory(prefix="tosca-month-", dir=options.folder) as folder:
        sizes = measure(Path(folder), options.sessions, options.minutes)
        names = Path(folder, "names")
        names.mkdir()
        kept = kept_backups(names, options.days, options.a_day)
    title = (
        f"{options.days} days of {options.a_day} sessions of {options.minutes:g} minutes of light, from "
        f"{options.sessions} that were treated; machine load {machine_load()}"
    )
    return judged(title, rows(sizes, kept, options.days * options.a_day))


if __name__ == "__main__":
    sys.exit(main())
