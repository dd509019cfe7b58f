"""The plan in force: a protocol with what was changed of it in pauses, and what is left of it."""

import math
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tosca_kiosk.domain.plan import Override, Plan
from tosca_kiosk.domain.protocol import Protocol, Step
from tosca_kiosk.domain.protocol_file import Limits, parse_protocol, to_json
from tosca_kiosk.domain.ramps import RampType
from tosca_kiosk.domain.remainder import CLOSE_W, CLOSENESS, SHORTEST_S, remainder


def step(number, duration_s, start_w, end_w, ramp=RampType.LINEAR, ring_mm=3.0):
    return Step(number, duration_s, start_w, end_w, ring_mm, ramp)


SEED = Protocol("Seed", "", (step(1, 60.0, 5.0, 5.0, RampType.CONSTANT), step(2, 30.0, 5.0, 8.0)))
AS_PLANNED = Plan(SEED)


@st.composite
def protocols(draw):
    shapes = st.tuples(
        st.floats(0.1, 300.0),
        st.floats(0.0, 10.0),
        st.floats(0.0, 10.0),
        st.sampled_from(RampType),
        st.sampled_from([2.0, 3.0, 4.0]),
    )
    rows = draw(st.lists(shapes, min_size=1, max_size=4))
    steps = [
        step(n, t, a, a if ramp is RampType.CONSTANT else b, ramp, ring_mm)
        for n, (t, a, b, ramp, ring_mm) in enumerate(rows, start=1)
    ]
    return Protocol("Any", "", tuple(steps), max_power_w=10.0)


@st.composite
def plans(draw):
    plan = Plan(draw(protocols()))
    values = st.one_of(
        st.floats(0.01, 10.0).map(lambda w: {"power_w": w}),
        st.floats(1.0, 5.0).map(lambda mm: {"ring_size_mm": mm}),
    )
    parts = sorted(draw(st.lists(st.floats(0.0, 0.999), max_size=5)))
    for part in parts:
        plan = plan.overridden(Override(elapsed_s=part * plan.duration_s, **draw(values)))
    return plan


def inner_times(plan, count=400):
    """Times all over a plan that lie on no edge of a piece, where two powers meet."""
    times = (np.arange(count) + 0.5) / count * plan.duration_s
    edges = np.array([edge for piece in plan.pieces for edge in (piece.start_s, piece.end_s)])
    return [float(t) for t in times if np.abs(edges - t).min() > 1e-6]


@settings(max_examples=60)
@given(protocols(), st.floats(-0.1, 1.1))
def test_without_overrides_every_answer_is_the_protocols_own(protocol, part):
    plan, elapsed_s = Plan(protocol), part * protocol.duration_s
    assert plan.power_w(elapsed_s) == protocol.power_w(elapsed_s)
    assert plan.energy_j(max(elapsed_s, 0.0)) == protocol.energy_j(max(elapsed_s, 0.0))
    assert plan.remaining_s(elapsed_s) == protocol.remaining_s(elapsed_s)
    assert (plan.planned_energy_j, plan.peak_power_w) == (protocol.planned_energy_j, protocol.peak_power_w)
    assert plan.rings_mm == tuple(step.ring_size_mm for step in protocol.steps)


def test_another_power_holds_from_its_time_to_the_end_of_its_step():
    plan = AS_PLANNED.overridden(Override(elapsed_s=20.0, power_w=6.5))
    powers_w = [plan.power_w(t) for t in (0.0, 19.99, 20.0, 59.99, 60.0, 75.0, 90.0)]
    assert powers_w == pytest.approx([5.0, 5.0, 6.5, 6.5, 5.0, 6.5, 8.0])
    assert plan.planned_energy_j == pytest.approx(20 * 5.0 + 40 * 6.5 + 30 * 6.5)
    assert (plan.duration_s, plan.peak_power_w) == (90.0, 8.0)


def test_a_ramp_that_is_overridden_stands_still_for_its_rest():
    plan = AS_PLANNED.overridden(Override(elapsed_s=70.0, power_w=2.0))
    assert [plan.power_w(t) for t in (60.0, 69.9999, 70.0, 90.0)] == pytest.approx([5.0, 6.0, 2.0, 2.0], 1e-4)
    assert plan.planned_energy_j == pytest.approx(300.0 + 10 * 5.5 + 20 * 2.0)
    assert plan.peak_power_w == pytest.approx(6.0)


def test_overrides_follow_one_another_and_the_newest_holds():
    plan = AS_PLANNED
    for override in (
        Override(elapsed_s=20.0, power_w=9.0),
        Override(elapsed_s=20.0, power_w=6.0),
        Override(elapsed_s=30.0, ring_size_mm=4.0),
        Override(elapsed_s=40.0, power_w=1.0),
    ):
        plan = plan.overridden(override)
    assert plan.planned_energy_j == pytest.approx(20 * 5.0 + 20 * 6.0 + 20 * 1.0 + 30 * 6.5)
    assert plan.peak_power_w == 8.0, "what was taken back at once never was in the plan"
    assert [plan.piece_at(t).ring_size_mm for t in (29.9, 30.0, 59.9, 60.0)] == [3.0, 4.0, 4.0, 3.0]
    assert plan.rings_mm == (4.0, 3.0)


def test_an_override_before_another_or_outside_the_plan_or_of_nothing_is_none():
    plan = AS_PLANNED.overridden(Override(elapsed_s=20.0, power_w=6.5))
    for elapsed_s in (19.9, -1.0, 90.0, math.nan):
        with pytest.raises(ValueError, match="outside the plan, or before another"):
            plan.overridden(Override(elapsed_s=elapsed_s, power_w=6.5))
    with pytest.raises(ValueError, match="of the power or of the ring"):
        Override(elapsed_s=1.0)
    with pytest.raises(ValueError, match="of the power or of the ring"):
        Override(elapsed_s=1.0, power_w=1.0, ring_size_mm=1.0)


@settings(max_examples=80)
@given(plans())
def test_energy_is_the_integral_of_power_and_power_never_over_the_peak(plan):
    numeric_j = 0.0
    for piece in plan.pieces:
        middles = piece.start_s + (np.arange(400) + 0.5) / 400 * (piece.end_s - piece.start_s)
        powers_w = [plan.power_w(float(t)) for t in middles]
        assert 0.0 <= min(powers_w) <= max(powers_w) <= plan.peak_power_w + 1e-12
        numeric_j += (piece.end_s - piece.start_s) * float(np.mean(powers_w))
    assert plan.planned_energy_j == pytest.approx(numeric_j, rel=1e-4, abs=1e-6)
    assert plan.energy_j(plan.duration_s) == pytest.approx(plan.planned_energy_j, rel=1e-9)
    assert all(b.start_s == a.end_s for a, b in pairwise(plan.pieces))
    assert (plan.pieces[0].start_s, plan.pieces[-1].end_s) == (0.0, plan.duration_s)


@settings(max_examples=80)
@given(plans(), st.floats(0.0, 10.0))
def test_an_override_changes_nothing_of_what_lies_before_it_nor_of_later_steps(plan, power_w):
    before_s = plan.overrides[-1].elapsed_s if plan.overrides else 0.0
    changed = plan.overridden(Override(elapsed_s=before_s, power_w=power_w))
    step_end_s = plan.protocol.step_ends_s[plan.step_at(before_s)]
    for t in inner_times(changed, 100):
        if t < before_s or t > step_end_s:
            assert changed.power_w(t) == plan.power_w(t)
        else:
            assert changed.power_w(t) == power_w
    assert changed.rings_mm == plan.rings_mm


@settings(max_examples=100)
@given(plans(), st.floats(0.0, 1.0))
def test_the_remainder_is_the_rest_of_the_plan_in_power_ring_time_and_energy(plan, part):
    elapsed_s = part * plan.duration_s
    rest = remainder(plan, elapsed_s)
    if rest is None:
        assert plan.duration_s - elapsed_s <= SHORTEST_S
        return
    gone_s = plan.duration_s - rest.duration_s
    assert gone_s - elapsed_s == pytest.approx(0.0, abs=SHORTEST_S + 1e-9)
    left_j = plan.planned_energy_j - plan.energy_j(gone_s)
    assert rest.planned_energy_j == pytest.approx(left_j, rel=CLOSENESS, abs=CLOSE_W * rest.duration_s)
    as_plan = Plan(rest)
    for t in inner_times(as_plan, 200):
        wanted_w = plan.power_w(gone_s + t)
        assert as_plan.power_w(t) == pytest.approx(wanted_w, rel=1.02 * CLOSENESS, abs=1.02 * CLOSE_W)
        assert as_plan.piece_at(t).ring_size_mm == plan.piece_at(gone_s + t).ring_size_mm
    assert rest.peak_power_w <= plan.peak_power_w
    assert parse_protocol(to_json(rest), "rest", "Any", Limits(max_power_w=10.0)) == rest


def test_a_step_that_is_whole_stays_as_it_is_and_a_linear_one_is_cut_exactly():
    curved = step(2, 30.0, 1.0, 9.0, RampType.EXPONENTIAL)
    plan = Plan(Protocol("Two", "", (step(1, 60.0, 2.0, 8.0), curved)))
    assert remainder(plan, 0.0) == plan.protocol
    rest = remainder(plan, 15.0)
    assert rest.steps == (step(1, 45.0, 3.5, 8.0), curved)
    assert remainder(plan, 59.999).steps == (msgspec.structs.replace(curved, number=1),)
    assert remainder(plan, 90.0) is remainder(plan, 89.998) is remainder(plan, 1e9) is None


def test_what_an_override_cuts_off_within_a_rounding_of_a_steps_end_is_no_step_of_the_rest():
    plan = Plan(Protocol("Two", "", (step(1, 1.0, 2.0, 2.0), step(2, 2.0, 3.0, 3.0))))
    plan = plan.overridden(Override(elapsed_s=0.38907724352700196, power_w=4.0))
    plan = plan.overridden(Override(elapsed_s=math.nextafter(1.0, 0.0), ring_size_mm=2.5))
    rest = remainder(plan, 0.2)
    assert [one.power_start_w for one in rest.steps] == [2.0, 4.0, 3.0]
    assert parse_protocol(to_json(rest), "rest", "Two", Limits(max_power_w=10.0)) == rest


@pytest.mark.parametrize("ramp", [RampType.LOGARITHMIC, RampType.EXPONENTIAL])
@pytest.mark.parametrize(("start_w", "end_w"), [(0.0, 10.0), (10.0, 0.0), (0.1, 10.0), (4.0, 5.0)])
def test_a_cut_curved_ramp_becomes_few_straight_lines(ramp, start_w, end_w):
    plan = Plan(Protocol("Curve", "", (step(1, 100.0, start_w, end_w, ramp),)))
    rest = remainder(plan, 10.0)
    assert {one.ramp for one in rest.steps} == {RampType.LINEAR}
    assert 1 <= len(rest.steps) <= 16
    assert rest.planned_energy_j == pytest.approx(plan.planned_energy_j - plan.energy_j(10.0), rel=CLOSENESS)
    assert [one.power_end_w for one in rest.steps[:-1]] == [one.power_start_w for one in rest.steps[1:]]


def test_curves_for_a_chart_have_a_corner_at_every_edge():
    plan = AS_PLANNED.overridden(Override(elapsed_s=20.0, power_w=6.5))
    plan = plan.overridden(Override(elapsed_s=30.0, ring_size_mm=4.0))
    assert plan.power_curve() == (
        (0.0, 5.0), (20.0, 5.0), (20.0, 6.5), (30.0, 6.5), (30.0, 6.5), (60.0, 6.5), (60.0, 5.0), (90.0, 8.0)
    )  # fmt: skip
    assert plan.ring_curve() == (
        (0.0, 3.0), (20.0, 3.0), (20.0, 3.0), (30.0, 3.0), (30.0, 4.0), (60.0, 4.0), (60.0, 3.0), (90.0, 3.0)
    )  # fmt: skip


def test_a_plan_in_force_is_written_and_read_as_it_is():
    plan = AS_PLANNED.overridden(Override(elapsed_s=20.0, power_w=6.5))
    assert plan.power_w(30.0) == 6.5, "the derived tables are made"
    assert msgspec.json.decode(msgspec.json.encode(plan), type=Plan) == plan
