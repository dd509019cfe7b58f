"""The longest pause of the machine during a measurement, told by a cyclictest that runs beside it.

A shared machine stops all its processors for tens of milliseconds now and then. What is late then is not the
fault of what was measured, and only a witness can tell.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tosca_kiosk.timing.witness import CYCLICTEST

_COMMAND = ("--quiet", "--mlockall", "--policy=fifo", "--priority=80", "--interval=1000", "--smp")
"""Over the priority of control; a thread on every processor, 1000 wake-ups a second each."""
_LONGEST = re.compile(r"Max:\s*(\d+)")


class Pauses:
    """longest_ms: of the measurement, once it has ended; None where there is no cyclictest."""

    longest_ms: float | None = None

    def __str__(self) -> str:
        if self.longest_ms is None:
            return "The machine's own pauses: not measured; install cyclictest and allow SCHED_FIFO"
        return f"The machine's own longest pause, by cyclictest at priority 80: {self.longest_ms:.1f} ms"


@contextmanager
def machine_pauses() -> Iterator[Pauses]:
    """Run cyclictest beside the block; its figure is there after the block."""
    pauses, path = Pauses(), shutil.which(CYCLICTEST)
    if path is None:
        yield pauses
        return
    with subprocess.Popen(
        [path, *_COMMAND], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as run:
        try:
            yield pauses
        finally:
            run.send_signal(signal.SIGINT)
            said, _ = run.communicate()
    found = [int(each) for each in _LONGEST.findall(said)]
    pauses.longest_ms = max(found) / 1000.0 if found else None
