"""What laser driver and TEC controller share: an output, conditions, events, settings that can be saved."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from random import Random
from typing import Any, ClassVar

from simulators.kernel import Kernel, Timer
from simulators.wire.arroyo_box import ArroyoBox, ArroyoOptions
from simulators.wire.arroyo_errors import ErrorQueue
from simulators.wire.arroyo_forms import AnswerForm
from simulators.wire.arroyo_syntax import Language
from simulators.wire.ignored import NOTHING
from simulators.wire.line import VirtualLine

OUT_OF_TOLERANCE, OUTPUT_ON = 1 << 9, 1 << 10  # in both COND? registers
SAID_OF_OUTPUT = {"says_on": "1", "says_off": "0"}


class ArroyoDevice(ABC):
    """A controller in a box, one of its own unless another is named.

    lying_output: OUT? is honest, says_on or says_off whatever is.
    """

    __slots__ = (
        "_always_off",
        "_box",
        "_events",
        "_kernel",
        "_off_mask",
        "_random",
        "_seen",
        "_stale_conditions",
        "_supervision",
        "factory",
        "lying_output",
        "output_on",
    )

    NAME: ClassVar[str]  # what its commands' table is called
    LANGUAGE: ClassVar[Language]  # of a box with this part alone
    SAVED: ClassVar[tuple[str, ...]]  # attributes that *SAV keeps and *RST sets back
    SUPERVISION_S: ClassVar[float]  # how often the firmware looks at its load while the output is on
    FORCED_OFF: ClassVar[Mapping[int, int]]  # condition bit: error queued when it switches the output off
    STATUS_BITS: ClassVar[tuple[int, int]]  # *STB? bits for event and condition

    def __init__(self, kernel: Kernel, options: ArroyoOptions, seed: int, box: ArroyoBox | None) -> None:
        self._kernel = kernel
        self._random = Random(seed)
        self._box = ArroyoBox(kernel, options, self._random, self.LANGUAGE) if box is None else box
        self._box.join(self.NAME, self)
        self.output_on = False
        self.lying_output = "honest"
        self._stale_conditions: int | None = None
        self._always_off = 0  # conditions that switch off whatever ENAB:OUTOFF says
        self._off_mask = 0
        self._events = 0
        self._seen = 0
        self._supervision: Timer | None = None

    @abstractmethod
    def switch_output(self, on: bool) -> None:
        """Switch the output as OUT 0/1 does; what forbids it lands in the error queue."""

    @abstractmethod
    def _conditions(self) -> int:
        """Return the COND? bits of this instant."""

    @abstractmethod
    def _settings_changed(self) -> None:
        """Let the power stage follow the settings."""

    # Its box.

    @property
    def line(self) -> VirtualLine:
        return self._box.line

    @property
    def errors(self) -> ErrorQueue:
        return self._box.errors

    @property
    def form(self) -> AnswerForm:
        return self._box.form

    @property
    def model(self) -> str:
        return self._box.model

    @property
    def serial_number(self) -> str:
        return self._box.serial_number

    @property
    def busy(self) -> bool:
        """Whether the firmware hangs, for every part of the box."""
        return self._box.busy

    @busy.setter
    def busy(self, busy: bool) -> None:
        self._box.busy = busy

    @property
    def ignores(self) -> str:
        """The command that is taken and not obeyed: one of its language's `settings`, or nothing."""
        return self._box.ignored_for(self.NAME) or NOTHING

    @ignores.setter
    def ignores(self, path: str) -> None:
        self._box.ignore_for(self.NAME, None if path == NOTHING else path)

    def queue_error(self, code: int) -> None:
        """Put an error into the queue, as if something had caused it."""
        self.errors.push(code)

    def reboot(self) -> None:
        """Its box loses its memory (`ArroyoBox.reboot`)."""
        self._box.reboot()

    def blink_mains(self) -> None:
        """Its box's mains blinks (`ArroyoBox.blink_mains`)."""
        self._box.blink_mains()

    # What its box asks of it (`Part`).

    def settings(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.SAVED}

    def restore(self, settings: Mapping[str, Any]) -> None:
        self.switch_output(False)
        for name, value in settings.items():
            setattr(self, name, value)
        self._settings_changed()

    def forget_events(self) -> None:
        self._events = self._seen = 0

    def clear_events(self) -> None:
        self._refresh()
        self._events = 0

    def status_bits(self) -> int:
        event_bit, condition_bit = self.STATUS_BITS
        has_condition = self._refresh() != 0
        return (self._events != 0) << event_bit | has_condition << condition_bit

    def _power_up(self) -> None:
        """Remember the factory's settings; called last by a subclass's constructor."""
        self.factory = self.settings()

    # Conditions and events.

    @property
    def stale_condition(self) -> bool:
        """Whether COND? goes on answering what it was."""
        return self._stale_conditions is not None

    @stale_condition.setter
    def stale_condition(self, stale: bool) -> None:
        self._stale_conditions = self._refresh() if stale else None

    def _refresh(self) -> int:
        """Latch what is new, switch off for what must, and return the conditions after that."""
        conditions = self._conditions()
        new = conditions & ~self._seen
        self._events |= new
        self._seen = conditions
        if not self.output_on:
            return conditions
        # Every output starts out of tolerance: only falling out of it can switch off.
        forcing = (conditions & ~OUT_OF_TOLERANCE | new) & (self._off_mask | self._always_off) & ~OUTPUT_ON
        codes = [code for bit, code in self.FORCED_OFF.items() if forcing >> bit & 1]
        codes += self._forbidden_from_beside()
        if forcing or codes:
            self._force_off(codes)
            self._seen = conditions = self._conditions()
        return conditions

    def _forbidden_from_beside(self) -> list[int]:
        """Return the errors for which another part of the box keeps this output off."""
        return []

    def _force_off(self, codes: list[int]) -> None:
        for code in codes:
            self.errors.push(code)
        self.switch_output(False)

    def _supervise(self) -> None:
        self._supervision = None
        self._look_at_load()
        self._refresh()
        self._go_on_supervising()

    def _go_on_supervising(self) -> None:
        if self._must_supervise() and self._supervision is None:
            self._supervision = self._kernel.after(self.SUPERVISION_S, self._supervise)

    def _must_supervise(self) -> bool:
        """Return whether there is a load to follow."""
        return self.output_on

    @abstractmethod
    def _look_at_load(self) -> None:
        """Follow what needs a history: tolerance windows, runaway."""

    # Commands.

    def _take_events(self) -> str:
        self._refresh()
        events, self._events = self._events, 0
        return self.form.integer(events)

    def _condition_register(self) -> str:
        conditions = self._refresh()
        return self.form.integer(conditions if self._stale_conditions is None else self._stale_conditions)

    def _output_text(self) -> str:
        return SAID_OF_OUTPUT.get(self.lying_output) or str(int(self.output_on))

    def _set_off_mask(self, mask: int) -> None:
        self._off_mask = mask
        self._refresh()
