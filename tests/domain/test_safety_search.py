"""The exhaustive search in short, and that it finds a core that is broken on purpose.

`python -m benchmarks.exhaustive` tries every point.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from benchmarks.exhaustive import search as exhaustive_search
from benchmarks.exhaustive.judge import Judge
from benchmarks.exhaustive.search import Point, broken_at, search, shards, starts, ways_of
from benchmarks.exhaustive.starts import SESSION
from benchmarks.exhaustive.worlds import COMMANDS, GROUPS, WAYS
from tosca_kiosk.domain import beam, checks, commands, laser_checks, light, safety, situations
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.interlocks import INTERLOCKS, Interlock
from tosca_kiosk.domain.state import Beam, Phase

pytestmark = pytest.mark.slow

POINTS = 12_000


@pytest.fixture(autouse=True)
def broad_starts_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the starts of every kind to the command: finding them takes a minute."""
    broad = starts(fine=False)
    monkeypatch.setattr(exhaustive_search, "starts", lambda fine: () if fine else broad)


def test_the_starts_are_in_every_phase_and_part_of_the_switch_on_order() -> None:
    found = {(start.state.phase, start.state.beam) for start in exhaustive_search.starts(fine=False)}
    assert {phase for phase, _ in found} == set(Phase)
    assert {part for _, part in found} == set(Beam)
    assert any(start.state.command_w > 0.0 for start in exhaustive_search.starts(fine=False))


def test_the_ways_of_a_subset_are_ways_of_its_groups() -> None:
    for subset in (0, 1, 0b1010, (1 << len(GROUPS)) - 1):
        assert [WAYS[way][0] for way in ways_of(subset)] == [
            group for group in range(len(GROUPS)) if subset >> group & 1
        ]


def test_every_bad_way_meets_every_bad_way_of_every_other_group() -> None:
    met: set[tuple[int, int]] = set()
    for subset in range(1 << len(GROUPS)):
        if subset.bit_count() == 9:
            ways = ways_of(subset)
            met.update((one, other) for one in ways for other in ways if one < other)
    pairs = {
        (one, other)
        for one in range(len(WAYS))
        for other in range(one + 1, len(WAYS))
        if WAYS[one][0] != WAYS[other][0]
    }
    assert met == pairs


def test_a_point_of_a_search_in_thousands_breaks_no_sentence() -> None:
    whole = len(exhaustive_search.starts(fine=False)) * (1 << len(GROUPS))
    results = [search(shard) for shard in shards(stride=whole // POINTS, seed=7)]
    assert sum(result.points for result in results) >= POINTS
    assert sum((result.counts for result in results), Counter()) == Counter()


def test_every_bad_way_alone_and_every_command_break_no_sentence() -> None:
    judge = Judge(SESSION)
    for number, start in enumerate(exhaustive_search.starts(fine=False)):
        points = [Point(number, (way,)) for way in range(len(WAYS))]
        points += [Point(number, (), command) for command in range(len(COMMANDS))]
        for point in points:
            assert not broken_at(judge, start, point), exhaustive_search.told(
                False, exhaustive_search.Found("", point)
            )


# --- a core broken on purpose ---------------------------------------------------------------------------


def without_row(source: str) -> Callable[[pytest.MonkeyPatch], None]:
    """Take a row out of the table, as if it had never been written."""

    def take_out(patch: pytest.MonkeyPatch) -> None:
        for table in (situations._ACTING, situations._SHOWN, situations._DEMANDED):
            for situation, rows in table.items():
                patch.setitem(table, situation, tuple(row for row in rows if row.source != source))

    take_out.__name__ = f"no row {source}"
    return take_out


def replaced(module: Any, name: str, value: Any) -> Callable[[pytest.MonkeyPatch], None]:
    def replace(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(module, name, value)

    replace.__name__ = f"another {name}"
    return replace


def deaf(state: Any, failing: tuple[Interlock, ...], inputs: Any) -> bool:
    """Allow the light whatever fails."""
    return state.beam in checks.LIT_BEAMS


def unslewed(rules: Any, state: Any, protocol: Any, now_s: float) -> float:
    return float(min(protocol.power_w(state.elapsed_s), rules.power_limit_w))


def unlimited(rules: Any, state: Any, protocol: Any, now_s: float) -> float:
    return float(min(protocol.power_w(state.elapsed_s), state.command_w + 0.9))


def hurried(part: Beam, after: Beam) -> Callable[[pytest.MonkeyPatch], None]:
    """Leave a part of the switch-on order without waiting for its confirmation."""

    def hurry(patch: pytest.MonkeyPatch) -> None:
        patch.setitem(beam.ORDER, part, beam.ORDER[part]._replace(after=lambda rules, state, inputs: after))

    hurry.__name__ = f"no waiting in {part}"
    return hurry


def taken_by_anybody(patch: pytest.MonkeyPatch) -> None:
    row = commands.COMMANDS[CommandType.ACKNOWLEDGE]
    patch.setitem(commands.COMMANDS, CommandType.ACKNOWLEDGE, row._replace(refusal=commands._no_reason))


def overridden_anywhere(patch: pytest.MonkeyPatch) -> None:
    row = commands.COMMANDS[CommandType.POWER_OVERRIDE]
    patch.setitem(commands.COMMANDS, CommandType.POWER_OVERRIDE, row._replace(phases=frozenset(Phase)))


def overridden_beyond(kind: CommandType) -> Callable[[pytest.MonkeyPatch], None]:
    """Take an override whatever it asks for."""

    def take(patch: pytest.MonkeyPatch) -> None:
        row = commands.COMMANDS[kind]
        patch.setitem(commands.COMMANDS, kind, row._replace(refusal=commands._no_reason))

    take.__name__ = f"{kind} of anything"
    return take


def kept_gate(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(beam.ORDER, Beam.DARK, beam.ORDER[Beam.DARK]._replace(want_gate=True))


def unrecorded(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(safety.Tick.set_beam.__globals__["StepRows"], "laser_off", lambda self: None)


# Rows that only another row's absence leaves alone, or that act on what needs more than a tick to show.
COVERED = {
    "footpedal_stale": "board_lost asks the same",
    "board_lost": "footpedal_stale asks the same",
    **{f"{device}_gone": "no reading is an old one, too" for device in ("board", "laser", "tec", "stage")},
    "gate": "emission_allowed asks for the gate",
    "laser_not_clearing": "a part of the order that lasts too long",
    "gate_not_closing": "a part of the order that lasts too long",
    "laser_interlock_open": "a part of the order that lasts too long",
    "stage_move": "a part of the order that lasts too long",
    "laser_not_starting": "a part of the order that lasts too long",
    "photodiode_warning": "a warning",
    "laser_warning": "a warning",
    "tec_settling": "refuses arming",
    "camera_to_arm": "refuses arming",
    "camera_covered": "refuses arming",
    "disk": "refuses arming",
    "laser_interlock_unproved": "the gate is not wanted before it",
    "vibration_unproved": "refuses arming",
    "laser_regulation": "after three seconds of steady power",
    "laser_output_stuck": "half a second after off",
    "light_while_off": "a tenth of a second after off",
    "session": "emission_allowed asks for the session",
    "calibration": "not read, but part of the rules",
    "screen": "STOP latches by itself",
    "self_test": "refuses a session",
    "laser_setpoint": "a second of steady disagreement",
}

LEAP = next(number for number, (_, name, _) in enumerate(WAYS) if "is read moved by 0.12 s" in name)
"""Brings what has lasted nearly too long over its time, and the next set point."""

BROKEN = [
    *(without_row(row.source) for row in INTERLOCKS if row.source not in COVERED),
    replaced(safety, "emission_allowed", deaf),
    replaced(light, "next_setpoint_w", unslewed),
    replaced(light, "next_setpoint_w", unlimited),
    replaced(light, "light_confirmed", lambda rules, state, inputs: True),
    replaced(laser_checks, "laser_is_off", lambda laser, since_s: True),
    hurried(Beam.CHECKING, Beam.STARTING),
    taken_by_anybody,
    overridden_anywhere,
    overridden_beyond(CommandType.POWER_OVERRIDE),
    overridden_beyond(CommandType.RING_OVERRIDE),
    kept_gate,
    unrecorded,
]


def broken_sentences() -> Counter[str]:
    judge, said = Judge(SESSION), Counter[str]()
    for number, start in enumerate(exhaustive_search.starts(fine=False)):
        for way in range(len(WAYS)):
            said.update(broken_at(judge, start, Point(number, (way,))))
            said.update(broken_at(judge, start, Point(number, (way, LEAP))))
        for command in range(len(COMMANDS)):
            said.update(broken_at(judge, start, Point(number, (), command)))
        if said:
            break
    return said


@pytest.mark.parametrize("break_it", BROKEN, ids=lambda break_it: break_it.__name__)
def test_the_search_finds_a_core_that_is_broken(
    break_it: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    exhaustive_search.starts(fine=False)
    break_it(monkeypatch)
    assert broken_sentences()
