"""Every start x every combination of what can be read: no decision of the safety core breaks a rule.

Its products, each whole:
- broad starts x every subset of the groups bad at once (2 ** groups), each bad group in one of its ways; the
  ways turn so that each of them meets each way of every other group;
- broad starts x every command x every subset of two or three groups, and every bad way alone;
- starts of every kind x every bad way alone, and x every command with all well.
What is found names its start, its readings and the call that shows it again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import combinations, islice
from typing import NamedTuple

import msgspec

from benchmarks.exhaustive.judge import Judge
from benchmarks.exhaustive.starts import SESSION, TICK_S, Start, broad_starts, fine_starts
from benchmarks.exhaustive.worlds import COMMANDS, GROUPS, WAYS, taken_at
from tosca_kiosk.domain import safety
from tosca_kiosk.domain.inputs import Inputs
from tosca_kiosk.domain.safety import Decision

SHOWN = 3
"""Broken sentences told in full for each start; all are counted."""


class Point(NamedTuple):
    """One point of a product: a start, the bad ways by number, a command by number."""

    start: int
    ways: tuple[int, ...]
    command: int = 0


class Found(NamedTuple):
    """A sentence that a point breaks."""

    sentence: str
    point: Point


class Shard(NamedTuple):
    """A start's part of the search. fine: of the starts of every kind, else of the broad ones."""

    start: int
    fine: bool
    stride: int
    offset: int


class Result(NamedTuple):
    """What a shard came to: how many points, how many broken sentences by name, the first of them."""

    points: int
    counts: Counter[str]
    found: tuple[Found, ...]


_SIZES = tuple(len(group.ways) for group in GROUPS)
_OFFSETS = tuple(sum(_SIZES[:number]) for number in range(len(GROUPS)))
_EVERY_GROUP = range(len(GROUPS))
_EVERY_COMMAND = range(len(COMMANDS))


def way_of(group: int, subset: int) -> int:
    """Return which bad way a group has in a subset of groups: turning, each group at a pace of its own."""
    mixed = (subset * 2654435761 + group * 40503) & 0xFFFFFFFF
    mixed = (mixed ^ mixed >> 15) * (2246822519 + 2 * group) & 0xFFFFFFFF
    return _OFFSETS[group] + (mixed >> 10) % _SIZES[group]


def ways_of(subset: int) -> tuple[int, ...]:
    """Return the bad ways of a subset of the groups, given as bits."""
    return tuple(way_of(group, subset) for group in _EVERY_GROUP if subset >> group & 1)


def points_of(shard: Shard) -> Iterator[Point]:
    """Yield a shard's points: every `stride`-th of its products."""
    start, part = shard.start, slice(shard.offset, None, shard.stride)
    if not shard.fine:
        yield from (Point(start, ways_of(subset)) for subset in range(1 << len(GROUPS))[part])
    points = _fine_points(start) if shard.fine else _commanded_points(start)
    yield from islice(points, part.start, None, part.step)


def _fine_points(start: int) -> Iterator[Point]:
    yield from (Point(start, (way,)) for way in range(len(WAYS)))
    yield from (Point(start, (), command) for command in _EVERY_COMMAND)


def _commanded_points(start: int) -> Iterator[Point]:
    for command in _EVERY_COMMAND[1:]:
        yield from (Point(start, (way,), command) for way in range(len(WAYS)))
        for count in (2, 3):
            for groups in combinations(_EVERY_GROUP, count):
                yield Point(start, ways_of(sum(1 << group for group in groups)), command)


def read(start: Start, point: Point) -> Inputs:
    """Return what is read at a point."""
    inputs = start.inputs
    for way in point.ways:
        inputs = WAYS[way][2](inputs)
    commands = COMMANDS[point.command]
    return msgspec.structs.replace(inputs, commands=commands) if commands else inputs


def broken_at(judge: Judge, start: Start, point: Point) -> list[str]:
    """Decide one point; return every sentence that the decision breaks."""
    inputs = read(start, point)
    try:
        decision = safety.step(SESSION, start.state, inputs)
    except Exception as error:
        return [f"every state and input has an answer, not {type(error).__name__}: {error}"]
    broken = judge.violations(start.memory, start.state, inputs, decision)
    if point.command and all(reply.refused is not None for reply in decision.replies):
        without = safety.step(SESSION, start.state, msgspec.structs.replace(inputs, commands=()))
        if (without.state, without.outputs) != (decision.state, decision.outputs):
            broken.append("a refused command has no effect")
    if len(point.ways) <= 1 and not _same(decision, safety.step(SESSION, start.state, inputs)):
        broken.append("equal arguments give equal decisions")
    if len(point.ways) <= 1 and start.memory.outputs.laser_output and not decision.outputs.laser_output:
        broken += _resuming(judge, start, inputs, decision)
    return broken


def _same(one: Decision, other: Decision) -> bool:
    return msgspec.json.encode(one) == msgspec.json.encode(other)


def _resuming(judge: Judge, start: Start, inputs: Inputs, decision: Decision) -> list[str]:
    """Judge the tick after light went off, with everything well again."""
    memory = judge.seen(start.memory, inputs, decision)
    later_s = decision.state.now_s + TICK_S
    after = taken_at(start.inputs, later_s)
    again = safety.step(SESSION, decision.state, after)
    broken = judge.violations(memory, decision.state, after, again)
    if again.outputs.laser_output:
        broken.append("nothing resumes by itself")
    return broken


def starts(fine: bool) -> tuple[Start, ...]:
    """Return the starts of one kind of product."""
    return fine_starts() if fine else broad_starts()


def search(shard: Shard) -> Result:
    """Try every point of a shard."""
    start = starts(shard.fine)[shard.start]
    given = msgspec.json.encode(start.state)
    judge, points, counts = Judge(SESSION), 0, Counter[str]()
    found = [Found(sentence, Point(shard.start, ())) for sentence in start.broken]
    for point in points_of(shard):
        points += 1
        broken = broken_at(judge, start, point)
        if broken:
            counts.update(broken)
            found += [Found(sentence, point) for sentence in broken]
            found = found[:SHOWN]
    if msgspec.json.encode(start.state) != given:
        counts["a step changes nothing that it was given"] += 1
    return Result(points, counts + Counter(start.broken), tuple(found))


def shards(stride: int = 1, seed: int = 0) -> list[Shard]:
    """Return the whole search in parts, the long ones first; `stride` takes every so many-th point."""
    return [
        Shard(start, fine, stride, (seed + start) % stride)
        for fine in (False, True)
        for start in range(len(starts(fine)))
    ]


def told(fine: bool, found: Found) -> str:
    """Return a broken sentence with all that it takes to see it again."""
    start, point = starts(fine)[found.point.start], found.point
    return (
        f"BROKEN: {found.sentence}\n"
        f"  after {', '.join(start.way) or 'nothing'}: {start.state.phase}, {start.state.beam}\n"
        f"  read {', '.join(WAYS[way][1] for way in point.ways) or 'all well'}; "
        f"command {COMMANDS[point.command]}\n"
        f"  again: broken_at(Judge(SESSION), starts({fine})[{point.start}], {point!r})"
    )
