"""Treatments on drawn worlds with the shipped calibrations: what the cart tells, beside the truth.

    python -m benchmarks.bench.drawn_worlds --worlds 100

Each world's seed puts its diode, photodiode, optics, stage and motor up to half of their tolerances beside
what is believed of them. None of that may stop a treatment, nor may a dose be counted for less than 0.97 of
its light.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
from contextlib import closing, redirect_stderr
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks.rigs.cart_configs import warm_config_file
from benchmarks.rigs.command_line import command_line, tracked
from benchmarks.rigs.limits import Row, judged
from tosca_kiosk.cli.simulated_session import Request, run_session
from tosca_kiosk.cli.workplace import Workplace
from tosca_kiosk.storage import DATABASE_NAME, patients, users

PATIENT, TECHNICIAN = "P-2026-0001", "tech01"
RING_MM: Final = 3.0
STAGE_MM: Final = 1.0
"""Where the shipped calibration has that ring."""
LEAST_COUNTED: Final = 0.97
"""Half of the photodiode's tolerance under, and what the first slope of the power brings."""


class Told(NamedTuple):
    """What a session told of what is wrong in its world, and what was so.

    by: what ended it, empty where it completed. warned: whether a warning came under light. differ: whether
    its end said that measured and commanded energy differ. early: whether the dose's limit ended it. counted:
    the dose over the true energy. given: the true energy over the planned. ring_mm: the true ring of the 3 mm
    that were asked for.
    """

    by: str
    warned: bool
    differ: bool
    early: bool
    counted: float
    given: float
    ring_mm: float


class Place:
    """A record with the shipped calibrations, in which one world after the other is treated."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._config = warm_config_file(folder, camera="none")
        text = self._config.read_text(encoding="utf-8")
        shipped = "true_constants: shipped"
        assert shipped in text
        self._config.write_text(text.replace(shipped, "true_constants: drawn"), encoding="utf-8")
        now = datetime.now(UTC)
        with self._workplace().record() as database, database.transaction(1) as transaction:
            users.add(transaction, TECHNICIAN, "Jane Doe", "technician", now)
            patients.add(transaction, now, code=PATIENT, created_by=1)

    def treat(self, seed: int, seconds: float) -> Told:
        """Treat with 5 W on the virtual clock, in the world of a seed; nothing is said of it."""
        request = Request(
            patient=PATIENT,
            technician=TECHNICIAN,
            protocol=str(self._protocol(seconds)),
            seed=seed,
            fast=True,
        )
        with redirect_stderr(StringIO()):
            result = run_session(self._workplace(), request)
        return self._told(result, seconds)

    def _workplace(self) -> Workplace:
        return Workplace(self._config, self._folder, as_json=True)

    def _protocol(self, seconds: float) -> Path:
        path = self._folder / f"{seconds:g}_s.json"
        step = {
            "step_number": 1,
            "duration_seconds": seconds,
            "power_start_watts": 5.0,
            "power_end_watts": 5.0,
            "ring_size_mm": RING_MM,
            "ramp_type": "constant",
        }
        path.write_text(json.dumps({"version": "1.0", "steps": [step]}), encoding="utf-8")
        return path

    def _told(self, result: dict[str, Any], seconds: float) -> Told:
        told = self._warnings(result["session_id"])
        differ = "session_energy"
        truth = result["true_constants"]
        carriage_mm = truth["stage.scale"] * STAGE_MM + truth["stage.index_offset_um"] / 1000.0
        return Told(
            by=(result["abort_reason"] or "").partition(":")[0],
            warned=any(source != differ for source in told),
            differ=differ in told,
            early=result["total_laser_on_time_seconds"] < seconds - 0.1,
            counted=result["dose_energy_joules"] / result["true_energy_joules"],
            given=result["true_energy_joules"] / result["planned_energy_joules"],
            ring_mm=truth["optics.ring_at_index_mm"] + truth["optics.ring_mm_per_mm"] * carriage_mm,
        )

    def _warnings(self, session_id: int) -> list[str]:
        """Return the sources of what ended nothing."""
        sql = "SELECT details FROM safety_log WHERE session_id = ? AND action_taken = 'none'"
        with closing(sqlite3.connect(self._folder / DATABASE_NAME)) as connection:
            rows = connection.execute(f"{sql} AND severity != 'info'", (session_id,)).fetchall()
        return [json.loads(details)["trigger_source"] for (details,) in rows]


def run(worlds: int, first_seed: int, seconds: float, *, watched: bool = False) -> list[Told]:
    """Treat for so many seconds in each of so many drawn worlds."""
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder))
        seeds = tracked(range(first_seed, first_seed + worlds), "worlds", worlds, shown=watched)
        return [place.treat(seed, seconds) for seed in seeds]


def report(told: list[Told], seconds: float) -> int:
    """Print the table; return the exit code."""
    return judged(
        f"{len(told)} drawn worlds, {seconds:g} s of 5 W in a ring of 3 mm, the shipped calibrations",
        [
            Row("sessions that something ended", sum(bool(one.by) for one in told), 0, ""),
            Row("warned of under light", sum(one.warned for one in told), None, ""),
            Row("told at the end that energies differ", sum(one.differ for one in told), None, ""),
            Row("ended early by the dose's limit", sum(one.early for one in told), None, ""),
            Row("told nothing at all", sum(not (one.warned or one.differ) for one in told), None, ""),
            Row("dose counted over true, least", min(one.counted for one in told), LEAST_COUNTED, "", True),
            Row("dose counted over true, most", max(one.counted for one in told), None, ""),
            Row("true energy over planned, least", min(one.given for one in told), None, ""),
            Row("true energy over planned, most", max(one.given for one in told), None, ""),
            Row("true ring of 3 mm, least", min(one.ring_mm for one in told), None, "mm"),
            Row("true ring of 3 mm, most", max(one.ring_mm for one in told), None, "mm"),
        ],
    )


def main() -> None:
    parser = command_line("bench.drawn_worlds", __doc__)
    parser.add_argument("--worlds", type=int, default=100, help="how many (default 100)")
    parser.add_argument("--seed", type=int, default=1, help="of the first of them")
    parser.add_argument("--seconds", type=float, default=30.0, help="of treatment in each (default 30)")
    options = parser.parse_args()
    if options.worlds < 1:
        parser.error(f"--worlds {options.worlds}: 1 or more are needed")
    if not 1.0 <= options.seconds <= 120.0:
        parser.error(f"--seconds {options.seconds:g}: 1 to 120 are possible")
    told = run(options.worlds, options.seed, options.seconds, watched=True)
    raise SystemExit(report(told, options.seconds))


if __name__ == "__main__":
    main()
