"""What a treatment of the campaign is, drawn from its seed: the plan, the faults, how long it lasts.

Treatments of one batch share their cart and protocol, so that a cart is connected, homed and settled once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from random import Random

from benchmarks.campaign.lost_ways import BY_GATE, BY_LASER, SENSORS
from benchmarks.campaign.record import LIES
from simulators.settable import PEDAL_PATH, SETTABLE, Value
from simulators.settable.firmware import FIRMWARE
from simulators.settable.plant import PLANT
from simulators.settable.wire import WIRE
from simulators.world import World
from tosca_kiosk.domain.protocol import Protocol, Step
from tosca_kiosk.domain.ramps import RampType

TREATMENTS_A_BATCH = 20
FROM_READY = 3
"""So many of a batch begin before arming, the others with the gate wanted and the pedal up."""
SHORTEST_S, LONGEST_S = 1.0, 6.0
FROM_READY_S = 4.5
"""Arming alone takes 3.6 s."""
RINGS_MM = (2.5, 3.0, 3.1, 4.0)
LYING = 0.04
"""So many of the batches have a screen that tells other rules than the record has."""
SEQUENCES = 0.25
"""So many of the treatments have faults on different paths that stay; the others whatever may go wrong."""

HOST_SILENT, KIOSK_SILENT, JOURNAL_FAILS = "host.silent_s", "host.kiosk_silent", "host.journal_fails"
"""Faults of the computer itself: no tick for so long, no sign of life of the screen, a write that fails."""

# What a path is without a fault, where it is not false, 0 or the first word.
SPEEDS = {"laser": 38400, "tec": 38400, "stage": 115200, "board": 115200}
_NEUTRAL: dict[str, Value] = {
    "stop_loop.closed": True,
    "tec.fan_running": True,
    "tec.ambient_c": 22.0,
    "smoothing.accelerometer_present": True,
    "smoothing.strength": 1.0,
    "meter.factor": 1.0,
    "meter.time_constant_s": 0.9,
    "photodiode.drift": 1.0,
    "optics.ring_gain": 1.0,
    "laser.current_gain": 1.0,
    "camera.noise": 1.0,
    **{f"{device}.wire.baud": speed for device, speed in SPEEDS.items()},
}
_RANGE = re.compile(r"a (whole )?number from (\S+) to (\S+)")
_ORDERS = ("firmware.reboot", "firmware.mains_blink", "firmware.hang", "firmware.error")
_STAGE_NEAR_INDEX_UM = (10.0, 2500.0)
"""From there the search for the index takes a second; elsewhere up to half a minute."""


def neutral(path: str) -> Value | None:
    """Return what a path is without a fault; None for what happens once and is not taken back."""
    if path.endswith(_ORDERS):
        return None
    if path in _NEUTRAL:
        return _NEUTRAL[path]
    allowed = SETTABLE[path].allowed
    if allowed == "true or false":
        return False
    return 0 if _RANGE.fullmatch(allowed) else _choices(path)[0]


def _choices(path: str) -> list[Value]:
    setting = SETTABLE[path]
    words = setting.allowed.removeprefix("one of ").split(", ")
    return [word if setting.accepts(word) else int(word) for word in words]


def draw_value(path: str, random: Random) -> Value:
    """Return a value that the path takes and that is a fault."""
    allowed, usual = SETTABLE[path].allowed, neutral(path)
    if allowed in ("true or false", "true"):
        return not usual
    limits = _RANGE.fullmatch(allowed)
    if limits is None:
        return random.choice([value for value in _choices(path) if value != usual])
    low, high = float(limits[2]), float(limits[3])
    if limits[1]:
        return random.randint(int(low), int(high))
    # Small faults are as dangerous as great ones: draw near the usual value half of the time.
    value = random.uniform(low, high)
    near = float(usual or 0.0)
    return near + (value - near) * random.choice((1.0, 0.1)) * random.choice((1.0, 0.3))


@dataclass(frozen=True, slots=True)
class Fault:
    """A setting that changes at_s after the treatment's beginning. back: a fault that goes away again."""

    at_s: float
    path: str
    value: Value
    back: bool = False


# Without a camera there is nothing to see its faults; the pedal is the technician's.
_FAMILIES = tuple(
    tuple(path for path in family if path != PEDAL_PATH and not path.startswith("camera."))
    for family in (PLANT, WIRE, FIRMWARE)
)
_HOST: Mapping[str, tuple[Value, ...]] = {
    HOST_SILENT: (0.03, 0.12, 0.2, 0.3, 0.6),
    KIOSK_SILENT: (True,),
    JOURNAL_FAILS: (True,),
}


def _draw_faults(random: Random, duration_s: float) -> tuple[Fault, ...]:
    faults: list[Fault] = []
    for _ in range(random.choice((0, 1, 1, 1, 2, 2, 3, 4))):
        at_s = random.uniform(0.0, duration_s)
        family = random.randrange(13)
        if family == 12:
            path = random.choice(tuple(_HOST))
            faults.append(Fault(at_s, path, random.choice(_HOST[path])))
            back: Value | None = False if path == KIOSK_SILENT else None
        else:
            path = random.choice(_FAMILIES[family % 3])
            faults.append(Fault(at_s, path, draw_value(path, random)))
            back = neutral(path)
        if back is not None and random.random() < 0.5:
            back_s = at_s + random.choice((0.001, 0.01, 0.1, 1.0)) * random.uniform(0.3, 3.0)
            faults.append(Fault(back_s, path, back, back=True))
    return tuple(sorted(faults, key=lambda fault: fault.at_s))


_GROUPS: tuple[tuple[tuple[str, Value], ...], ...] = (tuple(BY_GATE), tuple(BY_LASER), SENSORS)


def _draw_sequence(random: Random, duration_s: float) -> tuple[Fault, ...]:
    """Draw two or three faults that stay, each on another path: first faults, and what they hurt with."""
    groups = random.sample(_GROUPS, random.choice((2, 2, 3)))
    drawn = [random.choice(group) for group in groups]
    times_s = sorted(random.uniform(0.0, duration_s) for _ in drawn)
    return tuple(Fault(at_s, path, value) for at_s, (path, value) in zip(times_s, drawn, strict=True))


@dataclass(frozen=True, slots=True)
class Batch:
    """The cart and the protocol of some treatments. lie: what the screen tells of the rules, if it lies."""

    number: int
    world_seed: int
    protocol: Protocol
    lie: str | None = None


@dataclass(frozen=True, slots=True)
class Treatment:
    """One treatment, drawn from its seed alone. from_ready: it begins before arming."""

    seed: int
    batch: Batch
    from_ready: bool
    duration_s: float
    faults: tuple[Fault, ...]

    def random(self, use: str) -> Random:
        """Return a random stream of this treatment for one use."""
        return Random(f"campaign/{self.seed}/{use}")


@cache
def batch(number: int) -> Batch:
    """Draw a batch."""
    random = Random(f"campaign/batch/{number}")
    lie = random.choice(tuple(LIES)) if random.random() < LYING else None
    return Batch(number, quick_seed(random), _draw_protocol(random), lie)


def treatment(seed: int) -> Treatment:
    """Draw a treatment."""
    random = Random(f"campaign/{seed}")
    number, place = divmod(seed, TREATMENTS_A_BATCH)
    # Nothing is ever armed under rules that the record does not have.
    from_ready = place < FROM_READY or batch(number).lie is not None
    # Most of what goes wrong does so early: more short treatments find more than fewer long ones.
    shortest_s = FROM_READY_S if from_ready else SHORTEST_S
    duration_s = min(random.uniform(shortest_s, LONGEST_S), random.uniform(shortest_s, LONGEST_S))
    draw = _draw_sequence if random.random() < SEQUENCES else _draw_faults
    return Treatment(seed, batch(number), from_ready, duration_s, draw(random, duration_s))


def quick_seed(random: Random) -> int:
    """Draw the seed of a world whose stage is homed within a second or two."""
    while True:
        seed = random.randrange(1_000_000)
        low_um, high_um = _STAGE_NEAR_INDEX_UM
        if low_um <= World(seed).stage.position_um() <= high_um:
            return seed


def _draw_protocol(random: Random) -> Protocol:
    ring_mm = random.choice(RINGS_MM)
    steps = []
    for number in range(1, random.randint(1, 4) + 1):
        start_w, end_w = random.uniform(1.0, 8.0), random.uniform(1.0, 8.0)
        ramp = random.choice(tuple(RampType))
        if ramp is RampType.CONSTANT:
            end_w = start_w
        steps.append(Step(number, random.uniform(0.2, 2.5), start_w, end_w, ring_mm, ramp))
        ring_mm = random.choice((ring_mm, random.choice(RINGS_MM)))
    peak_w = max(max(step.power_start_w, step.power_end_w) for step in steps)
    limit_w = random.choice((None, peak_w, min(9.0, peak_w * random.uniform(1.0, 1.5))))
    return Protocol("campaign", "", tuple(steps), limit_w)
