"""A run that was never measured: rows and wake-ups made up, for the pure parts of the report."""

from datetime import UTC, datetime

import numpy as np

from tosca_kiosk.timing.computer import Computer
from tosca_kiosk.timing.report import Run
from tosca_kiosk.timing.samples import COLUMNS
from tosca_kiosk.timing.witness import CYCLICTEST, Wakeups

BEGAN_S = 1000.0
RATE_HZ = 100
SECONDS = 20.0
COMPUTER = Computer(
    architecture="x86_64",
    cores=4,
    processor="A processor",
    system="Linux",
    kernel="6.1.0 PREEMPT_RT",
    python="3.11.2",
)


def made_run(seed=1, late_us=25.0, part_us=8.0, witness_us=20.0, missed_at=(), witness_late_at=(), **changes):
    """Return 20 s at 100 Hz. missed_at: ticks after which two periods were skipped, for poll took 25 ms."""
    random = np.random.default_rng(seed)
    period, ticks = 1e9 / RATE_HZ, round(RATE_HZ * SECONDS)
    late = random.gamma(4.0, late_us / 4.0, ticks + 1) * 1e3
    rows = np.zeros((ticks + 1, len(COLUMNS)), dtype=np.int64)
    rows[:, 0] = BEGAN_S * 1e9 + (np.arange(ticks + 1) - 1) * period + late
    rows[:, 1] = late
    rows[:, 3] = 1
    rows[:, 4:] = random.gamma(20.0, part_us / 20.0, (ticks + 1, len(COLUMNS) - 4)) * 1e3
    for tick in missed_at:
        rows[tick, COLUMNS.index("poll")] = 25_000_000
        rows[tick + 1 :, 0] += round(2 * period)
        rows[tick + 1, COLUMNS.index("missed")] = 2
    peer = (random.gamma(4.0, witness_us / 4.0, ticks) * 1e3).astype(np.int64)
    for wakeup in witness_late_at:
        peer[wakeup] = 6_000_000
    due = BEGAN_S * 1e9 + np.arange(ticks) * period + period / 2
    standing = {"scheduling": "fifo", "memory_locked": True, "priority": 50}
    run = Run(
        rate_hz=RATE_HZ,
        seconds=SECONDS,
        loads=("cpu",),
        standing=standing,
        rows=rows,
        witness_name=CYCLICTEST,
        witness=Wakeups.of_one((due + peer).astype(np.int64), peer),
        timelines={"cpu": ([BEGAN_S - 1.0, BEGAN_S + 10.0], ["spinning", "spinning on"])},
        began_s=BEGAN_S,
        ended_s=BEGAN_S + SECONDS,
        faults=(),
        measured_utc=datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC),
        computer=COMPUTER,
    )
    return run._replace(**changes)
