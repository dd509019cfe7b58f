"""The word of a supervisor that the laser's key is off."""

from __future__ import annotations

from dataclasses import replace

from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.kiosk.desk.by_pin import ByPin
from tosca_kiosk.kiosk.screens.key_off.form import KeyOffForm


class KeyOff(ByPin[KeyOffForm]):
    """Vouches by a supervisor's PIN that the laser's key is off, where control cannot know of darkness.

    Once it is taken the session is closed, and its leader, which asks for just that, goes on to its summary.
    """

    command = CommandType.CONFIRM_KEY_OFF
    new_form = KeyOffForm

    def say_why(self, reason: str) -> None:
        """Keep the reason, which control asks for."""
        self.form = replace(self.form, reason=reason.strip(), refused="")

    def stay(self) -> None:
        """Leave the session open after all."""
        self._leader.closing.stay()
