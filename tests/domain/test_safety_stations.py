"""A calibration's session: the light of its stations goes through the same machine, by bounds of its own."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from benchmarks.rigs.ideal_cart import CALIBRATIONS, IdealCart, rules
from tosca_kiosk.domain.calibration_session import CalibrationSession, LightBounds, Station
from tosca_kiosk.domain.inputs import Command, CommandType
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


def test_every_waived_row_is_one_of_the_table_and_tighter_rows_hold_instead() -> None:
    sources = {row.source for row in INTERLOCKS}
    stations = {row.source for row in STATION_INTERLOCKS}
    assert set(WAIVED) <= sources
    assert all(waiver.instead and set(waiver.instead) <= stations for waiver in WAIVED.values())
    assert {source for waiver in WAIVED.values() for source in waiver.instead} == stations


@pytest.mark.parametrize("source", sorted(WAIVED))
def test_a_waived_row_holds_in_a_treatment_as_ever(source: str) -> None:
    assert BY_SOURCE[source] in INTERLOCKS


def test_a_treatment_without_calibrations_is_not_armed() -> None:
    cart = IdealCart(msgspec.structs.replace(rules(), calibrations=None, calibration_problem="missing"))
    cart.open()
    cart.run(6.0)
    cart.tick(CommandType.BEGIN_ARM)
    cart.run(1.6)
    assert "calibration is missing" in str(cart.tick(CommandType.ARM).replies[0].refused)


# --- a station is selected in the dark --------------------------------------------------------------------


@pytest.mark.parametrize("number", [None, -1.0, 3.0, 0.5, float("nan"), float("inf"), 1e300])
def test_what_is_no_station_is_not_selected(number: float | None) -> None:
    bench = Bench()
    bench.open()
    assert "is no station; there are 0 to 2" in str(bench.select(number))
    assert bench.state.station is None


def test_no_station_is_selected_in_a_treatment() -> None:
    bench = Bench(rules())
    bench.open()
    assert bench.select(0) == "no calibration is open"


def test_no_station_is_selected_under_light_nor_armed_nor_latched() -> None:
    bench = Bench().lit(2)
    assert "while nothing is armed" in str(bench.select(0))
    assert bench.state.station == 2
    bench.tick(CommandType.STOP)
    assert "while nothing is armed or latched" in str(bench.select(0))


def test_no_station_is_selected_while_arm_is_held() -> None:
    bench = Bench().at(0)
    bench.tick(CommandType.BEGIN_ARM)
    assert bench.select(2) == "ARM is held: let go of it first"


def test_the_stage_goes_to_the_stations_place_and_the_motor_runs_at_its_pwm() -> None:
    bench = Bench().at(1)
    assert bench.stage_um == 500.0
    assert (bench.outputs.motor_on, bench.outputs.motor_pwm) == (True, 76)
    assert bench.select(0) is None
    bench.run(0.1)
    assert not bench.outputs.motor_on


# --- what keeps the light off -------------------------------------------------------------------------------


def test_without_a_station_nothing_is_armed() -> None:
    bench = Bench()
    bench.open()
    bench.run(6.0)
    assert "select a station first" in str(bench.refused(CommandType.BEGIN_ARM))


def test_a_dark_station_is_not_armed() -> None:
    assert "select a station first" in str(Bench().at(1).refused(CommandType.BEGIN_ARM))


def test_a_station_that_has_had_its_light_is_selected_anew_before_it_has_more() -> None:
    bench = Bench().lit()
    bench.run(1.1)
    bench.pedal = False
    bench.run(1.0)
    assert "select a station first" in str(bench.refused(CommandType.BEGIN_ARM))
    assert bench.select(0) is None
    bench.arm_and_press()
    assert bench.outputs.laser_output


def test_a_held_pedal_brings_no_second_light() -> None:
    bench = Bench().lit()
    bench.run(8.0)
    assert not bench.outputs.laser_output
    assert bench.state.phase is Phase.READY


def test_a_pedal_let_go_ends_the_light_and_it_is_all_still_to_be_given() -> None:
    bench = Bench().lit()
    bench.run(0.5)
    bench.pedal = False
    bench.tick()
    assert not bench.outputs.laser_output
    assert (bench.state.phase, bench.state.station_lit) == (Phase.READY, False)
    bench.run(1.0)
    bench.arm_and_press()
    assert bench.state.lit_s < 0.02
    bench.run(0.9)
    assert bench.outputs.laser_output


@pytest.mark.parametrize(
    ("bound", "said"),
    [({"energy_j": 6.0}, "used up its light"), ({"duration_s": 60.0}, "used up its time")],
)
def test_a_station_beyond_the_sessions_bounds_is_not_armed(bound: dict[str, float], said: str) -> None:
    bench = Bench(calibrating(**bound)).at(0)
    bench.tick(CommandType.BEGIN_ARM)
    bench.run(1.6)
    assert said in str(bench.refused(CommandType.ARM))


def test_lights_that_were_broken_off_use_up_the_energy_too() -> None:
    bench = Bench(calibrating(energy_j=11.0)).at(0)
    for _ in range(2):
        bench.arm_and_press()
        bench.run(0.7)
        bench.pedal = False
        bench.run(1.0)
    bench.tick(CommandType.BEGIN_ARM)
    bench.run(1.6)
    assert "used up its light" in str(bench.refused(CommandType.ARM))


# --- what ends the light ------------------------------------------------------------------------------------

ENDS: dict[str, tuple[str, dict[str, Any], float]] = {
    "station_photodiode": ("board", {"photodiode_v": 4.8}, 0.0),
    "converter_saturated": ("board", {"photodiode_saturated": True}, 0.0),
    "station_current": ("laser", {"set_current_ma": 2610.0}, 0.0),
    "station_setpoint": ("laser", {"set_current_ma": 2000.0, "measured_current_ma": 2000.0}, 1.1),
    "station_unseen": ("board", {"photodiode_v": 0.0}, 0.55),
    "smoothing": ("board", {"vibration_healthy": False}, 0.0),
    "stop_loop": ("board", {"stop_loop_closed": False}, 0.0),
    "board_fault_2": ("board", {"faults": 1 << 2}, 0.0),
    "stage_position": ("stage", {"position_um": 900.0}, 0.0),
    "tec_far_off_setpoint": ("tec", {"temperature_c": 29.0}, 0.0),
    "laser_error": ("laser", {"errors": (501,)}, 0.0),
}


@pytest.mark.parametrize("source", sorted(ENDS))
def test_under_a_stations_light_a_failure_is_a_fault(source: str) -> None:
    device, fields, held_s = ENDS[source]
    bench = Bench().lit(2)
    bench.run(1.0)
    assert bench.outputs.laser_output
    bench.inject[device] = lambda reading: msgspec.structs.replace(reading, **fields)
    bench.run(held_s + 0.01)
    assert source in bench.state.faults
    assert not bench.outputs.laser_output
    assert not bench.outputs.want_gate


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -5.0])
def test_a_photodiode_that_tells_no_number_ends_the_light(value: float) -> None:
    bench = Bench().lit(2)
    bench.run(1.0)
    bench.inject["board"] = lambda reading: msgspec.structs.replace(reading, photodiode_v=value)
    bench.tick()
    assert not bench.outputs.laser_output


@pytest.mark.parametrize("field", ["operator_s", "board", "laser", "tec", "stage"])
def test_silence_ends_the_light(field: str) -> None:
    bench = Bench().lit(2)
    bench.run(0.5)
    bench.inject[field] = lambda reading: None
    bench.run(0.5)
    assert not bench.outputs.laser_output


def test_stop_ends_the_light() -> None:
    bench = Bench().lit(2)
    bench.tick(CommandType.STOP)
    assert not bench.outputs.laser_output


def test_a_gap_in_the_ticks_lets_the_light_go_on_for_no_longer_than_it_may() -> None:
    bench = Bench().lit(0)
    bench.run(0.9)
    bench.now_s += 0.3
    bench.tick()
    assert not bench.outputs.laser_output


def test_measured_power_is_held_to_the_limit_where_the_photodiode_is_believed() -> None:
    session = calibrating()
    assert session.calibration_session is not None
    believed = msgspec.structs.replace(
        session,
        power_limit_w=2.0,
        calibration_session=msgspec.structs.replace(
            session.calibration_session, photodiode=CALIBRATIONS.photodiode
        ),
    )
    bench = Bench(believed).lit(0)
    bench.run(0.8)
    assert "power_limit" in bench.state.faults


# --- what is recorded ---------------------------------------------------------------------------------------


def test_the_rows_name_the_station_and_claim_no_watts() -> None:
    bench = Bench().lit(0)
    bench.run(1.2)
    events = [event for decision in bench.decisions for event in decision.events]
    assert all(event.power_commanded_w is None for event in events)
    (set_to,) = [event.details for event in events if event.event_type == "power_set"]
    assert set_to == {"protocol_step": 1, "current_ma": 4600.0}
    assert [event for event in bench.event_types() if event != "user_action"] == [
        "protocol_step_start",
        "power_set",
        "laser_on",
        "protocol_step_end",
        "laser_off",
    ]


def test_its_energy_is_counted_by_the_bound() -> None:
    bench = Bench().lit(0)
    bench.run(2.0)
    assert 4.6 * 0.8 < bench.state.commanded_j <= 4.6 * 1.5 * 1.05


def test_it_is_completed_by_who_closes_it_without_a_reason() -> None:
    bench = Bench().lit(0)
    bench.run(1.2)
    bench.pedal = False
    bench.run(1.0)
    assert bench.refused(CommandType.CLOSE_SESSION) is None
    assert (bench.state.finished, bench.state.abort_reason) == (True, None)
