"""How late control wakes up under light while its record is asked all that is asked of it every day.

    python -m benchmarks.bench.daily_beside --folder FOLDER --seconds 30 --times 3

The cart is a simulated one with its screen, its record that of `bench.daily_use`, with its longest session's
folder. A process of its own asks every question of `benchmarks/rigs/daily_questions.py`, writes the exports
and the report, and begins anew; in turn the same is measured at rest. Exit code 1 where control missed a
period that cyclictest did not, where light was ended, where a question failed or none was asked.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from benchmarks.rigs.beside_control import Beside, in_pairs, told
from benchmarks.rigs.busy_record import EVENTS, SESSIONS, Busy, busy_record, folder_for_record
from benchmarks.rigs.command_line import command_line, machine_load, with_bar
from benchmarks.rigs.limits import Row, judged
from tosca_kiosk.config import bundled, load_config
from tosca_kiosk.storage import DATABASE_NAME, Database, sessions
from tosca_kiosk.storage.signing import KEY_NAME
from tosca_kiosk.timing.loads import UI
from tosca_kiosk.timing.run import Request


def lay(busy: Busy, data_dir: Path) -> None:
    """Put a copy of the record and its key into a data directory, and the files of its longest session."""
    for name in (DATABASE_NAME, KEY_NAME):
        shutil.copy(busy.folder / name, data_dir / name)
    with Database.read_only(busy.path) as database:
        folder = sessions.folder_of(sessions.get(database, busy.long), busy.folder)
    copy = data_dir / folder.relative_to(busy.folder)
    copy.mkdir(parents=True)
    for file in folder.iterdir():
        if file.is_file():
            os.link(file, copy / file.name)


def main() -> int:
    parser = command_line("bench.daily_beside", __doc__)
    parser.add_argument("--folder", type=Path, help="where the record is, or is made (default: aside)")
    parser.add_argument("--sessions", type=int, default=SESSIONS, help=f"(default {SESSIONS})")
    parser.add_argument("--events", type=int, default=EVENTS, help=f"(default {EVENTS})")
    parser.add_argument("--seconds", type=float, default=30.0, help="of each run (default 30)")
    parser.add_argument("--times", type=int, default=3, help="how many pairs of runs (default 3)")
    parser.add_argument("--rate", type=int, default=100, help="ticks a second (default 100)")
    parser.add_argument("--without-screen", action="store_true", help="the kiosk's work without its screen")
    options = parser.parse_args()
    if options.times < 1:
        parser.error("--times is 1 or more")
    config = load_config(bundled("simulated.yaml"))
    loads = () if options.without_screen else (UI,)
    request = Request(config.source, options.rate, options.seconds, loads, config.camera_simulated)
    with folder_for_record(options.folder) as folder:
        try:
            busy = with_bar(
                "the record is made",
                lambda share: busy_record(folder, options.sessions, options.events, share),
            )
        except ValueError as error:
            parser.error(str(error))
        asking = Beside(
            lay=lambda data_dir: lay(busy, data_dir),
            command=lambda data_dir: [
                "-m",
                "benchmarks.rigs.daily_questions",
                str(data_dir),
                str(busy.usual),
                str(busy.long),
            ],
        )
        at_rest, asked = in_pairs(request, asking, options.times)
        megabytes = busy.path.stat().st_size / 1e6
    title = (
        f"{options.times} pairs of {options.seconds:g} s at {options.rate} Hz, record of {megabytes:.0f} MB, "
        f"{asked[0]['scheduling']}; machine load {machine_load()}"
    )
    return judged(
        title,
        [
            *told("at rest", at_rest, None),
            *told("asked", asked, 0),
            Row("times that all was asked", len(asking.codes), 1, "", floor=True),
            Row("of these failed", sum(code != 0 for code in asking.codes), 0, ""),
        ],
    )


if __name__ == "__main__":
    sys.exit(main())
