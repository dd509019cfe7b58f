"""What the procedures that make no curve come to: values with what they must be, and why one is not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import fmean
from typing import Final, NamedTuple

from tosca_kiosk.domain.calibrating.morning import POWER_PERCENT, REPEATS_UM, Known


class Value(NamedTuple):
    """A value that was found. low, high: what it must be, ends inside; None leaves that side open."""

    name: str
    value: float
    unit: str
    low: float | None
    high: float | None
    to_do: str

    @property
    def passed(self) -> bool:
        """Whether it is inside; what is no number is outside."""
        return (self.low is None or self.value >= self.low) and (self.high is None or self.value <= self.high)

    @property
    def why(self) -> str:
        """What was found, what is allowed, and what to do."""
        ends = [
            "" if self.low is None else f"at least {self.low:g}",
            "" if self.high is None else f"at most {self.high:g}",
        ]
        allowed = " and ".join(end for end in ends if end)
        return f"{self.name}: {self.value:.4g} {self.unit}, {allowed} allowed. {self.to_do}"


_LEAST_RISE_MG: Final = 0.0


def dark_values(levels_v: Sequence[float], known: Known) -> Iterator[Value]:
    """Yield what the photodiode reads without light."""
    high_v = known.photodiode_dark_v
    yield Value(
        name="dark_level_v",
        value=max(levels_v, key=abs),
        unit="V",
        low=-high_v,
        high=high_v,
        to_do="Keep light off the photodiode.",
    )


def motor_values(by_pwm: Sequence[tuple[int, float]], pwm: int, known: Known) -> Iterator[Value]:
    """Yield rest level, what the configured PWM adds, and the least that each higher PWM adds.

    by_pwm: PWM and mean vibration in mg, by rising PWM, the first at rest.
    """
    rest_mg = by_pwm[0][1]
    to_do = "Check the motor's mounting and cable."
    yield Value(
        name="vibration_rest_mg",
        value=rest_mg,
        unit="mg",
        low=None,
        high=known.vibration_rest_mg,
        to_do="Stand the cart still.",
    )
    added = dict(by_pwm).get(pwm, float("nan")) - rest_mg
    yield Value(
        name="vibration_motor_mg",
        value=added,
        unit="mg",
        low=known.vibration_threshold_mg,
        high=None,
        to_do=to_do,
    )
    least = min(after - before for (_, before), (_, after) in pairwise(by_pwm[:-1]))
    yield Value(name="vibration_rise_mg", value=least, unit="mg", low=_LEAST_RISE_MG, high=None, to_do=to_do)


def stage_values(arrivals_um: Sequence[tuple[float, float]]) -> Iterator[Value]:
    """Yield the farthest arrival from its place, and the widest spread of one place's arrivals.

    arrivals_um: place and where the stage came to rest.
    """
    to_do = "Check that the stage moves freely."
    worst_um = max((rest - place for place, rest in arrivals_um), key=abs)
    yield Value(
        name="stage_arrival_um", value=worst_um, unit="um", low=-REPEATS_UM, high=REPEATS_UM, to_do=to_do
    )
    places = {place for place, _ in arrivals_um}
    rests = [[rest for there, rest in arrivals_um if there == place] for place in places]
    yield Value(
        name="stage_repeat_um",
        value=max(max(one) - min(one) for one in rests),
        unit="um",
        low=None,
        high=REPEATS_UM,
        to_do=to_do,
    )


def power_values(asked_and_read_w: Sequence[tuple[float, float]]) -> Iterator[Value]:
    """Yield how far the meter's power is from what was asked for, at the worst point, on average of each."""
    points = sorted({asked for asked, _ in asked_and_read_w})
    off = [
        100.0 * (fmean(read for asked, read in asked_and_read_w if asked == point) / point - 1.0)
        for point in points
    ]
    yield Value(
        name="power_verified_percent",
        value=max(off, key=abs),
        unit="%",
        low=-POWER_PERCENT,
        high=POWER_PERCENT,
        to_do="Calibrate photodiode and laser anew: tosca-kiosk calibrate photodiode.",
    )
