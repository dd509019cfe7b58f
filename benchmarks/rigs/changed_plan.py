"""The plan in force, said a second time: of a protocol and of the overrides that a judge has seen taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from math import isfinite, log10
from typing import NamedTuple

from tosca_kiosk.domain.inputs import Command, CommandType
from tosca_kiosk.domain.protocol import Protocol
from tosca_kiosk.domain.ramps import RampType

SMALLEST_MM, LARGEST_MM = 2.2, 3.9
"""The rings that the ideal cart's stage reaches, said again."""

POWER, RING = CommandType.POWER_OVERRIDE, CommandType.RING_OVERRIDE


_STRAIGHT = (RampType.CONSTANT, RampType.LINEAR)
_LINES = 200
_WAYS: dict[RampType, Callable[[float], float]] = {
    RampType.CONSTANT: lambda part: 0.0,
    RampType.LINEAR: lambda part: part,
    RampType.LOGARITHMIC: lambda part: log10(1.0 + 9.0 * part),
    RampType.EXPONENTIAL: lambda part: (10.0**part - 1.0) / 9.0,
}


class Change(NamedTuple):
    """An override that was taken at a treatment time: of which kind, and to what."""

    elapsed_s: float
    kind: CommandType
    value: float


Changes = tuple[Change, ...]


def change_of(command: Command, elapsed_s: float) -> Change | None:
    """Return what a command changes, None for one that is no override."""
    if command.type not in (POWER, RING) or command.value is None:
        return None
    return Change(elapsed_s=elapsed_s, kind=command.type, value=command.value)


def power_w(protocol: Protocol, changes: Changes, elapsed_s: float) -> float:
    """Return the power at a treatment time."""
    start_s, end_s, number = _step_of(protocol, elapsed_s)
    for change in reversed(changes):
        if change.kind is POWER and start_s <= change.elapsed_s <= elapsed_s:
            return change.value
    step, part = protocol.steps[number], min((elapsed_s - start_s) / (end_s - start_s), 1.0)
    way = _WAYS[step.ramp](part)
    return step.power_start_w * (1.0 - way) + step.power_end_w * way


def rings_mm(protocol: Protocol, changes: Changes) -> list[float]:
    """Return the ring of each step, as the newest change of it has left it."""
    rings = [step.ring_size_mm for step in protocol.steps]
    for change in changes:
        if change.kind is RING:
            rings[_step_of(protocol, change.elapsed_s)[2]] = change.value
    return rings


def planned_j(protocol: Protocol, changes: Changes) -> float:
    """Return the energy of the whole plan by the middles of lines, which of a straight one is exact."""
    return sum(
        _between_j(protocol, changes, start_s, end_s)
        for start_s, end_s in pairwise(_corners_s(protocol, changes))
    )


def _between_j(protocol: Protocol, changes: Changes, start_s: float, end_s: float) -> float:
    number = _step_of(protocol, start_s)[2]
    count = 1 if protocol.steps[number].ramp in _STRAIGHT else _LINES
    length_s = (end_s - start_s) / count
    middles_s = (start_s + (at + 0.5) * length_s for at in range(count))
    return length_s * sum(power_w(protocol, changes, middle_s) for middle_s in middles_s)


def highest_w(protocol: Protocol, changes: Changes, elapsed_s: float, within_s: float) -> float:
    """Return the highest power of the plan in the last within_s of treatment time, up to elapsed_s."""
    from_s = max(0.0, elapsed_s - within_s)
    corners_s = [at_s for at_s in _corners_s(protocol, changes) if from_s < at_s < elapsed_s]
    beside_s = [at_s - 1e-9 for at_s in corners_s]
    return max(power_w(protocol, changes, at_s) for at_s in (from_s, *corners_s, *beside_s, elapsed_s))


def may_be(command: Command, limit_w: float) -> bool:
    """Whether an override says why, and asks for a power that the limit allows, or a ring within reach."""
    value = command.value
    if value is None or not isfinite(value) or not (command.reason or "").strip():
        return False
    return 0.0 < value <= limit_w if command.type is POWER else SMALLEST_MM <= value <= LARGEST_MM


def _corners_s(protocol: Protocol, changes: Changes) -> list[float]:
    return sorted({0.0, *protocol.step_ends_s, *(change.elapsed_s for change in changes)})


def _step_of(protocol: Protocol, elapsed_s: float) -> tuple[float, float, int]:
    """Return a step's start and end and its number, from 0; the last one from the end of the plan on."""
    steps = list(_steps(protocol))
    return next((row for row in steps if elapsed_s < row[1]), steps[-1])


def _steps(protocol: Protocol) -> Iterator[tuple[float, float, int]]:
    start_s = 0.0
    for number, end_s in enumerate(protocol.step_ends_s):
        yield start_s, end_s, number
        start_s = end_s
