"""One driver on a wire that goes bad again and again: what it must never do, and how soon it is in step.

The far end is the simulated device; between it and the driver a port spoils what the device says, adds lines
of its own, or says nothing else than those. Time is virtual.
"""

from __future__ import annotations

import re
from binascii import crc_hqx
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from random import Random
from time import thread_time_ns
from typing import Any, NamedTuple

from benchmarks.fuzz.noise import Noise
from benchmarks.rigs.readings import READINGS
from benchmarks.rigs.variants import LASERS, Variant
from hardware.interfaces import LinkState
from hardware.registry import DRIVERS
from hardware.trace import WireTrace
from hardware.transport import PortError, SerialPort
from simulators.cart import SimulatedCart, install, uninstall
from simulators.world import World
from tosca_kiosk.config import bundled, load_config

TICK_S = 0.010
READY_WITHIN_S = 30.0
"""The longest pause before a port is opened again, the start sequence, and both again for one that failed."""
IN_STEP_WITHIN_S = 0.2
MOST_WRITTEN_BYTES = 1000
"""In one poll: no driver has more to say, whatever it hears."""


def _crc_holds(line: bytes) -> bool:
    return b"%04X" % crc_hqx(line[1:-5], 0xFFFF) == line[-4:] and line[:1] == b"$"


def _framed(body: bytes) -> bytes:
    return b"$%s*%04X" % (body, crc_hqx(body, 0xFFFF))


def _arroyo_word(random: Random) -> bytes:
    number = b"%d" % random.choice((0, 1, 2, 16, 528, 1024, 12000, 65535, 10**6))
    return random.choice(
        (
            *(number, b"25.00", b'201,"Out of range"', b"501", b"nan", b"1e9", b"ON", b"ILBW", b"100,1.0"),
            *(b"Arroyo 4320 SIM-LASER 1 1", b"Arroyo 5305 OTHER 1 1", b"*IDN?", b"TERMINAL 0", b"-0.0"),
        )
    )


def _stage_word(random: Random) -> bytes:
    tag = random.choice((b"EPOS", b"DPOS", b"STAT", b"SRNO", b"HLIM", b"POLI", b"SSPD", b"PTOL", b"X:STAT"))
    return b"%s=%+09d" % (tag, random.choice((0, 1, 2400, 12345678, random.getrandbits(22))))


def _board_word(random: Random) -> bytes:
    numbers = [random.getrandbits(random.choice((1, 4, 16, 33))) for _ in range(6)]
    body = random.choice((b"ST,%d,%d,%X,%d,%d,%X", b"OK,%d", b"ER,%d,%d", b"ID,%d,TOSCA-IL,%d", b"XX,%d"))
    whole = body % tuple(numbers[: body.count(b"%")])
    return _framed(whole) if random.random() < 0.5 else b"$%s*%04X" % (whole, random.getrandbits(16))


class Kind(NamedTuple):
    """What differs from device to device.

    readings: its properties. evidence: patterns of the lines that make a reading, the last one complete it.
    forbidden: what it must never send while nothing is wanted.
    """

    words: Callable[[Random], bytes]
    end: bytes
    readings: tuple[str, ...]
    evidence: tuple[bytes, ...]
    forbidden: bytes


KINDS = {
    "laser": Kind(
        _arroyo_word,
        b"\r\n",
        READINGS["laser"],
        (rb".*\S.*",),
        rb"LAS:OUT (1|ON)|LAS:LDI 0*[1-9]|MODE:|\*RST|\*RCL",
    ),
    "tec": Kind(
        _arroyo_word,
        b"\r\n",
        READINGS["tec"],
        (rb".*\S.*",),
        rb"LAS|MODE:|\*RST|\*RCL|TEC:T (?!25\.00)",
    ),
    "stage": Kind(
        _stage_word,
        b"\n",
        READINGS["stage"],
        tuple(rb"(.:)?%s=([+-]\d{8}|0|-?[1-9]\d{0,7})\r?" % tag for tag in (b"EPOS", b"DPOS", b"STAT")),
        rb"DPOS=[^?]|STEP|SCAN|INDX|MOVE|SSPD=(?!2000)\d|HLIM=\d|LLIM=\d",
    ),
    "board": Kind(
        _board_word, b"\n", READINGS["board"], (rb"\$ST,.*",), rb"HB,\d+,1|MO,\d+,[1-9]|AI,\d+,1|CL"
    ),
}


class BadPort:
    """A port whose incoming bytes can go bad. spoil: what is done to them, None for nothing."""

    def __init__(self, inner: SerialPort, kind: Kind, noise: Noise) -> None:
        self._inner = inner
        self._kind = kind
        self._noise = noise
        self.spoil: Callable[[bytes], bytes] | None = None
        self.unplugged = False
        self.written = b""
        self.delivered = False
        self._rest = b""
        self._patterns = [re.compile(pattern, re.DOTALL) for pattern in kind.evidence]
        self._seen = [0] * len(kind.evidence)
        self.completed = False

    url = property(lambda self: self._inner.url)
    origin = property(lambda self: self._inner.origin)
    is_open = property(lambda self: self._inner.is_open)

    def open(self) -> None:
        self._check()
        self._inner.open()
        self._rest = b""
        self._seen = [0] * len(self._seen)

    def close(self) -> None:
        self._inner.close()

    def read(self) -> bytes:
        self._check()
        data = self._inner.read()
        if self.spoil is None:
            self._noise.show(data)
        else:
            data = self.spoil(data)
        self.delivered = self.delivered or bool(data.strip())
        self.completed = False
        *lines, self._rest = re.split(rb"[\r\n]", self._rest + data)
        for line in lines:
            self._witness(line)
        return data

    def write(self, data: bytes) -> None:
        self._check()
        self.written += data
        self._inner.write(data)

    def can_have_made(self, readings: int) -> bool:
        """Whether the newest poll brought what completes a reading, and the opening enough for so many."""
        return self.completed and readings <= min(self._seen)

    def _witness(self, line: bytes) -> None:
        for number, pattern in enumerate(self._patterns):
            if pattern.fullmatch(line) and _is_whole(line):
                self._seen[number] += 1
                self.completed = self.completed or number == len(self._patterns) - 1

    def _check(self) -> None:
        if self.unplugged:
            self._inner.close()
            raise PortError(f"port {self.url} is gone; check the cable")


def _is_whole(line: bytes) -> bool:
    return line[:1] != b"$" or _crc_holds(line)


@dataclass
class Found:
    """What a campaign saw. problems: what must never happen, a text each."""

    lines: int = 0
    bursts: int = 0
    losses: int = 0
    refusals: int = 0
    worst_in_step_s: float = 0.0
    worst_ready_s: float = 0.0
    worst_poll_ms: float = 0.0
    problems: list[str] = field(default_factory=list)


class DriverFuzz:
    """A driver, its simulated device and the bad port between them."""

    def __init__(self, key: str, variant: Variant, seed: int, now_s: list[float]) -> None:
        settings = replace(getattr(load_config(bundled("simulated.yaml")).devices, key), **variant.settings)
        self._random = Random(f"{key} {seed}")
        self._kind = KINDS[key]
        self._noise = Noise(self._random, self._kind.words, self._kind.end)
        self._now_s = now_s
        inner = SerialPort(settings.port, settings.baud, WireTrace(lambda: now_s[0], keep_s=1.0))
        self.port = BadPort(inner, self._kind, self._noise)
        self.driver: Any = DRIVERS[load_config(bundled("simulated.yaml")).drivers[key]](settings, self.port)
        self._before = dict.fromkeys(self._kind.readings)
        self._ons = 0
        self._made = 0
        self.found = Found()

    def run(self, lines: int) -> Found:
        """Go bad until so many lines have come; stop at the first problem."""
        try:
            self.become_ready()
            while self._noise.count < lines and not self.found.problems:
                self._burst()
                self._recover()
        finally:
            self.port.spoil = None
            self.driver.close()
        self.found.lines = self._noise.count
        return self.found

    @property
    def now_s(self) -> float:
        return self._now_s[0]

    def tick(self) -> None:
        """Let a tick of 10 ms pass and judge what the driver did in it."""
        self._now_s[0] += TICK_S
        now_s, driver, port = self._now_s[0], self.driver, self.port
        port.written = b""
        began = thread_time_ns()
        driver.poll(now_s)
        if driver.key == "board":
            driver.heartbeat(False)
        driver.flush(now_s)
        self.found.worst_poll_ms = max(self.found.worst_poll_ms, (thread_time_ns() - began) / 1e6)
        self._judge(now_s)

    def _judge(self, now_s: float) -> None:
        readings = {name: getattr(self.driver, name) for name in self._kind.readings}
        self._judge_sent(self.port.written)
        for name, reading in readings.items():
            if reading is not None and reading is not self._before[name]:
                self._judge_reading(name, reading, self._before[name], now_s)
        if self.driver.link in (LinkState.LOST, LinkState.CLOSED):
            self._made = 0
            if any(readings.values()):
                self._problem(f"has readings while {self.driver.link}")
        if self.driver.link in (LinkState.LOST, LinkState.REFUSED) and not self.driver.problem:
            self._problem(f"is {self.driver.link} and does not say why")
        self._before = readings

    def _judge_sent(self, written: bytes) -> None:
        ons = written.count(b"LAS:OUT 1")
        self._ons -= ons
        if ons and self._ons < 0:
            self._problem("switched on without having been asked to")
        if re.search(self._kind.forbidden, written.replace(b"LAS:OUT 1", b"")):
            self._problem(f"sent {written!r}")
        if len(written) > MOST_WRITTEN_BYTES:
            self._problem(f"sent {len(written)} bytes in one poll")

    def _judge_reading(self, name: str, reading: Any, before: Any, now_s: float) -> None:
        if not reading.asked_s <= reading.received_s <= now_s:
            self._problem(f"{name} was asked at {reading.asked_s}, received at {reading.received_s}")
        if before is not None and reading.received_s == before.received_s:
            return  # the same measurement, doubted
        self._made += 1
        if not self.port.can_have_made(self._made):
            self._problem(f"{name} {reading} was made from nothing")

    def _problem(self, text: str) -> None:
        self.found.problems.append(f"{self.driver.key} at {self._now_s[0]:.2f} s: {text}")

    def _burst(self) -> None:
        """Let the wire be bad for a while, sometimes with a wish to switch on that comes and goes in it."""
        random, noise = self._random, self._noise
        most = random.choice((1, 1, 4, 12))
        self.found.bursts += 1
        self.port.spoil = random.choice(
            (
                noise.spoilt,
                lambda data: data + b"".join(noise.line() for _ in range(random.randrange(most + 1))),
                lambda data: noise.spoilt(data) + b"".join(noise.line() for _ in range(most)),
                lambda _: b"".join(noise.line() for _ in range(random.randrange(most + 1))),
            )
        )
        ticks = random.choice((1, 3, 10, 30, 30, 200))
        self._want(random.random() < 0.2)
        for _ in range(random.randrange(1, ticks + 1)):
            self.tick()
        self._want(False)
        self.tick()
        self.port.spoil = None

    def _want(self, on: bool) -> None:
        if self.driver.key != "laser":
            return
        self._ons = int(on)
        self.driver.want(on, 0.0)

    def _recover(self) -> None:
        """On clean bytes: soon in step if the link held, else ready again; a refusal waits for a hand."""
        clean_s, first_s = self._now_s[0], None
        self.port.delivered = False
        while self.driver.link is LinkState.READY:
            self.tick()
            if self.port.delivered and first_s is None:
                first_s = self._now_s[0]
            if any(r is not None and r.asked_s >= clean_s for r in self._before.values()):
                took_s = self._now_s[0] - (first_s or clean_s)
                self.found.worst_in_step_s = max(self.found.worst_in_step_s, took_s)
                return
            if first_s is not None and self._now_s[0] - first_s > 10 * IN_STEP_WITHIN_S:
                self._problem("is ready and never in step")
                return
        if self.driver.link is LinkState.REFUSED:
            self.found.refusals += 1
            self.port.unplugged = True
            self.tick()
            self.port.unplugged = False
        self.found.losses += 1
        self.become_ready()

    def become_ready(self) -> None:
        """Tick until the device is met; one that is refused is taken out and put in again."""
        began_s = self._now_s[0]
        while self.driver.link is not LinkState.READY and self._now_s[0] - began_s < READY_WITHIN_S:
            self.tick()
            if self.driver.link is LinkState.REFUSED:
                self.port.unplugged = True
                self.tick()
                self.port.unplugged = False
        if self.driver.link is not LinkState.READY:
            self._problem(f"is not ready again after {READY_WITHIN_S:g} s: {self.driver.problem}")
        self.found.worst_ready_s = max(self.found.worst_ready_s, self._now_s[0] - began_s)


@contextmanager
def installed(seed: int, key: str, variant: Variant) -> Iterator[list[float]]:
    """Install a warm simulated cart on a clock that is set by hand: the one number of the list."""
    now_s = [0.0]
    options: dict[str, Any] = {"laser": LASERS["ComboSource"].options} if variant.combo else {}
    options[key] = variant.options
    install(SimulatedCart(World(seed, warm=True), **options), lambda: now_s[0])
    try:
        yield now_s
    finally:
        uninstall()


def fuzz_driver(key: str, variant: Variant, lines: int, seed: int) -> Found:
    """Give the driver of a simulated variant so many bad lines; return what was seen."""
    with installed(seed, key, variant) as now_s:
        return DriverFuzz(key, variant, seed, now_s).run(lines)
