"""Which rows a reading fails: each cause is told by its own rows alone, so that one fault has one name."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from benchmarks.rigs.ideal_cart import IdealCart
from tests.domain.steady_light import DARK_LASER, INPUTS, NOW_S, OFF, SESSION, STATE
from tosca_kiosk.domain.inputs import Inputs
from tosca_kiosk.domain.interlocks import INTERLOCKS, Scope
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.safety import set_power
from tosca_kiosk.domain.state import Beam, Phase
from tosca_kiosk.domain.tick import Tick

ACTING = Scope.HELD | Scope.LIGHT | Scope.SESSION | Scope.ANY | Scope.WARN


def failing(inputs: Inputs, session: Rules = SESSION, **state: Any) -> set[str]:
    of = msgspec.structs.replace(STATE, **state)
    return {row.source for row in INTERLOCKS if row.scope & ACTING and not row.passes(session, of, inputs)}


def reading(device: str, **fields: Any) -> Inputs:
    changed = msgspec.structs.replace(getattr(INPUTS, device), **fields)
    return msgspec.structs.replace(INPUTS, **{device: changed})


BLAME: list[tuple[Inputs, set[str]]] = [
    (msgspec.structs.replace(INPUTS, board=None), {"board_lost", "footpedal_stale", "board_gone"}),
    (msgspec.structs.replace(INPUTS, laser=None), {"laser_stale", "laser_gone"}),
    (msgspec.structs.replace(INPUTS, tec=None), {"tec", "tec_gone"}),
    (msgspec.structs.replace(INPUTS, stage=None), {"stage", "stage_gone"}),
    (reading("board", gate_closed=False), {"gate"}),
    (reading("board", gate_closed=False, stop_loop_closed=False), {"stop_loop"}),
    (reading("board", gate_closed=False, faults=1), {"board_fault_0"}),
    (reading("board", gate_closed=False, pedal_pressed=False), set()),
    (reading("board", motor_on=False), {"smoothing"}),
    (reading("board", vibration_healthy=False), {"smoothing"}),
    *((reading("board", faults=1 << bit), {f"board_fault_{bit}"}) for bit in range(8)),
    (reading("board", faults=1 << 8), {"board_fault_other"}),
    (reading("laser", output_on=False), {"laser_output_lost"}),
    # The site's set point counts, not one that was turned at the controller.
    (reading("tec", temperature_c=30.0, setpoint_c=30.0), {"tec_off_setpoint", "tec_far_off_setpoint"}),
    (reading("stage", settled=False), {"stage_position"}),
    (reading("stage", trips=("thermal",)), {"stage"}),
]


@pytest.mark.parametrize(("inputs", "blamed"), BLAME, ids=["+".join(sorted(b)) or "none" for _, b in BLAME])
def test_a_reading_fails_the_rows_of_its_cause_alone(inputs: Inputs, blamed: set[str]) -> None:
    assert failing(inputs) == blamed


def test_missing_calibrations_fail_no_row_that_needs_them_to_judge() -> None:
    bare = msgspec.structs.replace(SESSION, calibrations=None)
    assert failing(INPUTS, bare) == {"calibration", "stage_position"}


def test_a_missing_protocol_is_no_open_session() -> None:
    bare = msgspec.structs.replace(SESSION, protocol=None)
    assert failing(INPUTS, bare) == {"session", "stage_position"}


@pytest.mark.parametrize("missing", ["protocol", "calibrations"])
def test_no_power_is_commanded_without_a_plan_or_a_calibration(missing: str) -> None:
    bare = msgspec.structs.replace(SESSION, **{missing: None})
    tick = Tick(bare, msgspec.structs.replace(STATE), INPUTS)
    set_power(tick)
    assert (tick.state.command_w, tick.state.command_ma) == (0.0, 0.0)


def test_a_camera_is_asked_for_only_where_it_is_required() -> None:
    blind = msgspec.structs.replace(INPUTS, frame_s=None)
    assert failing(blind) == {"camera"}
    assert failing(blind, msgspec.structs.replace(SESSION, camera_required=False)) == set()


LATE = {
    Beam.CLEARING: "laser_not_clearing",
    Beam.CLOSING: "gate_not_closing",
    Beam.CHECKING: "laser_interlock_open",
    Beam.MOVING: "stage_move",
    Beam.STARTING: "laser_not_starting",
}


@pytest.mark.parametrize("part", Beam)
def test_each_part_of_the_order_is_late_by_its_own_row(part: Beam) -> None:
    of: dict[str, Any] = {"beam": part, "beam_since_s": NOW_S - 9.0, "dark_since_s": NOW_S - 9.0}
    late = failing(DARK_LASER, **OFF | of | {"phase": Phase.TREATING}) & set(LATE.values())
    assert late == ({LATE[part]} if part in LATE else set())


@pytest.mark.parametrize("part", [Beam.CLEARING, Beam.CLOSING, Beam.CHECKING, Beam.MOVING])
def test_a_part_that_waits_for_the_pedal_is_never_late(part: Beam) -> None:
    of: dict[str, Any] = {"beam": part, "beam_since_s": NOW_S - 9.0, "dark_since_s": NOW_S - 9.0}
    assert not failing(DARK_LASER, **OFF | of | {"phase": Phase.ARMED}) & set(LATE.values())


def test_the_state_of_steady_light_is_one_that_the_machine_comes_to() -> None:
    """The readings above are no dream: a cart under light has this phase, this beam and these flags."""
    cart = IdealCart(SESSION)
    cart.inject["frame_s"] = lambda frame_s: cart.now_s
    cart.emit()
    cart.run(3.0)
    kept = ("phase", "beam", "dark_since_s", "gate_closed", "session_open", "finished", "faults", "command_w")
    assert [getattr(cart.state, name) for name in kept] == [getattr(STATE, name) for name in kept]


FORBIDDEN_ALWAYS = {1, 7, 8, 14, 15}
FORBIDDEN_IN_LIGHT = FORBIDDEN_ALWAYS | {2, 3, 13}


@pytest.mark.parametrize("bit", range(16))
def test_a_condition_bit_is_forbidden_where_it_is_written_to_be(bit: int) -> None:
    inputs = reading("laser", condition=1 << bit)
    assert ("laser_condition" in failing(inputs)) == (bit in FORBIDDEN_IN_LIGHT)
    assert ("laser_condition" in failing(inputs, **OFF)) == (bit in FORBIDDEN_ALWAYS)
