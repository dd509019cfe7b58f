"""Bad hosts at the simulated devices of one cart: nothing they send may raise, hang or bring light.

Of two carts, one with a laser driver and a TEC controller, one with both in a ComboSource.
Everything goes through the `sim://` ports, as from any client. The pedal is held and the stop loop closed all
the while, so that only the want of a valid heartbeat keeps the gate open, and the laser is told to switch on
again and again. Time is virtual.
"""

from __future__ import annotations

import re
from binascii import crc_hqx
from dataclasses import dataclass, field
from random import Random
from time import thread_time_ns
from typing import NamedTuple

import serial

from benchmarks.fuzz.noise import Noise, Words
from simulators.cart import COMBO_PORT, DEVICES, SimulatedCart, install, uninstall
from simulators.wire.arroyo_laser import LaserOptions
from simulators.world import World

BATCH_LINES = 20
STEP_S = 0.05
STEPS_UNTIL_QUIET = 60
"""3 s: what a batch leaves in a line's buffer is sent, and what is deaf after a reset hears again."""
ANSWERS_WITHIN_S = 0.2
MOST_ANSWERED_BYTES = 4000
"""In one step, on one line: 50 ms at 115200 baud carry 576."""


def _arroyo(words: tuple[bytes, ...], last: tuple[bytes, ...]) -> Words:
    def word(random: Random) -> bytes:
        number = random.choice(
            (
                b"0",
                b"1",
                b"3000",
                b"-1",
                b"1e9",
                b"nan",
                b"25.0",
                b"#H10",
                b"#E41200000",
                b"OLD",
                b"65535",
                b"",
            )
        )
        ending = random.choice((b" " + number, b"?", b" %s,%s" % (number, number), b";OUT 1", b""))
        return random.choice((*last, random.choice(words + _COMMON) + ending))

    return word


def _split(words: str, before: str = "") -> tuple[bytes, ...]:
    return tuple((before + word).encode() for word in words.split())


_COMMON = _split("TERMINAL TERM RADIX HEXFLOAT ONDELAY *SAV *RCL *RST *CLS ERR ERRSTR *STB TIME BEEP LOCAL")
_LASER = _split(
    "LDI LDV MDI MDP SET:LDI SET:LDV LIM:LDI LIM:LDV MODE:MDP TOL COND EVE ENAB:OUTOFF OUT I LIM:I MODE:IPD "
    "STEP INC DEC",
    "LAS:",
)
_TEC = _split(
    "T SET:T LIM:THI LIM:TLO LIM:ITE GAIN PID TOL COND ENAB:OUTOFF MODE:R OUT ITE MODE:ITE R SEN", "TEC:"
)
_TAGS = _split(
    "INFO POLI SSPD ISPD ACCE DECE LLIM HLIM DPOS STEP SCAN MOVE INDX ENBL RSET ZERO STOP CONT SAVE HOME ELIM"
)
_BODIES = _split("HB,%d,%d MO,%d,%d AI,%d,%d VT,%d,%d CL,%d ID,%d XX,%d,%d")


def _stage_word(random: Random) -> bytes:
    value = random.choice(
        (b"0", b"1", b"-1", b"?", b"97", b"%d" % random.getrandbits(40), b"7\t\t", b"1e3", b"")
    )
    return random.choice((b"", b"X:")) + random.choice(_TAGS) + b"=" + value


def _board_word(random: Random) -> bytes:
    """A frame: whole ones say everything but a heartbeat that wants the gate, damaged ones that too."""
    number, value = random.getrandbits(17), random.choice((0, 2, 127, 153, 800, 10**6, -1))
    body = random.choice(_BODIES)
    if random.random() < 0.5:
        return framed(body % (number, value)[: body.count(b"%")])
    damaged = framed(b"HB,%d,1" % number)
    return damaged[:-1] + (b"0" if damaged[-1:] != b"0" else b"1")


def framed(body: bytes) -> bytes:
    """Return a board's frame without its line end."""
    return b"$%s*%04X" % (body, crc_hqx(body, 0xFFFF))


def without_beats(data: bytes) -> bytes:
    """Take out whole heartbeats that want the gate: of so many damaged ones chance mends some."""
    return _BEAT.sub(lambda found: b"" if framed(found[1]) == found[0] else found[0], data)


class Host(NamedTuple):
    """What a device is told. after: said when the noise is over. probe, answer: it lives if it says this."""

    baud: int
    words: Words
    end: bytes
    after: bytes
    probe: bytes
    answer: bytes


_BEAT = re.compile(rb"\$(HB,[^*\n]*1)\*[0-9A-F]{4}")
_COMBO = LaserOptions(model="6310", serial="SIM-COMBO")
_ON = (b"LAS:OUT 1", b"LAS:LDI 3000")
HOSTS = {
    "laser": Host(38400, _arroyo(_LASER, _ON), b"\r", b"\r", b"*IDN?\r", b"Arroyo 4320"),
    "tec": Host(38400, _arroyo(_TEC, (b"TEC:OUT 1",)), b"\r", b"\r", b"*IDN?\r", b"Arroyo 5305"),
    "stage": Host(115200, _stage_word, b"\n", b"\nINFO=0\n", b"SRNO=?\n", b"SRNO=-00000001"),
    COMBO_PORT: Host(
        38400,
        _arroyo(_LASER + _TEC, (*_ON, b"TEC:OUT 1")),
        b"\r",
        b"\r",
        b"*IDN?\r",
        b"Arroyo 6310 SIM-COMBO",
    ),
    "board": Host(115200, _board_word, b"\n", b"\n", framed(b"ID,7") + b"\n", b"$ID,7,TOSCA-IL,1,"),
}


@dataclass
class Found:
    """What was seen. problems: what must never happen, a text each."""

    lines: int = 0
    worst_answer_s: float = 0.0
    worst_step_ms: float = 0.0
    problems: list[str] = field(default_factory=list)


class SimulatorFuzz:
    """One cart, some of its ports, and a source of noise for each."""

    def __init__(self, seed: int, keys: tuple[str, ...]) -> None:
        self._random = Random(f"simulators {seed}")
        self._world = World(seed, warm=True)
        self._now_s = 0.0
        self._keys = keys
        self.found = {key: Found() for key in keys}
        self._noises = {key: Noise(self._random, HOSTS[key].words, HOSTS[key].end) for key in keys}
        self._ports: dict[str, serial.Serial] = {}

    def run(self, lines: int) -> dict[str, Found]:
        """Send so many lines to each device; stop at the first problem."""
        cart = SimulatedCart(self._world, laser=_COMBO if COMBO_PORT in self._keys else None)
        install(cart, lambda: self._now_s)
        try:
            for key in self._keys:
                self._ports[key] = serial.serial_for_url(f"sim://{key}", baudrate=HOSTS[key].baud, timeout=0)
            self._world.pedal.press()
            while self._goes_on(lines):
                self._noise()
                self._probe()
        finally:
            for port in self._ports.values():
                port.close()
            uninstall()
        for key in self._keys:
            self.found[key].lines = self._noises[key].count
        return self.found

    def _goes_on(self, lines: int) -> bool:
        return not any(found.problems for found in self.found.values()) and any(
            noise.count < lines for noise in self._noises.values()
        )

    def _noise(self) -> None:
        rest = dict.fromkeys(self._keys, b"")
        for _ in range(self._random.choice((1, 5, 50))):
            for key, port in self._ports.items():
                count = self._random.randrange(BATCH_LINES)
                data = rest[key] or without_beats(b"".join(self._noises[key].line() for _ in range(count)))
                rest[key] = data[port.write(data) or 0 :]
            self._step()

    def _probe(self) -> None:
        """When the noise is over each device answers, as soon as its line is free."""
        for key, port in self._ports.items():
            port.write(HOSTS[key].after)
        for _ in range(STEPS_UNTIL_QUIET):
            self._step()
        asked_s, heard = self._now_s, dict.fromkeys(self._keys, b"")
        for key, port in self._ports.items():
            port.write(HOSTS[key].probe)
        while self._now_s - asked_s < ANSWERS_WITHIN_S and not all(
            HOSTS[key].answer in text for key, text in heard.items()
        ):
            for key, data in self._step(0.005).items():
                found, before = self.found[key], HOSTS[key].answer in heard[key]
                heard[key] += data
                if not before and HOSTS[key].answer in heard[key]:
                    found.worst_answer_s = max(found.worst_answer_s, self._now_s - asked_s)
        for key, text in heard.items():
            if HOSTS[key].answer not in text:
                self._problem(key, f"does not answer {HOSTS[key].probe!r} but says {text[-80:]!r}")

    def _step(self, step_s: float = STEP_S) -> dict[str, bytes]:
        self._now_s += step_s
        heard = {}
        for key, port in self._ports.items():
            began = thread_time_ns()
            heard[key] = port.read(1 << 20)
            found = self.found[key]
            found.worst_step_ms = max(found.worst_step_ms, (thread_time_ns() - began) / 1e6)
            if len(heard[key]) > MOST_ANSWERED_BYTES:
                self._problem(key, f"says {len(heard[key])} bytes at once")
            if self._world.true_power_w() > 0.0 or self._world.gate.contact.closed:
                self._problem(key, f"the gate closes and {self._world.true_power_w():g} W leave")
        return heard

    def _problem(self, key: str, text: str) -> None:
        self.found[key].problems.append(f"simulated {key} at {self._now_s:.2f} s: {text}")


def fuzz_simulators(lines: int, seed: int, keys: tuple[str, ...] = DEVICES) -> dict[str, Found]:
    """Give each port of a cart so many bad lines; return what was seen, by port."""
    return SimulatorFuzz(seed, keys).run(lines)
