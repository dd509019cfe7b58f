"""A value exactly at its limit: what is accepted still is, and what is waited for is over.

The limits here are sums of powers of two, which a comparison meets without rounding.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.domain.steady_light import DARK_LASER, INPUTS, NOW_S, OFF, STATE
from tests.domain.steady_light import SESSION as STEADY
from tosca_kiosk.domain import beam, checks, commands, laser_checks, light, phases, safety
from tosca_kiosk.domain.inputs import Command, CommandType, Inputs
from tosca_kiosk.domain.interlocks import BY_SOURCE
from tosca_kiosk.domain.rules import Limits
from tosca_kiosk.domain.state import Beam, Phase, State
from tosca_kiosk.domain.tick import Tick

LIMITS = Limits(
    board_fresh_s=0.125,
    photodiode_warning_fraction=0.125,
    photodiode_warning_w=0.125,
    photodiode_fault_fraction=0.25,
    photodiode_fault_w=0.25,
    photodiode_dark_after_s=0.125,
    power_limit_fraction=1.0,
    power_limit_margin_w=0.125,
    tec_stay_c=2.0,
    pedal_lifted_s=0.125,
    gate_close_s=0.25,
    laser_on_delay_s=3.0,
)
SESSION = msgspec.structs.replace(STEADY, limits=LIMITS, power_limit_w=8.0)


def of(**state: Any) -> State:
    return msgspec.structs.replace(STATE, **state)


def reading(device: str, inputs: Inputs = INPUTS, **fields: Any) -> Inputs:
    changed = msgspec.structs.replace(getattr(inputs, device), **fields)
    return msgspec.structs.replace(inputs, **{device: changed})


def passes(source: str, inputs: Inputs = INPUTS, **state: Any) -> bool:
    return BY_SOURCE[source].passes(SESSION, of(**state), inputs)


def moved(inputs: Inputs = INPUTS, **state: Any) -> State:
    tick = Tick(SESSION, of(**state), inputs)
    phases.move_phase(tick)
    return tick.state


def next_beam(part: Beam, inputs: Inputs = INPUTS, **state: Any) -> Beam:
    return beam.ORDER[part].after(SESSION, of(**state | {"beam": part}), inputs)


def taken(kind: CommandType, inputs: Inputs = DARK_LASER, **state: Any) -> bool:
    return commands.judge(SESSION, of(**OFF | state), inputs, Command(1, kind, "admin")).refused is None


COOL = reading("tec", temperature_c=23.0)
HOT = reading("tec", temperature_c=27.0)
UP = reading("board", pedal_pressed=False)
ARMED: dict[str, Any] = OFF | {"phase": Phase.ARMED, "beam": Beam.CLEARING, "dark_since_s": NOW_S - 9.0}
LIFTED: dict[str, Any] = {"pedal_up_since_s": NOW_S - 9.0, "pedal_up_s": 9.0}


@pytest.mark.parametrize(
    ("source", "inputs", "state"),
    [
        ("board_lost", reading("board", measured_s=NOW_S - 0.125), {}),
        ("photodiode_warning", INPUTS, {"measured_w": 4.0 + 0.5, "expected_w": 4.0}),
        ("photodiode_warning", INPUTS, {"measured_w": 4.0 - 0.5, "expected_w": 4.0}),
        ("photodiode_over_power", INPUTS, {"measured_w": 4.0 + 1.0, "expected_w": 4.0}),
        ("photodiode_out_of_range", INPUTS, {"measured_w": 4.0 - 1.0, "expected_w": 4.0}),
        ("power_limit", INPUTS, {"measured_w": 8.125}),
        ("light_while_off", INPUTS, {"dark_since_s": NOW_S - 0.125}),
        ("laser_setpoint", reading("laser", set_current_ma=600.0 + 3500.0), {"command_w": 4.0}),
        ("laser_current", reading("laser", measured_current_ma=5750.0), {}),
        ("laser_current", reading("laser", measured_current_ma=0.0), {"slewed_s": NOW_S - 1.0}),
        ("laser_regulation", reading("laser", condition=1), {"slewed_s": NOW_S - 3.0}),
        ("laser_output_stuck", INPUTS, {"dark_since_s": NOW_S - 0.5}),
        ("laser_output_lost", reading("laser", output_on=False), {"beam_since_s": NOW_S}),
        ("laser_interlock", reading("laser", condition=16), {"gate_since_s": NOW_S}),
        ("tec_off_setpoint", COOL, {}),
        ("tec_off_setpoint", HOT, {}),
        ("tec", reading("tec", temperature_c=-40.0), {}),
        ("tec", reading("tec", temperature_c=120.0), {}),
        ("tec_settling", INPUTS, {"tec_settled_since_s": NOW_S - 5.0}),
        ("gate_not_closing", INPUTS, {"beam": Beam.CLOSING, "beam_since_s": NOW_S - 0.25}),
        ("laser_not_starting", INPUTS, {"beam": Beam.STARTING, "beam_since_s": NOW_S - 3.5}),
        ("stage_position", reading("stage", position_um=1020.0), {}),
        ("clock", INPUTS, {"now_s": NOW_S}),
    ],
)
def test_a_reading_at_its_limit_is_accepted(source: str, inputs: Inputs, state: dict[str, Any]) -> None:
    assert passes(source, inputs, **state)


def test_a_reading_may_come_from_a_millisecond_ahead_and_no_more() -> None:
    assert checks.fresh(0.0, checks.CLOCK_SLACK_S, 1.0)
    assert not checks.fresh(0.0, checks.CLOCK_SLACK_S * 1.001, 1.0)


def test_a_time_beyond_every_session_is_no_time() -> None:
    assert not passes("clock", msgspec.structs.replace(INPUTS, now_s=checks.LATEST_S))


def test_an_answer_of_the_open_loop_counts_from_its_tenth_of_a_second_on() -> None:
    open_since = of(gate_closed=False, gate_since_s=-laser_checks.INTERLOCK_OPENS_WITHIN_S)
    assert laser_checks.asked_of_open_loop(open_since, 0.0)
    assert not laser_checks.asked_of_open_loop(open_since, -0.001)


def test_the_second_answer_in_a_row_makes_a_bridged_loop() -> None:
    assert passes("laser_interlock_bridged", loop_clear=1)
    assert not passes("laser_interlock_bridged", loop_clear=2)


def test_a_wait_that_is_just_over_is_over() -> None:
    assert next_beam(Beam.STARTING, beam_since_s=NOW_S - 3.0) is Beam.EMITTING
    assert checks.pedal_lifted(SESSION, of(pedal_up_since_s=NOW_S - 9.0, pedal_up_s=0.125))
    seasoned = ARMED | LIFTED | {"armed_since_s": NOW_S - 2.0}
    assert moved(**seasoned).phase is Phase.TREATING
    assert next_beam(Beam.CLEARING, DARK_LASER, **seasoned | {"beam_since_s": NOW_S - 1.0}) is Beam.WAITING
    assert moved(elapsed_s=60.0).finished
    assert taken(CommandType.ARM, hold_since_s=NOW_S - 1.5, dark_since_s=NOW_S - 9.0)


def test_a_time_that_is_just_used_up_is_not_passed() -> None:
    assert moved(UP, **OFF, hold_since_s=NOW_S - 5.0).hold_since_s is not None
    assert moved(UP, **ARMED | {"phase_since_s": NOW_S - 60.0}).phase is Phase.ARMED
    reset = OFF | {"phase": Phase.FAULT, "faults": ("tec",), "acknowledged_s": NOW_S - 2.0}
    assert moved(**reset).phase is Phase.READY


def test_light_at_its_dark_level_is_seen_and_at_its_threshold_confirmed() -> None:
    assert light.light_confirmed(SESSION, of(measured_w=light.LIGHT_SEEN_W), INPUTS)
    dark = reading("board", DARK_LASER, photodiode_v=LIMITS.photodiode_dark_v)
    assert laser_checks.dark_confirmed(SESSION, of(dark_since_s=NOW_S - 0.5), dark)


def test_a_change_of_the_least_fast_size_is_slow() -> None:
    slow = msgspec.structs.replace(SESSION, power_limit_w=safety.FAST_CHANGE_W)
    tick = Tick(slow, of(command_w=0.0), INPUTS)
    safety.set_power(tick)
    assert tick.state.command_w == safety.FAST_CHANGE_W
    assert tick.state.slewed_s == STATE.slewed_s


def test_light_just_after_off_is_dose_up_to_the_time_it_must_be_dark() -> None:
    dim = reading("board", photodiode_v=LIMITS.photodiode_dark_v)
    lately = {"beam": Beam.DARK, "emission_s": 0.5}
    assert light.light_possible(SESSION, of(**lately, dark_since_s=NOW_S - 0.125), dim)
    assert not light.light_possible(SESSION, of(**lately, dark_since_s=NOW_S - 0.13), dim)
