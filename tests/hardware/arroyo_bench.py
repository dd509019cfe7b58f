"""An Arroyo driver at the instrument that a test has chosen, polled and flushed as control does."""

from __future__ import annotations

from dataclasses import replace

from hardware.arroyo.laser import ArroyoLaser
from hardware.arroyo.shared import share
from hardware.arroyo.tec import ArroyoTec
from hardware.interfaces import LinkState
from hardware.settings import LaserSettings, TecSettings
from simulators.wire.arroyo_combo import combo_source
from simulators.wire.arroyo_laser import ArroyoLaser as SimulatedLaser
from simulators.wire.arroyo_laser import LaserOptions
from simulators.wire.arroyo_tec import ArroyoTec as SimulatedTec
from simulators.wire.arroyo_tec import TecOptions
from simulators.world import World
from tests.hardware.arroyo_simulated import OWN_WORDS, SimulatedWire
from tests.hardware.arroyo_wire import LASER_ANSWERS, TEC_ANSWERS, Wire
from tests.hardware.variants import chosen

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

COMBO_MODEL = "6310"


def identity(usual="4320", serial_number="SIM-0001"):
    """Return what the chosen variant answers to *IDN?, were its serial number this one."""
    model = COMBO_MODEL if chosen().combo else chosen().settings.get("model", usual)
    return f"Arroyo {model} {serial_number} 3.10 2017-05"


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


def laser_bench(period_s=0.010, settings=None, **changes):
    settings = settings or changed(LASER)
    if chosen().combo:
        return combo_bench(period_s, settings, TEC, changes)[0]
    wire = _wire(LASER_ANSWERS, settings, changes, identity())
    return Bench(ArroyoLaser(settings, wire), wire, period_s)


def tec_bench(period_s=0.010, settings=None, **changes):
    settings = settings or changed(TEC)
    if chosen().combo:
        return combo_bench(period_s, LASER, settings, changes, url="sim://tec")[1]
    wire = _wire(TEC_ANSWERS, settings, changes, identity("5305", "SIM-0002"))
    return Bench(ArroyoTec(settings, wire), wire, period_s)


def _wire(answers, settings, changes, identity):
    """Return a wire to the chosen variant. changes: what it says otherwise, by question."""
    variant = chosen()
    if variant.by_hand:
        return Wire({**answers, "*IDN?": identity, **changes}, settings.port, variant.lacks)
    world = World(1, warm=True)
    device = _simulated(world, variant.options, identity)
    own = dict.fromkeys(answers, OWN_WORDS)
    return SimulatedWire(world.kernel, device, {**own, **changes}, settings.port, variant.lacks)


def _simulated(world, options, identity):
    """Return a simulated instrument that says it is this one; a laser's interlock is closed."""
    _, model, serial, firmware, build = identity.split()
    options = replace(options, model=model, serial=serial, firmware=firmware, build=build)
    if isinstance(options, TecOptions):
        return SimulatedTec(world, options)
    laser = SimulatedLaser(world, options)
    laser.fail_interlock_plug("closed")
    return laser


def combo_bench(period_s, laser, tec, changes, url="sim://laser"):
    """Return a bench of either half; step one of them."""
    serial_number = "SIM-0001" if url == "sim://laser" else "SIM-0002"
    own = {"model": COMBO_MODEL, "serial_number": serial_number}
    answers = {**LASER_ANSWERS, **TEC_ANSWERS, "*IDN?": identity("", serial_number)}
    if chosen().by_hand:
        wire = Wire({**answers, **changes}, url)
    else:
        world = World(1, warm=True)
        of_box = {"model": COMBO_MODEL, "serial": serial_number, "firmware": "3.10", "build": "2017-05"}
        box, _ = combo_source(world, LaserOptions(**of_box), TecOptions(**of_box))
        box.fail_interlock_plug("closed")
        words = {**dict.fromkeys(answers, OWN_WORDS), **changes}
        wire = SimulatedWire(world.kernel, box, words, url, ())
    lanes = share(wire, 0.5)
    halves = (
        ArroyoLaser(replace(laser, **own), lanes[0], lanes[0]),
        ArroyoTec(replace(tec, **own), lanes[1], lanes[1]),
    )
    return tuple(Bench(half, wire, period_s, other) for half, other in (halves, halves[::-1]))


def changed(settings, **changes):
    """Return what the configuration says of the chosen variant, and what a test wants otherwise."""
    return replace(settings, **{**chosen().settings, **changes})


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


def limit_ma():
    """Return the configured limit of the chosen laser, as it is written."""
    return f"{changed(LASER).current_limit_ma:g}"
