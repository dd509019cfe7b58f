"""The numbers that govern a session: limits and times, fixed when it is opened and kept in its journal."""

from __future__ import annotations

from functools import cached_property

import msgspec

from tosca_kiosk.domain.calibration import CalibrationSet, PhotodiodeCalibration
from tosca_kiosk.domain.calibration_session import CalibrationSession, Station
from tosca_kiosk.domain.plan import Plan
from tosca_kiosk.domain.protocol import Protocol
from tosca_kiosk.domain.state import State


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Thresholds of the interlocks; a site's configuration may tighten them."""

    max_power_w: float = 10.0
    max_power_slew_w_per_s: float = 10.0
    setpoint_rate_hz: int = 10
    dose_margin: float = 1.05
    board_fresh_s: float = 0.1
    laser_fresh_s: float = 0.5
    tec_fresh_s: float = 1.0
    stage_fresh_s: float = 0.5
    operator_fresh_s: float = 0.4
    frame_fresh_to_arm_s: float = 0.5
    frame_fresh_to_stay_s: float = 1.0
    late_tick_s: float = 0.1
    overrun_span_s: float = 0.2
    photodiode_warning_fraction: float = 0.15
    photodiode_warning_w: float = 0.15
    photodiode_warning_s: float = 0.5
    laser_warning_s: float = 3.0
    laser_settle_s: float = 3.0
    setpoint_follow_s: float = 1.0
    laser_current_ma: float = 150.0
    laser_current_s: float = 0.5
    laser_current_settle_s: float = 1.0
    photodiode_fault_fraction: float = 0.30
    photodiode_fault_w: float = 0.3
    over_power_s: float = 0.1
    under_power_s: float = 0.5
    photodiode_dark_v: float = 0.05
    photodiode_dark_after_s: float = 0.1
    light_lag_s: float = 0.01
    power_limit_fraction: float = 1.05
    power_limit_margin_w: float = 0.1
    power_limit_s: float = 0.05
    tec_arm_c: float = 0.1
    tec_arm_s: float = 5.0
    tec_stay_c: float = 2.0
    tec_stay_s: float = 2.0
    tec_trip_c: float = 3.0
    stage_tolerance_um: float = 20.0
    stage_move_s: float = 5.0
    arm_hold_s: float = 1.5
    arm_hold_max_s: float = 5.0
    pedal_after_arm_s: float = 2.0
    pedal_lifted_s: float = 0.1
    armed_max_s: float = 60.0
    clear_s: float = 1.0
    gate_close_s: float = 0.3
    interlock_clear_s: float = 0.3
    switch_on_s: float = 0.5
    switch_off_s: float = 0.5
    acknowledge_s: float = 2.0
    key_off_after_s: float = 10.0
    laser_on_delay_s: float = 0.0


class Rules(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """What one session runs under.

    power_limit_w: the lowest of configuration, device profile, protocol, session and 0.95 of the photodiode's
    full scale. calibration_problem: why arming is refused, None when every calibration fits its device.
    travel_*_um: how far the stage may be moved, None where nobody told. calibration_session: of a session
    that calibrates, which has neither protocol nor calibrations; None of a treatment.
    """

    limits: Limits = Limits()
    power_limit_w: float = 0.0
    tec_setpoint_c: float = 25.0
    camera_required: bool = True
    calibration_problem: str | None = "no session"
    calibrations: CalibrationSet | None = None
    protocol: Protocol | None = None
    travel_min_um: float | None = None
    travel_max_um: float | None = None
    calibration_session: CalibrationSession | None = None

    @cached_property
    def _plan(self) -> Plan | None:
        return None if self.protocol is None else Plan(self.protocol)

    def plan_in_force(self, state: State) -> Plan | None:
        """Return the protocol with what was changed of it in pauses; None without a protocol."""
        return self._plan if state.plan is None or self.protocol is None else state.plan

    @property
    def photodiode(self) -> PhotodiodeCalibration | None:
        """What a photodiode's voltage means; None where that is not known or not believed."""
        if self.calibrations is not None:
            return self.calibrations.photodiode
        return None if self.calibration_session is None else self.calibration_session.photodiode

    def station(self, state: State) -> Station | None:
        """Return the station that a calibration's session is at; None before one is selected."""
        session = self.calibration_session
        return None if session is None or state.station is None else session.stations[state.station]

    def stage_target_um(self, state: State) -> float | None:
        """Where the present step or station wants the stage; None where nothing does.

        Raises OutOfRangeError for a ring size beyond the calibrated ones.
        """
        plan = self.plan_in_force(state)
        if plan is None or self.calibrations is None:
            station = self.station(state)
            return None if station is None else station.stage_position_um
        if plan is self._plan:
            return self._targets_um[state.step_index]
        return self.calibrations.position_um(plan.rings_mm[state.step_index])

    @cached_property
    def _targets_um(self) -> tuple[float, ...]:
        """Of each step as planned: asked for in every tick."""
        if self._plan is None or self.calibrations is None:
            return ()
        return tuple(self.calibrations.position_um(ring_mm) for ring_mm in self._plan.rings_mm)

    @cached_property
    def ring_range_mm(self) -> tuple[float, float] | None:
        """The smallest and the largest ring that calibration and travel allow; None where there is none."""
        if self.calibrations is None or self.travel_min_um is None or self.travel_max_um is None:
            return None
        curve = self.calibrations.ring.curve
        low_um, high_um = max(curve.xs[0], self.travel_min_um), min(curve.xs[-1], self.travel_max_um)
        if not low_um <= high_um:
            return None
        ends_mm = (curve.at(low_um), curve.at(high_um))
        return min(ends_mm), max(ends_mm)


NO_SESSION = Rules()
