"""Asking control for something in the name of a chosen account: control has somebody look at its PIN."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.kiosk.desk.desk import Answered
from tosca_kiosk.kiosk.desk.part import Part
from tosca_kiosk.kiosk.desk.wrong_pins import still_waiting
from tosca_kiosk.storage.users import User


@dataclass(frozen=True, slots=True)
class PinForm:
    """What a PIN is asked for. chosen: whose, None for none yet. reason: why, where that must be said."""

    chosen: User | None = None
    refused: str = ""
    retry_at_s: float = 0.0
    busy: bool = False
    reason: str = ""


Form = TypeVar("Form", bound=PinForm)


class ByPin(Part[Form], Generic[Form]):
    """command: what is asked for. new_form: makes the form of its screen."""

    command: CommandType
    new_form: type[Form]

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.form = self.new_form()

    def enter(self, about: Any = None) -> None:
        """Start anew: what it is for has just come."""
        self.form = self.new_form()

    def choose(self, user: User | None) -> None:
        """Choose whose PIN is asked for."""
        if not self.form.busy:
            refused, retry_at_s = still_waiting(self._desk, user)
            self.form = replace(self.form, chosen=user, refused=refused, retry_at_s=retry_at_s)

    def pin(self, pin: str) -> None:
        """Ask as the chosen account."""
        user = self.form.chosen
        if user is not None and not self.form.busy:
            reason = self.form.reason or None
            self._desk.signed_order(self.command, user.username, pin, self._asked(), reason=reason)

    def _asked(self) -> Answered:
        self.form = replace(self.form, busy=True, refused="")
        return self._answered

    def _answered(self, refused: str | None) -> None:
        if refused is None:
            self.form = replace(self.form, busy=False, chosen=None, refused="")
            return
        _, retry_at_s = still_waiting(self._desk, self.form.chosen)
        self.form = replace(self.form, busy=False, refused=refused, retry_at_s=retry_at_s)
