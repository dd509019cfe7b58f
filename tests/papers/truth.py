"""What a simulated world can be wrong in, and what tells: true constants, and scenarios that spoil one."""

from __future__ import annotations

from collections.abc import Iterator

from simulators.physics.profiles import TEN_WATT
from simulators.scenario import load_scenario
from simulators.true_constants import CONSTANTS, Constant, Name
from tests.e2e.test_scenarios import SCENARIOS, TABLE, Outcome
from tests.papers.tables import paper as whole
from tests.papers.tables import table


def _amount(value: float, unit: str) -> str:
    return f"{value:g} {unit}".rstrip()


def _constant(name: Name, row: Constant) -> tuple[str, ...]:
    """Return a row, with the numbers of the 10 W module."""
    off = f"{row.tolerance:.2g}" if not row.is_part else f"{100.0 * row.tolerance:.2g} %"
    tolerance = off if row.is_part else _amount(float(off), row.unit)
    width = row.half_width(TEN_WATT)
    shipped = row.shipped(TEN_WATT)
    drawn = f"{shipped - width:.4g} to {_amount(float(f'{shipped + width:.4g}'), row.unit)}"
    return f"`{name}`", row.meaning, _amount(shipped, row.unit), tolerance, drawn, row.source, row.found_by


def _under_light(outcome: Outcome) -> str:
    if outcome.source is not None:
        return "fault"
    return "warning" if outcome.warnings else "nothing"


def _scenarios() -> Iterator[tuple[str, ...]]:
    for name, outcome in sorted(TABLE.items()):
        if isinstance(outcome, Outcome) and outcome.wrong is not None:
            wrong = outcome.wrong
            yield (
                f"`{name}`",
                load_scenario(SCENARIOS[name]).description,
                _under_light(outcome),
                "that they differ" if wrong.at_end else "nothing",
                f"{wrong.counted:.2f}",
                f"{wrong.ring_mm:g} mm",
                wrong.found_by,
            )


def paper() -> str:
    """Print TRUTH.md."""
    heads = ("constant", "what it is", "shipped", "tolerance", "drawn", "tolerance from", "found today by")
    outcomes = (
        "scenario",
        "what is wrong",
        "under light",
        "at the end",
        "dose / true",
        "ring of 3 mm",
        "found by",
    )
    return whole(
        "What a simulated world truly is",
        "A calibration is a belief about a device. In a world as shipped each belief is right, so "
        "that figures can be compared. `simulation.true_constants: drawn` in a configuration has the "
        "world's seed put each constant up to half of its tolerance beside the shipped value, evenly "
        "and from a random stream of its own: the same seed draws the same, and a new constant "
        "changes no other.",
        "The constants now, with all that has worn, drifted or slipped, stand in `true_constants` of "
        '`treat FILE --json`, and a world\'s input socket answers `{"ask": ["true_constants"]}`; '
        "`treat` and `simulate` say those of a drawn world when they start. A scenario moves them by "
        "the paths of `configs/scenarios/README.md`. No driver, safety or treatment code can see "
        "them.",
        "## The constants",
        "Numbers are those of the 10 W module. *Light* is the photodiode against the expected power: "
        "a warning at 15 %, a fault at 30 %. *End* is the comparison of measured and commanded energy "
        "when a session ends: over 5 % and 0.5 J they differ. The model of the stage is straight.",
        table(heads, (_constant(name, row) for name, row in CONSTANTS.items())),
        "All together they leave the power within 6 % of what is asked for from 2.5 W on, within 8 % "
        "at 1 W, and the ring within 4 %. So the shipped calibrations treat on every drawn world, "
        "within tolerance and mostly without a word: `python -m benchmarks.bench.drawn_worlds`, its "
        "figures in `benchmarks/README.md`. What is counted can be short of the true energy by what "
        "the photodiode reads too little, 2.5 %, and half a step of its converter, 5 mW: where it "
        "reads too much, or the diode gives too little, too much is counted.",
        "## What is told of a constant that is wrong",
        "Each scenario is treated as a whole session (`tests/e2e/test_scenarios.py`) and judged by "
        "the world's light. *Dose / true*: the dose as counted, over the true energy; what a start's "
        "slope costs makes it 1.02 in a sound session of 4 s.",
        table(outcomes, _scenarios()),
        "A diode that gives too little and a photodiode that reads too little look alike, and the "
        "dose is never short: the larger of both energies counts. Two things are found by nothing "
        "that the cart has by itself. Too much current behind a pick-off that reads as much too "
        "little agrees with itself, and more is given than is counted; only a meter in the beam "
        "knows. A ring of another size gives the same readings everywhere; homing finds the index "
        "where it was left, and only a ring that is looked at knows.",
    )
