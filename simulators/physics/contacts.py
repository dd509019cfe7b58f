"""Contacts that close and open: the pedal's two, the emergency-stop loop, the gate relay."""

from __future__ import annotations

from random import Random
from typing import Literal

from simulators.kernel import Kernel, Timer
from simulators.plant import OnChange

ContactFault = Literal["ok", "open", "closed"]
RELAY_S = 0.005
WORN_BOUNCE_S = 0.001


class SwitchContact:
    """A contact as its wires see it: what moves it says one thing, a fault may say another."""

    __slots__ = ("_closed", "_driven", "_fault", "_subscribers")

    def __init__(self, closed: bool) -> None:
        self._driven = closed
        self._fault: ContactFault = "ok"
        self._closed = closed
        self._subscribers: list[OnChange] = []

    @property
    def closed(self) -> bool:
        return self._closed

    @property
    def fault(self) -> ContactFault:
        """ok, or stuck: open (a broken wire, a dead relay) or closed (welded, a bridged wire)."""
        return self._fault

    @fault.setter
    def fault(self, fault: ContactFault) -> None:
        self._fault = fault
        self._update()

    def subscribe(self, on_change: OnChange) -> None:
        """Have on_change called at each change, inside the event that makes it."""
        self._subscribers.append(on_change)

    def move(self, closed: bool) -> None:
        """What the mechanics do; a fault may hide it."""
        self._driven = closed
        self._update()

    def _update(self) -> None:
        closed = self._driven if self._fault == "ok" else self._fault == "closed"
        if closed != self._closed:
            self._closed = closed
            for on_change in self._subscribers:
                on_change()


class Pedal:
    """A foot pedal with two contacts. On its way one leaves, it travels, then the other makes; both bounce.

    The last change comes within 40 ms of `press` or `release`; a worn contact goes on for longer.
    """

    def __init__(self, kernel: Kernel, random: Random) -> None:
        self.normally_open = SwitchContact(closed=False)
        self.normally_closed = SwitchContact(closed=True)
        self._kernel = kernel
        self._random = random
        self.extra_bounces = 0
        """Further bounces of a worn contact that makes, 1 ms each."""
        self._pressed = False
        self._timers: list[Timer] = []

    @property
    def pressed(self) -> bool:
        """Whether a foot is on it, whatever the contacts say."""
        return self._pressed

    def press(self) -> None:
        """Put the foot down; harmless when it is."""
        self._travel(True, self.normally_closed, self.normally_open)

    def release(self) -> None:
        """Lift the foot; harmless when it is up."""
        self._travel(False, self.normally_open, self.normally_closed)

    def _travel(self, pressed: bool, leaving: SwitchContact, making: SwitchContact) -> None:
        if pressed == self._pressed:
            return
        self._pressed = pressed
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        uniform = self._random.uniform
        left_s = self._bounce(leaving, False, 0.0, self._random.randint(0, 2))
        rest_s = self._bounce(making, True, left_s + uniform(0.004, 0.015), self._random.randint(2, 5))
        for k in range(self.extra_bounces):
            self._plan(making, False, rest_s + (k + 0.5) * WORN_BOUNCE_S)
            self._plan(making, True, rest_s + (k + 1.0) * WORN_BOUNCE_S)

    def _bounce(self, contact: SwitchContact, closed: bool, delay_s: float, bounces: int) -> float:
        """Plan the first change at delay_s and each bounce's there and back; return when it rests."""
        self._plan(contact, closed, delay_s)
        for _ in range(bounces):
            delay_s += self._random.uniform(0.0002, 0.001)
            self._plan(contact, not closed, delay_s)
            delay_s += self._random.uniform(0.0002, 0.001)
            self._plan(contact, closed, delay_s)
        return delay_s

    def _plan(self, contact: SwitchContact, closed: bool, delay_s: float) -> None:
        self._timers.append(self._kernel.after(delay_s, lambda: contact.move(closed)))


class StopLoop(SwitchContact):
    """The emergency-stop loop: closed while healthy. The button stays in until it is turned."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(closed=True)

    def press(self) -> None:
        """Push the button in: the loop opens at once."""
        self.move(False)

    def reset(self) -> None:
        """Turn the button out again."""
        self.move(True)


class GateRelay:
    """The relay whose contact sits in the laser driver's interlock loop; 5 ms to operate and to release."""

    __slots__ = ("_coil", "_contact", "_kernel", "_timer")

    def __init__(self, kernel: Kernel) -> None:
        self._contact = SwitchContact(closed=False)
        self._kernel = kernel
        self._coil = False
        self._timer: Timer | None = None

    @property
    def contact(self) -> SwitchContact:
        return self._contact

    def set_coil(self, on: bool) -> None:
        """Power the coil or not; a change taken back within 5 ms never reaches the contact."""
        if on == self._coil:
            return
        self._coil = on
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._kernel.after(RELAY_S, lambda: self._contact.move(on))
