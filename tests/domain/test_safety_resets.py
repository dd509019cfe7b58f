"""What a reset may and may not do, and how a session is closed."""

from __future__ import annotations

import pytest

from benchmarks.rigs.ideal_cart import IdealCart, emitting, rules, with_
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.interlocks import BY_SOURCE
from tosca_kiosk.domain.state import Phase
from tosca_kiosk.domain.summary import summarise


def stopped() -> IdealCart:
    cart = emitting()
    cart.tick(CommandType.STOP)
    cart.pedal = False
    cart.run(0.2)
    return cart


def test_a_reset_sent_before_the_fault_was_seen_is_refused() -> None:
    cart = emitting()
    decision = cart.tick(CommandType.STOP, CommandType.ACKNOWLEDGE, role="admin")
    assert decision.state.phase is Phase.FAULT
    refusals = {reply.command.type: reply.refused for reply in decision.replies}
    assert refusals[CommandType.ACKNOWLEDGE] == "a fault must be seen before it is reset"


def test_a_reset_is_refused_in_the_tick_that_latches_another_cause() -> None:
    cart = stopped()
    cart.inject["tec"] = lambda tec: None
    cart.inject["board"] = with_(stop_loop_closed=False)
    decision = cart.tick(CommandType.ACKNOWLEDGE, role="admin")
    assert decision.replies[0].refused == "a fault must be seen before it is reset"


@pytest.mark.parametrize("role", [None, "nobody", "", "Supervisor"])
def test_a_role_that_is_none_resets_nothing(role: str | None) -> None:
    cart = stopped()
    assert cart.tick(CommandType.ACKNOWLEDGE, role=role).replies[0].refused == "a technician must reset this"


def test_a_boards_fault_asks_for_a_supervisor_whatever_was_latched() -> None:
    cart = stopped()
    cart.inject["board"] = with_(faults=1 << 3)
    refused = cart.tick(CommandType.ACKNOWLEDGE, role="technician").replies[0].refused
    assert refused == "a supervisor must reset this"
    assert cart.tick(CommandType.ACKNOWLEDGE, role="supervisor").outputs.clear_board_faults


def test_a_cause_that_comes_back_takes_the_reset_away() -> None:
    cart = emitting()
    cart.inject["board"] = with_(stop_loop_closed=False, faults=1 << 1)
    cart.run(0.1)
    cart.pedal = False
    cart.inject["board"] = with_(faults=1 << 1)
    cart.tick(CommandType.ACKNOWLEDGE, role="supervisor")
    assert cart.state.acknowledged_s is not None
    cart.inject["board"] = with_(stop_loop_closed=False, faults=1 << 1)
    cart.run(0.05)
    cart.inject.clear()
    cart.run(3.0)
    assert cart.state.phase is Phase.FAULT


def test_a_reset_that_clears_nothing_ends_by_itself() -> None:
    cart = emitting()
    cart.inject["board"] = with_(faults=1 << 4)
    cart.run(0.1)
    cart.tick(CommandType.ACKNOWLEDGE, role="supervisor")
    cart.run(2.1)
    cart.inject.clear()
    cart.run(1.0)
    assert cart.state.phase is Phase.FAULT


def test_a_lost_index_is_found_again_in_fault() -> None:
    cart = emitting()
    cart.inject["stage"] = with_(index_known=False)
    cart.run(0.1)
    assert cart.state.faults == ("stage",)
    assert cart.outputs.stage_position_um is None
    assert cart.tick(CommandType.HOME_STAGE).outputs.home_stage


def test_a_stage_that_waits_at_its_start_can_be_acknowledged() -> None:
    cart = IdealCart(rules())
    cart.inject["stage"] = lambda stage: None
    cart.tick()
    assert cart.tick(CommandType.ACKNOWLEDGE, role="technician").outputs.acknowledge_stage


@pytest.mark.parametrize(
    ("device", "allowed"),
    [
        ("board", {"board_lost", "footpedal_stale", "board_gone"}),
        ("laser", {"laser_stale", "laser_gone"}),
        ("tec", {"tec", "tec_gone"}),
        ("stage", {"stage", "stage_gone"}),
    ],
)
def test_a_lost_device_is_blamed_alone(device: str, allowed: set[str]) -> None:
    cart = emitting()
    cart.inject[device] = lambda reading: None
    cart.run(1.2)
    assert cart.state.phase is Phase.FAULT
    assert set(cart.state.faults) <= allowed


def test_a_session_is_not_closed_under_light() -> None:
    cart = emitting()
    cart.laser_lag_s = 0.05
    decision = cart.tick(CommandType.CLOSE_SESSION, CommandType.PAUSE)
    decision = cart.tick(CommandType.CLOSE_SESSION)
    assert decision.replies[0].refused == "wait until the laser is read back off and the photodiode is dark"
    cart.run(0.2)
    assert cart.tick(CommandType.CLOSE_SESSION).replies[0].refused is None


def test_a_closed_session_is_not_opened_again() -> None:
    cart = emitting()
    cart.tick(CommandType.PAUSE)
    cart.run(0.2)
    cart.tick(CommandType.CLOSE_SESSION)
    assert cart.state.phase is Phase.IDLE
    refused = cart.tick(CommandType.OPEN_SESSION).replies[0].refused
    assert refused == "a closed session is not opened again"


def test_a_fault_that_was_reset_does_not_abort_what_is_finished_afterwards() -> None:
    cart = IdealCart(rules((1.0, 2.0, 2.0, 3.0)))
    cart.emit()
    cart.tick(CommandType.STOP)
    cart.pedal = False
    cart.run(0.2)
    cart.tick(CommandType.ACKNOWLEDGE, role="technician")
    cart.run(0.1)
    cart.tick(CommandType.BEGIN_ARM)
    cart.run(1.6)
    cart.tick(CommandType.ARM)
    cart.run(2.5)
    cart.pedal = True
    cart.run_until(lambda: cart.state.finished)
    cart.pedal = False
    cart.run(0.3)
    cart.tick(CommandType.CLOSE_SESSION)
    assert summarise(cart.state).status == "completed"


def test_a_recovery_is_recorded_once() -> None:
    cart = emitting()
    cart.inject["board"] = with_(stop_loop_closed=False)
    cart.run(0.1)
    cart.inject.clear()
    cart.run(1.0)
    assert cart.safety_types().count(BY_SOURCE["stop_loop"].recovery) == 1


def test_an_emergency_stop_is_not_told_as_a_lost_gate_too() -> None:
    cart = emitting()
    cart.inject["board"] = with_(stop_loop_closed=False, gate_closed=False, faults=1 << 1)
    cart.tick()
    assert cart.state.faults == ("stop_loop", "board_fault_1")


def test_lamps_of_an_armed_cart_do_not_ask_what_only_arming_asks() -> None:
    cart = IdealCart(rules())
    cart.arm()
    cart.inject["tec"] = with_(temperature_c=25.5)
    cart.run(0.2)
    samples = [event for decision in cart.decisions[-10:] for event in decision.events]
    assert samples[-1].interlocks["tec"]
