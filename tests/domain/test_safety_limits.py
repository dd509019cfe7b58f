"""Each number of the limits, just inside and just outside: neither it nor its comparison may change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
import pytest

from benchmarks.rigs.ideal_cart import CALIBRATIONS
from tests.domain.steady_light import (
    DARK_LASER,
    INPUTS,
    LONG_AGO_S,
    NOW_S,
    OFF,
    SESSION,
    STATE,
    UP,
    aged,
    given,
    reads,
)
from tosca_kiosk.domain import beam, checks, commands, laser_checks, light, phases
from tosca_kiosk.domain.inputs import Command, CommandType, Inputs, LaserIn, TecIn
from tosca_kiosk.domain.interlocks import BY_SOURCE, INTERLOCKS, Scope
from tosca_kiosk.domain.rules import Limits
from tosca_kiosk.domain.state import Beam, Phase, State
from tosca_kiosk.domain.tick import Tick


class Edge(NamedTuple):
    """A number of the limits. value: the design limit; passes: whether a value of the measure is accepted.

    inside, outside: the measure on either side, as near as a comparison can tell.
    """

    field: str
    value: float
    passes: Callable[[float], bool]
    inside: float
    outside: float


def row(source: str, inputs: Callable[[float], Inputs], **state: Any) -> Callable[[float], bool]:
    """Ask a row of the table what it says of readings made from a measure."""
    return lambda measure: BY_SOURCE[source].passes(
        SESSION, msgspec.structs.replace(STATE, **state), inputs(measure)
    )


def since(source: str, field: str, inputs: Inputs = INPUTS, **state: Any) -> Callable[[float], bool]:
    """Ask a row what it says of a state whose time lies so long ago."""
    return lambda age_s: BY_SOURCE[source].passes(
        SESSION, msgspec.structs.replace(STATE, **state, **{field: NOW_S - age_s}), inputs
    )


def state_of(source: str, field: str, **state: Any) -> Callable[[float], bool]:
    return lambda value: BY_SOURCE[source].passes(
        SESSION, msgspec.structs.replace(STATE, **state, **{field: value}), INPUTS
    )


def in_light_since(since_s: float) -> State:
    """Return a state of now, whose darkness has not been known since."""
    return State(session_open=True, now_s=NOW_S, unconfirmed_since_s=since_s)


def command(kind: CommandType, inputs: Inputs = INPUTS, **state: Any) -> Callable[[str, float], str | None]:
    def refused(field: str, age_s: float) -> str | None:
        of = msgspec.structs.replace(STATE, **state, **{field: NOW_S - age_s})
        return commands.judge(SESSION, of, inputs, Command(1, kind, "admin")).refused

    return refused


def moved(field: str, inputs: Inputs = INPUTS, **state: Any) -> Callable[[float], State]:
    """Return the state after `move_phase` where a time lies so long ago."""

    def after(age_s: float) -> State:
        of = msgspec.structs.replace(STATE, **state, **{field: NOW_S - age_s})
        tick = Tick(SESSION, of, inputs)
        phases.move_phase(tick)
        return tick.state

    return after


ARMED = {
    **OFF,
    "phase": Phase.ARMED,
    "beam": Beam.CLEARING,
    "pedal_up_since_s": LONG_AGO_S,
    "pedal_up_s": 9.0,
    "dark_since_s": LONG_AGO_S,
}
JUST = 1e-6


def hold(source: str) -> Callable[[float], bool]:
    """Ask whether a failure of a row may last so long."""
    limit = BY_SOURCE[source].hold
    assert limit is not None
    return lambda lasted_s: lasted_s < checks.limit_of(SESSION, limit)


def warning(measured_w: float, expected_w: float) -> bool:
    of = msgspec.structs.replace(STATE, measured_w=measured_w, expected_w=expected_w)
    return checks.photodiode_warning(SESSION, of, INPUTS)


def over(measured_w: float, expected_w: float) -> bool:
    of = msgspec.structs.replace(STATE, measured_w=measured_w, expected_w=expected_w)
    return checks.power_not_over(SESSION, of, INPUTS)


def power(measured_w: float, limit_w: float) -> bool:
    of = msgspec.structs.replace(STATE, measured_w=measured_w)
    return checks.power_within_limit(msgspec.structs.replace(SESSION, power_limit_w=limit_w), of, INPUTS)


def rise_w(since_s: float) -> float:
    of = msgspec.structs.replace(STATE, command_w=1.0, setpoint_s=NOW_S - since_s)
    assert SESSION.protocol is not None
    return light.next_setpoint_w(SESSION, of, SESSION.protocol, NOW_S) - 1.0


def dose_ends(dose_j: float) -> bool:
    of = msgspec.structs.replace(STATE, measured_j=dose_j, command_w=0.0, measured_w=0.0)
    assert SESSION.protocol is not None
    return light.dose_reached(SESSION, of, INPUTS, SESSION.protocol)


def starting(waited_s: float) -> bool:
    session = msgspec.structs.replace(SESSION, limits=Limits(laser_on_delay_s=3.0))
    of = msgspec.structs.replace(STATE, beam=Beam.STARTING, beam_since_s=NOW_S - waited_s)
    return beam.ORDER[Beam.STARTING].after(session, of, INPUTS) is Beam.EMITTING


CLEARING = msgspec.structs.replace(STATE, **ARMED)
TABLE = [
    Edge("max_power_w", 10.0, lambda w: w <= Limits().max_power_w, 10.0, 10.0 + JUST),
    Edge("max_power_slew_w_per_s", 10.0, lambda w: rise_w(0.05) >= w - 1e-9, 0.5, 0.5 + JUST),
    Edge("setpoint_rate_hz", 10, lambda w: rise_w(5.0) >= w - 1e-9, 1.0, 1.0 + JUST),
    Edge("dose_margin", 1.05, lambda j: not dose_ends(j), 315.0 - JUST, 315.0),
    Edge("board_fresh_s", 0.1, row("board_lost", aged("board", "measured_s")), 0.1 - JUST, 0.1 + JUST),
    *(
        Edge("laser_fresh_s", 0.5, row("laser_stale", aged("laser", field)), 0.5 - JUST, 0.5 + JUST)
        for field in LaserIn.__struct_fields__
        if field.endswith("asked_s")
    ),
    *(
        Edge("tec_fresh_s", 1.0, row("tec", aged("tec", field)), 1.0 - JUST, 1.0 + JUST)
        for field in TecIn.__struct_fields__
        if field.endswith("asked_s")
    ),
    Edge("stage_fresh_s", 0.5, row("stage", aged("stage", "measured_s")), 0.5 - JUST, 0.5 + JUST),
    Edge(
        "operator_fresh_s",
        0.4,
        row("kiosk_lost", lambda s: given("operator_s")(NOW_S - s)),
        0.4 - JUST,
        0.4 + JUST,
    ),
    Edge(
        "frame_fresh_to_arm_s",
        0.5,
        row("camera_to_arm", lambda s: given("frame_s")(NOW_S - s)),
        0.5 - JUST,
        0.5 + JUST,
    ),
    Edge(
        "frame_fresh_to_stay_s",
        1.0,
        row("camera", lambda s: given("frame_s")(NOW_S - s)),
        1.0 - JUST,
        1.0 + JUST,
    ),
    Edge("late_tick_s", 0.1, row("loop", given("late_s")), 0.1, 0.1 + JUST),
    Edge("overrun_span_s", 0.2, row("loop", given("overrun_s")), 0.2 - JUST, 0.2),
    Edge("photodiode_warning_fraction", 0.15, lambda w: warning(5.0 + w, 5.0), 0.75 - JUST, 0.75 + JUST),
    Edge("photodiode_warning_fraction", 0.15, lambda w: warning(5.0 - w, 5.0), 0.75 - JUST, 0.75 + JUST),
    Edge("photodiode_warning_w", 0.15, lambda w: warning(0.5 + w, 0.5), 0.15 - JUST, 0.15 + JUST),
    Edge("photodiode_warning_s", 0.5, hold("photodiode_warning"), 0.5 - JUST, 0.5),
    Edge("laser_warning_s", 3.0, hold("laser_warning"), 3.0 - JUST, 3.0),
    Edge(
        "laser_settle_s",
        3.0,
        since("laser_regulation", "slewed_s", reads("laser", "condition")(1)),
        3.0 - JUST,
        3.0 + JUST,
    ),
    Edge("setpoint_follow_s", 1.0, hold("laser_setpoint"), 1.0 - JUST, 1.0),
    Edge("photodiode_fault_fraction", 0.30, lambda w: over(5.0 + w, 5.0), 1.5 - JUST, 1.5 + JUST),
    Edge(
        "photodiode_fault_fraction",
        0.30,
        state_of("photodiode_out_of_range", "measured_w"),
        3.5 + JUST,
        3.5 - JUST,
    ),
    Edge(
        "photodiode_warning_fraction",
        0.15,
        state_of("laser_setpoint", "command_w"),
        5.0 / 0.85 - JUST,
        5.0 / 0.85 + JUST,
    ),
    Edge(
        "laser_current_ma",
        150.0,
        row("laser_current", lambda ma: reads("laser", "measured_current_ma")(5600.0 + ma)),
        150.0 - JUST,
        150.0 + JUST,
    ),
    Edge("laser_current_s", 0.5, hold("laser_current"), 0.5 - JUST, 0.5),
    Edge(
        "laser_current_settle_s",
        1.0,
        since("laser_current", "slewed_s", reads("laser", "measured_current_ma")(0.0)),
        1.0 - JUST,
        1.0 + JUST,
    ),
    Edge("photodiode_fault_w", 0.3, lambda w: over(0.5 + w, 0.5), 0.3 - JUST, 0.3 + JUST),
    Edge("over_power_s", 0.1, hold("photodiode_over_power"), 0.1 - JUST, 0.1),
    Edge("under_power_s", 0.5, hold("photodiode_out_of_range"), 0.5 - JUST, 0.5),
    Edge(
        "photodiode_dark_v",
        0.05,
        row("light_while_off", reads("board", "photodiode_v"), dark_since_s=NOW_S - 1.0),
        0.05,
        0.05 + JUST,
    ),
    Edge("photodiode_dark_after_s", 0.1, since("light_while_off", "dark_since_s"), 0.1 - JUST, 0.1 + JUST),
    Edge("power_limit_fraction", 1.05, lambda w: power(w, 8.0), 8.5 - JUST, 8.5 + JUST),
    Edge("power_limit_margin_w", 0.1, lambda w: power(w, 0.0), 0.1 - JUST, 0.1 + JUST),
    Edge("power_limit_s", 0.05, hold("power_limit"), 0.05 - JUST, 0.05),
    Edge(
        "tec_arm_c",
        0.1,
        lambda c: checks.tec_within("tec_arm_c")(SESSION, STATE, reads("tec", "temperature_c")(25.0 - c)),
        0.1 - JUST,
        0.1 + JUST,
    ),
    Edge("tec_arm_s", 5.0, since("tec_settling", "tec_settled_since_s"), 5.0 + JUST, 5.0 - JUST),
    Edge("tec_stay_c", 2.0, row("tec_off_setpoint", reads("tec", "temperature_c")), 27.0, 27.0 + JUST),
    Edge("tec_stay_s", 2.0, hold("tec_off_setpoint"), 2.0 - JUST, 2.0),
    Edge("tec_trip_c", 3.0, row("tec_far_off_setpoint", reads("tec", "temperature_c")), 22.0, 22.0 - JUST),
    Edge(
        "stage_tolerance_um",
        20.0,
        row("stage_position", reads("stage", "position_um")),
        1020.0,
        1020.0 + JUST,
    ),
    Edge(
        "stage_tolerance_um", 20.0, row("stage_position", reads("stage", "position_um")), 980.0, 980.0 - JUST
    ),
    Edge("stage_move_s", 5.0, since("stage_move", "beam_since_s", beam=Beam.MOVING), 5.0 - JUST, 5.0 + JUST),
    Edge(
        "arm_hold_s",
        1.5,
        lambda s: "hold for" not in (command(CommandType.ARM, UP, **OFF)("hold_since_s", s) or ""),
        1.5 + JUST,
        1.5 - JUST,
    ),
    Edge(
        "arm_hold_max_s",
        5.0,
        lambda s: moved("hold_since_s", UP, **OFF)(s).hold_since_s is not None,
        5.0 - JUST,
        5.0 + JUST,
    ),
    Edge(
        "pedal_after_arm_s",
        2.0,
        lambda s: moved("armed_since_s", **ARMED)(s).phase is Phase.TREATING,
        2.0 + JUST,
        2.0 - JUST,
    ),
    Edge(
        "pedal_after_arm_s",
        2.0,
        lambda s: (
            beam.ORDER[Beam.CLEARING].after(
                SESSION, msgspec.structs.replace(CLEARING, armed_since_s=NOW_S - s), DARK_LASER
            )
            is Beam.WAITING
        ),
        2.0 + JUST,
        2.0 - JUST,
    ),
    Edge(
        "pedal_lifted_s",
        0.1,
        lambda s: moved("armed_since_s", **ARMED | {"pedal_up_s": s})(9.0).phase is Phase.TREATING,
        0.1 + JUST,
        0.1 - JUST,
    ),
    Edge(
        "armed_max_s",
        60.0,
        lambda s: moved("phase_since_s", UP, **ARMED)(s).phase is Phase.ARMED,
        60.0 - JUST,
        60.0 + JUST,
    ),
    Edge(
        "clear_s",
        1.0,
        since("laser_not_clearing", "beam_since_s", beam=Beam.CLEARING),
        1.0 - JUST,
        1.0 + JUST,
    ),
    Edge(
        "gate_close_s",
        0.3,
        since("gate_not_closing", "beam_since_s", beam=Beam.CLOSING),
        0.3 - JUST,
        0.3 + JUST,
    ),
    Edge(
        "interlock_clear_s",
        0.3,
        since("laser_interlock_open", "beam_since_s", beam=Beam.CHECKING),
        0.3 - JUST,
        0.3 + JUST,
    ),
    Edge(
        "switch_on_s",
        0.5,
        since("laser_not_starting", "beam_since_s", beam=Beam.STARTING),
        0.5 - JUST,
        0.5 + JUST,
    ),
    Edge("switch_off_s", 0.5, since("laser_output_stuck", "dark_since_s"), 0.5 - JUST, 0.5 + JUST),
    Edge(
        "acknowledge_s",
        2.0,
        lambda s: (
            moved("acknowledged_s", **OFF | {"phase": Phase.FAULT, "faults": ("tec",)})(s).phase
            is Phase.READY
        ),
        2.0 - JUST,
        2.0 + JUST,
    ),
    Edge(
        "key_off_after_s",
        10.0,
        lambda s: laser_checks.key_off_in_s(SESSION, in_light_since(NOW_S - s)) == 0.0,
        10.0 + JUST,
        10.0 - JUST,
    ),
    Edge("laser_on_delay_s", 0.0, starting, 3.0 + JUST, 3.0 - JUST),
]

BY_HAND = {"light_lag_s"}
"""The lag is no threshold; its own test follows."""


def test_every_number_of_the_limits_has_its_edge() -> None:
    assert {edge.field for edge in TABLE} | BY_HAND == set(Limits.__struct_fields__)


@pytest.mark.parametrize("edge", TABLE, ids=[f"{number}-{edge.field}" for number, edge in enumerate(TABLE)])
def test_a_limit_accepts_just_inside_and_refuses_just_outside(edge: Edge) -> None:
    assert getattr(Limits(), edge.field) == edge.value
    assert edge.passes(edge.inside)
    assert not edge.passes(edge.outside)


def test_light_is_expected_63_percent_after_the_lag() -> None:
    of = msgspec.structs.replace(STATE, expected_w=0.0, now_s=NOW_S - 0.01)
    light.account(SESSION, of, INPUTS)
    assert of.expected_w == pytest.approx(CALIBRATIONS.power_w(5600.0) * 0.63212, abs=1e-4)


@pytest.mark.parametrize("source", [row.source for row in INTERLOCKS if row.hold is not None])
def test_a_hold_is_a_number_of_the_limits(source: str) -> None:
    assert BY_SOURCE[source].hold in Limits.__struct_fields__


def test_the_ideal_readings_of_this_table_pass_every_row_under_light() -> None:
    scope = Scope.HELD | Scope.LIGHT | Scope.SESSION | Scope.ANY | Scope.WARN
    assert [r.source for r in INTERLOCKS if r.scope & scope and not r.passes(SESSION, STATE, INPUTS)] == []
