"""The interlock board twice behind one face: the Python simulator, and the firmware on its emulated chip.

Both have the same inputs, the same line and a clock that moves in `run_ms` alone: what is played to one can
be played to the other. What is wired to the simulator is as plain as what is wired to the chip: contacts that
are set, a relay of 5 ms, a vibration of a given level.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, NamedTuple, Protocol, cast

from benchmarks.firmware.chip import CYCLES_PER_MS, SERIAL_NUMBER, SimulatedBoardChip
from simulators.kernel import Kernel
from simulators.physics.contacts import GateRelay, SwitchContact
from simulators.plant import Plant
from simulators.wire.board import BoardOptions, InterlockBoard

BoardKind = Literal["simulator", "firmware"]
BOARD_KINDS: tuple[BoardKind, ...] = ("simulator", "firmware")
FIRMWARE_VERSION = "1.0.0"
FULL_SCALE_MV = 5000.0
# simavr feeds the chip a byte in 0.1 ms; at this speed of ten bits a byte so does the simulator's line.
LINE_BAUD = 100_000
# Taken from the line so often that the host's buffer of 4096 bytes never fills.
LONGEST_RUN_MS = 200.0
VIBRATION_MG = 2400


class Outputs(NamedTuple):
    """What the board drives now."""

    gate: int
    aiming: int
    pwm: int


class Board(Protocol):
    """A board that has just been switched on: pedal released, stop loop closed, no accelerometer.

    Inputs of `set`: no, nc, stop (contacts, 1 closed), photodiode_mv, relay ("works", "welded", "stuck"),
    accelerometer ("none", "mpu6050"), vibration_mg (RMS, whatever the motor does).
    """

    @property
    def now_ms(self) -> float:
        """The time since the board was switched on."""

    def run_ms(self, ms: float) -> None: ...

    def set(self, **inputs: float | str) -> None: ...

    def write(self, raw: bytes) -> None:
        """Put bytes on the line to the board, behind those under way."""

    def read(self) -> bytes:
        """Return what has come from the board since the last call."""

    def hang(self) -> None:
        """Let the main loop stand still until the watchdog bites."""

    def push_reset_button(self) -> None: ...

    def outputs(self) -> Outputs: ...


class ChipBoard:
    """The firmware, in lock-step."""

    def __init__(self, chip: SimulatedBoardChip) -> None:
        self.chip = chip

    @property
    def now_ms(self) -> float:
        return self.chip.cycle / CYCLES_PER_MS

    def run_ms(self, ms: float) -> None:
        self.chip.run_ms(ms)

    def set(self, **inputs: float | str) -> None:
        self.chip.set(**inputs)

    def write(self, raw: bytes) -> None:
        self.chip.write(raw)

    def read(self) -> bytes:
        return "".join(line.text for line in self.chip.take_lines()).encode("latin-1")

    def hang(self) -> None:
        self.chip.hang("main loop")

    def push_reset_button(self) -> None:
        self.chip.push_reset_button()

    def outputs(self) -> Outputs:
        now = self.chip.outputs()
        return Outputs(now.gate, now.aiming, now.pwm)


class _Smoothing:
    """A vibration of a given level, its windows taken exactly over what the level was."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.accelerometer_present = False
        self.pwm = 0
        self._level_mg = 0.0
        self._since_s = self._window_since_s = 0.0
        self._squares_mg2_s = 0.0

    def set_motor_pwm(self, pwm: int) -> None:
        self.pwm = pwm

    def set_level_mg(self, level_mg: float) -> None:
        self._add_up()
        self._level_mg = level_mg

    def vibration_mg(self) -> int:
        self._add_up()
        window_s = self._since_s - self._window_since_s
        mean_mg2 = self._squares_mg2_s / window_s if window_s else 0.0
        self._window_since_s, self._squares_mg2_s = self._since_s, 0.0
        return int(math.sqrt(mean_mg2))

    def _add_up(self) -> None:
        now_s = self._kernel.now_s
        self._squares_mg2_s += self._level_mg**2 * (now_s - self._since_s)
        self._since_s = now_s


class _Photodiode:
    def __init__(self) -> None:
        self.photodiode_mv = 0.0

    def counts(self) -> int:
        return min(1023, int(self.photodiode_mv * 1024 / FULL_SCALE_MV))


class _Gate(GateRelay):
    """The cart's relay, which remembers what its coil was told."""

    __slots__ = ("coil",)

    def __init__(self, kernel: Kernel) -> None:
        super().__init__(kernel)
        self.coil = False

    def set_coil(self, on: bool) -> None:
        self.coil = on
        super().set_coil(on)


class _Wiring:
    """The part of a plant to which a board is wired."""

    def __init__(self) -> None:
        self.kernel = Kernel()
        self.smoothing = _Smoothing(self.kernel)
        self.photodiode = _Photodiode()
        self.gate = _Gate(self.kernel)
        self.pedal_no = SwitchContact(closed=False)
        self.pedal_nc = SwitchContact(closed=True)
        self.stop_loop = SwitchContact(closed=True)
        self.aiming = False

    def set_aiming(self, on: bool) -> None:
        self.aiming = on

    def random_seed(self, name: str) -> int:
        return len(name)


class SimulatorBoard:
    """The Python simulator on its own kernel; its line is read here until it is left to a host."""

    def __init__(self, serial_number: str = SERIAL_NUMBER, baud: int = LINE_BAUD) -> None:
        self.wiring = _Wiring()
        options = BoardOptions(serial=serial_number, firmware=FIRMWARE_VERSION, baud=baud)
        self.board = InterlockBoard(cast(Plant, self.wiring), options)
        self.board.line.attach()
        self._listens = True
        self._read = b""

    def leave_line_to_host(self) -> None:
        """Listen no more: somebody else opens the line."""
        self.board.line.detach()
        self._listens = False

    @property
    def now_ms(self) -> float:
        return self.wiring.kernel.now_s * 1000.0

    def run_ms(self, ms: float) -> None:
        kernel = self.wiring.kernel
        until_s = kernel.now_s + ms / 1000.0
        while kernel.now_s < until_s:
            kernel.advance(min(until_s, kernel.now_s + LONGEST_RUN_MS / 1000.0))
            if self._listens:
                self._read += self.board.line.host_read(4096)

    def set(self, **inputs: float | str) -> None:
        for name, value in inputs.items():
            self._set(name, value)

    def _set(self, name: str, value: float | str) -> None:
        wiring = self.wiring
        contacts = {"no": wiring.pedal_no, "nc": wiring.pedal_nc, "stop": wiring.stop_loop}
        if name in contacts:
            contacts[name].move(bool(value))
        elif name == "relay":
            faults: dict[float | str, Literal["ok", "closed", "open"]] = {
                "works": "ok",
                "welded": "closed",
                "stuck": "open",
            }
            wiring.gate.contact.fault = faults[value]
        elif name == "accelerometer":
            wiring.smoothing.accelerometer_present = value != "none"
        elif name == "vibration_mg":
            wiring.smoothing.set_level_mg(float(value))
        elif name == "photodiode_mv":
            wiring.photodiode.photodiode_mv = float(value)
        else:
            raise KeyError(name)

    def write(self, raw: bytes) -> None:
        self.board.line.host_write(raw, self.wiring.kernel.now_s)

    def read(self) -> bytes:
        taken, self._read = self._read, b""
        return taken

    def hang(self) -> None:
        self.board.hang()

    def push_reset_button(self) -> None:
        self.board.reboot()

    def outputs(self) -> Outputs:
        wiring = self.wiring
        return Outputs(int(wiring.gate.coil), int(wiring.aiming), wiring.smoothing.pwm)


@contextmanager
def switched_on(kind: BoardKind, serial_number: str = SERIAL_NUMBER) -> Iterator[Board]:
    """Yield a board of this kind; the emulated chip ends with the context."""
    if kind == "simulator":
        yield SimulatorBoard(serial_number)
        return
    with SimulatedBoardChip(serial_number=serial_number) as chip:
        yield ChipBoard(chip)
