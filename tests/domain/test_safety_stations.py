"""A calibration's session: the light of its stations goes through the same machine, by bounds of its own."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from benchmarks.rigs.ideal_cart import CALIBRATIONS, IdealCart, rules
from tosca_kiosk.domain.calibration_session import CalibrationSession, LightBounds, Station
from tosca_kiosk.domain.inputs import Command, CommandType, Inputs
from tosca_kiosk.domain.interlocks import BY_SOURCE, INTERLOCKS, STATION_INTERLOCKS
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.state import Beam, Phase
from tosca_kiosk.domain.waivers import WAIVED

STATIONS = (
    Station(stage_position_um=1000.0, current_ma=4600.0, light_s=1.0),
    Station(stage_position_um=500.0, motor_pwm=76),
    Station(stage_position_um=1000.0, current_ma=2600.0, light_s=20.0),
)


def calibrating(**bounds: Any) -> Rules:
    """Return the rules of a session over a cart without a camera."""
    return msgspec.structs.replace(
        rules(),
        protocol=None,
        calibrations=None,
        calibration_problem="none yet",
        calibration_session=CalibrationSession(
            kind="photodiode", stations=STATIONS, bounds=LightBounds(**bounds)
        ),
    )


class Bench(IdealCart):
    """The ideal cart in a calibration's session."""

    def __init__(self, session: Rules | None = None) -> None:
        super().__init__(session or calibrating())

    def select(self, number: float | None) -> str | None:
        self.now_s = round(self.now_s + 0.01, 6)
        asked = Command(id=99, type=CommandType.SELECT_STATION, value=number)
        decision = self.read(msgspec.structs.replace(self.inputs(), commands=(asked,)))
        return decision.replies[0].refused

    def at(self, number: int) -> Bench:
        """Be ready to arm at a station."""
        self.open()
        self.run(6.0)
        assert self.select(number) is None
        self.run(1.0)
        return self

    def lit(self, number: int = 0) -> Bench:
        """Be under a station's light."""
        self.at(number).arm_and_press()
        return self

    def arm_and_press(self) -> None:
        self.tick(CommandType.BEGIN_ARM)
        self.run(1.6)
        self.tick(CommandType.ARM)
        self.run(2.5)
        self.pedal = True
        self.run_until(lambda: self.state.beam is Beam.EMITTING, 5.0)

    def refused(self, command: CommandType) -> str | None:
        return self.tick(command).replies[0].refused


def test_a_stations_light_comes_by_arming_and_the_pedal_and_ends_by_itself() -> None:
    bench = Bench().lit()
    bench.run(0.95)
    assert bench.outputs.laser_current_ma == pytest.approx(4600.0)
    bench.run(0.1)
    assert not bench.outputs.laser_output
    assert (bench.state.phase, bench.state.station_lit) == (Phase.READY, True)
