"""Calibrations: commands stay inside the points, measurements are continued, devices must match."""

import json
import math

import msgspec
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tosca_kiosk.domain.calibration import (
    PHOTODIODE,
    POWER,
    RING,
    CalibrationError,
    CalibrationSet,
    OutOfRangeError,
    PiecewiseLinear,
    calibration_problem,
    calibration_set,
    parse_calibration,
)

RING_DATA = {
    "calibration_points": [
        {"actuator_position_um": 0, "ring_size_mm": 2.0},
        {"actuator_position_um": 1000, "ring_size_mm": 3.0},
        {"actuator_position_um": 2000, "ring_size_mm": 4.0},
    ],
    "interpolation_method": "linear",
    "fit_equation": "ring_size = 2.0 + (position / 1000)",
}
PHOTODIODE_DATA = {
    "calibration_points": [
        {"voltage_v": 0.5, "power_watts": 1.0},
        {"voltage_v": 2.5, "power_watts": 5.0},
        {"voltage_v": 5.0, "power_watts": 10.0},
    ],
    "fit_equation": "power = voltage * 2.0",
    "r_squared": 0.998,
}
POWER_DATA = {
    "points": [
        {"current_ma": 1600, "power_watts": 1.0},
        {"current_ma": 5700, "power_watts": 5.0},
        {"current_ma": 10600, "power_watts": 9.5},
    ]
}


def parse(kind, data, serial="S1"):
    return parse_calibration(kind, json.dumps(data), serial, "row 7")


@pytest.fixture
def ring():
    return parse(RING, RING_DATA, "STAGE-1")


@pytest.fixture
def photodiode():
    return parse(PHOTODIODE, PHOTODIODE_DATA, "BOARD-1")


@pytest.fixture
def power():
    return parse(POWER, POWER_DATA, "LASER-1")


@pytest.fixture
def whole(ring, photodiode, power):
    return calibration_set([photodiode, power, ring], "calibrations")


class TestRing:
    def test_the_seeds_example_is_read_both_ways(self, ring):
        assert [ring.ring_size_mm(x) for x in (0.0, 500.0, 2000.0)] == [2.0, 2.5, 4.0]
        assert [ring.position_um(y) for y in (2.0, 2.5, 4.0)] == [0.0, 500.0, 2000.0]
        assert (ring.ring_min_mm, ring.ring_max_mm) == (2.0, 4.0)

    @pytest.mark.parametrize("ring_size_mm", [1.999, 4.001, math.inf, -math.inf, math.nan])
    def test_a_ring_beyond_the_points_is_refused_with_the_range(self, ring, ring_size_mm):
        with pytest.raises(OutOfRangeError, match=r"^ring size \(mm\): .* asked, 2 to 4 calibrated$"):
            ring.position_um(ring_size_mm)

    def test_a_position_beyond_the_points_is_refused_with_the_range(self, ring):
        with pytest.raises(OutOfRangeError, match=r"^stage position \(um\): 2001 asked, 0 to 2000 cal"):
            ring.ring_size_mm(2001.0)

    def test_a_ring_that_shrinks_with_the_position_is_sound_too(self):
        points = [{"actuator_position_um": x, "ring_size_mm": 4.0 - x / 1000} for x in (0, 1000, 2000)]
        shrinking = parse(RING, {"calibration_points": points})
        assert shrinking.position_um(3.5) == 500.0
        assert (shrinking.ring_min_mm, shrinking.ring_max_mm) == (2.0, 4.0)


class TestPhotodiode:
    @pytest.mark.parametrize(
        ("voltage_v", "power_w"), [(0.0, 0.0), (-0.2, 0.0), (0.25, 0.5), (2.5, 5.0), (3.0, 6.0), (5.5, 11.0)]
    )
    def test_the_end_segments_go_on_but_not_under_0_w(self, photodiode, voltage_v, power_w):
        assert photodiode.power_w(voltage_v) == pytest.approx(power_w, abs=1e-12)

    def test_not_a_number_is_not_taken_for_darkness(self, photodiode):
        assert math.isnan(photodiode.power_w(math.nan))

    def test_voltage_is_the_inverse(self, photodiode):
        assert photodiode.voltage_v(9.0) == pytest.approx(4.5)


class TestPower:
    def test_0_w_is_0_ma_and_a_little_light_needs_more_than_threshold(self, power):
        """The first segment, 0.97561 W/A, meets 0 W at 575 mA."""
        assert power.current_ma(0.0) == 0.0
        assert power.current_ma(1e-9) == pytest.approx(575.0, abs=1e-3)
        assert power.current_ma(0.5) == pytest.approx(1087.5)

    def test_points_are_met_exactly(self, power):
        assert [power.current_ma(p) for p in (1.0, 5.0, 9.5)] == [1600.0, 5700.0, 10600.0]

    @pytest.mark.parametrize("power_w", [-0.001, math.nextafter(9.5, 10), math.inf, -math.inf, math.nan])
    def test_a_power_beyond_the_points_is_refused_with_the_range(self, power, power_w):
        with pytest.raises(OutOfRangeError, match=r"asked, 0 to 9.5 W calibrated$"):
            power.current_ma(power_w)

    @pytest.mark.parametrize(
        ("current_ma", "power_w"), [(0.0, 0.0), (575.0, 0.0), (1600.0, 1.0), (11580.0, 10.4)]
    )
    def test_the_expected_power_is_known_for_any_current(self, power, current_ma, power_w):
        assert power.power_w(current_ma) == pytest.approx(power_w, abs=1e-3)

    def test_a_curve_that_would_begin_below_0_ma_begins_at_0_ma(self):
        points = [{"current_ma": c, "power_watts": p} for c, p in ((100, 5.0), (200, 6.0))]
        assert parse(POWER, {"points": points}).current_ma(1.0) == 0.0


class TestData:
    @pytest.mark.parametrize(
        ("kind", "data", "errors"),
        [
            (RING, {}, ["calibration_points: is missing"]),
            (
                RING,
                {"calibration_points": []},
                ["calibration_points: a list is too short; at least 2 are needed"],
            ),
            (
                RING,
                {**RING_DATA, "interpolation_method": "cubic"},
                ["interpolation_method: \"cubic\" is not allowed; allowed: 'linear'"],
            ),
            (
                PHOTODIODE,
                {"calibration_points": [{"voltage_v": "1", "power_watts": -1}, {"voltage_v": math.nan}]},
                [
                    'calibration_points[0].voltage_v: "1" must be a number',
                    "calibration_points[0].power_watts: -1 must be 0 or more",
                    "calibration_points[1].voltage_v: NaN must be a finite number",
                    "calibration_points[1].power_watts: is missing",
                ],
            ),
            (
                PHOTODIODE,
                {"calibration_points": [{"voltage_v": v, "power_watts": p} for v, p in ((1, 5), (2, 4))]},
                ["calibration_points[1].power_watts: 4.0 must be over 5.0, the first point: the curve rises"],
            ),
            (
                POWER,
                {
                    "points": [
                        {"current_ma": c, "power_watts": p} for c, p in ((1, 1), (1, 3), (2, 2), (3, 4))
                    ]
                },
                [
                    "points[1].current_ma: 1.0 must be over 1.0, the point before",
                    "points[2].power_watts: 2.0 must be over 3.0, the point before",
                ],
            ),
            (
                POWER,
                {"points": POWER_DATA["points"], "unit": "mA"},
                [
                    "unit: is not known; allowed: points, interpolation_method, fit_equation, r_squared",
                ],
            ),
        ],
    )
    def test_mistakes_are_named_by_path(self, kind, data, errors):
        with pytest.raises(CalibrationError) as caught:
            parse(kind, data)
        assert [str(error) for error in caught.value.errors] == errors
        assert str(caught.value).startswith("row 7: ")

    def test_a_calibration_no_treatment_uses_is_refused(self):
        with pytest.raises(CalibrationError, match="camera_focus_calibration is no calibration"):
            parse("camera_focus_calibration", {})

    def test_broken_json_says_where(self):
        with pytest.raises(CalibrationError, match="line 1, column 2: no JSON"):
            parse_calibration(RING, "{", "S1", "row 7")


class TestSet:
    def test_a_set_comes_back_from_json_equal(self, whole):
        assert msgspec.json.decode(msgspec.json.encode(whole), type=CalibrationSet) == whole

    def test_a_tampered_curve_does_not_come_back(self, whole):
        text = msgspec.json.encode(whole).replace(b"5700.0", b"1.0")
        with pytest.raises(msgspec.ValidationError, match=r"point 2 of a curve: 1\.0 must be over 1600\.0"):
            msgspec.json.decode(text, type=CalibrationSet)

    def test_missing_kinds_are_named(self, ring):
        with pytest.raises(CalibrationError) as caught:
            calibration_set([ring], "calibrations")
        assert [error.path for error in caught.value.errors] == [PHOTODIODE, POWER]

    def test_the_set_answers_for_its_members(self, whole):
        assert whole.position_um(3.0) == 1000.0
        assert whole.ring_size_mm(1000.0) == 3.0
        assert whole.measured_power_w(2.5) == 5.0
        assert whole.current_ma(5.0) == 5700.0
        assert whole.power_w(5700.0) == 5.0

    def test_calibrations_of_the_connected_devices_are_no_problem(self, whole):
        assert calibration_problem(whole, "LASER-1", "STAGE-1", "BOARD-1") is None

    @pytest.mark.parametrize(
        ("serials", "text", "command"),
        [
            (
                ("LASER-2", "STAGE-1", "BOARD-1"),
                "the power calibration is of laser LASER-1, connected is laser LASER-2",
                "laser",
            ),
            (
                ("LASER-1", "STAGE-2", "BOARD-1"),
                "the ring calibration is of stage STAGE-1, connected is stage STAGE-2",
                "import FILE",
            ),
            (
                ("LASER-1", "STAGE-1", ""),
                "the photodiode calibration is of interlock board BOARD-1, connected is interlock board ",
                "photodiode",
            ),
        ],
    )
    def test_a_calibration_of_another_device_is_named(self, whole, serials, text, command):
        assert calibration_problem(whole, *serials) == f"{text}: tosca-kiosk calibrate {command}"

    def test_no_calibrations_are_a_problem(self):
        said = calibration_problem(None, "LASER-1", "STAGE-1", "BOARD-1")
        assert said.startswith("photodiode, power and ring calibrations are not all there; in this order: ")
        commands = ["calibrate photodiode", "calibrate laser", "calibrate import FILE"]
        assert sorted(commands, key=said.index) == commands


@st.composite
def curves(draw):
    count = draw(st.integers(2, 12))
    gaps = st.lists(st.floats(0.01, 100.0), min_size=count, max_size=count)
    xs = [sum(part) for part in _heads(draw(gaps))]
    ys = [sum(part) for part in _heads(draw(gaps))]
    return PiecewiseLinear(tuple(xs), tuple(ys if draw(st.booleans()) else [-y for y in ys]))


def _heads(values):
    return [values[: n + 1] for n in range(len(values))]


@settings(max_examples=100)
@given(curves(), st.floats(0.0, 1.0))
def test_a_curves_inverse_leads_back(curve, part):
    x = curve.xs[0] + part * (curve.xs[-1] - curve.xs[0])
    assume(x <= curve.xs[-1])
    assert curve.inverse.continued(curve.at(x)) == pytest.approx(x, rel=1e-9, abs=1e-7)


@settings(max_examples=100)
@given(curves(), st.lists(st.floats(-50.0, 1500.0), min_size=2, max_size=10, unique=True))
def test_a_continued_curve_never_turns(curve, xs):
    ys = [curve.continued(x) for x in sorted(xs)]
    rising = curve.ys[0] < curve.ys[-1]
    assert ys == sorted(ys, reverse=not rising)


@settings(max_examples=50)
@given(curves())
@example(PiecewiseLinear((0.4, 1.6), (0.1, 2.9)))
def test_every_point_is_met_exactly(curve):
    """The example's line, computed from its first point, misses its last one by a rounding."""
    assert tuple(curve.at(x) for x in curve.xs) == curve.ys


@pytest.mark.parametrize(
    ("xs", "ys"),
    [
        ((1.0,), (1.0,)),
        ((1.0, 2.0), (1.0,)),
        ((1.0, math.nan), (1.0, 2.0)),
        ((1.0, math.inf), (1.0, 2.0)),
        ((1.0, 2.0), (-math.inf, 2.0)),
        ((2.0, 1.0), (1.0, 2.0)),
        ((1.0, 2.0, 3.0), (1.0, 2.0, 1.5)),
        ((1.0, 2.0), (1.0, 1.0)),
    ],
)
def test_a_curve_that_is_none_is_refused(xs, ys):
    with pytest.raises(ValueError, match="curve"):
        PiecewiseLinear(xs, ys)
