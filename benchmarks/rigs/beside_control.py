"""Control measured beside work on its record, in turn with the same at rest: how late it wakes up.

A machine pauses by itself now and then: a period that cyclictest missed too is its own.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.rigs.limits import Row
from tosca_kiosk.config import load_config
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.timing import report
from tosca_kiosk.timing.computer import this_computer
from tosca_kiosk.timing.run import MeasuredRun, Request, measure


@dataclass(frozen=True)
class Beside:
    """What is done beside control. lay: puts the record into a data directory, for the runs at rest too.

    command: what Python runs of it, over and over while control is watched; codes: the exit code of each.
    """

    lay: Callable[[Path], object]
    command: Callable[[Path], list[str]]
    codes: list[int] = field(default_factory=list)


class _Run(MeasuredRun):
    """A run with a record of its own. works: whether the work is done while it is watched."""

    def __init__(self, *arguments, beside: Beside, works: bool) -> None:
        super().__init__(*arguments)
        self._beside, self._works = beside, works
        beside.lay(self._folder / "data")

    def _watch(self, *arguments):
        if not self._works:
            return super()._watch(*arguments)
        ending = threading.Event()
        working = threading.Thread(target=self._work, args=(ending,))
        working.start()
        try:
            return super()._watch(*arguments)
        finally:
            ending.set()
            working.join()

    def _work(self, ending: threading.Event) -> None:
        command = [sys.executable, *self._beside.command(self._folder / "data")]
        while not ending.is_set():
            done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
            self._beside.codes.append(done.returncode)


def in_pairs(request: Request, beside: Beside, times: int) -> tuple[list[dict], list[dict]]:
    """Measure so many pairs; return the reports of the runs at rest, and of those beside the work."""
    pairs = [
        (_measured(request, beside, works=False), _measured(request, beside, works=True))
        for _ in range(times)
    ]
    at_rest, worked = zip(*pairs, strict=True)
    return list(at_rest), list(worked)


def _measured(request: Request, beside: Beside, *, works: bool) -> dict:
    """Measure once; return the report."""
    seen = measure(
        request, lambda: False, lambda doing, done: None, partial(_Run, beside=beside, works=works)
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
        computer=this_computer(),
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
