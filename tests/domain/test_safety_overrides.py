"""Overrides in a pause: taken there alone, within the limits in force; everything follows the new plan."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.rigs.ideal_cart import CALIBRATIONS, IdealCart, rules, with_
from tosca_kiosk.domain.inputs import Command, CommandType
from tosca_kiosk.domain.light import dose_limit_j
from tosca_kiosk.domain.overriding import LONGEST_REASON, MOST_OVERRIDES
from tosca_kiosk.domain.plan import Override, Plan
from tosca_kiosk.domain.state import Beam, Phase, State

POWER, RING = CommandType.POWER_OVERRIDE, CommandType.RING_OVERRIDE
STEPS = ((4.0, 5.0, 5.0, 3.0), (2.0, 2.0, 6.0, 3.5))


def asked(kind: CommandType, value: float | None, reason: str | None = "patient tolerance") -> Command:
    return Command(id=7, type=kind, reason=reason, user="anna", value=value)


def override(
    cart: IdealCart, kind: CommandType, value: float, reason: str | None = "patient tolerance"
) -> Any:
    """Ask for an override; return why it was refused, None where it was taken."""
    return cart.ask(asked(kind, value, reason)).replies[0].refused


def paused_at(elapsed_s: float, *steps: tuple[float, float, float, float]) -> IdealCart:
    """A cart in a pause at a treatment time, 0 for before the first light."""
    cart = IdealCart(rules(*(steps or STEPS)))
    if elapsed_s == 0.0:
        cart.open()
        return cart
    cart.emit()
    cart.run_until(lambda: cart.state.elapsed_s >= elapsed_s)
    pause(cart)
    return cart


def pause(cart: IdealCart) -> None:
    cart.tick(CommandType.PAUSE)
    cart.pedal = False
    cart.run(0.5)
    assert cart.state.phase is Phase.READY


def go_on(cart: IdealCart) -> None:
    cart.tick(CommandType.BEGIN_ARM)
    cart.run(1.6)
    cart.tick(CommandType.ARM)
    assert cart.state.phase is Phase.ARMED, cart.decisions[-1].replies
    cart.run_until(lambda: cart.state.beam is Beam.WAITING)
    cart.pedal = True
    cart.run_until(lambda: cart.state.beam is Beam.EMITTING, within_s=2.0)


def details(cart: IdealCart, event_type: str = "user_action") -> list[dict[str, Any]]:
    return [
        event.details
        for decision in cart.decisions
        for event in decision.events
        if event.event_type == event_type
    ]


def in_force(cart: IdealCart) -> Plan:
    plan = cart.rules.plan_in_force(cart.state)
    assert plan is not None
    return plan


def test_another_power_is_given_for_the_rest_of_the_step_and_the_next_step_is_as_planned() -> None:
    cart = paused_at(1.0)
    at_s = cart.state.elapsed_s
    assert override(cart, POWER, 6.5) is None
    assert in_force(cart).planned_energy_j == pytest.approx(at_s * 5.0 + (4.0 - at_s) * 6.5 + 2.0 * 4.0)
    go_on(cart)
    cart.run(1.0)
    assert cart.state.command_w == 6.5
    cart.run_until(lambda: cart.state.finished)
    by_step = {
        decision.state.step_index: decision.state.command_w
        for decision in cart.decisions
        if decision.state.command_w > 0.0
    }
    assert by_step[1] == pytest.approx(6.0, abs=0.3)
    assert cart.state.abort_reason is None
    assert "dose_limit" not in str(details(cart, "safety_warning"))


def test_the_deviation_has_the_seeds_keys_and_who() -> None:
    cart = paused_at(1.0)
    override(cart, POWER, 6.5)
    override(cart, RING, 2.5)
    power, ring = details(cart)[-2:]
    wanted = {"action": "protocol_power_override", "old_value": 5.0, "new_value": 6.5}
    assert wanted | {"reason": "patient tolerance", "user": "anna"} == {
        key: power[key] for key in ("action", "old_value", "new_value", "reason", "user")
    }
    assert (ring["action"], ring["old_value"], ring["new_value"]) == ("protocol_ring_override", 3.0, 2.5)
    assert "refused" not in power | ring
    power_at_s, ring_at_s = (json.loads(msgspec.json.encode(one))["elapsed_s"] for one in (power, ring))
    told = (Override(elapsed_s=power_at_s, power_w=6.5), Override(elapsed_s=ring_at_s, ring_size_mm=2.5))
    assert told == in_force(cart).overrides, "the record tells the plan in force exactly"
    assert details(cart, "power_set")[-1]["new_value"] == 6.5
    assert details(cart, "ring_size_change")[-1]["new_value"] == 2.5


def test_a_ramp_is_held_where_it_is_asked_to_be_and_its_old_value_is_the_power_of_now() -> None:
    cart = paused_at(5.0)
    at_s = cart.state.elapsed_s
    assert override(cart, POWER, 4.0) is None
    assert details(cart)[-1]["old_value"] == pytest.approx(2.0 + 2.0 * (at_s - 4.0))
    assert [in_force(cart).power_w(t) for t in (at_s, 5.9, 6.0)] == [4.0, 4.0, 4.0]
    hold = paused_at(0.0, (4.0, 5.0, 8.0, 3.0))
    assert override(hold, POWER, 5.0) is None, "a ramp that begins at 5 W is told to stay there"
    assert in_force(hold).planned_energy_j == 20.0


def test_the_dose_limit_is_of_the_plan_in_force() -> None:
    cart = paused_at(1.0, (15.0, 5.0, 5.0, 3.0))
    assert override(cart, POWER, 4.0) is None
    limit_j = dose_limit_j(cart.rules, in_force(cart))
    assert limit_j == pytest.approx(1.05 * (5.0 * cart.state.elapsed_s + 4.0 * (15.0 - cart.state.elapsed_s)))
    cart.power_factor = 1.14
    go_on(cart)
    cart.run_until(lambda: cart.state.finished)
    cart.run(0.2)
    assert cart.state.measured_j <= limit_j
    assert details(cart, "safety_warning")[-1]["trigger_source"] == "dose_limit"


def test_a_plan_that_is_cut_under_what_was_given_ends_at_once() -> None:
    cart = paused_at(3.9, (4.0, 5.0, 5.0, 3.0))
    cart.state = msgspec.structs.replace(cart.state, measured_j=20.5)
    assert override(cart, POWER, 0.01) is None
    cart.tick(CommandType.BEGIN_ARM)
    cart.run(1.6)
    cart.tick(CommandType.ARM)
    cart.run_until(lambda: cart.state.beam is Beam.WAITING)
    cart.pedal = True
    cart.run_until(lambda: cart.state.finished, within_s=1.0)
    assert cart.state.measured_j == 20.5, "no more light"


def test_another_ring_moves_the_stage_once_the_laser_is_read_back_off_and_light_waits_for_it() -> None:
    cart = paused_at(1.0)
    assert cart.stage_um == 1000.0
    assert override(cart, RING, 2.5) is None
    assert cart.outputs.stage_position_um == 500.0
    cart.inject["stage"] = with_(position_um=1000.0, settled=False)
    cart.tick(CommandType.BEGIN_ARM)
    cart.run(1.6)
    assert str(cart.tick(CommandType.ARM).replies[0].refused).startswith("The ring does not have the size")
    cart.inject.clear()
    cart.tick(CommandType.ARM)
    cart.run_until(lambda: cart.state.beam is Beam.WAITING)
    cart.inject["stage"] = with_(position_um=1000.0)
    cart.pedal = True
    cart.run_until(lambda: cart.state.beam is Beam.MOVING, within_s=1.0)
    cart.run(1.0)
    assert cart.state.beam is Beam.MOVING, "no light before the ring is there"
    cart.inject.clear()
    cart.run_until(lambda: cart.state.beam is Beam.EMITTING, within_s=1.0)
    cart.run_until(lambda: cart.state.finished)
    assert cart.stage_um == 1500.0, "the next step's own ring"


def test_the_stage_stands_still_while_the_laser_is_not_read_back_off() -> None:
    cart = IdealCart(rules(*STEPS))
    cart.emit()
    cart.inject["laser"] = with_(output_on=True)
    cart.tick(CommandType.PAUSE)
    assert override(cart, RING, 2.5) is None
    cart.run(0.2)
    assert {decision.outputs.stage_position_um for decision in cart.decisions[-21:]} == {None}


REFUSED: list[tuple[CommandType, float | None, str | None, str]] = [
    (POWER, 0.0, "why", "0 W asked, over 0 to 9.49 W allowed"),
    (POWER, -1.0, "why", "-1 W asked, over 0 to 9.49 W allowed"),
    (POWER, 9.4901, "why", "9.4901 W asked, over 0 to 9.49 W allowed"),
    (POWER, 1e300, "why", "1e+300 W asked, over 0 to 9.49 W allowed"),
    (POWER, math.nan, "why", "say the new power in W"),
    (POWER, math.inf, "why", "say the new power in W"),
    (POWER, None, "why", "say the new power in W"),
    (POWER, 6.0, None, "say why: an override needs a reason"),
    (POWER, 6.0, " \t\n", "say why: an override needs a reason"),
    (POWER, 6.0, "x" * (LONGEST_REASON + 1), "say why in at most 200 characters"),
    (POWER, 5.0, "why", "the power is 5 W already: nothing is changed"),
    (RING, 2.1999, "why", "2.1999 mm asked, 2.2 to 3.9 mm allowed"),
    (RING, 3.9001, "why", "3.9001 mm asked, 2.2 to 3.9 mm allowed"),
    (RING, 0.0, "why", "0 mm asked, 2.2 to 3.9 mm allowed"),
    (RING, math.nan, "why", "say the new ring size in mm"),
    (RING, 3.0, "why", "the ring is 3 mm already: nothing is changed"),
    (RING, 2.5, "", "say why: an override needs a reason"),
]


@pytest.mark.parametrize(("kind", "value", "reason", "refused"), REFUSED)
def test_what_is_not_allowed_is_refused_in_words_recorded_and_changes_nothing(
    kind: CommandType, value: float | None, reason: str | None, refused: str
) -> None:
    cart = paused_at(0.0)
    before = cart.state
    decision = cart.ask(asked(kind, value, reason))
    assert [reply.refused for reply in decision.replies] == [refused]
    [row] = [event.details for event in decision.events if event.event_type == "user_action"]
    assert (row["action"], row["refused"], row["user"]) == (str(kind), refused, "anna")
    assert decision.state.plan is before.plan is None
    json.loads(msgspec.json.encode(row))
    again = msgspec.json.decode(msgspec.json.encode(decision.replies[0].command), type=Command)
    assert cart.ask(again).replies[0].refused == refused, "as a journal reads it back"


def test_the_last_of_what_is_allowed_is_taken() -> None:
    for kind, values in ((POWER, (9.49, 1e-6)), (RING, (2.2, 3.9))):
        for value in values:
            assert override(paused_at(0.0), kind, value) is None, value


def test_the_rings_of_a_cart_whose_travel_nobody_told_stay_as_planned() -> None:
    cart = paused_at(0.0)
    cart.rules = msgspec.structs.replace(cart.rules, travel_min_um=None)
    assert (
        override(cart, RING, 2.5)
        == "it is not known which rings the stage reaches: the ring stays as planned"
    )
    cart.rules = msgspec.structs.replace(cart.rules, travel_min_um=2500.0, travel_max_um=3000.0)
    assert (
        override(cart, RING, 2.5)
        == "it is not known which rings the stage reaches: the ring stays as planned"
    )


def _hold(cart: IdealCart) -> None:
    cart.tick(CommandType.BEGIN_ARM)


def _arm(cart: IdealCart) -> None:
    cart.run(5.1)
    _hold(cart)
    cart.run(1.6)
    cart.tick(CommandType.ARM)


def _treat(cart: IdealCart) -> None:
    _arm(cart)
    cart.run_until(lambda: cart.state.beam is Beam.WAITING)
    cart.pedal = True
    cart.run_until(lambda: cart.state.beam is Beam.EMITTING)


def _finish(cart: IdealCart) -> None:
    _treat(cart)
    cart.run_until(lambda: cart.state.finished)


def _stop(cart: IdealCart) -> None:
    cart.tick(CommandType.STOP)


def _close(cart: IdealCart) -> None:
    cart.tick(CommandType.CLOSE_SESSION)


@pytest.mark.parametrize(
    ("come_to", "refused"),
    [
        (_hold, "ARM is held: let go of it first"),
        (_arm, "the power is overridden in a pause alone"),
        (_treat, "the power is overridden in a pause alone"),
        (_finish, "the treatment is finished"),
        (_stop, "the power is overridden in a pause alone"),
        (_close, "the power is overridden in a pause alone"),
    ],
)
def test_an_override_is_taken_in_a_pause_alone(come_to: Callable[[IdealCart], None], refused: str) -> None:
    cart = paused_at(0.0)
    come_to(cart)
    assert override(cart, POWER, 6.0) == refused
    assert cart.state.plan is None


def test_nothing_is_overridden_under_rules_that_are_not_known_to_be_the_records() -> None:
    cart = paused_at(0.0)
    cart.inject["rules_problem"] = lambda _: "power_limit_w: 10 given, the record says 5"
    refused = override(cart, POWER, 6.0)
    assert refused.startswith("the session's limits are not known to be those of the record (power_limit_w")
    assert cart.state.plan is None


def test_an_override_comes_no_sooner_than_the_pause_of_its_own_tick() -> None:
    cart = IdealCart(rules(*STEPS))
    cart.emit()
    both = (asked(POWER, 6.0), Command(8, CommandType.PAUSE))
    assert [reply.refused is None for reply in cart.ask(*both).replies] == [False, True]
    lit = IdealCart(rules(*STEPS))
    lit.emit()
    decision = lit.ask(*reversed(both))
    assert [reply.refused for reply in decision.replies] == [None, None]
    assert not decision.outputs.laser_output


def test_a_pause_in_the_tick_of_a_steps_end_overrides_the_step_that_has_begun() -> None:
    cart = paused_at(1.0)
    # As left by light whose last tick brought the clock over the boundary.
    cart.state = msgspec.structs.replace(cart.state, elapsed_s=4.001)
    assert cart.state.step_index == 0
    assert override(cart, RING, 2.5) is None
    assert (cart.state.step_index, in_force(cart).rings_mm) == (1, (3.0, 2.5))
    assert cart.outputs.stage_position_um == 500.0
    ended = msgspec.structs.replace(cart.state, elapsed_s=6.0)
    cart.state = ended
    assert override(cart, POWER, 6.0) == "nothing of the plan is left"


def test_there_is_an_end_to_overriding() -> None:
    cart = paused_at(0.0)
    for number in range(MOST_OVERRIDES):
        assert override(cart, POWER, 1.0 + number % 2) is None
    assert override(cart, POWER, 3.0) == (
        "100 overrides are made already; close the session and plan the rest"
    )


def test_a_plan_ends_with_its_session() -> None:
    cart = paused_at(0.0)
    override(cart, POWER, 6.0)
    cart.tick(CommandType.CLOSE_SESSION)
    assert msgspec.structs.replace(cart.rules, protocol=None).plan_in_force(cart.state) is None
    assert State().plan is None


@st.composite
def wishes(draw: st.DrawFn) -> list[tuple[float, CommandType, float]]:
    """Pauses by the light until each, with what is then asked: allowed or not."""
    powers = st.one_of(st.floats(0.05, 9.49), st.floats(-1.0, 20.0), st.just(math.nan))
    asks = st.one_of(
        st.tuples(st.just(POWER), powers),
        st.tuples(st.just(RING), st.sampled_from([1.0, 2.2, 2.8, 3.9, 5.0])),
    )
    return [(draw(st.floats(0.1, 1.2)), *draw(asks)) for _ in range(draw(st.integers(1, 3)))]


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(wishes(), st.sampled_from([0.9, 1.0, 1.2]))
def test_no_override_gets_power_over_the_limit_dose_over_the_plan_or_light_at_another_ring(
    asks: list[tuple[float, CommandType, float]], factor: float
) -> None:
    cart = IdealCart(rules((2.0, 3.0, 6.0, 3.0), (1.0, 6.0, 2.0, 3.5)))
    cart.emit()
    cart.power_factor = factor
    for lit_s, kind, value in asks:
        cart.run(lit_s)
        if cart.state.phase is not Phase.TREATING:
            break
        assert override(cart, kind, value) is not None, "not under light"
        pause(cart)
        allowed = 0.0 < value <= 9.49 if kind is POWER else 2.2 <= value <= 3.9
        before = cart.state.plan
        taken = override(cart, kind, value) is None
        assert allowed or not taken
        assert taken or cart.state.plan is before
        if cart.state.elapsed_s < in_force(cart).duration_s:
            go_on(cart)
    for _ in range(800):
        if cart.state.phase is not Phase.TREATING:
            break
        cart.tick()
    plan = in_force(cart)
    for decision in cart.decisions:
        if decision.outputs.laser_output:
            assert decision.outputs.laser_current_ma <= CALIBRATIONS.power.current_ma(9.49)
            present = cart.rules.plan_in_force(decision.state)
            assert present is not None
            ring_mm = present.rings_mm[decision.state.step_index]
            seen_mm = [event.ring_size_mm for event in decision.events if event.event_type == "power_change"]
            assert seen_mm == [pytest.approx(ring_mm)] * len(seen_mm)
    assert max(cart.state.measured_j, cart.state.commanded_j) <= 1.05 * plan.planned_energy_j + 1e-9
    assert all(isinstance(one, Override) for one in plan.overrides)
