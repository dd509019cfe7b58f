"""Readings of a cart at steady light under an open session, and the state that belongs to them."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from benchmarks.rigs.ideal_cart import rules
from tosca_kiosk.domain.inputs import BoardIn, Inputs, LaserIn, StageIn, TecIn
from tosca_kiosk.domain.state import Beam, Phase, State

NOW_S = 100.0
SESSION = msgspec.structs.replace(rules((60.0, 5.0, 5.0, 3.0)), camera_required=True)
STATE = State(
    phase=Phase.TREATING,
    beam=Beam.EMITTING,
    now_s=NOW_S - 0.01,
    phase_since_s=NOW_S - 5.0,
    beam_since_s=NOW_S - 4.0,
    armed_since_s=NOW_S - 10.0,
    dark_since_s=None,
    gate_closed=True,
    gate_since_s=NOW_S - 4.5,
    tec_settled_since_s=NOW_S - 50.0,
    session_open=True,
    elapsed_s=3.5,
    command_w=5.0,
    command_ma=5600.0,
    setpoint_s=NOW_S - 0.01,
    slewed_s=NOW_S - 3.5,
    expected_w=5.0,
    measured_w=5.0,
)
INPUTS = Inputs(
    now_s=NOW_S,
    late_s=0.0,
    overrun_s=0.0,
    board=BoardIn(NOW_S, True, True, True, True, True, True, 2.5, False, 0),
    laser=LaserIn(True, NOW_S, 5600.0, NOW_S, 5600.0, NOW_S, 0, NOW_S, (), NOW_S),
    tec=TecIn(25.0, NOW_S, 25.0, True, NOW_S, 1 << 10, NOW_S),
    stage=StageIn(NOW_S, 1000.0, 1000.0, True, True, ()),
    operator_s=NOW_S,
    frame_s=NOW_S,
    journal_ok=True,
    disk_ok=True,
)


def reads(device: str, field: str) -> Callable[[float], Inputs]:
    return lambda value: msgspec.structs.replace(
        INPUTS, **{device: msgspec.structs.replace(getattr(INPUTS, device), **{field: value})}
    )


def aged(device: str, field: str) -> Callable[[float], Inputs]:
    return lambda age_s: reads(device, field)(NOW_S - age_s)


def given(field: str) -> Callable[[float], Inputs]:
    return lambda value: msgspec.structs.replace(INPUTS, **{field: value})


UP = reads("board", "pedal_pressed")(False)
DARK_LASER = msgspec.structs.replace(
    INPUTS,
    board=msgspec.structs.replace(INPUTS.board, pedal_pressed=False, photodiode_v=0.0),
    laser=msgspec.structs.replace(INPUTS.laser, output_on=False, set_current_ma=0.0, condition=16),
)
OFF = {
    **{"beam": Beam.DARK, "phase": Phase.READY, "command_w": 0.0, "command_ma": 0.0, "expected_w": 0.0},
    **{"gate_closed": False, "loop_proved": True, "vibration_rested": True},
}
LONG_AGO_S = NOW_S - 9.0
