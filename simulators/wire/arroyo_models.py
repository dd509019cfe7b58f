"""What each model of the Arroyo controllers can, as the simulators read it."""

from __future__ import annotations

from typing import NamedTuple


class Rating(NamedTuple):
    """What a laser driver can, and the step on which it holds its current limit."""

    max_ma: float
    max_v: float
    limit_step_ma: float


COMBO_MODELS = ("6305", "6310")
"""Of laser and TEC in one box. WIRE.md gives no ratings; here they are those of a 4320 and a 5305."""

RATINGS = {
    "4302": Rating(max_ma=2000.0, max_v=15.0, limit_step_ma=1.0),
    "4304": Rating(max_ma=4000.0, max_v=8.0, limit_step_ma=1.0),
    "4308": Rating(max_ma=8000.0, max_v=4.0, limit_step_ma=1.0),
    "4320": Rating(max_ma=20000.0, max_v=5.0, limit_step_ma=100.0),
}

TEC_MAX_A = {"5305": 5.0, "5310": 10.0}
