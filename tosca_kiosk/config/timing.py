"""The section of the timing report's limits: what the control loop must keep on this cart's computer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final

from hardware.rules import Range
from tosca_kiosk.config.section import section

_REPORT: Final = "the timing report"
Times = Annotated[float, Range(1.0, 100.0, "x the witness's", _REPORT)]
Microseconds = Annotated[float, Range(1.0, 20_000.0, "us", "a period at 50 Hz")]


@dataclass(frozen=True, slots=True)
class TimingLimits:
    """Limits of lateness as multiples of the witness's in the same run, and of the tick's cost.

    late_p99_us: a p99 under it holds whatever the witness says. missed_without_witness: of missed periods
    that the witness did not see too.
    """

    late_p50_of_witness: Times = 1.5
    late_p99_of_witness: Times = 2.5
    late_p99_us: Microseconds = 150.0
    missed_without_witness: Annotated[int, Range(0, 1000, "periods", _REPORT)] = 0
    tick_p50_us: Microseconds = 100.0
    tick_p99_us: Microseconds = 250.0


TimingSection: Final[Any] = section("TimingSection", TimingLimits)
