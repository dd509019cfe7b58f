"""A wire to an imagined Arroyo: it remembers what is written and answers from a table, nothing more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from hardware.arroyo.laser import ArroyoLaser
from hardware.arroyo.shared import share
from hardware.arroyo.tec import ArroyoTec
from hardware.interfaces import LinkState, Origin
from hardware.settings import LaserSettings, TecSettings
from hardware.transport import PortError

LASER = LaserSettings(
    port="sim://laser",
    model="4320",
    serial_number="SIM-0001",
    current_limit_ma=10_500,
    voltage_limit_v=4,
)
TEC = TecSettings(
    port="sim://tec",
    model="5305",
    serial_number="SIM-0002",
    setpoint_c=25.0,
    limit_low_c=10.0,
    limit_high_c=40.0,
    current_limit_a=4.0,
)

LASER_ANSWERS = {
    "*IDN?": "Arroyo 4320 SIM-0001 3.10 2017-05",
    "ERRSTR?": "0",
    "LAS:EVE?": "0",
    "LAS:COND?": "0",
    "LAS:LDI?": "0",
    "LAS:SET:LDI?": "0",
    "LAS:OUT?": "0",
    "LAS:MODE?": "ILBW",
}
TEC_ANSWERS = {
    "*IDN?": "Arroyo 5305 SIM-0002 3.10 2017-05",
    "ERRSTR?": "0",
    "TEC:COND?": "1024",
    "TEC:OUT?": "1",
    "TEC:T?": "25.01",
    "TEC:MODE?": "T",
    "TEC:LIM:THI?": "250.00",
    "TEC:LIM:TLO?": "-99.00",
}


@dataclass(frozen=True)
class Variant:
    """An instrument of the field. lacks: commands that it does not know. ends: of its answers, until told.

    combo: laser and TEC are one box on one port, and the other half is at work too.
    """

    answers: Mapping[str, str] = field(default_factory=dict)
    lacks: tuple[str, ...] = ()
    ends: bytes = b"\r\n"
    combo: bool = False
    settings: Mapping[str, object] = field(default_factory=dict)


USUAL = Variant()
LASER_VARIANTS = {
    "usual": USUAL,
    "ComboSource": Variant(combo=True),
    "TERM 6": Variant(ends=b""),
    "without ONDELAY": Variant(lacks=("ONDELAY",)),
    "without LAS:TOL": Variant(lacks=("LAS:TOL",)),
    "mode I": Variant(answers={"LAS:MODE?": "I"}),
    "mode ICW": Variant(answers={"LAS:MODE?": "ICW"}),
}
TEC_VARIANTS = {
    "usual": USUAL,
    "ComboSource": Variant(combo=True),
    "TERM 6": Variant(ends=b""),
    "without TEC:TOL": Variant(lacks=("TEC:TOL",)),
    "5310 at 8 A": Variant(settings={"model": "5310", "current_limit_a": 8.0}),
}
COMBO_MODEL = "6310"


class _Chosen:
    variant = USUAL


def choose(variant):
    """Let every bench made from now on be at this variant."""
    _Chosen.variant = variant


def chosen():
    return _Chosen.variant


def identity(usual="4320", serial_number="SIM-0001"):
    """Return what the chosen variant answers to *IDN?, were its serial number this one."""
    model = COMBO_MODEL if chosen().combo else chosen().settings.get("model", usual)
    return f"Arroyo {model} {serial_number} 3.10 2017-05"


READ_BACK_ELSEWHERE = {"LAS:LDI": "LAS:SET:LDI?", "TEC:T": "TEC:SET:T?"}
BYTES_PER_S = 3840.0


class Wire:
    """A Port. Questions in `answers` are answered `delay_s` and the time of the bytes later; others never.

    A command with a value is what its question answers from then on, unless the question is `stuck`.
    half: what stands in the device's buffer without its line end.
    """

    def __init__(self, answers, url="sim://laser", delay_s=0.010):
        self.answers = dict(answers)
        self.url = url
        self.delay_s = delay_s
        self.origin = Origin.SIM
        self.is_open = False
        self.now_s = 0.0
        self.stuck = set()
        self.deaf = False
        self.misses = None
        """The beginning of one line that does not reach the device."""
        self.gone = False
        self.echo = False
        self.half = ""
        self.chunk = None
        self.ends = chosen().ends
        self.lacks = chosen().lacks
        self.queued = []
        self.for_other = False
        """The other half of a ComboSource has its turn: what it does is not on record."""
        self.log = []
        self.openings = []
        self._on_the_way = []

    def open(self):
        if not self.for_other:
            self.openings.append(self.now_s)
        if self.gone:
            raise PortError(f"port {self.url} is not there; check that the device is plugged in")
        self.is_open = True

    def close(self):
        self.is_open = False
        self._on_the_way.clear()

    def read(self):
        if self.gone:
            self.is_open = False
            raise PortError(f"port {self.url} is gone; check the cable")
        due = b"".join(data for when_s, data, _ in self._on_the_way if when_s <= self.now_s)
        self._on_the_way = [entry for entry in self._on_the_way if entry[0] > self.now_s]
        if self.chunk is not None and len(due) > self.chunk:
            self._on_the_way.insert(0, (self.now_s, due[self.chunk :], self.for_other))
            due = due[: self.chunk]
        return due

    def write(self, data):
        if self.gone or not self.is_open:
            raise PortError(f"port {self.url} is gone; check the cable")
        half, self.half = self.half, ""
        for line in (half + data.decode("ascii")).split("\r")[:-1]:
            if not self.for_other:
                self.log.append((self.now_s, line))
            if self.misses is not None and line.startswith(self.misses):
                self.misses = None
            elif not self.deaf:
                self._obey(line)

    def say(self, data, after_s=0.0):
        self._on_the_way.append((self.now_s + after_s, data, self.for_other))

    def say_instead(self, data, after_s=0.0):
        self._on_the_way.clear()
        self.say(data, after_s)

    @property
    def is_answering(self):
        return any(not for_other for _, _, for_other in self._on_the_way)

    def sent(self, since=0):
        return [line for _, line in self.log[since:]]

    def _obey(self, line):
        answer = b""
        for part in line.split(";"):
            name, _, value = part.partition(" ")
            if name.removesuffix("?") in self.lacks:
                self.queued.append('123,"Path not found"')
            elif part == "ERRSTR?" and self.queued:
                answer = ",".join(self.queued).encode("ascii") + self.ends
                self.queued.clear()
            elif value:
                if part == "TERM 0" and not self.ends:
                    self.ends = b"\r\n"
                question = READ_BACK_ELSEWHERE.get(name, f"{name}?")
                if question not in self.stuck:
                    self.answers[question] = value
            elif part in self.answers:
                answer = self.answers[part].encode("ascii") + self.ends
        if self.echo:
            answer = line.encode("ascii") + answer
        if answer:
            duration_s = (len(line) + 1 + len(answer)) / BYTES_PER_S
            self.say(answer, self.delay_s + duration_s)


class Bench:
    """A driver at its wire, polled and flushed every `period_s`."""

    def __init__(self, driver, wire, period_s=0.010, other=None):
        self.driver = driver
        self.other = other
        self.wire = wire
        self.period_s = period_s
        self.tick = 0
        self._unanswered_before = 0

    @property
    def now_s(self):
        return self.tick * self.period_s

    def step(self, act=None):
        self.tick += 1
        self.wire.now_s = self.now_s
        self.driver.poll(self.now_s)
        if self.other is not None:
            self.wire.for_other = True
            self.other.poll(self.now_s)
            self.wire.for_other = False
        if act is not None:
            act()
        self.driver.flush(self.now_s)

    def run(self, seconds):
        for _ in range(round(seconds / self.period_s)):
            self.step()
        return self

    def run_until(self, condition, within_s=5.0):
        for _ in range(round(within_s / self.period_s)):
            if condition():
                return self
            self.step()
        raise AssertionError(f"not within {within_s} s; sent last: {self.wire.sent()[-8:]}")

    @property
    def is_open(self):
        return self.driver._port.is_open

    def ready(self):
        self.run_until(lambda: self.driver.link is LinkState.READY)
        self._unanswered_before = self.driver.unanswered_questions
        return self.run(0.5)

    @property
    def unanswered(self):
        """Questions given up since it was ready."""
        return self.driver.unanswered_questions - self._unanswered_before


def laser_bench(period_s=0.010, settings=LASER, **changes):
    variant = chosen()
    if variant.combo:
        return combo_bench(period_s, settings, TEC, changes)[0]
    wire = Wire({**LASER_ANSWERS, **variant.answers, **changes})
    return Bench(ArroyoLaser(settings, wire), wire, period_s)


def tec_bench(period_s=0.010, settings=TEC, **changes):
    variant = chosen()
    if variant.combo:
        return combo_bench(period_s, LASER, settings, changes, url="sim://tec")[1]
    settings = replace(settings, **variant.settings)
    wire = Wire(
        {**TEC_ANSWERS, **variant.answers, "*IDN?": identity("5305", "SIM-0002"), **changes}, url="sim://tec"
    )
    return Bench(ArroyoTec(settings, wire), wire, period_s)


def combo_bench(period_s, laser, tec, changes, url="sim://laser"):
    """Return a bench of either half; step one of them."""
    serial_number = "SIM-0001" if url == "sim://laser" else "SIM-0002"
    own = {"model": COMBO_MODEL, "serial_number": serial_number}
    answers = {**LASER_ANSWERS, **TEC_ANSWERS, "*IDN?": identity("", serial_number), **changes}
    wire = Wire(answers, url=url)
    lanes = share(wire, 0.5)
    halves = (
        ArroyoLaser(replace(laser, **own), lanes[0], lanes[0]),
        ArroyoTec(replace(tec, **own), lanes[1], lanes[1]),
    )
    return tuple(Bench(half, wire, period_s, other) for half, other in (halves, halves[::-1]))


def changed(settings, **changes):
    return replace(settings, **changes)


LASER_READINGS = ("output_on", "set_current_ma", "measured_current_ma", "condition_bits", "errors")


def ages_s(bench):
    return {name: bench.now_s - getattr(bench.driver, name).asked_s for name in LASER_READINGS}


def switched_on(current_ma=0.0, **changes):
    bench = laser_bench(**changes).ready()
    bench.step(lambda: bench.driver.want(True, 0.0))
    bench.run_until(lambda: bench.driver.output_on.value)
    if current_ma:
        bench.step(lambda: bench.driver.want(True, current_ma))
        bench.run_until(lambda: bench.driver.set_current_ma.value == current_ma)
    return bench
