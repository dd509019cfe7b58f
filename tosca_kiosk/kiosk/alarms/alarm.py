"""An alarm as it is shown and heard."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Priority(StrEnum):
    """Alarm priorities of IEC 60601-1-8."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm condition. source: interlock source, or the kiosk's own name for it. since_s: kiosk clock."""

    source: str
    priority: Priority
    what: str
    to_do: str
    since_s: float
    active: bool = True
    acknowledged: bool = False
