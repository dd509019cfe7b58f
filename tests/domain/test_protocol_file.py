"""A protocol file is right, or refused with every mistake named by path, value and what is allowed."""

import copy
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tosca_kiosk.domain.documents import PathError
from tosca_kiosk.domain.protocol import Protocol, Step
from tosca_kiosk.domain.protocol_file import Limits, ProtocolError, parse_protocol, to_json
from tosca_kiosk.domain.ramps import RampType

LIMITS = Limits(max_power_w=10.0, max_duration_s=3600.0, ring_min_mm=2.0, ring_max_mm=4.0)

SEED = {
    "version": "1.0",
    "steps": [
        {
            "step_number": 1,
            "duration_seconds": 60,
            "power_start_watts": 5.0,
            "power_end_watts": 5.0,
            "ring_size_mm": 3.0,
            "ramp_type": "constant",
        },
        {
            "step_number": 2,
            "duration_seconds": 30,
            "power_start_watts": 5.0,
            "power_end_watts": 8.0,
            "ring_size_mm": 3.5,
            "ramp_type": "linear",
        },
    ],
    "safety_limits": {"max_power_watts": 10.0, "max_duration_seconds": 300},
}
MISSING = object()


def parse(document, limits=LIMITS):
    text = document if isinstance(document, str | bytes) else json.dumps(document)
    return parse_protocol(text, "plan.json", "plan", limits)


def errors_of(document, limits=LIMITS):
    with pytest.raises(ProtocolError) as caught:
        parse(document, limits)
    return [str(error) for error in caught.value.errors]


def changed(*keys, to):
    """Return the schema's example with one value changed, added or taken away."""
    document = copy.deepcopy(SEED)
    *parents, last = keys
    place = document
    for key in parents:
        place = place[key]
    if to is MISSING:
        del place[last]
    else:
        place[last] = to
    return document


def test_the_seeds_example_is_read_as_it_stands():
    assert parse(SEED) == Protocol(
        name="plan",
        description="",
        steps=(
            Step(1, 60.0, 5.0, 5.0, 3.0, RampType.CONSTANT),
            Step(2, 30.0, 5.0, 8.0, 3.5, RampType.LINEAR),
        ),
        max_power_w=10.0,
        max_duration_s=300.0,
    )


def test_a_file_may_name_and_describe_its_protocol():
    protocol = parse({**SEED, "protocol_name": "Warm up", "description": "Two steps\nfor µ-tests"})
    assert (protocol.name, protocol.description) == ("Warm up", "Two steps\nfor µ-tests")


def test_safety_limits_may_be_left_out():
    protocol = parse(changed("safety_limits", to=MISSING))
    assert (protocol.max_power_w, protocol.max_duration_s) == (None, None)


def test_a_byte_order_mark_is_no_mistake():
    assert parse("\ufeff" + json.dumps(SEED)) == parse(SEED) == parse(json.dumps(SEED).encode("utf-8-sig"))


STEP_KEYS = "step_number, duration_seconds, power_start_watts, power_end_watts, ring_size_mm, ramp_type"
RAMPS = "'constant', 'linear', 'logarithmic' or 'exponential'"
NAME_RULE = "must be 1 to 80 printable characters, not only blanks"


@pytest.mark.parametrize(
    ("keys", "value", "error"),
    [
        (("version",), MISSING, "version: is missing"),
        (("version",), "2.0", "version: \"2.0\" is not allowed; allowed: '1.0'"),
        (("version",), 1.0, "version: 1.0 is not allowed; allowed: '1.0'"),
        (
            ("colour",),
            1,
            "colour: is not known; allowed: version, protocol_name, description, steps, safety_limits",
        ),
        (("protocol_name",), "  ", f'protocol_name: "  " {NAME_RULE}'),
        (("protocol_name",), "a\nb", f'protocol_name: "a\\nb" {NAME_RULE}'),
        (("protocol_name",), "\ud800", f'protocol_name: "\\ud800" {NAME_RULE}'),
        (("protocol_name",), "n" * 81, f'protocol_name: "{"n" * 36}... {NAME_RULE}'),
        (("protocol_name",), 7, "protocol_name: 7 must be text; put it in quotes"),
        (("description",), "\x00", 'description: "\\u0000" must be printable text'),
        (("steps",), [], "steps: is empty; at least one step is needed"),
        (("steps",), {}, "steps: an object must be a list"),
        (("steps", 1), 5, "steps[1]: 5 must be an object"),
        (("steps", 1, "power"), 5, f"steps[1].power: is not known; allowed: {STEP_KEYS}"),
        (("steps", 0, "ring_size_mm"), MISSING, "steps[0].ring_size_mm: is missing"),
        (
            ("steps", 1, "step_number"),
            3,
            "steps[1].step_number: 3 must be 2: steps count from 1 without a gap",
        ),
        (
            ("steps", 0, "step_number"),
            0,
            "steps[0].step_number: 0 must be 1: steps count from 1 without a gap",
        ),
        (("steps", 0, "step_number"), 1.0, "steps[0].step_number: 1.0 must be a whole number"),
        (("steps", 0, "step_number"), True, "steps[0].step_number: true must be a whole number"),
        (("steps", 0, "duration_seconds"), 0, "steps[0].duration_seconds: 0.0 must be over 0 s"),
        (("steps", 0, "duration_seconds"), -1, "steps[0].duration_seconds: -1.0 must be over 0 s"),
        (("steps", 0, "duration_seconds"), True, "steps[0].duration_seconds: true must be a number"),
        (("steps", 0, "duration_seconds"), "60", 'steps[0].duration_seconds: "60" must be a number'),
        (("steps", 0, "duration_seconds"), None, "steps[0].duration_seconds: null must be a number"),
        (
            ("steps", 0, "duration_seconds"),
            math.nan,
            "steps[0].duration_seconds: NaN must be a finite number",
        ),
        (
            ("steps", 0, "duration_seconds"),
            math.inf,
            "steps[0].duration_seconds: Infinity must be a finite number",
        ),
        (
            ("steps", 1, "power_end_watts"),
            12.0,
            "steps[1].power_end_watts: 12.0 is over 10.0 W (max_laser_power_watts)",
        ),
        (("steps", 1, "power_end_watts"), -0.1, "steps[1].power_end_watts: -0.1 must be 0 W or more"),
        (
            ("steps", 0, "power_end_watts"),
            6.0,
            "steps[0].power_end_watts: 6.0 must equal power_start_watts, 5.0, in a constant step",
        ),
        (
            ("steps", 1, "ring_size_mm"),
            4.1,
            "steps[1].ring_size_mm: 4.1 is outside 2.0 to 4.0 mm (the ring calibration)",
        ),
        (("steps", 1, "ring_size_mm"), 0.0, "steps[1].ring_size_mm: 0.0 must be over 0 mm"),
        (
            ("steps", 1, "ramp_type"),
            "cubic",
            f'steps[1].ramp_type: "cubic" is not allowed; allowed: {RAMPS}',
        ),
        (
            ("safety_limits", "max_power_watts"),
            10.1,
            "safety_limits.max_power_watts: 10.1 is over 10.0 W (max_laser_power_watts)",
        ),
        (("safety_limits", "max_power_watts"), 0, "safety_limits.max_power_watts: 0.0 must be over 0 W"),
        (
            ("safety_limits", "max_power_watts"),
            7.0,
            "steps[1].power_end_watts: 8.0 is over 7.0 W (safety_limits.max_power_watts)",
        ),
        (
            ("safety_limits", "max_duration_seconds"),
            80,
            "steps: the whole duration 90.0 is over 80.0 s (safety_limits.max_duration_seconds)",
        ),
        (
            ("safety_limits", "max_duration_seconds"),
            4000,
            "safety_limits.max_duration_seconds: 4000.0 is over 3600.0 s (max_treatment_duration_seconds)",
        ),
        (
            ("safety_limits", "max_energy"),
            1,
            "safety_limits.max_energy: is not known; allowed: max_power_watts, max_duration_seconds",
        ),
        (
            ("steps", 0, "duration_seconds"),
            4000,
            "steps: the whole duration 4030.0 is over 300.0 s (safety_limits.max_duration_seconds)",
        ),
    ],
)
def test_one_mistake_is_named_once(keys, value, error):
    assert errors_of(changed(*keys, to=value)) == [error]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('{"version": "1.0",\n "steps": [}', "line 2, column 12: no JSON: Expecting value"),
        ("", "line 1, column 1: no JSON: Expecting value"),
        ("[]", "a list must be an object"),
        ("null", "null must be an object"),
        (b'{"version": "\xff"}', "is not UTF-8 text (byte 13)"),
        ("[" * 100_000, "is nested too deeply"),
    ],
)
def test_a_text_that_is_no_protocol_at_all_says_where_it_breaks(text, error):
    assert errors_of(text) == [error]


def test_a_key_that_occurs_twice_is_refused_at_any_depth():
    text = json.dumps(SEED).replace('"ramp_type": "linear"', '"ramp_type": "linear", "ring_size_mm": 3.0')
    assert errors_of(text) == ["steps[1].ring_size_mm: occurs twice; keep one"]


@pytest.mark.parametrize("number", ["1e999", "9" * 400, "9" * 5000, "-Infinity"])
def test_a_number_too_large_for_a_float_is_refused(number):
    assert errors_of(json.dumps(SEED).replace("60", number))


def test_durations_that_add_up_to_infinity_are_refused():
    document = changed("safety_limits", to=MISSING)
    for step in document["steps"]:
        step["duration_seconds"] = 1.7e308
    assert errors_of(document, Limits(10.0)) == ["steps: the whole duration is not a finite number"]


def test_every_mistake_is_collected_and_the_text_is_one_line_with_the_source():
    document = changed("steps", 0, "ring_size_mm", to="three\n")
    document["steps"][1].update({"power_end_watts": 12, "step_number": 7, "od\nd": 1})
    with pytest.raises(ProtocolError) as caught:
        parse(document)
    assert [error.path for error in caught.value.errors] == [
        "steps[0].ring_size_mm",
        'steps[1]."od\\nd"',
        "steps[1].step_number",
        "steps[1].power_end_watts",
    ]
    text = str(caught.value)
    assert text.startswith('plan.json: steps[0].ring_size_mm: "three\\n" must be a number; steps[1].')
    assert "\n" not in text
    assert caught.value.errors[3] == PathError(
        "steps[1].power_end_watts", "12.0 is over 10.0 W (max_laser_power_watts)"
    )


@pytest.mark.parametrize("ring_size_mm", [2.0, 4.0, math.nextafter(4.0, 5.0), math.nextafter(2.0, 1.0)])
def test_the_ends_of_the_calibrated_range_are_allowed_and_nothing_beyond(ring_size_mm):
    document = changed("steps", 1, "ring_size_mm", to=ring_size_mm)
    if 2.0 <= ring_size_mm <= 4.0:
        assert parse(document).steps[1].ring_size_mm == ring_size_mm
    else:
        assert len(errors_of(document)) == 1


def test_without_a_ring_calibration_any_size_over_0_is_read():
    assert parse(changed("steps", 1, "ring_size_mm", to=9.0), Limits(10.0)).steps[1].ring_size_mm == 9.0


@st.composite
def documents(draw):
    ramps = st.sampled_from(RampType)
    rows = st.tuples(st.floats(0.1, 100.0), st.floats(0, 10), st.floats(0, 10), st.floats(2, 4), ramps)
    steps = [
        Step(n, t, a, a if ramp is RampType.CONSTANT else b, ring, ramp)
        for n, (t, a, b, ring, ramp) in enumerate(draw(st.lists(rows, min_size=1, max_size=5)), start=1)
    ]
    name = draw(st.text(min_size=1, max_size=80).filter(lambda s: s.isprintable() and s.strip()))
    return Protocol(
        name, draw(st.sampled_from(["", "one\ntwo"])), tuple(steps), None, draw(st.none() | st.just(600.0))
    )


@settings(max_examples=60)
@given(documents())
def test_what_is_written_is_read_back_equal(protocol):
    assert parse(to_json(protocol, named=True)) == protocol
    unnamed = parse(to_json(protocol))
    assert (unnamed.name, unnamed.steps) == ("plan", protocol.steps)


def test_written_protocol_data_has_exactly_the_seeds_keys():
    assert json.loads(to_json(parse(SEED))) == SEED


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
places = st.sampled_from(
    [("steps",), ("steps", 0), ("steps", 1), ("safety_limits",), ("version",)]
    + [("steps", 0, key) for key in SEED["steps"][0]]
)


@settings(max_examples=150)
@given(places, json_values)
def test_any_json_in_any_place_is_read_or_refused_with_a_path(place, value):
    try:
        protocol = parse(changed(*place, to=value))
    except ProtocolError as error:
        refused = error
    else:
        assert protocol.peak_power_w <= LIMITS.max_power_w
        return
    assert refused.errors
    assert len(str(refused).splitlines()) == 1
