"""The section of the timing report's limits: what the control loop must keep on this cart's computer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final

from hardware.rules import Range
from tosca_kiosk.config.section import section
from tosca_kiosk.domain.documents import StrictModel

_REPORT: Final = "the timing report"
Times = Annotated[float, Range(1.0, 100.0, "x the witness's", _REPORT)]
Microseconds = Annotated[float, Range(1.0, 20_000.0, "us", "a period at 50 Hz")]
Percent = Annotated[float, Range(0.1, 100.0, "%", "of the period; a longer tick misses the next one")]


@dataclass(frozen=True, slots=True)
class TimingLimits:
    """Limits: of lateness as multiples of the witness's in the same run, of the tick as a share of a period.

    late_p99_us: a p99 under it holds whatever the witness says. missed_without_witness: of missed periods
    that the witness did not see too.
    """

    late_p50_of_witness: Times = 1.5
    late_p99_of_witness: Times = 2.5
    late_p99_us: Microseconds = 150.0
    missed_without_witness: Annotated[int, Range(0, 1000, "periods", _REPORT)] = 0
    tick_p50_percent: Percent = 5.0
    tick_p99_percent: Percent = 10.0


_SHARE: Final = "is not read: a tick is judged by its share of the period; write"


class _Section(StrictModel):
    instead: ClassVar[Mapping[str, str]] = {
        "tick_p50_us": f"{_SHARE} tick_p50_percent, as 5",
        "tick_p99_us": f"{_SHARE} tick_p99_percent, as 10",
    }


TimingSection: Final[Any] = section("TimingSection", TimingLimits, base=_Section)
