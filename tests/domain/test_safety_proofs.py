"""A first fault of the laser's interlock loop, or of the sensors that guard it, is found before a second.

After each opening of the gate the laser must tell that its loop is open; until then the gate is not wanted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from benchmarks.rigs.ideal_cart import TICK_S, IdealCart, emitting, rules, with_
from tosca_kiosk.domain.condition_bits import BIT_INTERLOCK_OPEN
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.laser_checks import INTERLOCK_OPENS_WITHIN_S
from tosca_kiosk.domain.state import Beam, Phase

LOOP_READS_CLOSED = with_(condition=0)


def released() -> IdealCart:
    """Return a cart in the tick that sees the gate open behind a released pedal."""
    cart = emitting()
    cart.pedal = False
    cart.run_until(lambda: not cart.state.gate_closed, within_s=0.1)
    return cart


def stands_still(cart: IdealCart) -> Callable[[Any], Any]:
    """Return a condition register that shows for ever what it shows now."""
    return with_(condition=cart.inputs().laser.condition)  # type: ignore[union-attr]


def test_a_release_has_the_condition_asked_from_a_tenth_of_a_second_on_until_it_is_answered() -> None:
    cart = released()
    cart.laser_lag_s = 0.05
    opened_s = cart.now_s
    cart.decisions.clear()
    cart.run(0.3)
    asked_s = [one.state.now_s - opened_s for one in cart.decisions if one.outputs.ask_condition]
    assert asked_s[0] == pytest.approx(INTERLOCK_OPENS_WITHIN_S, abs=1.5 * TICK_S)
    assert asked_s[-1] == pytest.approx(asked_s[0] + cart.laser_lag_s, abs=1.5 * TICK_S)
    assert len(asked_s) == round((asked_s[-1] - asked_s[0]) / TICK_S) + 1, "in every tick"


def test_the_gate_is_wanted_again_only_when_the_laser_has_told_that_its_loop_is_open() -> None:
    cart = released()
    opened_s = cart.now_s
    cart.run_until(lambda: cart.outputs.want_gate, within_s=1.0)
    assert cart.now_s - opened_s == pytest.approx(INTERLOCK_OPENS_WITHIN_S, abs=1.5 * TICK_S)
    assert cart.state.loop_proved


def test_without_an_answer_the_gate_is_not_wanted_and_silence_is_the_fault() -> None:
    cart = released()
    asked_s = cart.now_s
    cart.inject["laser"] = with_(condition_asked_s=asked_s)
    cart.run(0.4)
    assert not cart.outputs.want_gate
    assert cart.state.phase is Phase.ARMED
    cart.run(0.2)
    assert cart.state.faults == ("laser_stale",)


def test_a_loop_bridged_under_light_is_a_fault_at_the_release() -> None:
    cart = emitting()
    cart.inject["laser"] = LOOP_READS_CLOSED
    cart.run(1.0)
    assert cart.state.beam is Beam.EMITTING, "behind a closed gate it cannot be told"
    cart.pedal = False
    cart.run(0.2)
    assert cart.state.faults == ("laser_interlock_bridged",)
    assert not cart.outputs.want_gate


def test_a_register_that_stands_still_under_light_is_a_fault_at_the_release() -> None:
    cart = emitting()
    cart.inject["laser"] = stands_still(cart)
    cart.pedal = False
    cart.run(0.2)
    assert cart.state.faults == ("laser_interlock_bridged",)


def test_a_register_that_stands_still_in_the_dark_is_a_fault_at_the_press() -> None:
    cart = IdealCart(rules())
    cart.arm()
    cart.run(2.1)
    cart.inject["laser"] = with_(condition=BIT_INTERLOCK_OPEN)
    cart.pedal = True
    cart.run(1.0)
    assert cart.state.faults == ("laser_interlock_open",)


def _ready(cart: IdealCart) -> None:
    cart.open()


def _fault(cart: IdealCart) -> None:
    cart.tick(CommandType.STOP)


@pytest.mark.parametrize(
    "bring", [lambda cart: None, _ready, IdealCart.arm, _fault], ids=["idle", "ready", "armed", "fault"]
)
def test_two_answers_in_a_row_are_the_fault_in_every_phase(bring: Callable[[IdealCart], None]) -> None:
    cart = IdealCart(rules())
    cart.run(0.2)
    bring(cart)
    cart.inject["laser"] = LOOP_READS_CLOSED
    cart.run(2 * TICK_S)  # each is judged by the status that follows it
    assert "laser_interlock_bridged" not in cart.state.faults, "one answer may have been under way"
    cart.tick()
    assert "laser_interlock_bridged" in cart.state.faults


def test_one_clear_answer_between_others_is_no_fault() -> None:
    cart = IdealCart(rules())
    cart.run(0.2)
    for _ in range(5):
        cart.inject["laser"] = LOOP_READS_CLOSED
        cart.tick()
        cart.inject.clear()
        cart.tick()
    assert cart.state.faults == ()


def test_one_answer_read_again_and_again_is_one_answer() -> None:
    cart = IdealCart(rules())
    cart.run(0.2)
    cart.inject["laser"] = with_(condition=0, condition_asked_s=cart.now_s)
    cart.run(0.3)
    assert cart.state.faults == ()


def test_an_answer_that_was_asked_too_early_proves_nothing_and_is_no_fault() -> None:
    cart = released()
    too_early_s = cart.now_s + INTERLOCK_OPENS_WITHIN_S - 2 * TICK_S
    cart.inject["laser"] = with_(condition_asked_s=cart.now_s)
    cart.run(INTERLOCK_OPENS_WITHIN_S)
    cart.inject["laser"] = with_(condition=0, condition_asked_s=too_early_s)
    cart.run(0.2)
    assert cart.state.faults == ()
    cart.inject["laser"] = with_(condition=BIT_INTERLOCK_OPEN, condition_asked_s=too_early_s)
    cart.run(0.1)
    assert not cart.outputs.want_gate


def test_a_press_too_short_for_light_opens_the_gate_all_the_same_and_is_proved() -> None:
    cart = IdealCart(rules((20.0, 5.0, 5.0, 3.0)))
    cart.arm()
    cart.run_until(lambda: cart.state.beam is Beam.WAITING)
    cart.pedal = True
    cart.run_until(lambda: cart.state.gate_closed, within_s=1.0)
    cart.pedal = False
    cart.run_until(lambda: not cart.state.gate_closed, within_s=1.0)
    cart.tick()
    assert not cart.outputs.want_gate
    cart.run_until(lambda: cart.state.beam is Beam.WAITING, within_s=0.5)
    assert cart.state.loop_proved


@pytest.mark.parametrize("role", ["technician", "supervisor"])
def test_a_bridged_loop_is_reset_by_a_supervisor_once_it_follows_the_gate_again(role: str) -> None:
    cart = IdealCart(rules())
    cart.open()
    cart.inject["laser"] = LOOP_READS_CLOSED
    cart.run(0.3)
    assert cart.tick(CommandType.ACKNOWLEDGE, role="supervisor").replies[0].refused
    cart.inject.clear()
    cart.run(0.1)
    cart.tick(CommandType.ACKNOWLEDGE, role=role)
    cart.run(0.1)
    assert (cart.state.phase is Phase.READY) == (role == "supervisor")


def test_a_sensor_that_shows_vibration_at_rest_keeps_the_motor_off_and_refuses_arming() -> None:
    cart = IdealCart(rules())
    cart.inject["board"] = with_(vibration_healthy=True)
    cart.open()
    cart.run(5.1)
    cart.tick(CommandType.BEGIN_ARM)
    cart.run(1.6)
    assert not cart.outputs.motor_on
    refused = cart.tick(CommandType.ARM).replies[0].refused or ""
    assert "has not come to rest" in refused


def test_a_sensor_that_has_stuck_while_the_motor_ran_is_found_at_the_next_arming() -> None:
    cart = emitting()
    cart.inject["board"] = with_(vibration_healthy=True)
    cart.pedal = False
    cart.tick(CommandType.PAUSE)
    cart.run(1.0)
    cart.tick(CommandType.BEGIN_ARM)
    cart.run(1.6)
    assert "has not come to rest" in (cart.tick(CommandType.ARM).replies[0].refused or "")


def waiting() -> IdealCart:
    """Return an armed cart whose gate waits for the pedal."""
    cart = IdealCart(rules((20.0, 5.0, 5.0, 3.0)))
    cart.arm()
    cart.run_until(lambda: cart.state.beam is Beam.WAITING)
    return cart


def test_one_answer_against_the_proof_withdraws_it_and_a_press_brings_no_light() -> None:
    cart = waiting()
    # The laser's next answer is not there yet, and the foot comes down.
    cart.inject["laser"] = with_(condition=0, condition_asked_s=round(cart.now_s + TICK_S, 6))
    cart.run(2 * TICK_S)
    cart.decisions.clear()
    cart.pedal = True
    cart.run(0.25)
    assert cart.state.faults == ()
    assert cart.state.beam is Beam.CLEARING
    assert not any(decision.outputs.want_gate for decision in cart.decisions)


def test_a_proof_that_was_withdrawn_is_asked_for_at_once() -> None:
    cart = waiting()
    cart.inject["laser"] = LOOP_READS_CLOSED
    cart.tick()
    cart.inject.clear()
    cart.tick()
    cart.run_until(lambda: cart.state.beam is Beam.WAITING, within_s=0.3)
    assert cart.state.loop_proved


def test_an_answer_from_behind_a_gate_that_has_just_closed_is_none_against_the_proof() -> None:
    """The gate is closed already; its status comes a tick later than the laser's answer."""
    cart = waiting()
    before = cart.inputs().board
    cart.inject["laser"] = LOOP_READS_CLOSED
    cart.inject["board"] = lambda board: before
    cart.tick()
    assert cart.state.loop_proved
    del cart.inject["board"]
    cart.inject["board"] = with_(gate_closed=True, pedal_pressed=True)
    cart.tick()
    assert cart.state.loop_clear == 0
    assert cart.state.faults == ()
