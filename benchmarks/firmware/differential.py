"""The interlock board's simulator and its firmware on the emulated chip, fed the same random scripts.

    python -m benchmarks.firmware.differential --examples 2000

Pins, bounces, sound and damaged lines cut anywhere, pauses and restarts go to both; what is past the
tolerances of `comparison` is a difference. The first script that shows any is shrunk.
"""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import HealthCheck, given, seed, settings

from benchmarks.firmware.build import build
from benchmarks.firmware.comparison import (
    EDGE_MS,
    EDGES,
    SIGNALS,
    STATUS_MS,
    Change,
    differences,
    lateness_ms,
    play_to_both,
)
from benchmarks.firmware.scripts import Script, scripts
from benchmarks.rigs.command_line import command_line
from benchmarks.rigs.limits import Row, judged


class Tally(NamedTuple):
    """What was compared: scripts, times in ms by which the firmware was later, answers, virtual seconds."""

    scripts: list[Script]
    edges_ms: list[float]
    others_ms: list[float]
    answers: list[int]
    ran_s: list[float]
    seen: set[str]


def compare(examples: int, random_seed: int, tally: Tally) -> None:
    """Play so many scripts to both boards. Raises AssertionError with the shortest script that differs."""

    @seed(random_seed)
    @settings(
        max_examples=examples, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
    )
    @given(script=scripts())
    def alike(script: Script) -> None:
        records = play_to_both(*script)
        found = differences(records)
        assert found == [], "; ".join(found)
        tally.scripts.append(script)
        tally.answers.append(len(records["firmware"].answers))
        tally.ran_s.append(records["firmware"].ran_ms / 1000.0)
        tally.seen.update(name for name in SIGNALS if records["firmware"].changes[name])
        tally.edges_ms.extend(lateness_ms(records, tells_edge))
        tally.others_ms.extend(lateness_ms(records, tells_other))

    alike()


def tells_edge(name: str, change: Change) -> bool:
    """Return whether this is told at once."""
    return name in EDGES and not change.settling


def tells_other(name: str, change: Change) -> bool:
    """Return whether this is told with the next status, and does not wait for a window."""
    return not (name in EDGES or change.settling or name == "vibration")


def main() -> int:
    """Run the campaign; return 1 when the boards differ."""
    parser = command_line("firmware.differential", __doc__)
    parser.add_argument("--examples", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    build()
    tally = Tally([], [], [], [], [], set())
    differs = 0
    try:
        compare(arguments.examples, arguments.seed, tally)
    except AssertionError as error:
        differs = 1
        print("\n".join([str(error), *getattr(error, "__notes__", [])]))
    rows = [
        Row("scripts that differ", differs, 0, ""),
        Row("scripts that agree", len(tally.scripts), None, ""),
        Row("virtual time of each board", sum(tally.ran_s), None, "s"),
        Row("answers compared", sum(tally.answers), None, ""),
        Row("changes of pedal, stop loop and gate compared", len(tally.edges_ms), None, ""),
        Row("farthest apart of those", farthest(tally.edges_ms), EDGE_MS, "ms"),
        Row("changes of other flags and faults compared", len(tally.others_ms), None, ""),
        Row("farthest apart of those", farthest(tally.others_ms), STATUS_MS, "ms"),
        Row("flags and faults that changed", len(tally.seen), None, f"of {len(SIGNALS)}"),
    ]
    return judged(f"Simulator against firmware, seed {arguments.seed}", rows)


def farthest(lateness: list[float]) -> float:
    """Return the longest time by which one board was later than the other, in ms; 0 when there was none."""
    return max(map(abs, lateness), default=0.0)


if __name__ == "__main__":
    raise SystemExit(main())
