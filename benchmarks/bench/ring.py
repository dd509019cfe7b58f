"""The telemetry ring with its reader stopped for a minute, and its cost beside multiprocessing's pipe.

    python -m benchmarks.bench.ring [--seconds 60] [--rate 1000]

As in the control process (SCHED_FIFO where that is allowed, no garbage collection), a record of a tick's size
is published at the rate and sent through the pipe half a period later. The ring's reader looks at a screen's
frame rate, the pipe's waits for every record. Then the ring's is stopped (SIGSTOP) for so long and goes on.
Exit code 1 when a limit is passed.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, closing
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter_ns
from typing import NamedTuple

from benchmarks.rigs.command_line import command_line
from benchmarks.rigs.limits import Row, judged
from benchmarks.rigs.percentiles import percentile
from benchmarks.rigs.programs import running_program
from tosca_kiosk.link.ring import RingReader, RingWriter
from tosca_kiosk.machine.clock import RealClock
from tosca_kiosk.machine.realtime import real_time
from tosca_kiosk.machine.runtime import MEMORY

RECORD_BYTES = 900
"""Of a tick under emission, encoded: see test_bench_ring."""
OF_THE_PIPE = 0.25
STALL_US = 2_000.0
"""Far over what a publication takes and far under a reader that is waited for."""
BESIDE_THE_PIPE_S = 5.0

_RING_READER = """
import sys
from pathlib import Path
from tosca_kiosk.machine.clock import RealClock
from tosca_kiosk.link.ring import RingReader
ring, clock = RingReader(Path(sys.argv[1])), RealClock()
print("ready", flush=True)
while True:
    found = ring.newest()
    assert found is None or found[1] == bytes([found[0] % 256]) * len(found[1]), "torn"
    clock.sleep_until(clock.now_s() + 1 / 30)
"""
_PIPE_READER = """
import sys
from multiprocessing.connection import Connection
pipe = Connection(int(sys.argv[1]))
print("ready", flush=True)
while True:
    pipe.recv_bytes()
"""


def main() -> int:
    parser = command_line("bench.ring", __doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rate", type=int, default=1000)
    options = parser.parse_args()
    measured = measure(options.seconds, options.rate)
    p50, peer = percentile(measured.ring_us, 0.5), percentile(measured.pipe_us, 0.5)
    stopped_p50 = percentile(measured.stopped_us, 0.5)
    return judged(
        f"Ring, {RECORD_BYTES} bytes at {options.rate} Hz, {measured.scheduling}",
        [
            Row("publish, p50", p50, None, "us"),
            Row("publish, p99", percentile(measured.ring_us, 0.99), None, "us"),
            Row("multiprocessing.Pipe.send_bytes, p50", peer, None, "us"),
            Row("publish as a part of it", p50 / peer, OF_THE_PIPE, "x"),
            Row(f"reader stopped for {options.seconds:g} s, p50", stopped_p50, None, "us"),
            Row("the same, p99", percentile(measured.stopped_us, 0.99), None, "us"),
            Row("the same, worst", max(measured.stopped_us), STALL_US, "us"),
            Row("reader goes on whole after that", float(measured.goes_on), 1.0, "", floor=True),
        ],
    )


class Measured(NamedTuple):
    """Microseconds a record. goes_on: the stopped reader lives, and the newest record is whole."""

    scheduling: str
    ring_us: list[float]
    pipe_us: list[float]
    stopped_us: list[float]
    goes_on: bool


def measure(seconds: float, rate_hz: int) -> Measured:
    """Publish with a reader beside the pipe, then with the reader stopped for so long."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(dir=MEMORY))
        ring = stack.enter_context(closing(RingWriter(Path(folder))))
        own = stack.enter_context(closing(RingReader(ring.path)))
        theirs, ours = multiprocessing.Pipe(duplex=False)
        stack.enter_context(ours)
        reader = stack.enter_context(running_program(_RING_READER, str(ring.path)))
        pipe_end = theirs.fileno()
        stack.enter_context(running_program(_PIPE_READER, str(pipe_end), inherited=(pipe_end,)))
        theirs.close()
        standing = stack.enter_context(real_time())
        ring_us, pipe_us = _published(ring, min(seconds, BESIDE_THE_PIPE_S), rate_hz, 0, ours)
        os.kill(reader.pid, signal.SIGSTOP)
        stopped_us, _ = _published(ring, seconds, rate_hz, len(ring_us))
        os.kill(reader.pid, signal.SIGCONT)
        count = len(ring_us) + len(stopped_us)
        count += len(_published(ring, min(seconds, 1.0), rate_hz, count)[0])
        newest = own.newest()
        goes_on = reader.poll() is None and newest is not None and newest[0] == count
        return Measured(standing.scheduling, ring_us, pipe_us, stopped_us, goes_on)


def _published(
    ring: RingWriter, seconds: float, rate_hz: int, before: int, pipe: Connection | None = None
) -> tuple[list[float], list[float]]:
    clock, ring_us, pipe_us = RealClock(), [], []
    for number in range(1, max(1, round(seconds * rate_hz)) + 1):
        record = bytes([(before + number) % 256]) * RECORD_BYTES
        clock.sleep_until(number / rate_hz)
        ring_us.append(_taken_us(ring.publish, record))
        if pipe is not None:
            clock.sleep_until((number + 0.5) / rate_hz)
            pipe_us.append(_taken_us(pipe.send_bytes, record))
    return ring_us, pipe_us


def _taken_us(send: Callable[[bytes], object], record: bytes) -> float:
    began = perf_counter_ns()
    send(record)
    return (perf_counter_ns() - began) / 1000.0


if __name__ == "__main__":
    sys.exit(main())
