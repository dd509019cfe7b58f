"""Each cause's way to the dark, measured with the other way disabled.

The gate alone: the laser driver hears nothing any more, so its output stays on by the host's will. The driver
alone: the gate's contact is welded. Times count from the end of the cause's own time (`causes`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from benchmarks.campaign.cart import Cart, campaign_cart
from benchmarks.campaign.causes import CAUSES
from benchmarks.campaign.plan import HOST_SILENT, JOURNAL_FAILS, KIOSK_SILENT, Batch, Fault, quick_seed
from benchmarks.campaign.treatments import forked
from benchmarks.rigs.light import DRIVER_S, GATE_S
from simulators.settable import Value
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.protocol import Protocol, Step
from tosca_kiosk.domain.ramps import RampType

POWER_W = 5.0
LIMIT_S = {"gate": GATE_S, "driver": DRIVER_S}
LIGHT_S = 0.8
"""From the pedal to steady light: switching on, and up by the slew limit."""
DEAF_BEFORE_S = 0.2
"""A deaf laser is a fault of its own after 0.5 s: it falls deaf this long before the cause's time ends."""
WATCHED_S = 0.25


@dataclass(frozen=True, slots=True)
class Measured:
    """One trial. dark_after_s: from the end of the cause's own time; None where the light never went."""

    cause: str
    way: str
    dark_after_s: float | None

    @property
    def in_time(self) -> bool:
        return self.dark_after_s is not None and self.dark_after_s <= LIMIT_S[self.way]


class Trial(NamedTuple):
    """A cause and the only way that is left."""

    cause: str
    way: str


def _fault(path: str, value: Value) -> Callable[[Cart, float], None]:
    return lambda cart, after_s: cart.plan_fault(Fault(after_s, path, value))


def _command(command: CommandType) -> Callable[[Cart, float], None]:
    # A command comes with a tick, whenever the finger moved.
    return lambda cart, after_s: cart.tell(command)


BEGIN: dict[str, Callable[[Cart, float], None]] = {
    "pedal up": lambda cart, after_s: cart.foot(False, after_s),
    "stop loop open": lambda cart, after_s: cart.red_button(True, after_s),
    "accelerometer gone": _fault("smoothing.accelerometer_present", False),
    "smoothing dead": _fault("smoothing.strength", 0.0),
    "STOP on the screen": _command(CommandType.STOP),
    "pause": _command(CommandType.PAUSE),
    "screen silent": _fault(KIOSK_SILENT, True),
    "host silent": _fault(HOST_SILENT, 1.0),
    "journal fails": _fault(JOURNAL_FAILS, True),
    "laser lost": _fault("laser.unplugged", True),
    "tec lost": _fault("tec.wire.mute", True),
    "stage lost": _fault("stage.wire.mute", True),
    "board lost": _fault("board.wire.mute", True),
    "board deaf": _fault("board.wire.deaf", True),
    "power over the limit": _fault("laser.current_gain", 1.5),
}
"""How each cause begins, so long from now."""

TRIALS = [
    Trial(cause, way)
    for cause in BEGIN
    for way, needs in (("gate", CAUSES[cause].gate), ("driver", CAUSES[cause].driver))
    if needs is not None
]


def measure(trials: list[Trial], count: int, seed: int) -> Iterator[Measured]:
    """Measure each trial so many times, at random phases of ticks, wires and the board's windows."""
    random = Random(f"campaign/ways/{seed}")
    with campaign_cart(Batch(seed, quick_seed(random), _protocol())) as cart:
        cart.prepare()
        cart.arm()
        cart.foot(True, 0.0)
        cart.run(cart.wait(LIGHT_S))
        for number in range(count):
            # Light goes on between the rounds, so that they meet other windows and lines.
            cart.run(cart.wait(random.uniform(0.0, 0.15)))
            for trial in trials:
                phase_s = random.random() * 0.01
                yield forked(_Work(cart, trial, phase_s), number)


class _Work(NamedTuple):
    cart: Cart
    trial: Trial
    phase_s: float

    def __call__(self) -> Measured:
        cart, (name, way), phase_s = self
        own_s = CAUSES[name].own_s
        if way == "driver":
            cart.plan_fault(Fault(0.0, "gate.welded", True))
        elif name != "laser lost":
            cart.plan_fault(Fault(max(phase_s, own_s - DEAF_BEFORE_S), "laser.wire.deaf", True))
        cart.run(self._begin())
        lit = cart.monitor.lit
        began_s = cart.monitor.disturbances.began_s(name)
        if cart.world.true_power_w() > 0.0 or not lit or began_s is None:
            return Measured(name, way, None)
        return Measured(name, way, lit[-1].until_s - began_s - own_s)

    def _begin(self) -> Iterator[None]:
        BEGIN[self.trial.cause](self.cart, self.phase_s)
        yield from self.cart.wait(CAUSES[self.trial.cause].own_s + WATCHED_S)


def _protocol() -> Protocol:
    steady = Step(1, 3600.0, POWER_W, POWER_W, 3.0, RampType.CONSTANT)
    return Protocol("ways", "", (steady,), POWER_W)
