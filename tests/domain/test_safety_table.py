"""The table of interlocks against a second writing: who refuses, who ends the light, who resets.

A row that moves from one of these lists to another changes what the cart does to a patient.
"""

from __future__ import annotations

import pytest

from benchmarks.rigs.ideal_cart import rules
from tosca_kiosk.domain.interlocks import INTERLOCKS, Scope, Severity
from tosca_kiosk.domain.situations import acts_now
from tosca_kiosk.domain.state import Beam, Phase, State

BOARD_FAULTS = {f"board_fault_{bit}" for bit in (*range(8), "other")}
LOST = {f"{device}_gone" for device in ("board", "laser", "tec", "stage")}
LATE = {"laser_not_clearing", "gate_not_closing", "laser_interlock_open", "stage_move", "laser_not_starting"}
NEVER_DARK = {"light_while_off", "laser_output_stuck", "laser_interlock_bridged"}
STOPS = {"stop_loop", "screen"}
LOOP = {"clock", "loop"}
POWER = {"power_limit", "converter_saturated"}
ANSWERS = {"board_lost", "laser_stale", "laser_condition", "stage"}

SCOPES = {
    Scope.OPEN: BOARD_FAULTS | LOST | NEVER_DARK | STOPS | ANSWERS | {"self_test"},
    Scope.ARM: BOARD_FAULTS | LOST | NEVER_DARK | STOPS | ANSWERS | LOOP
    | {"smoothing", "vibration_unproved", "laser_interlock_unproved"}
    | {"tec", "tec_settling", "stage_position", "camera_to_arm"}
    | {"session", "calibration", "rules", "kiosk_lost", "journal", "disk"}
    | {"camera_covered", "runtime", "real_time"},
    Scope.HELD: BOARD_FAULTS | LATE | NEVER_DARK | STOPS | ANSWERS | POWER
    | {"smoothing", "gate", "laser_interlock", "tec", "tec_off_setpoint", "tec_far_off_setpoint"}
    | {"camera", "kiosk_lost"},
    Scope.LIGHT: {"footpedal_stale", "photodiode_over_power", "photodiode_out_of_range", "laser_output_lost"}
    | {"laser_setpoint", "laser_current", "laser_regulation", "laser_error"}
    | {"stage_position", "session", "calibration", "rules", "real_time"},
    Scope.SESSION: LOST | POWER | {"journal", "runtime"},
    Scope.ANY: NEVER_DARK | STOPS | LOOP,
    Scope.WARN: {"photodiode_warning", "laser_warning"},
}  # fmt: skip

SUPERVISORS = BOARD_FAULTS | NEVER_DARK | LOOP | POWER | {
    "stop_loop", "smoothing", "photodiode_over_power", "photodiode_out_of_range",
    "laser_not_clearing", "laser_interlock_open", "laser_not_starting", "laser_stale", "laser_condition",
    "laser_interlock", "laser_output_lost", "laser_setpoint", "laser_current",
    "laser_regulation", "laser_error",
}  # fmt: skip
SEEN_IN_LIGHT_ALONE = LATE | {
    "smoothing", "photodiode_warning", "photodiode_over_power", "photodiode_out_of_range",
    "laser_output_lost", "laser_setpoint", "laser_current", "laser_regulation", "laser_error",
    "laser_warning", "stage_position",
}  # fmt: skip
WARNINGS = {
    "vibration_unproved", "laser_interlock_unproved",
    "stage_move", "photodiode_warning", "laser_warning", "tec_settling", "stage", "stage_position",
    "camera_to_arm", "camera", "camera_covered", "session", "calibration", "rules", "disk", "real_time",
    "self_test",
}  # fmt: skip
RECOVERIES = {
    "stop_loop": "e_stop_released",
    "screen": "e_stop_released",
    "board_fault_1": "e_stop_released",
    "smoothing": "smoothing_device_recovery",
    "board_fault_2": "smoothing_device_recovery",
}


@pytest.mark.parametrize("scope", Scope)
def test_a_row_acts_where_it_is_written_to_act(scope: Scope) -> None:
    assert {row.source for row in INTERLOCKS if row.scope & scope} == SCOPES[scope]


def test_a_fault_is_reset_by_whom_it_is_written_to_be() -> None:
    assert {row.source: row.reset_role for row in INTERLOCKS} == {
        row.source: "supervisor" if row.source in SUPERVISORS else "technician" for row in INTERLOCKS
    }


def test_a_cause_that_the_dark_hides_is_not_waited_for() -> None:
    assert {row.source for row in INTERLOCKS if not row.judged_dark} == SEEN_IN_LIGHT_ALONE


def test_only_what_a_reset_clears_may_stand_while_it_is_reset() -> None:
    assert {row.source for row in INTERLOCKS if row.reset_clears} == BOARD_FAULTS | {"screen", "stage"}


def test_severities_and_recoveries_are_as_written() -> None:
    for row in INTERLOCKS:
        wanted = Severity.WARNING if row.source in WARNINGS else Severity.CRITICAL
        assert row.severity is (Severity.EMERGENCY if row.source in STOPS | LOOP else wanted)
        assert row.recovery == RECOVERIES.get(row.source, "interlock_recovery")


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("session_open", [False, True])
@pytest.mark.parametrize("beam", [Beam.DARK, Beam.STARTING, Beam.EMITTING])
def test_the_rows_of_a_situation_are_those_of_its_scopes(
    phase: Phase, session_open: bool, beam: Beam
) -> None:
    acting = Scope.ANY
    acting |= Scope.SESSION if session_open else acting
    acting |= Scope.HELD if phase in (Phase.ARMED, Phase.TREATING) else acting
    lit = phase is Phase.TREATING and beam is not Beam.DARK
    acting |= Scope.LIGHT | Scope.WARN if lit else acting
    wanted = set().union(*(SCOPES[scope] for scope in Scope if scope & acting))
    of = State(phase=phase, session_open=session_open, beam=beam)
    assert {row.source for row in INTERLOCKS if acts_now(row, rules(), of)} == wanted
