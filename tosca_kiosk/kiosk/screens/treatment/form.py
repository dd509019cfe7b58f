"""What the treatment's screen has in hand beside the session's course."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TreatmentForm:
    """asking_end: whether an unfinished session shall end is being asked."""

    asking_end: bool = False
