"""What a fault, a reset and a closed session leave behind; each of these once could change unseen."""

from __future__ import annotations

import pytest

from benchmarks.rigs.ideal_cart import IdealCart, emitting, rules, with_
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.state import Beam, Phase


def test_a_fault_without_a_session_is_reset_to_idle() -> None:
    cart = IdealCart(rules())
    cart.tick(CommandType.STOP)
    cart.tick()
    cart.tick(CommandType.ACKNOWLEDGE, role="technician")
    assert cart.state.phase is Phase.IDLE


def test_a_later_fault_does_not_push_out_the_one_before() -> None:
    cart = emitting()
    cart.inject["board"] = with_(stop_loop_closed=False)
    cart.tick()
    cart.inject.clear()
    cart.tick(CommandType.STOP)
    assert cart.state.faults == ("stop_loop", "screen")
    cart.pedal = False
    cart.run(0.1)
    refused = cart.tick(CommandType.ACKNOWLEDGE, role="technician").replies[0].refused
    assert refused == "a supervisor must reset this"


def test_stop_pressed_twice_is_latched_once() -> None:
    cart = emitting()
    cart.tick(CommandType.STOP)
    cart.tick(CommandType.STOP)
    assert cart.state.faults == ("screen",)


def test_a_fault_outside_a_session_or_after_its_end_aborts_nothing() -> None:
    cart = IdealCart(rules())
    cart.tick(CommandType.STOP)
    assert cart.state.abort_reason is None
    cart = IdealCart(rules((1.0, 2.0, 2.0, 3.0)))
    cart.emit()
    cart.run_until(lambda: cart.state.finished)
    cart.tick(CommandType.STOP)
    assert cart.state.abort_reason is None


def test_every_cause_that_is_gone_is_told_although_another_still_stands() -> None:
    cart = emitting()
    cart.inject["board"] = with_(faults=1 << 3)
    cart.inject["tec"] = with_(output_on=False)
    cart.inject["operator_s"] = lambda at_s: at_s - 1.0
    cart.tick()
    assert {"board_fault_3", "tec", "kiosk_lost"} <= set(cart.state.faults)
    for gone in ("tec", "operator_s"):
        del cart.inject[gone]
        cart.tick()
    assert cart.state.recovered >= {"tec", "kiosk_lost"}
    assert "board_fault_3" not in cart.state.recovered


@pytest.mark.parametrize("faults", [0, 1 << 3])
def test_the_board_is_told_to_clear_only_what_it_has(faults: int) -> None:
    cart = IdealCart(rules())
    cart.inject["board"] = with_(faults=faults)
    decision = cart.tick(CommandType.ACKNOWLEDGE, role="supervisor")
    assert decision.outputs.clear_board_faults == bool(faults)


@pytest.mark.parametrize("trips", [(), ("thermal",)])
def test_the_stage_is_acknowledged_only_with_a_trip(trips: tuple[str, ...]) -> None:
    cart = IdealCart(rules())
    cart.inject["stage"] = with_(trips=trips)
    decision = cart.tick(CommandType.ACKNOWLEDGE, role="technician")
    assert decision.outputs.acknowledge_stage == bool(trips)


def test_a_session_closed_before_its_end_says_so() -> None:
    cart = IdealCart(rules())
    cart.open()
    cart.run(0.1)
    cart.tick(CommandType.CLOSE_SESSION)
    assert cart.state.abort_reason == "closed before the protocol was finished"
    assert not cart.state.session_open


def test_a_finished_session_is_closed_without_a_reason() -> None:
    cart = IdealCart(rules((1.0, 2.0, 2.0, 3.0)))
    cart.emit()
    cart.run_until(lambda: cart.state.finished)
    cart.pedal = False
    cart.run(0.2)
    cart.tick(CommandType.CLOSE_SESSION)
    assert (cart.state.phase, cart.state.abort_reason) == (Phase.IDLE, None)


def test_a_session_is_not_closed_in_the_tick_that_ends_its_light() -> None:
    cart = emitting()
    replies = cart.tick(CommandType.PAUSE, CommandType.CLOSE_SESSION).replies
    refused = {reply.command.type: reply.refused for reply in replies}
    assert (
        refused[CommandType.CLOSE_SESSION]
        == "wait until the laser is read back off and the photodiode is dark"
    )


@pytest.mark.parametrize(("photodiode_v", "closed"), [(0.05, True), (0.051, False)])
def test_a_session_is_not_closed_while_light_is_seen(photodiode_v: float, closed: bool) -> None:
    cart = emitting()
    cart.tick(CommandType.PAUSE)
    cart.inject["board"] = with_(photodiode_v=photodiode_v)
    cart.run(0.2)
    assert (cart.tick(CommandType.CLOSE_SESSION).replies[0].refused is None) == closed


def test_a_dose_limit_is_named_in_the_record() -> None:
    cart = IdealCart(rules((10.0, 5.0, 5.0, 3.0)))
    cart.power_factor = 1.12
    cart.emit()
    cart.run_until(lambda: cart.state.finished)
    events = [event for decision in cart.decisions for event in decision.events]
    warnings = [event.details for event in events if event.event_type == "safety_warning"]
    assert [w["reason"] for w in warnings if w["trigger_source"] == "dose_limit"] == ["dose limit reached"]


def test_a_pause_names_who_paused() -> None:
    cart = emitting()
    events = cart.tick(CommandType.PAUSE).events
    assert [e.details["source"] for e in events if e.event_type == "pause"] == ["operator"]


def test_a_ring_read_in_the_tick_of_the_change_is_not_the_new_one() -> None:
    cart = IdealCart(rules((1.0, 2.0, 2.0, 3.0), (1.0, 2.0, 2.0, 4.0)))
    cart.emit()
    cart.run_until(lambda: cart.state.beam is Beam.MOVING)
    since_s = cart.state.beam_since_s
    cart.inject["stage"] = with_(measured_s=since_s, position_um=2000.0)
    cart.run(0.1)
    assert cart.state.beam is Beam.MOVING


def test_in_a_gap_the_larger_of_the_readings_around_it_counts() -> None:
    cart = emitting()
    cart.run(0.5)
    before_j = cart.state.measured_j
    cart.power_factor = 0.9
    cart.now_s += 0.19
    cart.tick()
    assert cart.state.measured_j - before_j == pytest.approx(0.2 * 5.0, abs=0.01)


@pytest.mark.parametrize(
    ("planned_w", "measured_v", "output_on", "confirmed"),
    [
        (5.0, 0.0501, True, True),
        (5.0, 0.0499, True, False),
        (0.19, 0.0, True, True),
        (0.2, 0.0, True, False),
        (5.0, 2.5, False, False),
    ],
)
def test_light_is_confirmed_by_read_back_and_where_it_can_be_by_sight(
    planned_w: float, measured_v: float, output_on: bool, confirmed: bool
) -> None:
    cart = IdealCart(rules((20.0, planned_w, planned_w, 3.0)))
    cart.emit()
    before_s = cart.state.elapsed_s
    cart.inject["board"] = with_(photodiode_v=measured_v)
    cart.inject["laser"] = with_(output_on=output_on)
    cart.tick()
    assert (cart.state.elapsed_s > before_s) == confirmed


def test_a_lost_laser_confirms_no_light() -> None:
    cart = emitting()
    before_s = cart.state.elapsed_s
    cart.inject["laser"] = lambda laser: None
    cart.tick()
    assert cart.state.elapsed_s == before_s


def test_arming_that_ran_out_says_why() -> None:
    cart = IdealCart(rules())
    cart.arm()
    cart.run(59.9)
    notes = [e.details.get("reason") for _ in range(20) for e in cart.tick().events]
    assert notes.count("armed too long without the pedal") == 1
