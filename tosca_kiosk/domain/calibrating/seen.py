"""What a procedure sees of a tick, in this process or through control's telemetry."""

from __future__ import annotations

import msgspec

from tosca_kiosk.domain.checks import stage_in_position
from tosca_kiosk.domain.inputs import Inputs
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.state import State


class Seen(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """A tick of a session that calibrates. Values that are not known are None.

    stage_there: it stands where the station wants it.
    board_s: when the board measured what it tells; vibration_mg: no decision depends on it. lit_s, station,
    station_lit, abort_reason: as of State.
    """

    now_s: float
    phase: str
    beam: str
    station: int | None
    station_lit: bool
    lit_s: float
    abort_reason: str | None
    board_s: float | None
    photodiode_v: float | None
    vibration_mg: float | None
    set_current_ma: float | None
    stage_um: float | None
    stage_there: bool


def seen(rules: Rules, inputs: Inputs, state: State, vibration_mg: float | None) -> Seen:
    """Return what a procedure sees of a tick's inputs and the state that it left."""
    board, laser, stage = inputs.board, inputs.laser, inputs.stage
    return Seen(
        now_s=inputs.now_s,
        phase=state.phase,
        beam=state.beam,
        station=state.station,
        station_lit=state.station_lit,
        lit_s=state.lit_s,
        abort_reason=state.abort_reason,
        board_s=None if board is None else board.measured_s,
        photodiode_v=None if board is None else board.photodiode_v,
        vibration_mg=vibration_mg,
        set_current_ma=None if laser is None else laser.set_current_ma,
        stage_um=None if stage is None else stage.position_um,
        stage_there=stage_in_position(rules, state, inputs),
    )
