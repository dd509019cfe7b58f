"""What a check of the cart has come to, however it was made."""

from __future__ import annotations

from dataclasses import dataclass

from tosca_kiosk.control.self_test import Result
from tosca_kiosk.domain.calibrating.morning import Found


@dataclass(frozen=True)
class Checked:
    """What a check has come to.

    session_id: None where it came to none. results: of the self-test; none where another process made it.
    dark: why there was no light. seconds: how long it took, on the cart's clock.
    """

    session_id: int | None
    results: tuple[Result, ...]
    found: tuple[Found, ...]
    reasons: tuple[str, ...]
    dark: str | None
    seconds: float

    @property
    def passed(self) -> bool:
        return not self.reasons
