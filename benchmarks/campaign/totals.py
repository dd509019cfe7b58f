"""What is judged once a treatment is over: dose, counted energy, and the light that its record tells of.

ever: the parts of the cart that were disturbed at any time, by the names of `causes.PARTS`.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from benchmarks.campaign.causes import GATE_BY_HOST, TICK_S
from benchmarks.campaign.findings import Lit
from benchmarks.rigs.light import DRIVER_S, GATE_S

DOSE_MARGIN, DOSE_TOLERANCE = 1.05, 0.02
LAST_LIGHT_S = 0.15
"""Of full power: what leaves after the dose was reached, by the slower way and the tick that sees it."""
ENERGY_FRACTION, ENERGY_J = 1.06, 0.2

_EITHER_WAY = {"laser", *GATE_BY_HOST}
_MEASURES = {"photodiode", "board", "board line"}
_COMMANDS = {"laser", "diode"}


def dose_allowed_j(planned_j: float, peak_w: float, ever: AbstractSet[str]) -> float | None:
    """Return how much true energy a plan allows; None where neither side of the account was whole."""
    measured = not ever & (_MEASURES | {"host"})
    commanded = not ever & (_COMMANDS | {"host"})
    if not (measured or commanded) or ever & {"gate"}:
        return None
    allowed_j = DOSE_MARGIN * planned_j * (1.0 + DOSE_TOLERANCE) + peak_w * LAST_LIGHT_S
    return allowed_j if measured else allowed_j * (1.0 + DOSE_TOLERANCE)


def excess_j(true_j: float, counted_j: float) -> float:
    """Return by how much true energy is over what counted energy may leave out."""
    return true_j - (ENERGY_FRACTION * counted_j + ENERGY_J)


def could_be_told(ever: AbstractSet[str]) -> bool:
    """Whether photodiode or laser was whole all the time, so that one of them could tell all energy."""
    return not ever & _MEASURES or not ever & _COMMANDS


def unrecorded(
    intervals: list[Lit], recorded_s: list[tuple[float, float]], ever: AbstractSet[str], *, fails: bool
) -> Iterator[tuple[str, str]]:
    """Yield rule and detail where light is not recorded. fails: the record takes no more.

    Light is due from the record's on to its off, and then for what the way that is left may take.
    """
    grace_s = DRIVER_S if ever & GATE_BY_HOST else GATE_S
    for lit in intervals:
        inside = [
            until_s for from_s, until_s in recorded_s if from_s - TICK_S <= lit.from_s <= until_s + grace_s
        ]
        if not inside and not fails:
            yield "light that is not recorded", f"{lit.from_s:.3f} to {lit.until_s:.3f} s"
        elif inside and lit.until_s > inside[-1] + DRIVER_S and not ever & _EITHER_WAY:
            yield "light beyond its record", f"until {lit.until_s:.3f} s, recorded {inside[-1]:.3f} s"
