"""What is left of a plan from a treatment time on, as a protocol of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import msgspec

from tosca_kiosk.domain.plan import Piece, Plan
from tosca_kiosk.domain.protocol import Protocol, Step
from tosca_kiosk.domain.ramps import RampType

SHORTEST_S: Final = 0.005
"""A rest that is no longer than this is none; nor is the rest of a step within a longer one."""

CLOSENESS: Final = 0.005
"""How far straight lines may be from a curved ramp, as a part of its power there."""

CLOSE_W: Final = 0.001
"""Where the power is so low that its part would be less, they may be as far as this: no sensor tells it."""

_REST_OF: Final = re.compile(r", rest of session ([1-9]\d{0,17})$", re.ASCII)
_SAMPLES: Final = 32
_HALVINGS: Final = 24
_SHORTEST_LINE_S: Final = 0.0005


def remainder(plan: Plan, elapsed_s: float) -> Protocol | None:
    """Return the rest of a plan from elapsed_s (treatment seconds) on, its steps numbered from 1.

    None where nothing is left, or no more than SHORTEST_S. Name, description and safety limits are the
    protocol's. From 0 it is the whole plan in force, its overrides written out as steps.

    A step that is whole stays as it is. Of one that was cut, by elapsed_s or by an override, a constant or
    linear rest is exact. A protocol has no step for a part of a logarithmic or exponential ramp: it is
    given by the fewest straight lines between points of the ramp that keep within CLOSENESS of its power
    (or CLOSE_W), and so of its energy.
    """
    rests = [_rest(piece, elapsed_s) for piece in plan.pieces if _lies_ahead(piece, elapsed_s)]
    shapes = [shape for rest in rests for shape in _steps(rest)]
    if not shapes:
        return None
    steps = tuple(
        msgspec.structs.replace(shape, number=number) for number, shape in enumerate(shapes, start=1)
    )
    return msgspec.structs.replace(plan.protocol, steps=steps)


def named_rest(plan: Protocol, session_id: int, longest: int) -> Protocol:
    """Return a plan under a name of at most `longest` characters that says whose rest it is."""
    of = f", rest of session {session_id}"
    name = _REST_OF.sub("", plan.name)[: longest - len(of)]
    return msgspec.structs.replace(plan, name=f"{name}{of}")


def rest_by_name(plan: Protocol | None) -> int | None:
    """Return the session whose rest a plan is by its name, None for a plan that is no rest."""
    found = None if plan is None else _REST_OF.search(plan.name)
    return None if found is None else int(found[1])


def _lies_ahead(piece: Piece, elapsed_s: float) -> bool:
    if not piece.from_s < piece.to_s:  # cut within a rounding of its step's end
        return False
    return elapsed_s <= piece.start_s or piece.end_s - elapsed_s > SHORTEST_S


def _rest(piece: Piece, elapsed_s: float) -> Piece:
    if elapsed_s <= piece.start_s:
        return piece
    return piece._replace(start_s=elapsed_s, from_s=piece.from_s + elapsed_s - piece.start_s)


def _steps(rest: Piece) -> Iterator[Step]:
    shape = msgspec.structs.replace(rest.shape, ring_size_mm=rest.ring_size_mm)
    if rest.whole:
        yield shape
        return
    ramp = shape.ramp if shape.ramp is RampType.CONSTANT else RampType.LINEAR
    straight = shape.ramp in (RampType.CONSTANT, RampType.LINEAR)
    corners_s = [rest.from_s, rest.to_s] if straight else _corners_s(shape, rest.from_s, rest.to_s)
    for from_s, to_s in pairwise(corners_s):
        yield msgspec.structs.replace(
            shape,
            duration_s=to_s - from_s,
            power_start_w=shape.power_w(from_s),
            power_end_w=shape.power_w(to_s),
            ramp=ramp,
        )


def _corners_s(shape: Step, from_s: float, to_s: float) -> list[float]:
    """Return where straight lines along a ramp meet, both ends included: each goes as far as it may."""
    corners_s = [from_s]
    while corners_s[-1] < to_s:
        corners_s.append(_furthest_s(shape, corners_s[-1], to_s))
    return corners_s


def _furthest_s(shape: Step, from_s: float, to_s: float) -> float:
    """Return how far one straight line from from_s keeps close, at most to to_s."""
    if to_s - from_s <= _SHORTEST_LINE_S or _keeps_close(shape, from_s, to_s):
        return to_s
    near_s, far_s = from_s + _SHORTEST_LINE_S, to_s
    for _ in range(_HALVINGS):
        middle_s = (near_s + far_s) / 2.0
        if _keeps_close(shape, from_s, middle_s):
            near_s = middle_s
        else:
            far_s = middle_s
    return near_s


def _keeps_close(shape: Step, from_s: float, to_s: float) -> bool:
    start_w, end_w = shape.power_w(from_s), shape.power_w(to_s)
    for at in range(1, _SAMPLES):
        part = at / _SAMPLES
        wanted_w = shape.power_w(from_s + (to_s - from_s) * part)
        straight_w = start_w + (end_w - start_w) * part
        if abs(straight_w - wanted_w) > max(CLOSENESS * wanted_w, CLOSE_W):
            return False
    return True
