"""The same pins, bytes and waits for simulator and firmware, and what differs in what they say.

WIRE.md leaves no room in what is answered, in which flags and faults follow each other, and in which order;
it leaves some in when. Steps begin on a grid of 14 ms, because no sum of steps then comes nearer than 2 ms to
one of WIRE.md's times (20, 50, 250, 500 and 1000 ms), within which the two may differ. What the windows of
the vibration decide begins and ends in rest: where a window begins is the board's own affair.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import NamedTuple

from benchmarks.firmware.boards import BOARD_KINDS, VIBRATION_MG, Board, BoardKind, switched_on
from benchmarks.firmware.chip import Line, Status, framed, statuses

GRID_MS = 14
BYTE_MS = 0.1
BOUNCE_MS = 1.0
FINE_MS = 0.25
HEARTBEAT_STEPS = 3
SETTLED_STEPS = 41
"""574 ms: the motor's 500 ms, and three whole windows wherever the first began."""
RESTART_STEPS = 40
"""Watchdog and start."""

FLAG_NAMES = (
    "pedal",
    "stop loop",
    "gate",
    "wanted",
    "motor",
    "vibration",
    "aiming",
    "accelerometer",
    "host",
)
SIGNALS = FLAG_NAMES + tuple(f"fault {bit}" for bit in range(8))

EDGE_MS = 3.0
"""For what is told at once: the 2 ms within which a gate may open, and whole milliseconds."""
STATUS_MS = 13.0
"""For the rest: a status period of 10 ms more, at any phase."""
SETTLING_MS = 230.0
"""For what the windows decide: two of them at any phase, and the search for an accelerometer."""
FIRST_WINDOWS_MS = 600.0
EDGES = ("pedal", "stop loop", "gate")
CLOCK_MS = 2.0
"""How far the ms of a status may leave the time that has passed: whole milliseconds and an edge's wait."""
PHOTODIODE_COUNTS = 1
VIBRATION_MG_NEAR_0 = 10.0
VIBRATION_PART = 0.08
"""A window holds no whole number of the emulated plate's oscillations."""


class Wait(NamedTuple):
    """Time without a word from the host; keep: with its heartbeats."""

    steps: int
    keep: bool = False


class Pins(NamedTuple):
    """Inputs that change at one instant."""

    inputs: tuple[tuple[str, float | str], ...]


class Bounce(NamedTuple):
    """A contact that opens and closes in turn each millisecond and rests closed or open."""

    contact: str
    changes: int
    closed: int


class Settle(NamedTuple):
    """A change that the vibration's windows judge, from rest to rest."""

    inputs: tuple[tuple[str, float | str], ...]
    threshold_mg: int | None = None


class Say(NamedTuple):
    """Bytes to the board; after `cut` of them the host pauses."""

    raw: bytes
    cut: int = 0
    pause_steps: int = 0


class Want(NamedTuple):
    """A heartbeat with this wish, and this wish from now on."""

    wanted: int


Step = Wait | Pins | Bounce | Settle | Say | Want


class Restart(NamedTuple):
    """The end of a script: the main loop hangs until the watchdog bites, or the button is pushed."""

    by_watchdog: bool


class Change(NamedTuple):
    """A signal changed; settling: while the windows judged."""

    at_ms: float
    value: int
    settling: bool


@dataclass(slots=True)
class Record:
    """What one board said to a script."""

    answers: list[str] = field(default_factory=list)
    changes: dict[str, list[Change]] = field(default_factory=lambda: {name: [] for name in SIGNALS})
    readings: list[Status] = field(default_factory=list)
    vibrations_mg: list[int] = field(default_factory=list)
    drives: list[tuple[int, int]] = field(default_factory=list)
    gaps: int = 0
    first: Status | None = None
    clock_ms: float = 0.0
    after_restart: Status | None = None
    ran_ms: float = 0.0


class Player:
    """Plays steps to one board and writes down what it says."""

    def __init__(self, board: Board) -> None:
        self.record = Record()
        self._board = board
        self._wanted = 0
        self._number = 100
        self._rest = b""
        self._newest: Status | None = None
        self._settling = False
        self._begun_ms = 0.0
        self._restarted = False
        self._lines: list[Line] = []
        self._begun_ms = self._started_ms()
        self._run_ms(2 * GRID_MS - self._board.now_ms)
        self.record = Record(first=self._newest)  # what precedes is the start's

    def play(self, steps: Sequence[Step], restart: Restart | None = None) -> Record:
        """Return what the board said to these steps."""
        for step in steps:
            self._do(step)
        self._do(Wait(2, keep=True))
        self.record.clock_ms = self._started_ms() - self._begun_ms
        if restart is not None:
            self._restart(restart)
        self.record.ran_ms = self._board.now_ms
        return self.record

    def _do(self, step: Step) -> None:
        if isinstance(step, Wait):
            self._wait(step.steps, step.keep)
        elif isinstance(step, Pins):
            self._board.set(**dict(step.inputs))
            self._wait(2)
        elif isinstance(step, Bounce):
            self._bounce(step)
        elif isinstance(step, Settle):
            self._settle(step)
        elif isinstance(step, Say):
            self._say(step)
        else:
            self._wanted = step.wanted
            self._heartbeat()
            self._wait(1)
        self._note()

    def _note(self) -> None:
        assert self._newest is not None
        self.record.readings.append(self._newest)
        outputs = self._board.outputs()
        self.record.drives.append((outputs.aiming, outputs.pwm))

    def _wait(self, steps: int, keep: bool = False) -> None:
        if not keep:
            self._run_ms(steps * GRID_MS)
            return
        for begun in range(0, steps, HEARTBEAT_STEPS):
            self._heartbeat()
            self._run_ms(min(HEARTBEAT_STEPS, steps - begun) * GRID_MS)

    def _heartbeat(self) -> None:
        self._number = 100 + (self._number - 99) % 900  # of one length, so that they come in time
        self._board.write(framed(f"HB,{self._number},{self._wanted}").encode())

    def _bounce(self, step: Bounce) -> None:
        for change in range(step.changes, -1, -1):
            self._board.set(**{step.contact: step.closed ^ change & 1})
            self._run_ms(BOUNCE_MS)
        self._run_ms(GRID_MS - (step.changes + 1) * BOUNCE_MS)
        self._wait(3)  # off the grid: until what its last change brings about is over

    def _settle(self, step: Settle) -> None:
        self._wait(SETTLED_STEPS, keep=True)
        self._settling = True
        self._board.set(**dict(step.inputs))
        if step.threshold_mg is not None:
            self._board.write(framed(f"VT,7,{step.threshold_mg}").encode())
        self._wait(SETTLED_STEPS, keep=True)
        self._settling = False
        assert self._newest is not None
        self.record.vibrations_mg.append(self._newest.vibration_mg)

    def _say(self, step: Say) -> None:
        for raw, pause_steps in ((step.raw[: step.cut], step.pause_steps), (step.raw[step.cut :], 1)):
            if raw:
                self._board.write(raw)
                self._wait(ceil(len(raw) * BYTE_MS / GRID_MS) + pause_steps)

    def _restart(self, restart: Restart) -> None:
        self._restarted = True
        if restart.by_watchdog:
            self._board.hang()
        else:
            self._board.push_reset_button()
        self._rest = b""
        self._run_ms(RESTART_STEPS * GRID_MS)
        self.record.after_restart = self._newest
        self.record.drives.append(self._board.outputs()[1:])
        self._board.write(framed("CL,9").encode())
        self._run_ms(2 * GRID_MS)

    def _started_ms(self) -> float:
        """Return when the board's milliseconds began, by the arrival of its next status."""
        self._read()
        before = self._newest
        while self._newest is before:
            self._run_ms(FINE_MS)
        text = self._lines[-1].text
        assert self._newest is not None
        return self._board.now_ms - len(text) * BYTE_MS - self._newest.ms

    def _run_ms(self, ms: float) -> None:
        self._board.run_ms(ms)
        self._read()

    def _read(self) -> None:
        *whole, self._rest = (self._rest + self._board.read()).split(b"\n")
        self._lines = [Line(0, raw.decode("latin-1") + "\n") for raw in whole]
        for line in self._lines:
            if line.text.startswith("$ST,"):
                self._follow(statuses([line])[0])
            elif not self._restarted or line.text.startswith("$"):
                self.record.answers.append(line.body)

    def _follow(self, status: Status) -> None:
        before, self._newest = self._newest, status
        if self._restarted or before is None:
            return
        self.record.gaps += (status.seq - before.seq - 1) % 65536
        last = before.flags | before.faults << len(FLAG_NAMES)
        now = status.flags | status.faults << len(FLAG_NAMES)
        for bit, name in enumerate(SIGNALS):
            if (now ^ last) >> bit & 1:
                at_ms = status.ms + self._begun_ms
                self.record.changes[name].append(Change(at_ms, now >> bit & 1, self._settling))


def play_to_both(steps: Sequence[Step], restart: Restart | None = None) -> dict[BoardKind, Record]:
    """Return what each kind of board, switched on anew, said to these steps."""
    records = {}
    for kind in BOARD_KINDS:
        with switched_on(kind) as board:
            board.set(accelerometer="mpu6050", vibration_mg=VIBRATION_MG)
            records[kind] = Player(board).play(steps, restart)
    return records


def spun_up() -> list[Step]:
    """Return the steps to a motor that has run long enough, and a healthy vibration."""
    return [Say(framed("MO,1,127").encode()), Wait(SETTLED_STEPS, keep=True)]


def treating() -> list[Step]:
    """Return the steps to a closed gate."""
    return [*spun_up(), Want(1), Pins((("nc", 0), ("no", 1))), Wait(4, keep=True)]


def differences(records: dict[BoardKind, Record]) -> list[str]:
    """Return every way in which the two records are not of one and the same board."""
    simulator, firmware = records["simulator"], records["firmware"]
    found = []
    if simulator.answers != firmware.answers:
        found.append(f"answers: simulator {simulator.answers}, firmware {firmware.answers}")
    if simulator.drives != firmware.drives:
        found.append(f"aiming and PWM: simulator {simulator.drives}, firmware {firmware.drives}")
    for name in SIGNALS:
        found += _signal_differences(name, simulator.changes[name], firmware.changes[name])
    for kind, record in records.items():
        if record.gaps or abs(record.clock_ms) > CLOCK_MS:
            found.append(f"{kind}: {record.gaps} statuses missing, its clock off by {record.clock_ms} ms")
    found += _reading_differences(simulator, firmware)
    found += _state_differences("at first", simulator.first, firmware.first)
    return found + _state_differences("after the restart", simulator.after_restart, firmware.after_restart)


def lateness_ms(records: dict[BoardKind, Record], counts: Callable[[str, Change], bool]) -> list[float]:
    """Return by how much the firmware was later than the simulator, at each change that counts."""
    simulator, firmware = records["simulator"].changes, records["firmware"].changes
    return [
        there.at_ms - here.at_ms
        for name in SIGNALS
        for here, there in zip(simulator[name], firmware[name], strict=False)
        if counts(name, there)
    ]


def allowed_ms(name: str, change: Change) -> float:
    """Return how far apart in time the two boards may tell of a change."""
    if change.settling or (name == "vibration" and change.at_ms < FIRST_WINDOWS_MS):
        return SETTLING_MS
    return EDGE_MS if name in EDGES else STATUS_MS


def _signal_differences(name: str, simulator: list[Change], firmware: list[Change]) -> list[str]:
    agree = [change.value for change in simulator] == [change.value for change in firmware] and all(
        abs(here.at_ms - there.at_ms) <= allowed_ms(name, here)
        for here, there in zip(simulator, firmware, strict=True)
    )
    return [] if agree else [f"{name}: simulator {_told(simulator)}, firmware {_told(firmware)}"]


def _told(changes: list[Change]) -> str:
    return " ".join(f"{change.value}@{change.at_ms:.1f}" for change in changes) or "never"


def _reading_differences(simulator: Record, firmware: Record) -> list[str]:
    found = []
    for here, there in zip(simulator.readings, firmware.readings, strict=True):
        if abs(here.photodiode - there.photodiode) > PHOTODIODE_COUNTS:
            found.append(f"photodiode: simulator {here}, firmware {there}")
    for here_mg, there_mg in zip(simulator.vibrations_mg, firmware.vibrations_mg, strict=True):
        if abs(here_mg - there_mg) > max(VIBRATION_MG_NEAR_0, VIBRATION_PART * here_mg):
            found.append(f"vibration: simulator {here_mg} mg, firmware {there_mg} mg")
    return found


def _state_differences(when: str, simulator: Status | None, firmware: Status | None) -> list[str]:
    if simulator is None or firmware is None:
        return []
    if (simulator.flags, simulator.faults) == (firmware.flags, firmware.faults):
        return []
    return [f"{when}: simulator {simulator}, firmware {firmware}"]
