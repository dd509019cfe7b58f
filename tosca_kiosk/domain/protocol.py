"""A treatment protocol: power and ring size over treatment time.

Times are treatment seconds: the clock that runs only while light is confirmed. At a boundary the next step
has begun. Values are checked where a protocol comes in (`protocol_file`), not here.
"""

from __future__ import annotations

from bisect import bisect_right
from enum import StrEnum
from functools import cached_property
from itertools import accumulate

import msgspec

from tosca_kiosk.domain.ramps import RampType, ramp_energy_j, ramp_power_w


class ProtocolType(StrEnum):
    """What `protocols.protocol_type` says."""

    CONSTANT = "constant"
    LINEAR_RAMP = "linear_ramp"
    MULTI_STEP = "multi_step"
    CUSTOM = "custom"


_TYPE_OF_SINGLE_STEP = {
    RampType.CONSTANT: ProtocolType.CONSTANT,
    RampType.LINEAR: ProtocolType.LINEAR_RAMP,
}


class Step(msgspec.Struct, frozen=True):
    """One step; number counts from 1."""

    number: int
    duration_s: float
    power_start_w: float
    power_end_w: float
    ring_size_mm: float
    ramp: RampType

    def power_w(self, step_elapsed_s: float) -> float:
        """Return the planned power; from duration_s on it is power_end_w."""
        if step_elapsed_s >= self.duration_s:
            return self.power_end_w
        return ramp_power_w(self.ramp, self.power_start_w, self.power_end_w, step_elapsed_s / self.duration_s)

    def energy_j(self, step_elapsed_s: float) -> float:
        """Return the planned energy from the step's start; from duration_s on it is the whole step's."""
        p = min(step_elapsed_s / self.duration_s, 1.0)
        return ramp_energy_j(self.ramp, self.power_start_w, self.power_end_w, self.duration_s, p)


class Protocol(msgspec.Struct, frozen=True, dict=True):
    """A plan of at least one step. max_power_w, max_duration_s: its own safety limits, where it states them.

    `dict=True` gives the derived tables a place that is neither compared nor encoded.
    """

    name: str
    description: str
    steps: tuple[Step, ...]
    max_power_w: float | None = None
    max_duration_s: float | None = None

    @cached_property
    def step_ends_s(self) -> tuple[float, ...]:
        """When each step ends, in treatment seconds."""
        return tuple(accumulate(step.duration_s for step in self.steps))

    @cached_property
    def _starts_s(self) -> tuple[float, ...]:
        return (0.0, *self.step_ends_s[:-1])

    @cached_property
    def _energies_before_j(self) -> tuple[float, ...]:
        return tuple(accumulate((step.energy_j(step.duration_s) for step in self.steps), initial=0.0))

    @cached_property
    def duration_s(self) -> float:
        """The whole duration."""
        return self.step_ends_s[-1]

    @property
    def planned_energy_j(self) -> float:
        """The energy of the whole plan, the slew of the power ignored."""
        return self._energies_before_j[-1]

    @cached_property
    def peak_power_w(self) -> float:
        """The highest power of the plan; every ramp's is at one of its ends."""
        return max(max(step.power_start_w, step.power_end_w) for step in self.steps)

    @cached_property
    def protocol_type(self) -> ProtocolType:
        """The schema's name for the kind of plan."""
        if len(self.steps) > 1:
            return ProtocolType.MULTI_STEP
        return _TYPE_OF_SINGLE_STEP.get(self.steps[0].ramp, ProtocolType.CUSTOM)

    def step_at(self, elapsed_s: float) -> int:
        """Return the index of the step in force; from the end of the plan on, the last one."""
        return min(bisect_right(self.step_ends_s, elapsed_s), len(self.steps) - 1)

    def power_w(self, elapsed_s: float) -> float:
        """Return the planned power; 0 W outside 0 to duration_s, and for a time that is not a number."""
        if not 0.0 <= elapsed_s <= self.duration_s:
            return 0.0
        if elapsed_s == self.duration_s:
            return self.steps[-1].power_end_w
        index = self.step_at(elapsed_s)
        return self.steps[index].power_w(elapsed_s - self._starts_s[index])

    def energy_j(self, elapsed_s: float) -> float:
        """Return the planned energy from the start to elapsed_s, which is 0 or more."""
        index = self.step_at(elapsed_s)
        return self._energies_before_j[index] + self.steps[index].energy_j(elapsed_s - self._starts_s[index])

    def remaining_s(self, elapsed_s: float) -> float:
        """Return the treatment time left; 0 from the end on."""
        return max(0.0, self.duration_s - elapsed_s)
