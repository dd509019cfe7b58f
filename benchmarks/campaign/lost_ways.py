"""Which settings lose a way to darkness, and whether a proof lay between the first and the second.

A way lost in silence is a first fault. Where a proof point lies before the second, no light may outlast its
cause; where none does, light that goes on is light that software cannot end: counted by name, and no pass.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from simulators.settable import Value
from tosca_kiosk.domain.first_faults import Proof

ENDLESS_S = 0.5
"""Light that stays so long beyond its cause's own time, with neither way whole, is not ended by software."""

WAY_PARTS = ("gate", "board", "board line", "laser", "host")
"""What the two ways to darkness are made of, by the monitor's names."""

PROVED_S = 0.4
"""Behind a release: 0.1 s for the laser's loop to follow, two answers, and a status of the board."""
SILENCE_S = 0.8
"""A laser that falls silent is a fault after 0.5 s; then the light goes."""

BY_GATE: dict[tuple[str, Value], Proof] = {
    ("gate.welded", True): Proof.RELEASE,
    ("laser.interlock_plug", "closed"): Proof.RELEASE,
}
BY_LASER: dict[tuple[str, Value], Proof] = {
    ("laser.wire.deaf", True): Proof.ALWAYS,
    ("laser.wire.stalled", True): Proof.ALWAYS,
    ("laser.unplugged", True): Proof.ALWAYS,
    ("laser.firmware.busy", True): Proof.ALWAYS,
}
LOSING = BY_GATE | BY_LASER
"""Setting and value that lose the gate, or the laser's ear, and when that shows."""

SENSORS: tuple[tuple[str, Value], ...] = (
    ("laser.firmware.stale_condition", True),
    ("laser.firmware.lying_output", "says_off"),
    ("laser.firmware.lying_output", "says_on"),
    ("laser.firmware.ignores", "LASER:OUTPUT"),
    ("laser.firmware.ignores", "LASER:LDI"),
    ("photodiode.blocked", True),
    ("photodiode.drift", 0.5),
    ("smoothing.sensor_stuck", True),
    ("tec.sensor_offset_c", 1.0),
    ("stage.firmware.stale_stat", True),
)
"""What tells of light and of its ways, gone wrong."""


class Loss(NamedTuple):
    """A way that is lost since a time, by a setting."""

    at_s: float
    path: str
    shows: Proof


class Lifted(NamedTuple):
    """One time in which the pedal was up. until_s: infinity while it is."""

    from_s: float
    until_s: float


def proved_between(first: Loss, second: Loss, lifted: Iterable[Lifted]) -> bool:
    """Whether the first loss had to show before the second came."""
    if first.shows is Proof.ALWAYS:
        return second.at_s - first.at_s >= SILENCE_S
    return any(
        up.from_s >= first.at_s and min(up.until_s, second.at_s) - up.from_s >= PROVED_S for up in lifted
    )
