"""A technician who mostly treats and often does what one should not, by a random stream of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

from benchmarks.campaign.cart import Cart
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.state import Phase

Act = Iterator[None]
ROLES = (None, "technician", "technician", "supervisor", "supervisor", "admin", "nobody")


class Technician:
    """Looks at the screen as any technician does, and acts for duration_s."""

    def __init__(self, cart: Cart, random: Random, duration_s: float) -> None:
        self._cart = cart
        self._random = random
        self._until_s = cart.clock.now_s() + duration_s

    def treat(self) -> Act:
        """Act until the time is over."""
        for _ in self._act_for_ever():
            if self._cart.clock.now_s() >= self._until_s:
                return
            yield

    def _act_for_ever(self) -> Act:
        while True:
            acts, weights = zip(*self._choices(), strict=True)
            yield from self._random.choices(acts, weights)[0]()
            yield

    def _choices(self) -> list[tuple[Callable[[], Act], int]]:
        phase = self._cart.controller.state.phase
        odd: list[tuple[Callable[[], Act], int]] = [
            (self._bounce, 1),
            (self._command, 1),
            (self._red_button, 1),
            (self._override, 1),
        ]
        if phase is Phase.TREATING:
            return [(self._look, 14), (self._lift, 4), (self._pause, 2), (self._stop, 1), *odd]
        if phase is Phase.ARMED:
            return [(self._press, 24), (self._look, 2), (self._lift, 2), (self._pause, 1), *odd]
        if phase is Phase.READY:
            common = [(self._arm, 14), (self._override, 5), (self._early_pedal, 3)]
            return [*common, (self._lift, 2), (self._press, 1), *odd]
        return [(self._reset, 16), (self._lift, 4), *odd]

    # --- acts -------------------------------------------------------------------------------------------

    def _look(self) -> Act:
        yield from self._pass_time(0.05, 1.0)

    def _press(self) -> Act:
        self._foot(True)
        yield from self._pass_time(0.05, 0.6)

    def _lift(self) -> Act:
        self._foot(False)
        yield from self._pass_time(0.02, 0.3)

    def _bounce(self) -> Act:
        for _ in range(self._random.randint(1, 4)):
            self._foot(not self._cart.world.pedal.pressed)
            yield from self._pass_time(0.0, 0.06)

    def _pause(self) -> Act:
        self._cart.tell(CommandType.PAUSE)
        yield from self._pass_time(0.02, 0.3)

    def _override(self) -> Act:
        """Ask for another power or ring, allowed or not, mostly with a reason."""
        power = self._random.random() < 0.7
        value = self._random.uniform(-0.5, 11.0) if power else self._random.uniform(1.8, 4.2)
        self._cart.tell(
            CommandType.POWER_OVERRIDE if power else CommandType.RING_OVERRIDE,
            reason="tolerance" if self._random.random() < 0.95 else " ",
            value=value,
        )
        yield from self._pass_time(0.0, 0.2)

    def _stop(self) -> Act:
        self._cart.tell(CommandType.STOP)
        yield from self._pass_time(0.02, 0.3)

    def _command(self) -> Act:
        """Touch anything, in whatever state."""
        command = self._random.choice(
            [command for command in CommandType if command is not CommandType.OPEN_SESSION]
        )
        # A closed session ends the treatment: once in a while is enough.
        if command is not CommandType.CLOSE_SESSION or self._random.random() < 0.1:
            self._cart.tell(command, self._random.choice(ROLES))
        yield from self._pass_time(0.0, 0.2)

    def _red_button(self) -> Act:
        self._cart.red_button(True, self._phase_s())
        yield from self._pass_time(0.01, 0.5)
        if self._random.random() < 0.9:
            self._cart.red_button(False, self._phase_s())

    def _arm(self) -> Act:
        if self._random.random() < 0.8:
            self._foot(False)
        self._cart.tell(CommandType.BEGIN_ARM)
        yield from self._pass_time(1.3 if self._random.random() < 0.1 else 1.51, 1.7)
        if self._random.random() < 0.05:
            self._cart.tell(CommandType.CANCEL_ARM)
        self._cart.tell(CommandType.ARM)
        yield
        if self._random.random() < 0.7:
            yield from self._pass_time(2.0, 2.2)

    def _early_pedal(self) -> Act:
        yield from self._arm_with(lambda: self._foot(True))

    def _arm_with(self, too_early: Callable[[], None]) -> Act:
        self._foot(False)
        self._cart.tell(CommandType.BEGIN_ARM)
        yield from self._pass_time(1.51, 1.7)
        self._cart.tell(CommandType.ARM)
        yield from self._pass_time(0.0, 2.1)
        too_early()

    def _reset(self) -> Act:
        if self._random.random() < 0.9:
            self._foot(False)
        yield from self._pass_time(0.05, 0.6)
        self._cart.tell(CommandType.ACKNOWLEDGE, self._random.choice(ROLES))
        yield from self._pass_time(0.02, 0.2)

    # --- hands and feet ---------------------------------------------------------------------------------

    def _foot(self, down: bool) -> None:
        """Move the foot at some phase of the coming tick."""
        self._cart.foot(down, self._phase_s())

    def _phase_s(self) -> float:
        return self._random.random() * 0.01

    def _pass_time(self, shortest_s: float, longest_s: float) -> Act:
        return self._cart.wait(self._random.uniform(shortest_s, longest_s))
