"""Ramps begin and end exactly where the step says, and their energy is the integral of their power."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tosca_kiosk.domain.ramps import SHAPES, RampType, ramp_energy_j, ramp_power_w

ramps = st.sampled_from(RampType)
powers = st.floats(0.0, 20.0)
parts = st.floats(0.0, 1.0)


def test_every_ramp_has_a_row():
    assert set(SHAPES) == set(RampType)
    assert [ramp.value for ramp in RampType] == ["constant", "linear", "logarithmic", "exponential"]


@pytest.mark.parametrize(
    ("ramp", "power_w"),
    [
        (RampType.LINEAR, 5.0),
        (RampType.LOGARITHMIC, 2.0 + 6.0 * math.log10(5.5)),
        (RampType.EXPONENTIAL, 2.0 + 6.0 * (math.sqrt(10.0) - 1.0) / 9.0),
    ],
)
def test_halfway_from_2_to_8_w_each_ramp_follows_its_formula(ramp, power_w):
    assert ramp_power_w(ramp, 2.0, 8.0, 0.5) == pytest.approx(power_w, rel=1e-12)


def test_a_constant_ramp_stays_at_its_start():
    assert {ramp_power_w(RampType.CONSTANT, 5.0, 5.0, p) for p in (0.0, 0.3, 1.0)} == {5.0}


@settings(max_examples=100)
@given(ramps, powers, powers)
def test_start_and_end_are_reached_exactly(ramp, start_w, end_w):
    if ramp is RampType.CONSTANT:
        end_w = start_w
    assert ramp_power_w(ramp, start_w, end_w, 0.0) == start_w
    assert ramp_power_w(ramp, start_w, end_w, 1.0) == end_w


@settings(max_examples=200)
@given(ramps, powers, powers, parts)
def test_power_never_leaves_the_range_between_start_and_end(ramp, start_w, end_w, p):
    assert min(start_w, end_w) <= ramp_power_w(ramp, start_w, end_w, p) <= max(start_w, end_w)


@settings(max_examples=60)
@given(ramps, powers, powers, st.floats(0.1, 600.0), parts)
def test_energy_is_the_integral_of_power(ramp, start_w, end_w, duration_s, p):
    """Against the midpoint rule on 4000 parts, whose error here is under 1e-6 of the range."""
    if ramp is RampType.CONSTANT:
        end_w = start_w
    middles = (np.arange(4000) + 0.5) / 4000 * p
    numeric_j = duration_s * p * np.mean([ramp_power_w(ramp, start_w, end_w, m) for m in middles.tolist()])
    energy_j = ramp_energy_j(ramp, start_w, end_w, duration_s, p)
    assert energy_j == pytest.approx(numeric_j, rel=1e-6, abs=1e-6 * duration_s * max(start_w, end_w, 1e-6))


def test_the_mean_power_of_whole_ramps_is_the_known_constant():
    log10e = 1.0 / math.log(10.0)
    means = {ramp: ramp_energy_j(ramp, 0.0, 1.0, 1.0) for ramp in RampType if ramp is not RampType.CONSTANT}
    assert means == {
        RampType.LINEAR: pytest.approx(0.5, rel=1e-14),
        RampType.LOGARITHMIC: pytest.approx(10.0 / 9.0 - log10e, rel=1e-14),
        RampType.EXPONENTIAL: pytest.approx(log10e - 1.0 / 9.0, rel=1e-14),
    }
