"""What signing in has in hand."""

from __future__ import annotations

from dataclasses import dataclass

from tosca_kiosk.storage.users import User


@dataclass(frozen=True, slots=True)
class LoginForm:
    """chosen: whose PIN is asked for. retry_at_s: no PIN is looked at before.

    unlocking: whose wait an admin is to end, None where somebody signs in.
    """

    chosen: User | None = None
    refused: str = ""
    retry_at_s: float = 0.0
    busy: bool = False
    unlocking: User | None = None
