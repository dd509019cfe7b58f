"""A host of the interlock board, written from its WIRE.md alone."""

from collections.abc import Callable
from typing import NamedTuple

from tests.e2e.page_bench import Wire, until

PEDAL, STOP_CLOSED, GATE, WANTED, MOTOR, HEALTHY, AIMING, ACCELEROMETER, ALIVE = range(9)
WIRING, STOP_OPENED, VIBRATION_LOST, SILENT, WELDED, STUCK_OPEN, ACCELEROMETER_LOST, RESTARTED = range(8)


def crc(body: bytes) -> bytes:
    """CRC-16/CCITT-FALSE in four upper-case digits."""
    value = 0xFFFF
    for byte in body:
        value ^= byte << 8
        for _ in range(8):
            value = (value << 1 ^ (0x1021 if value & 0x8000 else 0)) & 0xFFFF
    return b"%04X" % value


def framed(body: str) -> bytes:
    return b"$" + body.encode() + b"*" + crc(body.encode()) + b"\n"


class Status(NamedTuple):
    """One `ST` line."""

    seq: int
    ms: int
    flags: frozenset[int]
    photodiode: int
    vibration_mg: int
    faults: frozenset[int]


def _bits(hexadecimal: str) -> frozenset[int]:
    return frozenset(bit for bit in range(16) if int(hexadecimal, 16) >> bit & 1)


class Board(Wire):
    """A host: sends framed commands, checks every frame it hears, keeps all statuses."""

    def __init__(self, path: str, pass_time: Callable[[], None] | None = None):
        super().__init__(path, 115200, pass_time)
        self.statuses: list[Status] = []
        self.answers: list[str] = []
        self.want = 0
        self.beating = True
        self.last_beat_ms = 0
        self.heard_for(0.1)
        self.line()

    def take_in(self) -> None:
        """Take one line in, if one has come; heartbeat by the board's own clock."""
        line = self.maybe_line()
        if line is None:
            return
        body = line[1:-6].decode("ascii")
        assert line == framed(body), line
        kind, *fields = body.split(",")
        if kind != "ST":
            self.answers.append(body)
            return
        seq, ms, flags, photodiode, vibration, faults = fields
        status = Status(int(seq), int(ms), _bits(flags), int(photodiode), int(vibration), _bits(faults))
        self.statuses.append(status)
        if self.beating and status.ms - self.last_beat_ms >= 20:
            self.beat(self.want)

    def beat(self, want: int) -> None:
        """Heartbeat now, and so from now on."""
        self.want, self.beating = want, True
        if self.statuses:
            self.last_beat_ms = self.statuses[-1].ms
        self.write(framed(f"HB,{self.last_beat_ms % 65536},{want}"))

    def status(self) -> Status:
        """Return the next status."""
        known = len(self.statuses)
        until(self.take_in, lambda _: len(self.statuses) > known)
        return self.statuses[-1]

    def until_flags(self, present: set[int], absent: set[int] = frozenset()) -> Status:
        return until(self.status, lambda status: present <= status.flags and not absent & status.flags)

    def for_ms(self, duration_ms: int) -> list[Status]:
        """Listen (and beat) for a time of the board's clock."""
        first = len(self.statuses)
        start_ms = self.status().ms
        until(self.status, lambda status: status.ms - start_ms >= duration_ms)
        return self.statuses[first:]

    def ask(self, body: str) -> str:
        """Send one command, return the answer with its number."""
        self.answers.clear()
        self.write(framed(body))
        number = body.split(",")[1]
        until(self.take_in, lambda _: self.answers and self.answers[-1].split(",")[1] == number)
        return self.answers[-1]

    def answers_to(self, data: bytes) -> list[str]:
        """Send bytes, return what was answered before the answer to the next command."""
        self.answers.clear()
        self.write(data + framed("AI,999,0"))
        until(self.take_in, lambda _: "OK,999" in self.answers)
        return self.answers[:-1]
