"""From a lost kiosk to light off, many times, killed and frozen in turn.

    python -m benchmarks.kiosk_lost --times 20 --limit-ms 500

Real processes on the machine's clock: control over a warm simulated cart, and a kiosk that has armed and
holds a treatment. The light is the world's own, asked every 2 ms; times are the world's. Exit code 1 when
one is over the limit.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from random import Random
from statistics import median

# The kiosk and the judge are those of the tests.
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "control"))

from control_bench import RunningControl, running_control, standin_process, warm_config

from tosca_kiosk.control.clock import RealClock

WAYS = {"killed": signal.SIGKILL, "frozen": signal.SIGSTOP}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--times", type=int, default=20, help="for each way (default 20)")
    parser.add_argument("--limit-ms", type=float, default=500.0)
    parser.add_argument("--seed", type=int, default=1, help="of the heartbeats' phases (default 1)")
    options = parser.parse_args()
    runtime, random = Path(tempfile.mkdtemp(prefix="tosca-lost-")), Random(options.seed)
    (runtime / "session").mkdir()
    try:
        with running_control(warm_config(runtime), runtime) as control:
            found = {way: measure(control, number, options.times, random) for way, number in WAYS.items()}
    finally:
        shutil.rmtree(runtime)
    for way, off_after_s in found.items():
        ms = sorted(1000.0 * seconds for seconds in off_after_s)
        print(
            f"kiosk {way}: light off after {median(ms):.0f} ms (median), {ms[-1]:.0f} ms (worst of {len(ms)})"
        )
    return 0 if max(max(each) for each in found.values()) * 1000.0 <= options.limit_ms else 1


def measure(control: RunningControl, number: signal.Signals, times: int, random: Random) -> list[float]:
    """Lose a kiosk so many times; return how long the light outlasted each, in seconds."""
    return [lose(control, number, random) for _ in range(times)]


def lose(control: RunningControl, number: signal.Signals, random: Random) -> float:
    """Have a kiosk treat and lose it at a random phase of its heartbeats."""
    clock, judge = RealClock(), control.judge
    with standin_process(control.socket_path, control.runtime / "session") as kiosk:
        judge.set("pedal.pressed", True)
        judge.until(lambda answer: answer["true_power_w"] > 1.0)
        clock.sleep_until(clock.now_s() + random.uniform(0.0, 0.2))
        off_after_s = judge.light_off_after_s(lambda: kiosk.send_signal(number))
    judge.set("pedal.pressed", False)
    return off_after_s


if __name__ == "__main__":
    sys.exit(main())
