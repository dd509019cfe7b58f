"""The way from ready to light and back, on a cart that does at once what it is told."""

from __future__ import annotations

import msgspec
import pytest

from benchmarks.rigs.ideal_cart import IdealCart, rules
from tosca_kiosk.domain import safety
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.state import Beam, Phase
from tosca_kiosk.domain.tick import Tick


def beams(cart: IdealCart) -> list[Beam]:
    """Return the beams passed through, each once in a row."""
    passed = [decision.state.beam for decision in cart.decisions]
    return [beam for before, beam in zip([None, *passed], passed, strict=False) if beam is not before]


def test_light_comes_on_in_the_agreed_order() -> None:
    cart = IdealCart(rules())
    cart.emit()
    assert beams(cart) == [
        Beam.DARK,
        Beam.CLEARING,
        Beam.WAITING,
        Beam.CLOSING,
        Beam.CHECKING,
        Beam.STARTING,
        Beam.EMITTING,
    ]


def test_current_is_zero_until_the_output_is_confirmed_on() -> None:
    cart = IdealCart(rules())
    cart.emit()
    starting = [d for d in cart.decisions if d.state.beam is Beam.STARTING]
    assert starting
    assert {d.outputs.laser_current_ma for d in starting} == {0.0}
    assert all(d.outputs.laser_output for d in starting)


def test_power_rises_no_faster_than_the_slew_limit() -> None:
    cart = IdealCart(rules((3.0, 8.0, 8.0, 3.0), max_power_slew_w_per_s=4.0))
    cart.emit()
    cart.run(2.0)
    powers_w = [d.state.command_w for d in cart.decisions]
    rises_w = [after - before for before, after in zip(powers_w, powers_w[10:], strict=False)]
    assert max(powers_w) == 8.0
    assert max(rises_w) <= 0.4 + 1e-9


def test_a_pedal_pressed_before_two_seconds_must_be_released_first() -> None:
    cart = IdealCart(rules())
    cart.arm()
    cart.run(1.0)
    cart.pedal = True
    cart.run(5.0)
    assert cart.state.phase is Phase.ARMED
    assert not any(d.outputs.want_gate for d in cart.decisions)
    cart.pedal = False
    cart.run(0.2)
    cart.pedal = True
    cart.run(0.5)
    assert cart.state.phase is Phase.TREATING


@pytest.mark.parametrize(("up_ticks", "resumes"), [(1, False), (5, False), (9, False), (12, True)])
def test_a_contact_that_fails_under_a_held_foot_does_not_bring_the_light_back(up_ticks, resumes) -> None:  # type: ignore[no-untyped-def]
    cart = IdealCart(rules((60.0, 5.0, 5.0, 3.0)))
    cart.emit()
    cart.pedal = False
    for _ in range(up_ticks):
        assert not cart.tick().outputs.laser_output
    cart.pedal = True
    cart.run(5.0)
    assert (cart.state.beam is Beam.EMITTING) == resumes
    assert cart.state.faults == ()


def test_an_old_status_is_no_proof_that_the_pedal_stayed_up() -> None:
    """The board tells for 50 ms of a pedal that is up, nothing for under its 100 ms, and then of a press."""
    cart = IdealCart(rules((60.0, 5.0, 5.0, 3.0)))
    cart.emit()
    cart.pedal = False
    cart.run(0.05)
    told = cart.state.now_s
    cart.inject["board"] = lambda board: msgspec.structs.replace(board, measured_s=told)
    cart.run(0.09)
    cart.inject.clear()
    cart.pedal = True
    cart.run(5.0)
    assert cart.state.beam is Beam.CLEARING
    assert cart.state.faults == ()


def test_release_darkens_in_the_same_tick_and_is_no_fault() -> None:
    cart = IdealCart(rules())
    cart.emit()
    cart.pedal = False
    decision = cart.tick()
    assert (decision.state.phase, decision.state.faults) == (Phase.ARMED, ())
    assert not decision.outputs.laser_output
    assert decision.outputs.laser_current_ma == 0.0
    assert not decision.outputs.want_gate
    left = decision.state
    assert (left.command_w, left.command_ma, left.expected_w) == (0.0, 0.0, 0.0)


def test_the_treatment_clock_stands_while_dark_and_never_starts_again() -> None:
    cart = IdealCart(rules((3.0, 5.0, 5.0, 3.0)))
    cart.emit()
    cart.pedal = False
    cart.tick()
    elapsed_s = cart.state.elapsed_s
    cart.run(10.0)
    assert cart.state.elapsed_s == elapsed_s > 0.0
    cart.pedal = True
    cart.run(1.0)
    assert cart.state.elapsed_s > elapsed_s


def test_a_finished_treatment_cannot_be_armed_again() -> None:
    cart = IdealCart(rules((1.0, 2.0, 2.0, 3.0)))
    cart.emit()
    cart.run_until(lambda: cart.state.finished)
    cart.pedal = False
    assert cart.state.phase is Phase.READY
    decision = cart.tick(CommandType.BEGIN_ARM)
    assert decision.replies[0].refused == "the treatment is finished"


def test_a_ring_change_is_dark_with_the_clock_standing() -> None:
    cart = IdealCart(rules((1.0, 2.0, 2.0, 3.0), (1.0, 2.0, 2.0, 4.0)))
    cart.emit()
    cart.run_until(lambda: cart.state.finished)
    moving = [d for d in cart.decisions if d.state.beam is Beam.MOVING]
    assert moving
    assert not any(d.outputs.laser_output for d in moving)
    assert all(d.outputs.want_gate for d in moving)
    assert len({d.state.elapsed_s for d in moving}) == 1
    assert cart.event_types().count("ring_size_change") == 1


def test_the_ring_stands_still_until_the_output_is_read_back_off() -> None:
    cart = IdealCart(rules((1.0, 2.0, 2.0, 3.0), (1.0, 2.0, 2.0, 4.0)))
    cart.emit()
    cart.run_until(lambda: cart.state.beam is Beam.MOVING)
    cart.inject["laser"] = lambda laser: msgspec.structs.replace(laser, output_on=True)
    for _ in range(20):
        assert cart.tick().outputs.stage_position_um is None
    cart.inject.clear()
    assert cart.tick().outputs.stage_position_um == 2000.0


def test_a_step_without_a_ring_change_is_told_under_light() -> None:
    cart = IdealCart(rules((1.0, 2.0, 2.0, 3.0), (1.0, 4.0, 4.0, 3.0)))
    cart.emit()
    cart.run_until(lambda: cart.state.step_index == 1, within_s=2.0)
    assert cart.state.beam is Beam.EMITTING
    assert cart.state.elapsed_s == pytest.approx(1.0, abs=0.011)
    told = [name for name in cart.event_types() if name.startswith("protocol_step")]
    assert told == ["protocol_step_start", "protocol_step_end", "protocol_step_start"]
    assert cart.event_types().count("laser_on") == 1


def test_every_laser_on_has_its_laser_off() -> None:
    cart = IdealCart(rules((1.0, 2.0, 2.0, 3.0), (1.0, 2.0, 2.0, 4.0)))
    cart.emit()
    cart.run_until(lambda: cart.state.finished)
    edges = [name for name in cart.event_types() if name in ("laser_on", "laser_off")]
    assert edges == ["laser_on", "laser_off"] * 2


def test_arming_is_refused_with_every_reason_named() -> None:
    cart = IdealCart(rules())
    cart.open()
    decision = cart.tick(CommandType.ARM)
    assert decision.replies[0].refused == "hold for 1.5 s to arm"
    cart.tick(CommandType.BEGIN_ARM)
    cart.run(1.6)
    refused = cart.tick(CommandType.ARM).replies[0].refused
    assert refused is not None
    assert "temperature has not settled" in refused


def test_arming_is_refused_with_the_pedal_down() -> None:
    cart = IdealCart(rules())
    cart.open()
    cart.run(5.1)
    cart.pedal = True
    cart.tick(CommandType.BEGIN_ARM)
    cart.run(1.6)
    assert cart.tick(CommandType.ARM).replies[0].refused == "release the pedal first"


def test_armed_without_pedal_ends_after_a_minute() -> None:
    cart = IdealCart(rules())
    cart.arm()
    cart.run(59.9)
    assert cart.state.phase is Phase.ARMED
    cart.run(0.2)
    assert cart.state.phase is Phase.READY
    assert not cart.outputs.motor_on


def test_the_motor_stops_when_arming_is_not_completed() -> None:
    cart = IdealCart(rules())
    cart.open()
    assert cart.tick(CommandType.BEGIN_ARM).outputs.motor_on
    cart.run(5.2)
    assert not cart.outputs.motor_on


def test_dose_over_the_plan_ends_the_treatment_with_a_warning() -> None:
    cart = IdealCart(rules((10.0, 5.0, 5.0, 3.0)))
    cart.power_factor = 1.12
    cart.emit()
    cart.run_until(lambda: cart.state.finished)
    assert cart.state.measured_j == pytest.approx(1.05 * 50.0, abs=0.2)
    assert "safety_warning" in cart.event_types()


@pytest.mark.parametrize("seconds", [0.0, 1.0])
def test_operators_pause_leads_back_to_ready(seconds: float) -> None:
    cart = IdealCart(rules((5.0, 5.0, 5.0, 3.0)))
    cart.emit()
    cart.run(seconds)
    decision = cart.tick(CommandType.PAUSE)
    assert decision.state.phase is Phase.READY
    assert not decision.outputs.laser_output
    assert not decision.outputs.motor_on


def test_closing_a_session_is_refused_while_armed() -> None:
    cart = IdealCart(rules())
    cart.arm()
    assert cart.tick(CommandType.CLOSE_SESSION).replies[0].refused == "pause the treatment first"


def test_one_function_allows_the_laser_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safety, "emission_allowed", lambda *arguments: False)
    cart = IdealCart(rules())
    cart.arm()
    cart.run_until(lambda: cart.state.beam is Beam.WAITING)
    cart.pedal = True
    cart.run(3.0)
    assert Phase.TREATING in {d.state.phase for d in cart.decisions}
    assert not any(d.outputs.laser_output or d.outputs.laser_current_ma for d in cart.decisions)


def test_light_denied_without_a_fault_waits_for_the_pedal_to_be_let_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cart = IdealCart(rules((20.0, 5.0, 5.0, 3.0)))
    cart.emit()
    with monkeypatch.context() as denied:
        denied.setattr(safety, "emission_allowed", lambda *arguments: False)
        cart.tick()
    cart.decisions.clear()
    cart.run(1.0)
    assert (cart.state.phase, cart.state.beam) == (Phase.TREATING, Beam.DARK)
    assert not any(d.outputs.laser_output or d.outputs.want_gate for d in cart.decisions)
    cart.pedal = False
    cart.run(0.2)
    cart.pedal = True
    cart.run_until(lambda: cart.state.beam is Beam.EMITTING, within_s=1.0)


def test_a_release_under_steady_power_is_no_fault_when_the_driver_tells_of_it_first() -> None:
    """The gate opens with the pedal: the output leaves its tolerance before control has asked it off."""
    cart = IdealCart(rules((60.0, 5.0, 5.0, 3.0)))
    cart.emit()
    cart.run(6.0)
    cart.inject["laser"] = lambda laser: msgspec.structs.replace(laser, condition=1 << 9 | 1 << 4)
    cart.pedal = False
    cart.tick()
    cart.inject.clear()
    cart.run(1.0)
    assert (cart.state.phase, cart.state.faults) == (Phase.ARMED, ())


def test_the_laser_drivers_own_delay_is_waited_for() -> None:
    cart = IdealCart(rules(laser_on_delay_s=3.0))
    cart.arm()
    cart.run_until(lambda: cart.state.beam is Beam.WAITING)
    cart.pedal = True
    cart.run_until(lambda: cart.state.beam is Beam.STARTING, within_s=1.0)
    cart.run(2.9)
    assert cart.state.beam is Beam.STARTING
    cart.run(0.2)
    assert cart.state.beam is Beam.EMITTING


def test_what_a_release_brings_about_is_no_fault() -> None:
    """The board opens the gate at once, and the laser's interlock has dropped the output, all in one tick."""
    cart = IdealCart(rules())
    cart.emit()
    cart.pedal = False
    cart.gate_closed = False
    cart.inject["laser"] = lambda laser: msgspec.structs.replace(
        laser, output_on=False, condition=1 << 4, errors=(501,)
    )
    decision = cart.tick()
    assert (decision.state.phase, decision.state.faults) == (Phase.ARMED, ())
    assert not decision.outputs.laser_output


def test_the_lasers_condition_is_asked_for_while_it_is_checked_and_only_then() -> None:
    cart = IdealCart(rules())
    cart.emit()
    asked = {d.state.beam for d in cart.decisions if d.outputs.ask_condition}
    assert asked == {Beam.CHECKING}
    assert all(d.outputs.ask_condition for d in cart.decisions if d.state.beam is Beam.CHECKING)


@pytest.mark.parametrize("fields", [{"index_known": False}, {"trips": ("thermal",)}])
def test_a_stage_that_is_not_itself_is_sent_nowhere(fields: dict[str, object]) -> None:
    cart = IdealCart(rules())
    cart.open()
    cart.run(0.1)
    assert cart.outputs.stage_position_um == 1000.0
    cart.inject["stage"] = lambda stage: msgspec.structs.replace(stage, **fields)
    assert cart.tick().outputs.stage_position_um is None


def test_a_phase_that_is_entered_in_the_dark_begins_its_dark_part_anew() -> None:
    cart = IdealCart(rules())
    cart.run(0.5)
    cart.open()
    assert (cart.state.beam, cart.state.beam_since_s) == (Beam.DARK, cart.now_s)


def test_a_way_that_the_table_does_not_list_is_not_gone() -> None:
    cart = IdealCart(rules())
    cart.open()
    tick = Tick(cart.rules, cart.state, cart.inputs())
    with pytest.raises(AssertionError, match="no way from ready to treating"):
        tick.enter(Phase.TREATING)


@pytest.mark.parametrize(("now_s", "slot"), [(0.99, 9), (1.0, 10), (1.09, 10), (1.1, 11), (2.3, 23)])
def test_set_points_change_on_whole_tenths_of_a_second(now_s: float, slot: int) -> None:
    cart = IdealCart(rules())
    cart.now_s = now_s
    assert Tick(cart.rules, cart.state, cart.inputs()).slot() == slot


def test_a_plain_tick_asks_for_nothing_that_is_asked_once() -> None:
    cart = IdealCart(rules())
    cart.emit()
    cart.decisions.clear()
    cart.run(0.1)
    for decision in cart.decisions:
        out = decision.outputs
        asked = (out.home_stage, out.acknowledge_stage, out.clear_board_faults, out.aiming_on)
        assert all(one is False for one in asked)
