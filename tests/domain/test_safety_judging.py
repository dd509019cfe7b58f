"""How long a failure may last, by which clock, and what one failure keeps while others come and go."""

from __future__ import annotations

import msgspec
import pytest

from benchmarks.rigs.ideal_cart import IdealCart, emitting, rules, with_
from tests.domain.steady_light import INPUTS, NOW_S, SESSION, STATE, reads
from tosca_kiosk.domain.inputs import Command, CommandType, Inputs
from tosca_kiosk.domain.interlocks import BY_SOURCE, INTERLOCKS, Scope
from tosca_kiosk.domain.judging import judge_interlocks, judge_light_before_it_is_on
from tosca_kiosk.domain.operating import take_commands
from tosca_kiosk.domain.situations import lamps
from tosca_kiosk.domain.state import Beam, Phase
from tosca_kiosk.domain.tick import Tick


def tick_at(inputs: Inputs = INPUTS, **state: object) -> Tick:
    """A step of its own over steady light, ready to be judged."""
    return Tick(SESSION, msgspec.structs.replace(STATE, **state), inputs)


# --- holds and their clocks -----------------------------------------------------------------------------


def test_a_lost_power_lasts_as_long_as_the_light_did_not_as_long_as_the_dark_between() -> None:
    cart = IdealCart(rules((60.0, 5.0, 5.0, 3.0)))
    cart.power_factor = 0.3
    cart.arm()
    cart.run_until(lambda: cart.state.beam is Beam.WAITING)
    cart.pedal = True
    cart.run_until(lambda: "photodiode_out_of_range" in cart.state.failing_since)
    begun_s = cart.state.failing_since["photodiode_out_of_range"]
    cart.run(0.2)
    cart.pedal = False
    cart.run(3.0)
    cart.pedal = True
    cart.run_until(lambda: cart.state.phase is Phase.FAULT, within_s=2.0)
    assert cart.state.faults == ("photodiode_out_of_range",)
    assert cart.state.emission_s - begun_s == pytest.approx(0.5, abs=0.015)


def test_dips_of_power_with_good_light_between_do_not_add_up() -> None:
    cart = emitting()
    for _ in range(5):
        cart.inject["board"] = with_(photodiode_v=1.0)
        cart.run(0.3)
        cart.inject.clear()
        cart.run(0.1)
    assert cart.state.faults == ()


def test_a_hold_passes_in_the_dark_too() -> None:
    cart = IdealCart(rules())
    cart.arm()
    cart.inject["tec"] = with_(temperature_c=27.5)
    cart.run(1.9)
    assert cart.state.phase is Phase.ARMED
    cart.run(0.2)
    assert cart.state.faults == ("tec_off_setpoint",)


def test_too_little_light_to_judge_keeps_what_failed_before() -> None:
    """At the tolerance itself no power can be under it: passing says nothing."""
    since = {"photodiode_out_of_range": 1.0}
    little = tick_at(expected_w=0.3, measured_w=0.3, failing_since=since)
    judge_interlocks(little)
    assert little.state.failing_since == since
    enough = tick_at(expected_w=0.31, measured_w=0.31, failing_since=since)
    judge_interlocks(enough)
    assert enough.state.failing_since == {}


def test_two_warnings_that_stand_together_are_each_said_once() -> None:
    cart = IdealCart(rules((20.0, 2.0, 8.0, 3.0)))
    cart.emit()
    cart.power_factor = 0.8
    cart.inject["laser"] = with_(condition=1)
    cart.run(5.0)
    assert cart.state.phase is Phase.TREATING
    assert cart.state.warned == {"photodiode_warning", "laser_warning"}
    said = [event.details.get("trigger_source") for d in cart.decisions for event in d.safety]
    assert sorted(said) == ["laser_warning", "photodiode_warning"]


def test_every_warning_must_last() -> None:
    """A row that only warns never counts among those that forbid light at once."""
    warnings = [row for row in INTERLOCKS if row.scope & Scope.WARN]
    assert warnings
    assert all(row.hold is not None and row.scope is Scope.WARN for row in warnings)


# --- the tick that switches on --------------------------------------------------------------------------


def test_what_failed_earlier_in_the_tick_still_forbids_light_that_is_judged_anew() -> None:
    tick = tick_at(beam=Beam.STARTING, beam_since_s=NOW_S)
    tick.failing = (BY_SOURCE["screen"],)
    judge_light_before_it_is_on(tick)
    assert BY_SOURCE["screen"] in tick.failing


def test_a_failure_that_may_last_does_not_keep_the_output_off() -> None:
    tick = tick_at(reads("tec", "temperature_c")(27.5), beam=Beam.STARTING, beam_since_s=NOW_S)
    judge_light_before_it_is_on(tick)
    assert tick.failing == ()


# --- STOP and its reset ---------------------------------------------------------------------------------


def test_stop_forbids_light_beside_what_fails_already() -> None:
    tick = tick_at(msgspec.structs.replace(INPUTS, commands=(Command(1, CommandType.STOP),)))
    tick.failing = (BY_SOURCE["tec"],)
    take_commands(tick)
    assert tick.failing == (BY_SOURCE["tec"], BY_SOURCE["screen"])


def test_stop_stays_pressed_until_it_is_reset() -> None:
    cart = emitting()
    cart.tick(CommandType.STOP)
    cart.pedal = False
    cart.run(1.0)
    assert cart.state.stop_pressed is True
    assert not lamps(cart.rules, cart.state, cart.inputs())["screen_stop"]
    assert "e_stop_released" not in cart.safety_types()
    cart.tick(CommandType.ACKNOWLEDGE, role="technician")
    assert cart.state.stop_pressed is False
    assert lamps(cart.rules, cart.state, cart.inputs())["screen_stop"]
    assert cart.state.acknowledged_s is None
