"""What every Arroyo instrument has, whatever it controls: line, input buffer, errors, common commands.

What it controls are its parts, one or two. Command lines are worked off one after another.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any, Protocol

from simulators.kernel import Kernel, Timer
from simulators.wire.arroyo_errors import TOO_LONG, ErrorQueue, WireError
from simulators.wire.arroyo_forms import AnswerForm
from simulators.wire.arroyo_syntax import Language, Step
from simulators.wire.line import VirtualLine

INPUT_BUFFER_CHARACTERS = 128
ANSWER_TIME_S = (0.005, 0.030)
RESET_DEAF_S = 0.125
BOOT_S = 2.0  # WIRE.md gives none
BOX = "box"
"""The owner of the common commands, in every language."""


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


class Part(Protocol):
    """What a box controls, as far as it is the box's affair."""

    output_on: bool
    factory: dict[str, Any]

    def switch_output(self, on: bool) -> None: ...

    def settings(self) -> dict[str, Any]:
        """Return a copy of what *SAV would keep."""

    def restore(self, settings: Mapping[str, Any]) -> None:
        """Switch off and take settings over."""

    def forget_events(self) -> None:
        """Begin as after a start: what stands is news."""

    def clear_events(self) -> None:
        """Forget the events; what stands already is no news afterwards."""

    def status_bits(self) -> int:
        """Return its bits of *STB?."""


class ArroyoBox:
    """An instrument on its line. Command lines are worked off one after another, each in 5 to 30 ms.

    Parts are switched on in the order in which they joined, and off in the other.
    """

    __slots__ = (
        "_begun_s",
        "_busy",
        "_hung",
        "_ignored",
        "_kept",
        "_kernel",
        "_known",
        "_language",
        "_memory",
        "_options",
        "_owners",
        "_parts",
        "_pending",
        "_pending_characters",
        "_random",
        "_returning",
        "_was_on",
        "_work",
        "errors",
        "form",
        "line",
    )

    def __init__(self, kernel: Kernel, options: ArroyoOptions, random: Random, language: Language) -> None:
        self._kernel = kernel
        self._options = options
        self._random = random
        self.line = VirtualLine(
            kernel,
            self._receive,
            baud=options.baud,
            seed=random.getrandbits(32),
            carriage_return_ends=True,
            answers_noise=True,
        )
        self.line.mute = self.line.deaf = not options.answers
        self.errors = ErrorQueue()
        self.form = AnswerForm(echo=options.terminal_echo, terminal_mode=options.terminal_mode)
        self._known = self._language = language
        self._parts: list[Part] = []
        self._owners: dict[str, Any] = {BOX: self}
        self._ignored: dict[str, str] = {}  # by the part whose scenario says so
        self._hung = False
        self._kept: bytes | None = None  # the line that it hangs in
        self._pending: deque[bytes] = deque()
        self._pending_characters = 0
        self._busy = False
        self._begun_s = 0.0  # when the line that is worked off was taken up
        self._work: Timer | None = None  # on the line that was taken up
        self._returning: Timer | None = None  # to the state that the mains took
        self._was_on: list[Part] = []  # what of it was on then
        self._memory: dict[int, list[dict[str, Any]]] = {}

    def join(self, name: str, part: Part) -> None:
        """Put a part into the box, as the owner of the commands under its name."""
        self._parts.append(part)
        self._owners[name] = part

    def never_knew(self, command: str) -> None:
        """Take a command out of its language, for an instrument that has none of it."""
        self._known = self._language = self._known.without(command)

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
            answer = step(self._owners)
        except WireError as error:
            self.errors.push(error.code)
        else:
            if answer is not None:
                answers.append(answer)

    def _forget_pending(self) -> None:
        self._pending.clear()
        self._pending_characters = 0

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

    def ignored_for(self, part: str) -> str | None:
        """Return the command that is ignored for the sake of a part, None while there is none."""
        return self._ignored.get(part)

    def ignore_for(self, part: str, path: str | None) -> None:
        """Take a command and do not obey it, or obey every one again; each part has one of its own."""
        if path is None:
            self._ignored.pop(part, None)
        else:
            self._ignored[part] = path
        self._language = self._known.ignoring(self._ignored.values()) if self._ignored else self._known

    def reboot(self) -> None:
        """It loses its memory: outputs off, everything as from the factory, deaf while it starts."""
        self._restart()
        self._restore([part.factory for part in self._parts])
        self.form = AnswerForm(echo=self._options.terminal_echo)

    def blink_mains(self) -> None:
        """The mains blinks: off and deaf while it starts, then everything as it was, its outputs too."""
        was_on = [part for part in self._parts if part.output_on or part in self._was_on]
        self._restart()
        if was_on:
            self._was_on = was_on
            self._returning = self._kernel.after(BOOT_S, self._return)

    def _return(self) -> None:
        self._returning = None
        was_on, self._was_on = self._was_on, []
        for part in was_on:
            part.switch_output(True)

    def _restart(self) -> None:
        if self._returning is not None:
            self._returning.cancel()
            self._returning = None
        self._was_on = []
        for part in reversed(self._parts):
            part.switch_output(False)
            part.forget_events()
        self.errors.clear()
        self._forget_pending()
        self.line.deaf_until_s = self._kernel.now_s + BOOT_S
        if self._work is not None:
            self._work.cancel()
        self._busy = self._hung = False
        self._kept = None

    def _restore(self, settings: list[dict[str, Any]]) -> None:
        for part, own in zip(reversed(self._parts), reversed(settings), strict=True):
            part.restore(own)

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

    @property
    def firmware(self) -> str:
        return self._options.firmware

    def save(self, place: int) -> None:
        self._memory[place] = [part.settings() for part in self._parts]

    def recall(self, place: int) -> None:
        self._restore(self._memory.get(place, [part.factory for part in self._parts]))

    def reset(self, thoroughly: bool = False) -> None:
        self._restore([part.factory for part in self._parts])
        self.form = AnswerForm()
        if thoroughly:
            self._forget_pending()
            self.line.deaf_until_s = self._begun_s + RESET_DEAF_S  # a host waits from its command on

    def clear_status(self) -> None:
        for part in self._parts:
            part.clear_events()
        self.errors.clear()

    def status_byte(self) -> str:
        status = bool(self.errors) << 7
        for part in self._parts:
            status |= part.status_bits()
        return self.form.integer(status)

    def time_on(self) -> str:
        minutes, seconds = divmod(self._kernel.now_s, 60)
        return f"{int(minutes) // 60}:{int(minutes) % 60:02d}:{seconds:05.2f}"
