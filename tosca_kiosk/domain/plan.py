"""The plan in force: a protocol, and what an operator has changed of it in pauses.

An override holds from the treatment clock at which it was made to the end of the step that was under way:
another power, constant from there, or another ring. Later steps stay as planned, and the time never changes.
Values are checked where an override is taken (`commands`), not here.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

import msgspec

from tosca_kiosk.domain.protocol import Protocol, Step
from tosca_kiosk.domain.ramps import RampType

_POINTS_A_RAMP = 24


class Override(msgspec.Struct, frozen=True, array_like=True):
    """One change. elapsed_s: the treatment clock at which it was made. Exactly one of the others is given."""

    elapsed_s: float
    power_w: float | None = None
    ring_size_mm: float | None = None

    def __post_init__(self) -> None:
        if (self.power_w is None) == (self.ring_size_mm is None):
            raise ValueError("an override is of the power or of the ring")


class Piece(NamedTuple):
    """A part of the plan that follows one shape with one ring.

    start_s, end_s: in treatment seconds. shape: the step of the protocol, or an override's; from_s, to_s:
    which part of it this is, in seconds since its own start.
    """

    step_index: int
    start_s: float
    end_s: float
    shape: Step
    from_s: float
    to_s: float
    ring_size_mm: float

    @property
    def whole(self) -> bool:
        """Whether nothing of the shape is missing."""
        return self.from_s == 0.0 and self.to_s == self.shape.duration_s

    def power_w(self, elapsed_s: float) -> float:
        """Return the planned power at a treatment time of this piece, its end included."""
        if elapsed_s >= self.end_s:
            return self.shape.power_w(self.to_s)
        return self.shape.power_w(elapsed_s - self.start_s + self.from_s)

    def energy_j(self, elapsed_s: float) -> float:
        """Return the planned energy from the piece's start to elapsed_s; from its end on it is the whole."""
        upto_s = self.to_s if elapsed_s >= self.end_s else elapsed_s - self.start_s + self.from_s
        return self.shape.energy_j(upto_s) - self.shape.energy_j(self.from_s)


class Plan(msgspec.Struct, frozen=True, dict=True):
    """A protocol with its overrides, oldest first. Raises ValueError where one lies before another.

    Without overrides every answer is the protocol's own, bit for bit.
    """

    protocol: Protocol
    overrides: tuple[Override, ...] = ()

    def __post_init__(self) -> None:
        latest_s = 0.0
        for override in self.overrides:
            if not latest_s <= override.elapsed_s < self.duration_s:
                raise ValueError(
                    f"an override at {override.elapsed_s:g} s is outside the plan, or before another"
                )
            latest_s = override.elapsed_s

    def overridden(self, override: Override) -> Plan:
        """Return the plan with one more override. Raises ValueError for one that is out of order."""
        return Plan(protocol=self.protocol, overrides=(*self.overrides, override))

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """The whole plan in its order, without gaps."""
        ends_s = self.protocol.step_ends_s
        rows = zip(self.protocol.steps, (0.0, *ends_s), ends_s, strict=False)
        pieces = [
            Piece(
                step_index=index,
                start_s=start_s,
                end_s=end_s,
                shape=step,
                from_s=0.0,
                to_s=step.duration_s,
                ring_size_mm=step.ring_size_mm,
            )
            for index, (step, start_s, end_s) in enumerate(rows)
        ]
        for override in self.overrides:
            _override(pieces, override)
        return tuple(pieces)

    @cached_property
    def _piece_ends_s(self) -> tuple[float, ...]:
        return tuple(piece.end_s for piece in self.pieces)

    @cached_property
    def _energies_before_j(self) -> tuple[float, ...]:
        return tuple(accumulate((piece.energy_j(piece.end_s) for piece in self.pieces), initial=0.0))

    @cached_property
    def duration_s(self) -> float:
        """The whole duration."""
        return self.protocol.duration_s

    @cached_property
    def planned_energy_j(self) -> float:
        """The energy of the whole plan, the slew of the power ignored."""
        return self._energies_before_j[-1]

    @cached_property
    def peak_power_w(self) -> float:
        """The highest power of the plan; every piece's is at one of its ends."""
        return max(max(piece.power_w(piece.start_s), piece.power_w(piece.end_s)) for piece in self.pieces)

    @cached_property
    def rings_mm(self) -> tuple[float, ...]:
        """The ring that is in force for each step: its own, or the newest that an override gave it."""
        newest = {piece.step_index: piece.ring_size_mm for piece in self.pieces}
        return tuple(newest[index] for index in range(len(self.protocol.steps)))

    def start_power_w(self, step_index: int) -> float:
        """Return the power with which a step begins."""
        first = next(piece for piece in self.pieces if piece.step_index == step_index)
        return first.power_w(first.start_s)

    def step_at(self, elapsed_s: float) -> int:
        """Return the index of the step in force; from the end of the plan on, the last one."""
        return self.protocol.step_at(elapsed_s)

    def piece_at(self, elapsed_s: float) -> Piece:
        """Return the piece in force; from the end of the plan on, the last one."""
        return self.pieces[self._piece_index(elapsed_s)]

    def power_w(self, elapsed_s: float) -> float:
        """Return the planned power; 0 W outside 0 to duration_s, and for a time that is not a number."""
        if not 0.0 <= elapsed_s <= self.duration_s:
            return 0.0
        return self.piece_at(elapsed_s).power_w(elapsed_s)

    def energy_j(self, elapsed_s: float) -> float:
        """Return the planned energy from the start to elapsed_s, which is 0 or more."""
        index = self._piece_index(elapsed_s)
        return self._energies_before_j[index] + self.pieces[index].energy_j(elapsed_s)

    def remaining_s(self, elapsed_s: float) -> float:
        """Return the treatment time left; 0 from the end on."""
        return max(0.0, self.duration_s - elapsed_s)

    def power_curve(self) -> tuple[tuple[float, float], ...]:
        """Return (treatment time in s, power in W) for a chart, with a corner at every piece's ends."""
        points: list[tuple[float, float]] = []
        for piece in self.pieces:
            count = 1 if piece.shape.ramp in _STRAIGHT else _POINTS_A_RAMP
            length_s = piece.end_s - piece.start_s
            times = [*(piece.start_s + length_s * at / count for at in range(count)), piece.end_s]
            points += [(at_s, piece.power_w(at_s)) for at_s in times]
        return tuple(points)

    def ring_curve(self) -> tuple[tuple[float, float], ...]:
        """Return (treatment time in s, ring size in mm) for a chart, with a corner at every piece's ends."""
        return tuple(
            (at_s, piece.ring_size_mm) for piece in self.pieces for at_s in (piece.start_s, piece.end_s)
        )

    def _piece_index(self, elapsed_s: float) -> int:
        return min(bisect_right(self._piece_ends_s, elapsed_s), len(self.pieces) - 1)


_STRAIGHT = frozenset({RampType.CONSTANT, RampType.LINEAR})


def _override(pieces: list[Piece], override: Override) -> None:
    """Cut the piece in which the override lies, and change its rest; that rest ends with its step.

    It does because overrides come in their order: nothing of the step lies behind the newest one's rest.
    """
    at_s = override.elapsed_s
    index = next(number for number, piece in enumerate(pieces) if at_s < piece.end_s)
    cut = pieces[index]
    cut_at_s = at_s - cut.start_s + cut.from_s
    rest = cut._replace(start_s=at_s, from_s=cut_at_s)
    if override.ring_size_mm is not None:
        rest = rest._replace(ring_size_mm=override.ring_size_mm)
    elif override.power_w is not None:
        rest = _held_at(rest, override.power_w)
    kept = [cut._replace(end_s=at_s, to_s=cut_at_s)] if at_s > cut.start_s else []
    pieces[index : index + 1] = [*kept, rest]


def _held_at(rest: Piece, power_w: float) -> Piece:
    duration_s = rest.end_s - rest.start_s
    shape = Step(
        number=rest.shape.number,
        duration_s=duration_s,
        power_start_w=power_w,
        power_end_w=power_w,
        ring_size_mm=rest.ring_size_mm,
        ramp=RampType.CONSTANT,
    )
    return rest._replace(shape=shape, from_s=0.0, to_s=duration_s)
