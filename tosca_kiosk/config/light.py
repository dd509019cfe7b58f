"""The bounds of a calibration's light, as a site tightens them: the defaults are the most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final

from hardware.rules import Range
from tosca_kiosk.config.section import section
from tosca_kiosk.domain.calibration_session import LightBounds

_MOST: Final = LightBounds()
_TIGHTER: Final = "a site only tightens it"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What `LightBounds` has, but for what no site can know better."""

    current_ma: Annotated[float, Range(100.0, _MOST.current_ma, "mA", _TIGHTER)] = _MOST.current_ma
    light_s: Annotated[float, Range(1.0, _MOST.light_s, "s", _TIGHTER)] = _MOST.light_s
    photodiode_v: Annotated[float, Range(0.5, _MOST.photodiode_v, "V", _TIGHTER)] = _MOST.photodiode_v
    energy_j: Annotated[float, Range(1.0, _MOST.energy_j, "J", _TIGHTER)] = _MOST.energy_j
    duration_s: Annotated[float, Range(60.0, _MOST.duration_s, "s", _TIGHTER)] = _MOST.duration_s
    seen_from_ma: Annotated[float, Range(100.0, _MOST.seen_from_ma, "mA", _TIGHTER)] = _MOST.seen_from_ma


LightSection: Final[Any] = section("LightSection", Bounds)
