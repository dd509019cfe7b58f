"""What turns the light off: every interlock under light, with its own latching, role and time."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from benchmarks.rigs.ideal_cart import IdealCart, rules
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.interlocks import BY_SOURCE, INTERLOCKS
from tosca_kiosk.domain.state import Phase

Change = Callable[[Any], Any]


def with_(**fields: Any) -> Change:
    return lambda reading: msgspec.structs.replace(reading, **fields)


def aged(field: str, by_s: float) -> Change:
    return lambda reading: msgspec.structs.replace(reading, **{field: getattr(reading, field) - by_s})


def lost(reading: Any) -> None:
    return None


# source -> (field of Inputs, what is read instead, seconds within which light must be off)
FAILURES: dict[str, tuple[str, Change, float]] = {
    "board_lost": ("board", aged("measured_s", 0.2), 0.0),
    "footpedal_stale": ("board", aged("measured_s", 0.2), 0.0),
    "stop_loop": ("board", with_(stop_loop_closed=False), 0.0),
    "smoothing": ("board", with_(vibration_healthy=False), 0.0),
    **{f"board_fault_{bit}": ("board", with_(faults=1 << bit), 0.0) for bit in range(8)},
    "board_fault_other": ("board", with_(faults=1 << 8, gate_closed=False), 0.0),
    "gate": ("board", with_(gate_closed=False), 0.0),
    "photodiode_over_power": ("board", with_(photodiode_v=3.4), 0.1),
    "photodiode_out_of_range": ("board", with_(photodiode_v=1.0), 0.5),
    "power_limit": ("board", with_(photodiode_v=5.1), 0.05),
    "converter_saturated": ("board", with_(photodiode_saturated=True), 0.0),
    "laser_stale": ("laser", aged("output_asked_s", 0.6), 0.0),
    "laser_condition": ("laser", with_(condition=1 << 1), 0.0),
    "laser_interlock": ("laser", with_(condition=1 << 4), 0.0),
    "laser_output_lost": ("laser", with_(output_on=False), 0.0),
    "laser_current": ("laser", with_(measured_current_ma=4000.0), 0.5),
    "laser_regulation": ("laser", with_(condition=1 << 9), 0.0),
    "laser_error": ("laser", with_(errors=(201,)), 0.0),
    "tec": ("tec", with_(output_on=False), 0.0),
    "tec_off_setpoint": ("tec", with_(temperature_c=27.5), 2.0),
    "tec_far_off_setpoint": ("tec", with_(temperature_c=28.5), 0.0),
    "stage": ("stage", with_(index_known=False), 0.0),
    "stage_position": ("stage", with_(position_um=1100.0), 0.0),
    "real_time": ("real_time_problem", lambda nothing: "Its memory is not locked.", 0.0),
    "rules": ("rules_problem", lambda problem: "the record is locked", 0.0),
    "kiosk_lost": ("operator_s", lambda at_s: at_s - 0.5, 0.0),
    "clock": ("now_s", lambda now_s: now_s - 10.0, 0.0),
    "loop": ("late_s", lambda late_s: 0.2, 0.0),
    "journal": ("journal_ok", lambda ok: False, 0.0),
    "runtime": ("runtime_ok", lambda ok: False, 0.0),
    **{f"{device}_gone": (device, lost, 0.0) for device in ("board", "laser", "tec", "stage")},
}

_HERE, _PROOFS = "test_safety_faults.py", "test_safety_proofs.py"
_REFUSED = "test_safety_refusals.py::test_a_command_is_taken_or_answered_with_its_reason"
_TOO_LONG = f"{_HERE}::test_a_switch_on_that_takes_too_long_is_a_fault"

# Failures that only other parts of the way can show, and rows that refuse or warn: each with what tries it.
ELSEWHERE = {
    "laser_setpoint": f"{_HERE}::test_a_set_point_that_is_not_the_commanded_one_is_a_fault",
    "screen": f"{_HERE}::test_stop_on_the_screen_darkens_in_the_same_tick_in_every_phase",
    "session": "test_safety_blame.py::test_a_missing_protocol_is_no_open_session",
    "calibration": "test_safety_blame.py::test_missing_calibrations_fail_no_row_that_needs_them_to_judge",
    "camera": f"{_HERE}::test_a_lost_picture_is_a_fault_where_a_camera_is_required",
    "light_while_off": f"{_HERE}::test_light_while_off_is_a_fault_in_every_phase",
    "laser_output_stuck": f"{_HERE}::test_an_output_that_reads_on_after_off_is_a_fault",
    "laser_interlock_bridged": f"{_PROOFS}::test_two_answers_in_a_row_are_the_fault_in_every_phase",
    "laser_not_clearing": f"{_HERE}::test_a_laser_that_does_not_read_off_keeps_the_gate_open",
    "gate_not_closing": _TOO_LONG,
    "laser_interlock_open": _TOO_LONG,
    "laser_not_starting": _TOO_LONG,
    "stage_move": f"{_HERE}::test_a_stage_that_does_not_arrive_is_a_fault",
    "vibration_unproved": (
        f"{_PROOFS}::test_a_sensor_that_shows_vibration_at_rest_keeps_the_motor_off_and_refuses_arming"
    ),
    "laser_interlock_unproved": (
        f"{_PROOFS}::test_the_gate_is_wanted_again_only_when_the_laser_has_told_that_its_loop_is_open"
    ),
    "photodiode_warning": f"{_HERE}::test_a_warning_is_said_once_and_turns_nothing_off",
    "laser_warning": "test_safety_judging.py::test_two_warnings_that_stand_together_are_each_said_once",
    "tec_settling": "test_safety_limits.py::test_a_limit_accepts_just_inside_and_refuses_just_outside",
    "camera_to_arm": "test_safety_limits.py::test_a_limit_accepts_just_inside_and_refuses_just_outside",
    "camera_covered": f"{_HERE}::test_a_covered_picture_arms_nothing_and_ends_no_light",
    "self_test": _REFUSED,
    "disk": _REFUSED,
}


def emitting() -> IdealCart:
    """A cart at steady power for longer than any slew needs to settle."""
    cart = IdealCart(rules((20.0, 5.0, 5.0, 3.0)))
    cart.emit()
    cart.run(4.0)
    return cart


def test_every_row_is_tried() -> None:
    assert {row.source for row in INTERLOCKS} == FAILURES.keys() | ELSEWHERE.keys()
    assert not FAILURES.keys() & ELSEWHERE.keys()


@pytest.mark.parametrize("named", sorted(set(ELSEWHERE.values())))
def test_what_is_said_to_try_a_row_is_there(named: str) -> None:
    file, test = named.split("::")
    assert f"def {test}(" in Path(__file__).with_name(file).read_text(encoding="utf-8")


@pytest.mark.parametrize("source", FAILURES)
def test_an_interlock_that_fails_under_light_darkens_and_latches(source: str) -> None:
    field, change, within_s = FAILURES[source]
    cart = emitting()
    cart.inject[field] = change
    cart.run(within_s + 0.02)
    assert cart.state.phase is Phase.FAULT
    assert source in cart.state.faults
    assert not (cart.outputs.laser_output)
    assert not (cart.outputs.want_gate)
    assert not (cart.outputs.motor_on)
    assert cart.outputs.laser_current_ma == 0.0
    row = BY_SOURCE[source]
    assert row.event_type in cart.safety_types()
    assert "safety_trigger" in cart.event_types()
    cart.inject.clear()
    cart.run(3.0)
    assert cart.state.phase is Phase.FAULT, "nothing resumes by itself"


@pytest.mark.parametrize("source", FAILURES)
def test_a_fault_is_reset_by_its_role_and_no_lesser_one(source: str) -> None:
    field, change, within_s = FAILURES[source]
    cart = emitting()
    cart.inject[field] = change
    cart.run(within_s + 0.02)
    cart.inject.clear()
    cart.pedal = False
    cart.run(0.2)
    if any(BY_SOURCE[latched].reset_role == "supervisor" for latched in cart.state.faults):
        refused = cart.tick(CommandType.ACKNOWLEDGE, role="technician").replies[0].refused
        assert refused == "a supervisor must reset this"
    cart.tick(CommandType.ACKNOWLEDGE, role="supervisor")
    cart.run(0.1)
    assert cart.state.phase is Phase.READY
    assert cart.state.faults == ()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    ("device", "field"),
    [
        ("board", "measured_s"),
        ("board", "photodiode_v"),
        ("laser", "output_asked_s"),
        ("laser", "condition_asked_s"),
        ("laser", "set_current_ma"),
        ("laser", "measured_current_ma"),
        ("tec", "temperature_c"),
        ("tec", "temperature_asked_s"),
        ("stage", "position_um"),
        ("stage", "measured_s"),
    ],
)
def test_a_value_that_is_no_number_is_unsafe(device: str, field: str, value: float) -> None:
    cart = emitting()
    cart.inject[device] = with_(**{field: value})
    cart.run(0.7)
    assert cart.state.phase is Phase.FAULT


def test_stop_on_the_screen_darkens_in_the_same_tick_in_every_phase() -> None:
    cart = IdealCart(rules())
    assert cart.tick(CommandType.STOP).state.phase is Phase.FAULT
    cart = emitting()
    decision = cart.tick(CommandType.STOP)
    assert decision.state.phase is Phase.FAULT
    assert not decision.outputs.laser_output
    assert [event.severity for event in decision.safety] == ["emergency"]


def test_a_standing_cause_refuses_the_reset() -> None:
    cart = emitting()
    cart.inject["board"] = with_(stop_loop_closed=False)
    cart.run(0.1)
    refused = cart.tick(CommandType.ACKNOWLEDGE, role="admin").replies[0].refused
    assert refused is not None
    assert refused.startswith("Still there: The emergency stop")


def test_light_while_off_is_a_fault_in_every_phase() -> None:
    cart = IdealCart(rules())
    cart.run(0.5)
    cart.inject["board"] = with_(photodiode_v=0.06)
    cart.tick()
    assert cart.state.faults == ("light_while_off",)


def test_an_output_that_reads_on_after_off_is_a_fault() -> None:
    cart = IdealCart(rules())
    cart.open()
    cart.inject["laser"] = with_(output_on=True)
    cart.run(0.6)
    assert "laser_output_stuck" in cart.state.faults


@pytest.mark.parametrize(
    ("source", "field", "change"),
    [
        ("gate_not_closing", "board", with_(gate_closed=False)),
        ("laser_interlock_open", "laser", with_(condition=1 << 4)),
        ("laser_not_starting", "laser", with_(output_on=False)),
    ],
)
def test_a_switch_on_that_takes_too_long_is_a_fault(source: str, field: str, change: Change) -> None:
    cart = IdealCart(rules())
    cart.arm()
    cart.run(2.1)
    cart.inject[field] = change
    if source == "gate_not_closing":
        cart.inject["laser"] = with_(condition=1 << 4)
    cart.pedal = True
    cart.run(1.0)
    assert cart.state.faults[0] == source
    assert not any(decision.outputs.laser_current_ma for decision in cart.decisions)


def test_a_laser_that_does_not_read_off_keeps_the_gate_open() -> None:
    cart = IdealCart(rules())
    cart.arm()
    cart.run(2.1)
    cart.pedal = True
    cart.run(0.3)
    cart.pedal = False
    cart.inject["laser"] = with_(set_current_ma=500.0)
    cart.tick()
    cart.decisions.clear()
    cart.run(0.2)
    cart.pedal = True
    cart.run(1.2)
    assert "laser_not_clearing" in cart.state.faults
    assert not any(decision.outputs.want_gate for decision in cart.decisions)


def test_a_stage_that_does_not_arrive_is_a_fault() -> None:
    cart = IdealCart(rules((1.0, 2.0, 2.0, 3.0), (1.0, 2.0, 2.0, 4.0)))
    cart.emit()
    cart.inject["stage"] = with_(settled=False, position_um=1000.0)
    cart.inject["stage"] = lambda reading: (
        with_(settled=False)(reading) if cart.state.beam.value == "moving" else reading
    )
    cart.run(7.0)
    assert cart.state.faults == ("stage_move",)


def test_a_lost_picture_is_a_fault_where_a_camera_is_required() -> None:
    cart = IdealCart(msgspec.structs.replace(rules(), camera_required=True))
    cart.inject["frame_s"] = lambda frame_s: cart.now_s
    cart.emit()
    stopped_s = cart.now_s
    cart.inject["frame_s"] = lambda frame_s: stopped_s
    cart.run(0.95)
    assert cart.state.phase is Phase.TREATING
    cart.run(0.1)
    assert cart.state.faults == ("camera",)


def test_a_covered_picture_arms_nothing_and_ends_no_light() -> None:
    cart = IdealCart(msgspec.structs.replace(rules(), camera_required=True))
    cart.inject["frame_s"] = lambda frame_s: cart.now_s
    cart.open()
    cart.inject["frame_covered"] = lambda covered: True
    cart.run(5.1)
    cart.tick(CommandType.BEGIN_ARM)
    cart.run(1.6)
    refused = cart.tick(CommandType.ARM).replies[0].refused or ""
    assert refused.startswith("The camera's picture is black or clipped all over. Uncover the lens")
    assert cart.state.phase is Phase.READY

    cart = IdealCart(msgspec.structs.replace(rules(), camera_required=True))
    cart.inject["frame_s"] = lambda frame_s: cart.now_s
    cart.emit()
    cart.inject["frame_covered"] = lambda covered: True
    cart.run(0.5)
    assert cart.outputs.laser_output


def test_under_power_counts_emission_time_over_a_release() -> None:
    cart = emitting()
    cart.inject["board"] = lambda reading: (
        with_(photodiode_v=1.0)(reading) if cart.outputs.laser_current_ma > 4000 else reading
    )
    cart.run(0.3)
    assert cart.state.phase is Phase.TREATING
    cart.pedal = False
    cart.run(1.0)
    assert "photodiode_out_of_range" in cart.state.failing_since
    cart.pedal = True
    cart.run(1.0)
    assert "photodiode_out_of_range" in cart.state.faults


def test_a_warning_is_said_once_and_turns_nothing_off() -> None:
    cart = emitting()
    cart.power_factor = 0.8
    cart.run(2.0)
    assert cart.state.phase is Phase.TREATING
    assert cart.safety_types().count("photodiode_out_of_range") == 1


def test_a_session_closed_in_fault_leaves_the_fault_latched() -> None:
    cart = emitting()
    cart.tick(CommandType.STOP)
    cart.run(0.2)
    cart.tick(CommandType.CLOSE_SESSION)
    assert (cart.state.phase, cart.state.session_open) == (Phase.FAULT, False)
    assert cart.state.abort_reason == "screen: STOP was pressed on the screen."


@pytest.mark.parametrize(("turned_to_ma", "power_w"), [(9000.0, 8.4), (2600.0, 2.0)])
def test_a_set_point_that_is_not_the_commanded_one_is_a_fault(turned_to_ma: float, power_w: float) -> None:
    """Light that agrees with a turned knob agrees with the read-back, too: only the command tells."""
    cart = emitting()
    cart.inject["laser"] = with_(set_current_ma=turned_to_ma, measured_current_ma=turned_to_ma)
    cart.inject["board"] = with_(photodiode_v=power_w / 2.0)
    cart.run(0.9)
    assert cart.state.phase is Phase.TREATING
    cart.run(0.2)
    assert cart.state.faults == ("laser_setpoint",)


def test_a_steep_way_down_is_no_fault_where_answers_lag() -> None:
    cart = IdealCart(rules((1.7, 9.0, 0.0, 3.0)))
    cart.laser_lag_s = 0.26
    cart.inject["board"] = with_(
        photodiode_v=cart.state.expected_w / 2.0 if cart.outputs.laser_output else 0.0
    )
    cart.emit()
    cart.run_until(lambda: cart.state.finished or bool(cart.state.faults), within_s=20.0)
    assert "laser_setpoint" not in cart.state.faults


@pytest.mark.parametrize("temperature_c", [-99.0, 250.0, math.nan])
def test_a_temperature_that_no_whole_sensor_reads_is_a_broken_sensor(temperature_c: float) -> None:
    cart = emitting()
    cart.inject["tec"] = with_(temperature_c=temperature_c)
    cart.run(0.02)
    assert cart.state.faults[0] == "tec"


@pytest.mark.parametrize("now_s", [math.nan, math.inf, 0.0, 1e9])
def test_a_clock_that_does_not_run_leaves_the_time_of_the_machine_alone(now_s: float) -> None:
    cart = emitting()
    before_s = cart.state.now_s
    cart.inject["now_s"] = lambda true_s: now_s
    cart.tick()
    assert "clock" in cart.state.faults
    assert (cart.state.now_s, cart.state.phase_since_s, cart.state.latched_s) == (before_s,) * 3
