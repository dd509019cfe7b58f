"""Two sets of rules are compared exactly: whatever is changed anywhere is found, and named by its path."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.rigs.ideal_cart import CALIBRATIONS, rules
from tosca_kiosk.domain.calibration_session import CalibrationSession, LightBounds, Station
from tosca_kiosk.domain.rules import Limits, Rules
from tosca_kiosk.domain.rules_difference import MOST_NAMED, rules_difference

RECORDED = msgspec.structs.replace(
    rules((20.0, 1.0, 5.0, 3.0), (10.0, 5.0, 5.0, 3.5)),
    calibration_session=CalibrationSession(
        kind="laser",
        stations=(Station(stage_position_um=1000.0, motor_pwm=76, current_ma=2600.0, light_s=5.0),),
        bounds=LightBounds(),
        photodiode=CALIBRATIONS.photodiode,
    ),
)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to every number, text and truth in it."""
    if isinstance(value, msgspec.Struct):
        fields = value.__struct_fields__
        return [leaf for field in fields for leaf in leaves(getattr(value, field), (*path, field))]
    if isinstance(value, tuple):
        return [leaf for index, item in enumerate(value) for leaf in leaves(item, (*path, index))]
    return [path]


def changed(tree: Any, way: tuple[Any, ...]) -> Any:
    """Change the leaf at the end of the way by as little as can be told."""
    if not way:
        if isinstance(tree, bool):
            return not tree
        if isinstance(tree, float):
            return math.nextafter(tree, math.inf)
        return tree + 1 if isinstance(tree, int) else "other"
    first, rest = way[0], way[1:]
    if isinstance(tree, dict):
        unlimited = tree[first] is None and first.startswith("max_")
        return {**tree, first: 9.0 if unlimited else changed(tree[first], rest)}
    return [changed(item, rest) if index == first else item for index, item in enumerate(tree)]


LEAVES = [
    way
    for way in leaves(RECORDED)
    # The least change of a curve's point may make it no curve; these have a test of their own.
    if "curve" not in way and way[-1] != "ramp"
]


@given(st.sampled_from(LEAVES))
def test_the_least_change_anywhere_is_found_and_named(way: tuple[Any, ...]) -> None:
    given_rules = msgspec.convert(changed(msgspec.to_builtins(RECORDED), way), Rules)
    difference = rules_difference(given_rules, RECORDED)
    assert difference is not None
    named = difference.partition(":")[0]
    assert named == "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in way).lstrip(".")


def test_equal_rules_have_no_difference_after_any_way_through_json() -> None:
    assert rules_difference(RECORDED, RECORDED) is None
    again = msgspec.json.decode(msgspec.json.encode(RECORDED), type=Rules)
    assert rules_difference(again, RECORDED) is None


def test_a_difference_says_what_was_given_and_what_the_record_says() -> None:
    loose = msgspec.structs.replace(RECORDED, limits=Limits(max_power_w=10.0))
    recorded = msgspec.structs.replace(RECORDED, limits=Limits(max_power_w=1.0))
    assert rules_difference(loose, recorded) == "limits.max_power_w: 10 given, the record says 1"


def test_halved_curves_are_a_difference() -> None:
    known = RECORDED.calibrations
    assert known is not None
    curve = msgspec.structs.replace(known.power.curve, ys=tuple(y / 2 for y in known.power.curve.ys))
    power = msgspec.structs.replace(known.power, curve=curve)
    halved = msgspec.structs.replace(RECORDED, calibrations=msgspec.structs.replace(known, power=power))
    assert rules_difference(halved, RECORDED) == "calibrations.power.curve.ys[1]: 5 given, the record says 10"


@pytest.mark.parametrize("field", ["protocol", "calibrations"])
def test_what_one_side_lacks_is_a_difference(field: str) -> None:
    without = msgspec.structs.replace(RECORDED, **{field: None})
    assert f"{field}: none given" in str(rules_difference(without, RECORDED))
    assert "the record says none" in str(rules_difference(RECORDED, without))


def test_another_number_of_steps_is_a_difference() -> None:
    shorter = rules((20.0, 1.0, 5.0, 3.0))
    assert "protocol.steps: 1 entries given, the record says 2 entries" in str(
        rules_difference(shorter, RECORDED)
    )


def test_what_is_no_number_equals_nothing() -> None:
    unknown = msgspec.structs.replace(RECORDED, power_limit_w=math.nan)
    assert "power_limit_w" in str(rules_difference(unknown, unknown))


def test_many_differences_are_named_in_part() -> None:
    values = dict.fromkeys(Limits.__struct_fields__, -1.0)
    other = msgspec.structs.replace(RECORDED, limits=Limits(**values))
    told = str(rules_difference(other, RECORDED)).split("; ")
    assert len(told) == MOST_NAMED + 1
    assert told[-1] == "and more"
