"""The section of the timing report's limits: what the control loop must keep on this cart's computer."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import partial
from typing import Annotated, Any, Final, get_type_hints

from pydantic import AfterValidator, create_model

from tosca_kiosk.config.fields import Range, check
from tosca_kiosk.domain.documents import StrictModel


@dataclass(frozen=True, slots=True)
class TimingLimits:
    """Limits of lateness as multiples of the witness's in the same run, and of the tick's cost.

    late_p99_us: a p99 under it holds whatever the witness says. missed_without_witness: of missed periods
    that the witness did not see too.
    """

    late_p50_of_witness: float = 1.5
    late_p99_of_witness: float = 2.5
    late_p99_us: float = 150.0
    missed_without_witness: int = 0
    tick_p50_us: float = 100.0
    tick_p99_us: float = 250.0


_REPORT: Final = "the timing report"
_TIMES: Final = Range(1.0, 100.0, "x the witness's", _REPORT)
_US: Final = Range(1.0, 20_000.0, "us", "a period at 50 Hz")
_RULES: Final = {
    "late_p50_of_witness": _TIMES,
    "late_p99_of_witness": _TIMES,
    "late_p99_us": _US,
    "missed_without_witness": Range(0, 1000, "periods", _REPORT),
    "tick_p50_us": _US,
    "tick_p99_us": _US,
}


def _field(name: str, default: Any) -> tuple[Any, Any]:
    kind = get_type_hints(TimingLimits)[name]
    return Annotated[kind, AfterValidator(partial(check, _RULES[name]))], default


_SHAPE: Final[dict[str, Any]] = {
    field.name: _field(field.name, field.default) for field in fields(TimingLimits)
}
TimingSection: Final[Any] = create_model("TimingSection", __base__=StrictModel, **_SHAPE)
