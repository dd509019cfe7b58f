"""The control loop as its own process, beside the same loop as a thread of the kiosk.

    python -m benchmarks.bench.loop_as_thread [--seconds 30] [--rate 100]

Both are the loop, controller and link of `tosca-kiosk timing --load ui` under light, with the thread in the
same scheduling class as the process; the thread shares its interpreter with the kiosk that it serves. Exit
code 1 where the process is not 50 times better at p99.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
from contextlib import closing
from functools import partial
from pathlib import Path
from types import SimpleNamespace

from benchmarks.rigs.command_line import command_line
from benchmarks.rigs.limits import Row, judged
from tosca_kiosk.config import bundled, load_config
from tosca_kiosk.kiosk import app
from tosca_kiosk.link.datagram import DatagramOutlet
from tosca_kiosk.machine.clock import RealClock
from tosca_kiosk.machine.display import has_display
from tosca_kiosk.machine.runtime import CONTROL_SOCKET, WORLD_INPUT_SOCKET
from tosca_kiosk.running.control_process import Made, helper_command, run_control
from tosca_kiosk.timing.hand import Hand, make_record
from tosca_kiosk.timing.measured import MeasuredController, MeasuredProcess, TickRows
from tosca_kiosk.timing.run import MeasuredRun, Request, measure
from tosca_kiosk.timing.samples import column
from tosca_kiosk.timing.statistics import spread_us

BETTER_BY = 50.0
LOADS = ("ui", "cpu")
CHILD = "--as-thread"


class ThreadRun(MeasuredRun):
    """Control and kiosk are one process, which begins as the one and goes on as the other."""

    def _start_control(self):
        where = ["--runtime", str(self._runtime)]
        command = [
            sys.executable,
            "-m",
            "benchmarks.bench.loop_as_thread",
            CHILD,
            *where,
            *self._control_options(),
        ]
        return self._start("control", command)

    def _start_operator(self):
        return self._processes[0]


def main() -> int:
    parser = command_line("bench.loop_as_thread", __doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--rate", type=int, default=100)
    options = parser.parse_args()
    config = load_config(bundled("simulated.yaml"))
    request = Request(config.source, options.rate, options.seconds, LOADS, config.camera_simulated)
    spreads = []
    for kind in (MeasuredRun, ThreadRun):
        measured = measure(request, lambda: False, lambda doing, done: None, kind)
        spreads.append(spread_us(column(measured.rows[1:], "late")))
    process, thread = spreads
    times, scheduling = thread.p99 / process.p99, measured.ready["scheduling"]
    return judged(
        f"Lateness at {options.rate} Hz beside the kiosk, {options.seconds:g} s, {scheduling}",
        [
            Row("its own process, p50", process.p50, None, "us"),
            Row("its own process, p99", process.p99, None, "us"),
            Row("a thread of the kiosk, p50", thread.p50, None, "us"),
            Row("a thread of the kiosk, p99", thread.p99, None, "us"),
            Row("a thread of the kiosk, worst", thread.max, None, "us"),
            Row("p99 of the thread, times the process's", times, BETTER_BY, "x", floor=True),
        ],
    )


def as_thread() -> int:
    """Run the kiosk in the main thread and control in another; SIGTERM ends both in order."""
    parser = argparse.ArgumentParser()
    for name in ("--config", "--runtime", "--data-dir", "--out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--ticks", type=int)
    parser.add_argument("--helper")
    options = parser.parse_args([word for word in sys.argv[1:] if word != CHILD])
    rows, stop = TickRows(options.ticks), SimpleNamespace(asked=False)

    def made(cart):
        return Made(MeasuredController, partial(MeasuredProcess, rows=rows, advance=cart.world.advance))

    make_record(load_config(options.config), options.data_dir)
    helper = helper_command(options.helper, options.config, options.data_dir)
    control = threading.Thread(
        target=run_control, args=(load_config(options.config), options.runtime, None, stop, helper, made)
    )
    control.start()
    clock = RealClock()
    while not (options.runtime / CONTROL_SOCKET).exists():
        clock.sleep_until(clock.now_s() + 0.01)
    with closing(DatagramOutlet(options.runtime / WORLD_INPUT_SOCKET)) as world:
        hand = Hand(lambda pressed: world.send({"pedal.pressed": pressed}), partial(print, flush=True))
        try:
            return app.run(
                options.runtime / CONTROL_SOCKET,
                options.runtime / WORLD_INPUT_SOCKET,
                options.data_dir,
                options.config,
                windowed=True,
                lock_held=False,
                offscreen=not has_display(os.environ),
                hand=hand,
            )
        finally:
            stop.asked = True
            control.join()
            rows.save(options.out)


if __name__ == "__main__":
    sys.exit(as_thread() if CHILD in sys.argv else main())
