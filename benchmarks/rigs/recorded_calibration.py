"""A calibration of a station with a second of light on an ideal cart, with the journal of it."""

from __future__ import annotations

import msgspec

from benchmarks.rigs.ideal_cart import rules
from benchmarks.rigs.recorded_cart import RecordedCart, header
from tosca_kiosk.domain.calibration_session import CalibrationSession, LightBounds, Station
from tosca_kiosk.domain.inputs import Command, CommandType
from tosca_kiosk.domain.state import Beam
from tosca_kiosk.domain.summary import summarise

SESSION = CalibrationSession(
    kind="photodiode",
    stations=(Station(stage_position_um=1000.0, current_ma=4600.0, light_s=1.0),),
    bounds=LightBounds(),
)


def calibration_header(**changes):
    """Return the header of calibration session 1 by the admin."""
    calibrating = msgspec.structs.replace(
        rules(), protocol=None, calibrations=None, calibration_problem=None, calibration_session=SESSION
    )
    return header(**{"patient_id": None, "rules": calibrating, "work": "calibration"} | changes)


def calibrated(first=None):
    """Run the whole session; the last line is the journal's end."""
    cart = RecordedCart(first or calibration_header())
    cart.open()
    cart.run(6.0)
    select = Command(id=99, type=CommandType.SELECT_STATION, value=0.0)
    cart.now_s = round(cart.now_s + 0.01, 6)
    cart.read(msgspec.structs.replace(cart.inputs(), commands=(select,)))
    cart.run(1.0)
    cart.tick(CommandType.BEGIN_ARM)
    cart.run(1.6)
    cart.tick(CommandType.ARM)
    cart.run(2.5)
    cart.pedal = True
    cart.run_until(lambda: cart.state.beam is Beam.EMITTING)
    cart.run_until(lambda: cart.state.station_lit)
    cart.pedal = False
    cart.run(0.5)
    cart.tick(CommandType.CLOSE_SESSION)
    assert not cart.state.session_open
    cart.lines.append(cart.writer.end(summarise(cart.state)))
    return cart
