"""What each Arroyo model can: its largest current and voltage, and the steps on which it holds a limit.

A configuration is checked against these rows, and a limit that is read back is compared at its model's step.
Source: user manuals of the 4300 and 5300 series.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class LaserModel:
    """A LaserSource. limit_step_ma: its current limit can only be a multiple of this."""

    max_current_ma: float
    max_voltage_v: float
    limit_step_ma: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TecModel:
    """A TECSource. limit_step_a: nearer than this a current limit is the same."""

    max_current_a: float
    limit_step_a: float


COMBO_MODELS: Final = ("6305", "6310")
"""ComboSources: a laser driver and a TEC in one box, on one port."""
LASER_MODELS: Final = {
    "4302": LaserModel(max_current_ma=2_000, max_voltage_v=15, limit_step_ma=1),
    "4304": LaserModel(max_current_ma=4_000, max_voltage_v=8, limit_step_ma=1),
    "4308": LaserModel(max_current_ma=8_000, max_voltage_v=4, limit_step_ma=1),
    "4320": LaserModel(max_current_ma=20_000, max_voltage_v=5, limit_step_ma=100),
}
TEC_MODELS: Final = {
    "5305": TecModel(max_current_a=5, limit_step_a=0.05),
    "5310": TecModel(max_current_a=10, limit_step_a=0.05),
}

MAX_LASER_CURRENT_MA: Final = max(model.max_current_ma for model in LASER_MODELS.values())
MAX_LASER_VOLTAGE_V: Final = max(model.max_voltage_v for model in LASER_MODELS.values())
MAX_TEC_CURRENT_A: Final = max(model.max_current_a for model in TEC_MODELS.values())
"""The largest of each series."""


def _of_combos(row: T) -> dict[str, T]:
    return dict.fromkeys(COMBO_MODELS, row)


LASERS: Final = LASER_MODELS | _of_combos(
    LaserModel(max_current_ma=MAX_LASER_CURRENT_MA, max_voltage_v=MAX_LASER_VOLTAGE_V, limit_step_ma=1)
)
TECS: Final = TEC_MODELS | _of_combos(TecModel(max_current_a=MAX_TEC_CURRENT_A, limit_step_a=0.01))
"""Every box that drives a laser, or a TEC. What a ComboSource allows is not known here: it refuses by itself
what it cannot (error 201), and a limit is compared at the finest step of all."""
