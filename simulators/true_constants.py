"""What a simulated world's devices truly are: as the calibrations say, or drawn beside them by its seed.

A calibration is a belief about a device. In a world as shipped each is right, and no wrong one can be found;
in a drawn world each constant of the table lies up to half of its tolerance off, drawn evenly from a random
stream of its own, so that a new row changes no other's value. A drawn cart, then, is healthy, and never quite
what is believed of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final, Literal

from simulators.physics.photodiode import DARK_V, VOLT_PER_WATT
from simulators.physics.profiles import TEN_WATT, DiodeProfile

Name = Literal[
    "diode.threshold_25_a",
    "diode.slope_25_w_per_a",
    "diode.t0_k",
    "diode.t1_k",
    "photodiode.volt_per_watt",
    "photodiode.dark_v",
    "optics.ring_at_index_mm",
    "optics.ring_mm_per_mm",
    "stage.scale",
    "stage.index_offset_um",
    "motor.rest_mg",
    "motor.vibration_gain",
]
TrueConstants = dict[Name, float]

RING_MM_AT_INDEX: Final = 2.0
REST_MG: Final = 285.0
REST_SPAN_MG: Final = 290.0
"""From 140 to 430 mg over the sessions of a real cart."""

POWER: Final = "power, 10 %"
RING: Final = "ring, 7 %: both constants off alike are the whole ring off by as much"
PHOTODIODE: Final = "photodiode, 5 %"


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """One row. tolerance: how far off it may be, in its unit, or as a part of it where is_part.

    shipped: of the module it was written for; source: where the tolerance comes from. found_by: what tells
    today that one is off: "light" is the photodiode's row under light, "end" the comparison of measured and
    commanded energy when a session ends.
    """

    meaning: str
    unit: str
    shipped: Callable[[DiodeProfile], float]
    tolerance: float
    is_part: bool
    source: str
    found_by: str

    def half_width(self, profile: DiodeProfile) -> float:
        """Return how far off a drawn one may lie, in its unit."""
        return 0.5 * self.tolerance * (self.shipped(profile) if self.is_part else 1.0)


CONSTANTS: Final[dict[Name, Constant]] = {
    "diode.threshold_25_a": Constant(
        meaning="threshold at a junction of 25 deg C",
        unit="A",
        shipped=lambda profile: profile.threshold_25_a,
        tolerance=0.10,
        is_part=True,
        source=POWER,
        found_by="light; end",
    ),
    "diode.slope_25_w_per_a": Constant(
        meaning="slope at a junction of 25 deg C",
        unit="W/A",
        shipped=lambda profile: profile.slope_25_w_per_a,
        tolerance=0.10,
        is_part=True,
        source=POWER,
        found_by="light; end",
    ),
    "diode.t0_k": Constant(
        meaning="warming that makes the threshold e times as high",
        unit="K",
        shipped=lambda profile: profile.t0_k,
        tolerance=0.10,
        is_part=True,
        source=f"{POWER}; at 10 W both temperatures are 0.3 % of it",
        found_by="light; end",
    ),
    "diode.t1_k": Constant(
        meaning="warming that makes the slope e times as low",
        unit="K",
        shipped=lambda profile: profile.t1_k,
        tolerance=0.10,
        is_part=True,
        source=f"{POWER}; at 10 W both temperatures are 0.3 % of it",
        found_by="light; end",
    ),
    "photodiode.volt_per_watt": Constant(
        meaning="photodiode with its amplifier",
        unit="V/W",
        shipped=lambda _: VOLT_PER_WATT,
        tolerance=0.05,
        is_part=True,
        source=PHOTODIODE,
        found_by="light; end",
    ),
    "photodiode.dark_v": Constant(
        meaning="photodiode's voltage in the dark",
        unit="V",
        shipped=lambda _: DARK_V,
        tolerance=0.01,
        is_part=False,
        source="two steps of the board's converter, a fifth of what counts as light",
        found_by="the dark check, from 0.05 V",
    ),
    "optics.ring_at_index_mm": Constant(
        meaning="ring with the carriage at the optics' zero",
        unit="mm",
        shipped=lambda _: RING_MM_AT_INDEX,
        tolerance=0.07,
        is_part=True,
        source=RING,
        found_by="nothing",
    ),
    "optics.ring_mm_per_mm": Constant(
        meaning="ring's growth with the carriage",
        unit="mm/mm",
        shipped=lambda _: 1.0,
        tolerance=0.07,
        is_part=True,
        source=RING,
        found_by="nothing",
    ),
    "stage.scale": Constant(
        meaning="carriage's true way over the one on its scale",
        unit="",
        shipped=lambda _: 1.0,
        tolerance=0.0034,
        is_part=True,
        source="stage's repeatability, 10 um, over the 3 mm that the optics use",
        found_by="nothing",
    ),
    "stage.index_offset_um": Constant(
        meaning="carriage's true place at the scale's index",
        unit="um",
        shipped=lambda _: 0.0,
        tolerance=10.0,
        is_part=False,
        source="stage's repeatability, 10 um",
        found_by="nothing",
    ),
    "motor.rest_mg": Constant(
        meaning="accelerometer's level with the motor at rest, when the world begins",
        unit="mg",
        shipped=lambda _: REST_MG,
        tolerance=REST_SPAN_MG,
        is_part=False,
        source="measured on a real cart: 140 to 430 mg over its sessions, which half of it spans; "
        "a world as shipped draws it, too",
        found_by="nothing need: the board takes it off",
    ),
    "motor.vibration_gain": Constant(
        meaning="motor's vibration over the measured one at the same PWM",
        unit="",
        shipped=lambda _: 1.0,
        tolerance=0.20,
        is_part=True,
        source="ours; measured single samples scatter by 26 %",
        found_by="the smoothing row, under 800 mg",
    ),
}
"""What a world can be wrong in. The model of the stage has no straightness, so there is none to draw."""


def shipped_constants(profile: DiodeProfile = TEN_WATT) -> TrueConstants:
    """Return what the shipped calibrations of a module believe."""
    return {name: constant.shipped(profile) for name, constant in CONSTANTS.items()}


def drawn_constants(random_seed: Callable[[str], int], profile: DiodeProfile = TEN_WATT) -> TrueConstants:
    """Return what a world truly is. random_seed: its own, by the name of the stream."""
    drawn = shipped_constants(profile)
    for name, constant in CONSTANTS.items():
        width = constant.half_width(profile)
        drawn[name] += Random(random_seed(f"true.{name}")).uniform(-width, width)
    return drawn
