"""The fault campaign as a command.

    python -m benchmarks.campaign --treatments 20000 --seed 1 --workers 2
    python -m benchmarks.campaign --repeat 1000017

Exit code 1 with the seed and a scenario file for each treatment that broke a rule.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.table import Table

from benchmarks.campaign.plan import TREATMENTS_A_BATCH, treatment
from benchmarks.campaign.scenario_file import write_finding
from benchmarks.campaign.treatments import Outcome, run_seeds
from benchmarks.campaign.ways import LIMIT_S, TRIALS, Measured, measure
from benchmarks.rigs.command_line import command_line, tracked

SEEDS_A_CAMPAIGN = 1_000_000
"""Treatment i of a campaign with seed s is s times this, plus i: what --repeat takes."""
MOST_TOLD = 20


@dataclass
class Report:
    """What a campaign adds up to."""

    treatments: int = 0
    with_light: int = 0
    simulated_s: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    worst_s: dict[tuple[str, str], float] = field(default_factory=dict)
    findings: list[Outcome] = field(default_factory=list)
    endless: Counter[str] = field(default_factory=Counter)
    excess_j: dict[int, float] = field(default_factory=dict)

    def add(self, outcome: Outcome) -> None:
        self.treatments += 1
        self.with_light += bool(outcome.lit)
        self.simulated_s += outcome.simulated_s
        self.faults.update(outcome.faults)
        self.ended.update(outcome.ended)
        for key, worst_s in outcome.worst_s.items():
            self.worst_s[key] = max(worst_s, self.worst_s.get(key, worst_s))
        if outcome.violations:
            self.findings.append(outcome)
        if outcome.endless is not None:
            self.endless[outcome.endless] += 1
        if outcome.excess_j is not None:
            self.excess_j[outcome.seed] = outcome.excess_j


def run_campaign(count: int, seed: int, workers: int) -> Iterator[Outcome]:
    """Run so many treatments, batch by batch, on so many processors."""
    first = seed * SEEDS_A_CAMPAIGN
    batches = [
        range(start, min(start + TREATMENTS_A_BATCH, first + count))
        for start in range(first, first + count, TREATMENTS_A_BATCH)
    ]
    if workers == 1:
        for seeds in batches:
            yield from run_seeds(seeds)
        return
    with ProcessPoolExecutor(workers) as pool:
        for outcomes in pool.map(_run_batch, batches):
            yield from outcomes


def _run_batch(seeds: range) -> list[Outcome]:
    return list(run_seeds(seeds))


def campaign(count: int, seed: int, workers: int = 1, *, watched: bool = False) -> Report:
    """Run a campaign and return what it found."""
    report = Report()
    for outcome in tracked(run_campaign(count, seed, workers), "treatments", count, shown=watched):
        report.add(outcome)
    return report


def tell(report: Report, wall_s: float, folder: Path) -> int:
    """Print the report, write down what was found; return the exit code."""
    console = Console(width=110)
    table = Table(
        "cause",
        "light ended",
        "gate ms",
        "driver ms",
        title="From the end of a cause's own time to the dark, worst",
    )
    for cause, count in sorted(report.ended.items()):
        cells = (_ms(report.worst_s.get((cause, way))) for way in ("gate", "driver"))
        table.add_row(cause, str(count), *cells)
    console.print(table)
    latched = ", ".join(f"{source} {count}" for source, count in report.faults.most_common())
    console.print(f"latched at the end: {latched}")
    tell_unproved(console, report)
    console.print(
        f"{report.treatments} treatments, {report.with_light} with light, {report.simulated_s:.0f} s "
        "simulated"
        f" in {wall_s:.0f} s: {report.treatments / wall_s:.1f} a second; {len(report.findings)} broke a rule"
    )
    for outcome in report.findings[:MOST_TOLD]:
        tell_finding(console, outcome, folder)
    return 1 if report.findings else 0


def tell_unproved(console: Console, report: Report) -> None:
    """Print the treatments that are no pass: both ways lost, or nothing whole to count energy by."""
    for name, count in report.endless.most_common():
        console.print(f"light that software cannot end: {name}: {count}, no pass")
    if report.excess_j:
        worst = sorted(report.excess_j.items(), key=lambda row: -row[1])[:MOST_TOLD]
        console.print(
            f"energy that neither photodiode nor laser could tell: {len(report.excess_j)} treatments, "
            f"J over the bound by seed: {', '.join(f'{seed} {excess_j:.2f}' for seed, excess_j in worst)}",
            soft_wrap=True,
        )


def tell_finding(console: Console, outcome: Outcome, folder: Path) -> None:
    """Print one finding and write it down."""
    path = write_finding(folder, outcome)
    for violation in outcome.violations:
        console.print(
            f"seed {outcome.seed}: {violation.rule} at {violation.at_s:.4f} s {violation.detail}; {path}",
            soft_wrap=True,
        )


def _ms(seconds: float | None) -> str:
    return "" if seconds is None else f"{1e3 * seconds:.1f}"


def tell_ways(measured: Iterable[Measured]) -> int:
    """Print by cause and way how long the light stayed; return the exit code."""
    table = Table(
        "cause",
        "way left",
        "trials",
        "worst ms",
        "limit ms",
        title="One way alone, from the end of its own time",
    )
    trials: dict[tuple[str, str], list[Measured]] = {}
    for one in measured:
        trials.setdefault((one.cause, one.way), []).append(one)
    for (cause, way), of_way in trials.items():
        worst = max(of_way, key=lambda one: inf if one.dark_after_s is None else one.dark_after_s)
        text = "never dark" if worst.dark_after_s is None else _ms(worst.dark_after_s)
        verdict = "" if all(one.in_time for one in of_way) else " LATE"
        table.add_row(cause, way, str(len(of_way)), text + verdict, f"{1e3 * LIMIT_S[way]:g}")
    Console(width=110).print(table)
    return 0 if all(one.in_time for of_way in trials.values() for one in of_way) else 1


def _repeat(seed: int, folder: Path) -> int:
    console = Console(width=110)
    one = treatment(seed)
    for fault in one.faults:
        console.print(f"{fault.at_s:8.4f} s  {fault.path}: {fault.value}")
    (outcome,) = run_seeds([seed])
    lit = ", ".join(f"{lit.from_s:.4f}-{lit.until_s:.4f} s" for lit in outcome.lit) or "none"
    console.print(f"light: {lit}; latched: {', '.join(outcome.faults) or 'nothing'}")
    if outcome.violations:
        tell_finding(console, outcome, folder)
    return 1 if outcome.violations else 0


def main() -> None:
    parser = command_line("campaign", __doc__)
    parser.add_argument("--treatments", type=int, default=20_000, help="how many (default 20000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2, help="processes (default 2)")
    parser.add_argument("--rounds", type=int, default=100, help="trials of each way alone (default 100)")
    parser.add_argument("--repeat", type=int, metavar="SEED", help="run one treatment once more")
    parser.add_argument("--out", type=Path, default=Path("campaign"), help="folder for what broke a rule")
    options = parser.parse_args()
    if options.repeat is not None:
        raise SystemExit(_repeat(options.repeat, options.out))
    if options.treatments < 1 or options.workers < 1 or options.seed < 0:
        parser.error("--treatments and --workers: 1 or more, --seed: 0 or more are needed")
    began_s = perf_counter()
    report = campaign(options.treatments, options.seed, options.workers, watched=True)
    code = tell(report, perf_counter() - began_s, options.out)
    raise SystemExit(max(code, tell_ways(measure(TRIALS, options.rounds, options.seed))))


if __name__ == "__main__":
    main()
