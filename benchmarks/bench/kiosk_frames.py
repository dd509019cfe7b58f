"""Frames a second, processor and memory of the screen's process while it shows a treatment that emits.

    python -m benchmarks.bench.kiosk_frames
    python -m benchmarks.bench.kiosk_frames --short

In a window of 1280x800 on an Xvfb, drawn by software. A frame is one that the kiosk has drawn and handed to
the display; the test socket counts them. The processor is all threads of the process, the renderer's too, as
a share of one core. Memory is the resident set, looked at every 2 s, its growth the slope of a straight
line. Exit code 1 when one is over its limit, or the light did not last; cyclictest beside it tells whether
the machine stood still.
"""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from pathlib import Path

import numpy as np

from benchmarks.rigs.command_line import command_line
from benchmarks.rigs.limits import Row, judged
from benchmarks.rigs.machine_pauses import machine_pauses
from benchmarks.rigs.running_kiosk import RunningKiosk, loaded_core, running_kiosk

FRAMES_PER_S = 30.0
CORE_SHARE = 90.0
GROWTH_KIB_PER_MIN = 64.0
"""Under 8 MiB in two hours of light, several times what a session lasts."""
SETTLE_S = 30.0
"""The trend fills in 20 s."""
LOOK_EVERY_S = 2.0


def main() -> int:
    parser = command_line("bench.kiosk_frames", __doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="for frames and processor (default 60)")
    parser.add_argument("--memory-seconds", type=float, default=540.0, help="in all (default 540)")
    parser.add_argument("--short", action="store_true", help="60 s in all")
    parser.add_argument("--load", action="store_true", help="with one core loaded")
    options = parser.parse_args()
    in_all_s = 60.0 if options.short else options.memory_seconds
    seconds = min(options.seconds, in_all_s)
    with running_kiosk() as kiosk:
        kiosk.sign_in()
        kiosk.open_session()
        kiosk.arm()
        kiosk.treat()
        kiosk.wait(SETTLE_S)
        with machine_pauses() as pauses, loaded_core() if options.load else nullcontext():
            rows = frames(kiosk, seconds)
            rows += memory(kiosk, in_all_s)
        seen = kiosk.telemetry()
    code = judged(f"The treatment screen while emitting, {in_all_s:g} s", rows)
    print(pauses)
    if seen.beam != "emitting":
        print(f"The light did not last: {seen.phase}, {seen.beam}, faults: {seen.faults}")
        return 1
    return code


def frames(kiosk: RunningKiosk, seconds: float) -> list[Row]:
    """Count frames and processor time."""
    before, began_s = kiosk.panel.look()["drawings"], kiosk.now_s()
    used_s = processor_s(kiosk.kiosk_pid)
    kiosk.wait(seconds)
    used_s = processor_s(kiosk.kiosk_pid) - used_s
    drawn = kiosk.panel.look()["drawings"] - before
    took_s = kiosk.now_s() - began_s
    return [
        Row("frames a second", drawn / took_s, FRAMES_PER_S, "/s", floor=True),
        Row("processor, of one core", 100.0 * used_s / took_s, CORE_SHARE, "%"),
    ]


def memory(kiosk: RunningKiosk, seconds: float) -> list[Row]:
    """Watch the resident set."""
    began_s = kiosk.now_s()
    seen: list[tuple[float, float]] = []
    while (now_s := kiosk.now_s() - began_s) < seconds:
        seen.append((now_s, resident_kib(kiosk.kiosk_pid)))
        kiosk.wait(LOOK_EVERY_S)
    times_s, sizes_kib = np.array(seen).T
    slope, _ = np.polyfit(times_s, sizes_kib, 1)
    return [
        Row("memory", sizes_kib[-1] / 1024.0, None, "MiB"),
        Row("memory, last less first", sizes_kib[-1] - sizes_kib[0], None, "KiB"),
        Row("memory, growth", 60.0 * slope, GROWTH_KIB_PER_MIN, "KiB/min"),
    ]


def processor_s(process: int) -> float:
    """Return the processor time of all its threads: proc(5), stat, utime and stime."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_kib(process: int) -> float:
    """Return its resident set: proc(5), statm."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 1024.0


if __name__ == "__main__":
    sys.exit(main())
