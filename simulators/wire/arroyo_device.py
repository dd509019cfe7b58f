"""What both Arroyo controllers share: input buffer, sequential work, conditions, common commands."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any, ClassVar

from simulators.kernel import Kernel, Timer
from simulators.wire.arroyo_errors import TOO_LONG, ErrorQueue, WireError
from simulators.wire.arroyo_forms import AnswerForm
from simulators.wire.arroyo_syntax import Language, Step
from simulators.wire.ignored import NOTHING
from simulators.wire.line import VirtualLine

INPUT_BUFFER_CHARACTERS = 128
ANSWER_TIME_S = (0.005, 0.030)
RESET_DEAF_S = 0.125
BOOT_S = 2.0  # WIRE.md gives none
OUT_OF_TOLERANCE, OUTPUT_ON = 1 << 9, 1 << 10  # in both COND? registers
SAID_OF_OUTPUT = {"says_on": "1", "says_off": "0"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ArroyoOptions:
    """How one controller is built and in what state it powers up.

    answers: False for a controller that hears and says nothing. terminal_echo: left in TERMINAL 1.
    terminal_mode: left by TERM, 0 to 7.
    """

    model: str
    serial: str
    firmware: str = "1.0-sim"
    build: str = "0"
    baud: int = 38400
    answers: bool = True
    terminal_echo: bool = False
    terminal_mode: int = 0
    output_on: bool = False


class ArroyoDevice(ABC):
    """A controller on a line. Command lines are worked off one after another, each in 5 to 30 ms.

    lying_output: OUT? is honest, says_on or says_off whatever is.
    """

    __slots__ = (
        "_always_off",
        "_begun_s",
        "_busy",
        "_events",
        "_factory",
        "_hung",
        "_ignored",
        "_kept",
        "_kernel",
        "_known",
        "_language",
        "_memory",
        "_off_mask",
        "_options",
        "_pending",
        "_pending_characters",
        "_random",
        "_returning",
        "_seen",
        "_stale_conditions",
        "_supervision",
        "_work",
        "errors",
        "form",
        "line",
        "lying_output",
        "output_on",
    )

    LANGUAGE: ClassVar[Language]
    SAVED: ClassVar[tuple[str, ...]]  # attributes that *SAV keeps and *RST sets back
    SUPERVISION_S: ClassVar[float]  # how often the firmware looks at its load while the output is on
    FORCED_OFF: ClassVar[Mapping[int, int]]  # condition bit: error queued when it switches the output off
    STATUS_BITS: ClassVar[tuple[int, int]]  # *STB? bits for event and condition

    def __init__(self, kernel: Kernel, options: ArroyoOptions, seed: int) -> None:
        self._kernel = kernel
        self._options = options
        self._random = Random(seed)
        self.line = VirtualLine(
            kernel,
            self._receive,
            baud=options.baud,
            seed=self._random.getrandbits(32),
            carriage_return_ends=True,
            answers_noise=True,
        )
        self.line.mute = self.line.deaf = not options.answers
        self.errors = ErrorQueue()
        self.output_on = False
        self.lying_output = "honest"
        self._known = self._language = self.LANGUAGE
        self._ignored = NOTHING
        self._hung = False
        self._kept: bytes | None = None  # the line that it hangs in
        self._stale_conditions: int | None = None
        self._always_off = 0  # conditions that switch off whatever ENAB:OUTOFF says
        self._off_mask = 0
        self._events = 0
        self._seen = 0
        self._pending: deque[bytes] = deque()
        self._pending_characters = 0
        self._busy = False
        self._begun_s = 0.0  # when the line that is worked off was taken up
        self._work: Timer | None = None  # on the line that was taken up
        self._returning: Timer | None = None  # to the state that the mains took
        self._supervision: Timer | None = None
        self.form = AnswerForm(echo=options.terminal_echo, terminal_mode=options.terminal_mode)
        self._memory: dict[int, dict[str, Any]] = {}

    @abstractmethod
    def switch_output(self, on: bool) -> None:
        """Switch the output as OUT 0/1 does; what forbids it lands in the error queue."""

    @abstractmethod
    def _conditions(self) -> int:
        """Return the COND? bits of this instant."""

    @abstractmethod
    def _settings_changed(self) -> None:
        """Let the power stage follow the settings."""

    # Working off command lines.

    def _receive(self, line: bytes) -> None:
        if self.form.echo:
            self.line.send(line)
        if self._pending_characters + len(line) > INPUT_BUFFER_CHARACTERS:
            self._forget_pending()
            self.errors.push(TOO_LONG)
        elif self._busy:
            self._pending.append(line)
            self._pending_characters += len(line)
        else:
            self._begin(line)

    def _begin(self, line: bytes) -> None:
        self._busy = True
        self._begun_s = self._kernel.now_s
        shortest_s, longest_s = ANSWER_TIME_S
        delay_s = shortest_s + (longest_s - shortest_s) * self._random.random()
        self._work = self._kernel.after(delay_s, partial(self._finish, line))

    def _finish(self, line: bytes) -> None:
        if self._hung:
            self._kept = line
            return
        self._work_off(iter(self._language.compile(line)), [])

    def _work_off(self, steps: Iterator[Step], answers: list[str]) -> None:
        """Take the steps of a line; those behind a reset that deafens wait until it is over."""
        for step in steps:
            self._take(step, answers)
            if self._kernel.now_s < self.line.deaf_until_s:
                rest = partial(self._work_off, steps, answers)
                self._work = self._kernel.at(self.line.deaf_until_s, rest)
                return
        if answers:
            self.line.send(",".join(answers).encode("ascii") + self.form.terminator)
        if self._pending:
            following = self._pending.popleft()
            self._pending_characters -= len(following)
            self._begin(following)
        else:
            self._busy = False

    def _take(self, step: Step, answers: list[str]) -> None:
        try:
            answer = step(self)
        except WireError as error:
            self.errors.push(error.code)
        else:
            if answer is not None:
                answers.append(answer)

    # What may go wrong in it.

    @property
    def busy(self) -> bool:
        """Whether the firmware hangs in its next line; others wait, until they are too many."""
        return self._hung

    @busy.setter
    def busy(self, busy: bool) -> None:
        self._hung = busy
        line, self._kept = self._kept, None
        if line is not None:
            self._finish(line)

    @property
    def ignores(self) -> str:
        """The command that is taken and not obeyed: one of its language's `settings`, or nothing."""
        return self._ignored

    @ignores.setter
    def ignores(self, path: str) -> None:
        self._ignored = path
        self._language = self._known if path == NOTHING else self._known.ignoring(path)

    @property
    def stale_condition(self) -> bool:
        """Whether COND? goes on answering what it was."""
        return self._stale_conditions is not None

    @stale_condition.setter
    def stale_condition(self, stale: bool) -> None:
        self._stale_conditions = self._refresh() if stale else None

    def queue_error(self, code: int) -> None:
        """Put an error into the queue, as if something had caused it."""
        self.errors.push(code)

    def reboot(self) -> None:
        """It loses its memory: output off, everything as from the factory, deaf while it starts."""
        self._restart()
        self._restore(self._factory)
        self.form = AnswerForm(echo=self._options.terminal_echo)

    def blink_mains(self) -> None:
        """The mains blinks: off and deaf while it starts, then everything as it was, its output too."""
        was_on = self.output_on or self._returning is not None
        self._restart()
        if was_on:
            self._returning = self._kernel.after(BOOT_S, self._return)

    def _return(self) -> None:
        self._returning = None
        self.switch_output(True)

    def _restart(self) -> None:
        if self._returning is not None:
            self._returning.cancel()
            self._returning = None
        self.switch_output(False)
        self.errors.clear()
        self._events = self._seen = 0
        self._forget_pending()
        self.line.deaf_until_s = self._kernel.now_s + BOOT_S
        if self._work is not None:
            self._work.cancel()
        self._busy = self._hung = False
        self._kept = None

    def _forget_pending(self) -> None:
        self._pending.clear()
        self._pending_characters = 0

    # Conditions and events.

    def _refresh(self) -> int:
        """Latch what is new, switch off for what must, and return the conditions after that."""
        conditions = self._conditions()
        new = conditions & ~self._seen
        self._events |= new
        self._seen = conditions
        if not self.output_on:
            return conditions
        # Every output starts out of tolerance: only falling out of it can switch off.
        forcing = (conditions & ~OUT_OF_TOLERANCE | new) & (self._off_mask | self._always_off)
        if forcing & ~OUTPUT_ON:
            codes = [code for bit, code in self.FORCED_OFF.items() if forcing >> bit & 1]
            if codes:
                self._force_off(codes)
                self._seen = conditions = self._conditions()
        return conditions

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

    # Common commands.

    def identity(self) -> str:
        options = self._options
        return f"Arroyo {options.model} {options.serial} {options.firmware} {options.build}"

    @property
    def model(self) -> str:
        return self._options.model

    @property
    def serial_number(self) -> str:
        return self._options.serial

    def settings(self) -> dict[str, Any]:
        """Return a copy of what *SAV would keep."""
        return {name: getattr(self, name) for name in self.SAVED}

    def _restore(self, settings: Mapping[str, Any]) -> None:
        self.switch_output(False)
        for name, value in settings.items():
            setattr(self, name, value)
        self._settings_changed()

    def _save(self, place: int) -> None:
        self._memory[place] = self.settings()

    def _recall(self, place: int) -> None:
        self._restore(self._memory.get(place, self._factory))

    def _reset(self, thoroughly: bool = False) -> None:
        self._restore(self._factory)
        self.form = AnswerForm()
        if thoroughly:
            self._forget_pending()
            self.line.deaf_until_s = self._begun_s + RESET_DEAF_S  # a host waits from its command on

    def _power_up(self) -> None:
        """Remember the factory's settings; called last by a subclass's constructor."""
        self._factory = self.settings()

    def _clear_status(self) -> None:
        self._refresh()  # what stands already is no news afterwards
        self.errors.clear()
        self._events = 0

    def _status_byte(self) -> str:
        event_bit, condition_bit = self.STATUS_BITS
        has_condition = self._refresh() != 0
        return self.form.integer(
            (self._events != 0) << event_bit | has_condition << condition_bit | bool(self.errors) << 7
        )

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

    def _time_on(self) -> str:
        minutes, seconds = divmod(self._kernel.now_s, 60)
        return f"{int(minutes) // 60}:{int(minutes) % 60:02d}:{seconds:05.2f}"
