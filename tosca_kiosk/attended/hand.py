"""What a person's keys at a terminal ask of control while nothing is typed.

The space bar, held, arms: the hold begins with its press, is control's to count, and is over as soon as the
key may have been let go. Once armed, a new press of it takes arming and light back. Any other key is STOP.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tosca_kiosk.attended.held_key import HeldKey
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.state import Phase
from tosca_kiosk.link.telemetry import Telemetry

ARMS: Final = ord(" ")


class Hand:
    """may_arm: whether light is wanted now, so that holding the key means something."""

    def __init__(self) -> None:
        self.may_arm = False
        self._key = HeldKey()
        self._hold_since_s: float | None = None

    @property
    def holds(self) -> bool:
        """Whether a hold has begun and, as far as is known, lasts."""
        return self._hold_since_s is not None

    def asks(
        self, struck: bytes, now_s: float, shown: Telemetry, *, stood_still: bool = False
    ) -> Iterator[CommandType]:
        """Yield what to order, given the keys struck since the last turn and control's newest tick.

        stood_still: nobody looked for so long that those keys say nothing of what is held now.
        """
        if any(key != ARMS for key in struck):
            self.let_go()
            yield CommandType.STOP
            return
        pressed = False
        for _ in struck:
            pressed = self._key.character(now_s) or pressed
        self._key.look(now_s)
        if stood_still:
            held = self.holds
            self.let_go()
            if held:
                yield CommandType.CANCEL_ARM
        elif pressed:
            yield from self._press(now_s, shown)
        elif self._hold_since_s is not None:
            yield from self._hold(bool(struck), now_s - self._hold_since_s, shown)

    def let_go(self) -> None:
        """Whatever is held counts for nothing until it was let go."""
        self._hold_since_s = None
        self._key.done()

    def _press(self, now_s: float, shown: Telemetry) -> Iterator[CommandType]:
        if shown.phase in (Phase.ARMED, Phase.TREATING):
            self.let_go()
            yield CommandType.PAUSE
        elif self.may_arm and shown.phase == Phase.READY:
            self._hold_since_s = now_s
            yield CommandType.BEGIN_ARM

    def _hold(self, repeats: bool, held_s: float, shown: Telemetry) -> Iterator[CommandType]:
        counted = shown.hold_s is not None and shown.hold_s >= shown.arm_hold_s
        if not self._key.down or not self.may_arm or shown.phase != Phase.READY:
            self.let_go()
            yield CommandType.CANCEL_ARM
        elif repeats and counted and self._key.repeating and held_s >= shown.arm_hold_s:
            self.let_go()  # it has done its work: the next light needs a press of its own
            yield CommandType.ARM
