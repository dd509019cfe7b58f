"""A wire to an imagined Arroyo: it remembers what is written and answers from a table, nothing more."""

from __future__ import annotations

from dataclasses import replace

from hardware.arroyo.laser import ArroyoLaser
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
        self.gone = False
        self.echo = False
        self.half = ""
        self.chunk = None
        self.ends = b"\r\n"
        self.log = []
        self.openings = []
        self._on_the_way = []

    def open(self):
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
        due = b"".join(data for when_s, data in self._on_the_way if when_s <= self.now_s)
        self._on_the_way = [(when_s, data) for when_s, data in self._on_the_way if when_s > self.now_s]
        if self.chunk is not None and len(due) > self.chunk:
            self._on_the_way.insert(0, (self.now_s, due[self.chunk :]))
            due = due[: self.chunk]
        return due

    def write(self, data):
        if self.gone or not self.is_open:
            raise PortError(f"port {self.url} is gone; check the cable")
        half, self.half = self.half, ""
        for line in (half + data.decode("ascii")).split("\r")[:-1]:
            self.log.append((self.now_s, line))
            if not self.deaf:
                self._obey(line)

    def say(self, data, after_s=0.0):
        self._on_the_way.append((self.now_s + after_s, data))

    def say_instead(self, data, after_s=0.0):
        self._on_the_way.clear()
        self.say(data, after_s)

    @property
    def is_answering(self):
        return bool(self._on_the_way)

    def sent(self, since=0):
        return [line for _, line in self.log[since:]]

    def _obey(self, line):
        answer = b""
        for part in line.split(";"):
            name, _, value = part.partition(" ")
            if value:
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

    def __init__(self, driver, wire, period_s=0.010):
        self.driver = driver
        self.wire = wire
        self.period_s = period_s
        self.tick = 0

    @property
    def now_s(self):
        return self.tick * self.period_s

    def step(self, act=None):
        self.tick += 1
        self.wire.now_s = self.now_s
        self.driver.poll(self.now_s)
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

    def ready(self):
        self.run_until(lambda: self.driver.link is LinkState.READY)
        return self.run(0.5)


def laser_bench(period_s=0.010, settings=LASER, **changes):
    wire = Wire({**LASER_ANSWERS, **changes})
    return Bench(ArroyoLaser(settings, wire), wire, period_s)


def tec_bench(period_s=0.010, settings=TEC, **changes):
    wire = Wire({**TEC_ANSWERS, **changes}, url="sim://tec")
    return Bench(ArroyoTec(settings, wire), wire, period_s)


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
