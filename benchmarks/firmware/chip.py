"""The interlock board's own firmware on an emulated chip, in lock-step or in real time."""

from __future__ import annotations

import binascii
import subprocess
from types import TracebackType
from typing import NamedTuple, Self

from benchmarks.firmware.build import BUILD, build, symbols

CYCLES_PER_MS = 16_000
RAM_END = 0x8FF
SERIAL_NUMBER = "SIM-IL-0001"

# Program words that take the place of `feed_watchdog` until the chip's next reset.
HANGS = {
    "starved": "0895",  # ret: all goes on, only the watchdog is not fed
    "main loop": "ffcf",  # rjmp to itself: the interrupts go on
    "everything": "f894ffcf",  # cli, rjmp to itself
}


class Line(NamedTuple):
    """A line from the chip. cycle: when its first byte began; text: all of it, line end included."""

    cycle: int
    text: str

    @property
    def body(self) -> str:
        """What stands between "$" and the checked CRC. Raises ValueError where the line is not sound."""
        body, star, crc = self.text[1:-1].rpartition("*")
        if not (self.text[0] == "$" and star and self.text[-1] == "\n" and crc == crc_of(body)):
            raise ValueError(f"not a sound line: {self.text!r}")
        return body


class Change(NamedTuple):
    """An output that changed: gate, aiming, readback, pwm, or reset when the chip started anew."""

    cycle: int
    name: str
    value: int


class Status(NamedTuple):
    """A decoded ST line and the cycle at which it began."""

    cycle: int
    seq: int
    ms: int
    flags: int
    photodiode: int
    vibration_mg: int
    faults: int


class Outputs(NamedTuple):
    """The chip's outputs now, the lowest stack pointer so far, and bytes lost for want of a reader."""

    gate: int
    aiming: int
    pwm: int
    readback: int
    lowest_sp: int
    lost_bytes: int


def crc_of(body: str) -> str:
    """Return CRC-16/CCITT-FALSE of the body as four upper-case hexadecimal digits."""
    return f"{binascii.crc_hqx(body.encode('latin-1'), 0xFFFF):04X}"


def framed(body: str) -> str:
    """Return the body as a line of the protocol."""
    return f"${body}*{crc_of(body)}\n"


class SimulatedBoardChip:
    """One chip with what is wired to it. A context manager; both modes take the same inputs.

    Lock-step: time passes in `run_ms` and `run_cycles` alone, and the same calls give the same bytes and
    cycles every time. Real time: the chip runs by itself behind the pseudo-terminal `port`.

    Inputs of `set`: no, nc, stop (contacts, 1 closed), photodiode_mv, relay ("works", "welded", "stuck"),
    relay_us (its delay), accelerometer ("none", "mpu6050", "adxl345"), vibration_mg (RMS), drift_mg,
    vibration_at_127_mg (the vibration follows the motor; under 0 it does not), bus_stuck (I2C never ends).
    At first: pedal released, stop loop closed, no accelerometer, relay of 5 ms.
    """

    def __init__(self, *, real_time: bool = False, serial_number: str = SERIAL_NUMBER) -> None:
        build()
        command = [str(BUILD / "harness"), str(BUILD / "interlock_board.elf"), "--serial", serial_number]
        self._process = subprocess.Popen(
            [*command, "--pty"] if real_time else command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to, self._from = self._process.stdin, self._process.stdout
        self._symbols: dict[str, int] = {}
        self._unfinished = Line(0, "")
        self._lines: list[Line] = []
        self._changes: list[Change] = []
        self.cycle = 0
        self.port = self._from.readline().rstrip("\n") if real_time else ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the chip; its pseudo-terminal goes with it."""
        self._to.close()
        self._process.wait(timeout=10.0)
        self._from.close()

    def run_cycles(self, cycles: int) -> None:
        """Let this much of the chip's time pass (lock-step)."""
        self._ask(f"run {cycles}")

    def run_ms(self, ms: float) -> None:
        """Let this much of the chip's time pass (lock-step)."""
        self.run_cycles(round(ms * CYCLES_PER_MS))

    def set(self, **inputs: float | str) -> None:
        """Change inputs, at this instant."""
        for name, value in inputs.items():
            self._ask(f"set {name} {value}")

    def press(self) -> None:
        """Press the pedal, both contacts at once."""
        self.set(nc=0, no=1)

    def release(self) -> None:
        """Release the pedal, both contacts at once."""
        self.set(no=0, nc=1)

    def write(self, raw: bytes) -> None:
        """Put bytes on the line to the chip; they go at its baud rate, behind those under way (lock-step)."""
        if raw:
            self._ask(f"rx {raw.hex()}")

    def command(self, *fields: str | int) -> None:
        """Send one command: name, number and what it takes (lock-step)."""
        self.write(framed(",".join(map(str, fields))).encode())

    def take_lines(self) -> list[Line]:
        """Return the whole lines that came since the last call."""
        taken, self._lines = self._lines, []
        return taken

    def take_changes(self) -> list[Change]:
        """Return the outputs' changes since the last call."""
        taken, self._changes = self._changes, []
        return taken

    def outputs(self) -> Outputs:
        """Return the outputs now, in either mode."""
        words = self._ask("state")[0].split()[1:]
        return Outputs(**{name: int(value) for name, value in (word.split("=") for word in words)})

    def hang(self, how: str) -> None:
        """Hang the program in one of the ways of HANGS, until the chip resets itself."""
        self._ask(f"patch {self._address('feed_watchdog'):x} {HANGS[how]}")

    def read_variable(self, name: str, size: int) -> int:
        """Return an unsigned variable of the program, by its name."""
        answer = self._ask(f"peek {self._address(name):x} {size}")[0]
        return int.from_bytes(bytes.fromhex(answer.split()[1]), "little")

    def write_variable(self, name: str, size: int, value: int) -> None:
        """Set an unsigned variable of the program, by its name."""
        self._ask(f"poke {self._address(name):x} {value.to_bytes(size, 'little').hex()}")

    def push_reset_button(self) -> None:
        """Reset the chip from outside, as an opened port does on a real board."""
        self._ask("reset")

    def _address(self, name: str) -> int:
        self._symbols = self._symbols or symbols()
        return self._symbols[name]

    def _ask(self, command: str) -> list[str]:
        """Send one command and take what it brings; return the answers that are neither line nor change.

        Raises RuntimeError where the chip crashed or does not know the command.
        """
        self._to.write(command + "\n")
        self._to.flush()
        answers: list[str] = []
        while True:
            kind, _, rest = self._from.readline().rstrip("\n").partition(" ")
            if kind == "done":
                self.cycle = int(rest)
                return answers
            if kind == "tx":
                self._take_bytes(rest)
            elif kind == "out":
                cycle, name, value = rest.split()
                self._changes.append(Change(int(cycle), name, int(value)))
                if name == "reset":
                    self._unfinished = Line(0, "")
            elif kind in ("mem", "state"):
                answers.append(f"{kind} {rest}")
            else:
                raise RuntimeError(f"emulated chip: {command!r}: {kind} {rest or 'it has ended'}")

    def _take_bytes(self, rest: str) -> None:
        cycle, raw = rest.split()
        text = bytes.fromhex(raw).decode("latin-1")
        begun = self._unfinished if self._unfinished.text else Line(int(cycle), "")
        line = Line(begun.cycle, begun.text + text)
        if text.endswith("\n"):
            self._lines.append(line)
            line = Line(0, "")
        self._unfinished = line


def statuses(lines: list[Line]) -> list[Status]:
    """Return the ST lines among these, decoded."""
    return [_status(line) for line in lines if line.text.startswith("$ST,")]


def answers(lines: list[Line]) -> list[str]:
    """Return the bodies of the lines that are no status."""
    return [line.body for line in lines if not line.text.startswith("$ST,")]


def _status(line: Line) -> Status:
    _, seq, ms, flags, photodiode, vibration_mg, faults = line.body.split(",")
    return Status(
        line.cycle, int(seq), int(ms), int(flags, 16), int(photodiode), int(vibration_mg), int(faults, 16)
    )
