"""A person at a calibration's stations: the cart goes to each, a held key and a foot give the light."""

from __future__ import annotations

from typing import Final

from tosca_kiosk.attended.attendant import Attendant
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.interlocks import BY_SOURCE
from tosca_kiosk.domain.state import Beam, Phase
from tosca_kiosk.link.telemetry import Telemetry

SETTLES_WITHIN_S: Final = 10.0
READY_WITHIN_S: Final = 60.0
PERSON_WITHIN_S: Final = 120.0
HOLD: Final = "Hold the space bar until it says armed, let go, then press the pedal. Any other key is STOP."


class NotDoneError(Exception):
    """A station was not come to, or its light was not given. The text says why and what to do."""


def go_to(attendant: Attendant, number: int) -> float:
    """Select a station and wait until the stage has arrived; return where it stands, in um.

    Raises NotDoneError and StoppedError.
    """
    if refused := attendant.order(CommandType.SELECT_STATION, value=float(number)):
        raise NotDoneError(f"station {number} was refused: {refused}")

    def arrived(shown: Telemetry) -> bool:
        _refuse_fault(shown)
        return shown.station == number and bool(shown.stage_there) and shown.stage_um is not None

    attendant.until(arrived, SETTLES_WITHIN_S, "the stage in its place; check that it moves freely")
    where_um = attendant.newest.stage_um
    if where_um is None:
        raise NotDoneError("stage: its place is not known")
    return where_um


def give_light(attendant: Attendant) -> list[float]:
    """Have the person give the station's light; return the watts that were measured while it lasted.

    A pedal that is let go too early is pressed again, and the light begins anew. Raises NotDoneError and
    StoppedError.
    """
    attendant.until(_may_arm, READY_WITHIN_S, "the cart ready to arm")
    attendant.say(HOLD)
    attendant.hand.may_arm = True
    watts: list[float] = []

    def lit(shown: Telemetry) -> bool:
        _refuse_fault(shown)
        if shown.beam == Beam.EMITTING and shown.measured_w is not None:
            watts.append(shown.measured_w)
        elif not shown.station_lit:
            watts.clear()
        attendant.show(_status(shown))
        return shown.station_lit

    try:
        attendant.until(lit, PERSON_WITHIN_S, "the station's light, to its end")
    finally:
        attendant.hand.may_arm = False
    return watts


def _may_arm(shown: Telemetry) -> bool:
    _refuse_fault(shown)
    return not shown.refusals


def _refuse_fault(shown: Telemetry) -> None:
    if shown.phase == Phase.FAULT:
        rows = [BY_SOURCE[source] for source in shown.faults if source in BY_SOURCE]
        raise NotDoneError(" ".join(f"{row.what} {row.to_do}" for row in rows) or "a fault is latched")


def _status(shown: Telemetry) -> str:
    measured = "--" if shown.measured_w is None else f"{shown.measured_w:.2f}"
    return f"{shown.phase} {shown.beam}, {measured} W measured"
