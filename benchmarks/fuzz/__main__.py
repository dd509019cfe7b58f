"""Bad lines for every driver, at each instrument, and for every simulated device: a million by default.

    python -m benchmarks.fuzz --lines 1000000 --seed 1

A driver hears a simulated device over a wire that goes bad again and again; a simulated device hears a host
gone mad. Nothing may raise, hang, report what it did not hear, or lead to light, and a driver is in step with
its device within 200 ms of clean bytes. Exit code 1 when something does, or a limit is passed.
"""

from __future__ import annotations

from itertools import chain
from time import perf_counter

from benchmarks.fuzz.drivers import IN_STEP_WITHIN_S, READY_WITHIN_S, fuzz_driver
from benchmarks.fuzz.simulators import ANSWERS_WITHIN_S, HOSTS, fuzz_simulators
from benchmarks.rigs.command_line import command_line
from benchmarks.rigs.limits import Row, judged
from benchmarks.rigs.variants import SIMULATED
from simulators.cart import COMBO_PORT

MOST_CPU_MS = 50.0
"""Of one poll, or of one device's step: a hang shows, a collection of garbage does not."""


def main() -> int:
    parser = command_line("fuzz", __doc__)
    parser.add_argument("--lines", type=int, default=1_000_000, help="in all (default 1000000)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    each = -(-options.lines // (len(SIMULATED) + len(HOSTS)))
    began_s = perf_counter()
    drivers = {name: fuzz_driver(*row, each, options.seed) for name, row in SIMULATED.items()}
    devices = fuzz_simulators(each, options.seed) | fuzz_simulators(each, options.seed, (COMBO_PORT,))
    took_s = perf_counter() - began_s
    problems = [problem for found in chain(drivers.values(), devices.values()) for problem in found.problems]
    for problem in problems:
        print(problem)
    rows = [
        Row(
            "lines", sum(f.lines for f in chain(drivers.values(), devices.values())), options.lines, "", True
        ),
        Row("problems", len(problems), 0, ""),
    ]
    for name, driver in drivers.items():
        rows += [
            Row(
                f"{name}: bursts, losses, refusals", driver.bursts, None, f"{driver.losses} {driver.refusals}"
            ),
            Row(f"{name}: in step after", 1000 * driver.worst_in_step_s, 1000 * IN_STEP_WITHIN_S, "ms"),
            Row(f"{name}: ready again after", driver.worst_ready_s, READY_WITHIN_S, "s"),
            Row(f"{name}: longest poll", driver.worst_poll_ms, MOST_CPU_MS, "ms CPU"),
        ]
    for key, device in devices.items():
        rows += [
            Row(
                f"simulated {key}: answers after", 1000 * device.worst_answer_s, 1000 * ANSWERS_WITHIN_S, "ms"
            ),
            Row(f"simulated {key}: longest step", device.worst_step_ms, MOST_CPU_MS, "ms CPU"),
        ]
    return judged(f"bad lines, {took_s:.0f} s", rows)


if __name__ == "__main__":
    raise SystemExit(main())
