"""A protocol answers for any treatment time: which step, how much power, how much energy so far."""

import math
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tosca_kiosk.domain.protocol import Protocol, ProtocolType, Step
from tosca_kiosk.domain.ramps import RampType


def step(number, duration_s, start_w, end_w, ramp=RampType.LINEAR):
    return Step(number, duration_s, start_w, end_w, 3.0, ramp)


SEED = Protocol(
    "Seed",
    "",
    (step(1, 60.0, 5.0, 5.0, RampType.CONSTANT), step(2, 30.0, 5.0, 8.0)),
    max_power_w=10.0,
    max_duration_s=300.0,
)


@st.composite
def protocols(draw):
    shapes = st.tuples(
        st.floats(0.01, 600.0), st.floats(0.0, 10.0), st.floats(0.0, 10.0), st.sampled_from(RampType)
    )
    rows = draw(st.lists(shapes, min_size=1, max_size=6))
    steps = [
        step(n, t, a, a if ramp is RampType.CONSTANT else b, ramp)
        for n, (t, a, b, ramp) in enumerate(rows, start=1)
    ]
    return Protocol("Any", "", tuple(steps))


def test_the_seeds_example_lasts_90_s_and_plans_495_j():
    assert SEED.duration_s == 90.0
    assert SEED.planned_energy_j == pytest.approx(60 * 5.0 + 30 * 6.5, rel=1e-14)
    assert SEED.peak_power_w == 8.0
    assert SEED.step_ends_s == (60.0, 90.0)


def test_at_a_boundary_the_next_step_has_begun():
    assert [SEED.step_at(t) for t in (0.0, math.nextafter(60.0, 0), 60.0, 90.0, 1e9)] == [0, 0, 1, 1, 1]


@pytest.mark.parametrize(
    ("elapsed_s", "power_w"), [(0.0, 5.0), (59.99, 5.0), (60.0, 5.0), (75.0, 6.5), (90.0, 8.0)]
)
def test_power_follows_the_steps(elapsed_s, power_w):
    assert SEED.power_w(elapsed_s) == pytest.approx(power_w)


@pytest.mark.parametrize("elapsed_s", [-0.01, 90.01, math.inf, -math.inf, math.nan])
def test_no_power_is_planned_outside_the_plan(elapsed_s):
    assert SEED.power_w(elapsed_s) == 0.0


def test_remaining_time_ends_at_zero():
    assert [SEED.remaining_s(t) for t in (0.0, 85.0, 90.0, 91.0)] == [90.0, 5.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("steps", "kind"),
    [
        ((step(1, 1.0, 5.0, 5.0, RampType.CONSTANT),), ProtocolType.CONSTANT),
        ((step(1, 1.0, 2.0, 8.0, RampType.LINEAR),), ProtocolType.LINEAR_RAMP),
        ((step(1, 1.0, 2.0, 8.0, RampType.EXPONENTIAL),), ProtocolType.CUSTOM),
        ((step(1, 1.0, 2.0, 8.0, RampType.LOGARITHMIC),), ProtocolType.CUSTOM),
        (SEED.steps, ProtocolType.MULTI_STEP),
    ],
)
def test_the_type_names_the_kind_of_plan(steps, kind):
    assert Protocol("Any", "", steps).protocol_type is kind


@settings(max_examples=60)
@given(protocols())
def test_the_whole_energy_is_the_integral_of_power(protocol):
    numeric_j = sum(
        one.duration_s * np.mean([one.power_w(x) for x in ((np.arange(2000) + 0.5) / 2000 * one.duration_s)])
        for one in protocol.steps
    )
    scale_j = protocol.peak_power_w * protocol.duration_s
    assert protocol.planned_energy_j == pytest.approx(numeric_j, rel=1e-5, abs=1e-6 * scale_j)
    assert protocol.energy_j(protocol.duration_s) == pytest.approx(protocol.planned_energy_j, rel=1e-9)


@settings(max_examples=60)
@given(protocols(), st.lists(st.floats(0.0, 1.0), min_size=2, max_size=8))
def test_energy_never_falls_and_power_never_exceeds_the_peak(protocol, parts):
    times = sorted(part * protocol.duration_s for part in parts)
    energies = [protocol.energy_j(t) for t in times]
    assert all(b >= a - 1e-9 * (1 + a) for a, b in pairwise(energies))
    assert all(0.0 <= protocol.power_w(t) <= protocol.peak_power_w for t in times)


@settings(max_examples=60)
@given(protocols())
def test_the_end_is_reached_exactly(protocol):
    assert protocol.power_w(protocol.duration_s) == protocol.steps[-1].power_end_w
    assert protocol.power_w(0.0) == protocol.steps[0].power_start_w


def test_a_changed_copy_computes_its_own_times():
    """`structs.replace` must not carry derived tables over to a plan of other steps."""
    assert SEED.duration_s == 90.0
    shorter = msgspec.structs.replace(SEED, steps=SEED.steps[:1])
    assert (shorter.duration_s, shorter.planned_energy_j) == (60.0, 300.0)


def test_derived_tables_are_neither_encoded_nor_compared():
    assert SEED.step_ends_s == (60.0, 90.0)
    copy = msgspec.json.decode(msgspec.json.encode(SEED), type=Protocol)
    assert copy == SEED
    assert "step_ends_s" not in msgspec.json.decode(msgspec.json.encode(SEED))
