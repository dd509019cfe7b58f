"""The interlocks as data: what must pass when, what a failure is called, and who may reset it.

While a row's check passes on fresh data nothing happens; a failure
that lasts longer than `hold` acts by `scope`. Rows of one lamp light one lamp.
"""

from __future__ import annotations

from enum import IntFlag, StrEnum
from typing import Final, NamedTuple

from tosca_kiosk.domain import checks, laser_checks, station_checks
from tosca_kiosk.domain.checks import Check
from tosca_kiosk.domain.first_faults import FIRST_FAULTS, FirstFault
from tosca_kiosk.domain.inputs import Inputs
from tosca_kiosk.domain.state import Beam


class Scope(IntFlag):
    """When a row must pass, and what its failure does."""

    OPEN = 1
    """A session is refused."""
    ARM = 2
    """Arming is refused."""
    HELD = 4
    """Fault while armed or treating."""
    LIGHT = 8
    """Fault while the output is wanted on."""
    SESSION = 16
    """Fault in every phase while a session is open."""
    ANY = 32
    """Fault in every phase."""
    WARN = 64
    """Only a warning, while the output is wanted on."""


class Severity(StrEnum):
    """The schema's severities of the safety log."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"
    EMERGENCY = "emergency"


ROLES = ("technician", "supervisor", "admin")
"""Roles nest: each may do what those before it may."""


class Interlock(NamedTuple):
    """One row.

    hold: name of the limit a failure must outlast, None for at once. emission_clock: hold counts time with
    the output on, so that a release does not reset it. judged_dark: the check says something while the
    output is off, so a reset can demand that it passes. recovery: safety-log name of the cause's end.
    reset_clears: the reset itself ends the cause. told_by: the field of Inputs that says why it fails.
    overdue: name of the limit that a part of the order of switching on must not outlast.
    """

    source: str
    lamp: str
    passes: Check
    scope: Scope
    event_type: str
    severity: Severity
    reset_role: str
    what: str
    to_do: str
    hold: str | None = None
    emission_clock: bool = False
    judged_dark: bool = True
    recovery: str = "interlock_recovery"
    reset_clears: bool = False
    told_by: str | None = None
    overdue: str | None = None

    @property
    def proved(self) -> FirstFault:
        """When a first fault behind this row is found."""
        return FIRST_FAULTS[self.source]

    def said(self, inputs: Inputs) -> str:
        """Return what a failure of this row is called, why it is one now, and what to do."""
        why = None if self.told_by is None else getattr(inputs, self.told_by)
        return f"{self.what} {self.to_do}" if why is None else f"{self.what} ({why}) {self.to_do}"


KNOWN_BOARD_FAULTS = 0xFF
"""The board's fault bits that have a row of their own; any other is a fault all the same."""


def _board_fault(bit: int, event_type: str, what: str, to_do: str) -> Interlock:
    return _board_faults(f"board_fault_{bit}", 1 << bit, event_type, what, to_do)


def _board_faults(source: str, mask: int, event_type: str, what: str, to_do: str) -> Interlock:
    recovery = {"e_stop_pressed": "e_stop_released", "smoothing_device_fault": "smoothing_device_recovery"}
    return Interlock(
        source=source,
        lamp="board_faults",
        passes=checks.no_board_fault(mask),
        scope=Scope.OPEN | Scope.ARM | Scope.HELD,
        event_type=event_type,
        severity=Severity.CRITICAL,
        reset_role="supervisor",
        what=what,
        to_do=to_do,
        recovery=recovery.get(event_type, "interlock_recovery"),
        reset_clears=True,
    )


def _late(beam: Beam, within: str, source: str, lamp: str, role: str, what: str) -> Interlock:
    return Interlock(
        source=source,
        lamp=lamp,
        passes=checks.beam_in_time(beam, within),
        scope=Scope.HELD,
        event_type="interlock_failure",
        severity=Severity.WARNING if lamp == "stage" else Severity.CRITICAL,
        reset_role=role,
        what=what,
        to_do="Look at the other alarms, then reset.",
        judged_dark=False,
        overdue=within,
    )


def _lost(device: str, passes: Check, what: str) -> Interlock:
    return Interlock(
        source=f"{device}_gone",
        lamp="devices",
        passes=passes,
        scope=Scope.OPEN | Scope.ARM | Scope.SESSION,
        event_type="interlock_failure",
        severity=Severity.CRITICAL,
        reset_role="technician",
        what=what,
        to_do="Check its cable and power, then reset.",
    )


_S = Scope
_CRITICAL, _EMERGENCY, _WARNING = Severity.CRITICAL, Severity.EMERGENCY, Severity.WARNING
_CALL_SERVICE = "Do not treat. Call service."

INTERLOCKS: tuple[Interlock, ...] = (
    Interlock("board_lost", "board", checks.board_fresh, _S.OPEN | _S.ARM | _S.HELD,
              "interlock_failure", _CRITICAL, "technician",
              "The interlock board fell silent.", "Check its cable, then reset."),
    Interlock("footpedal_stale", "footpedal", checks.board_fresh, _S.LIGHT,
              "footpedal_timeout", _CRITICAL, "technician",
              "The pedal's state is not known.", "Release the pedal, check the board's cable, then reset."),
    Interlock("stop_loop", "e_stop", checks.stop_loop_closed, _S.OPEN | _S.ARM | _S.HELD | _S.ANY,
              "e_stop_pressed", _EMERGENCY, "supervisor",
              "The emergency stop is pressed or its wire is open.",
              "Turn the red button to release it. A supervisor resets.", recovery="e_stop_released"),
    Interlock("screen", "screen_stop", checks.screen_stop_clear, _S.OPEN | _S.ARM | _S.HELD | _S.ANY,
              "e_stop_pressed", _EMERGENCY, "technician",
              "STOP was pressed on the screen.", "Reset when the reason is gone.",
              recovery="e_stop_released", reset_clears=True),
    Interlock("smoothing", "smoothing", checks.smoothing_healthy, _S.ARM | _S.HELD,
              "smoothing_device_fault", _CRITICAL, "supervisor",
              "The smoothing motor does not shake the fibre as it must.",
              "Check the motor's mounting and cable. A supervisor resets.",
              judged_dark=False, recovery="smoothing_device_recovery"),
    Interlock("vibration_unproved", "smoothing", checks.vibration_rested, _S.ARM,
              "smoothing_device_fault", _WARNING, "technician",
              "The vibration sensor has not come to rest since the motor last ran.",
              "Let go and wait a second. If it stays, the sensor or the motor must be looked at."),
    _board_fault(0, "interlock_failure", "The pedal's two contacts disagree.", "Check the pedal's cable."),
    _board_fault(1, "e_stop_pressed", "The board saw the emergency stop open.", "Release the red button."),
    _board_fault(2, "smoothing_device_fault", "Vibration was lost under light.", "Check the motor."),
    _board_fault(3, "system_watchdog_timeout", "The cart's computer fell silent.", "Reset; call service."),
    _board_fault(4, "interlock_failure", "The gate relay is welded closed.", _CALL_SERVICE),
    _board_fault(5, "interlock_failure", "The gate relay does not close.", _CALL_SERVICE),
    _board_fault(6, "interlock_failure", "The vibration sensor was lost.", "Check its cable."),
    _board_fault(7, "system_watchdog_timeout", "The interlock board restarted.", "Reset; call service."),
    _board_faults("board_fault_other", ~KNOWN_BOARD_FAULTS,
                  "interlock_failure", "The interlock board reports an unknown fault.", _CALL_SERVICE),
    Interlock("gate", "board", checks.gate_holds, _S.HELD,
              "interlock_failure", _CRITICAL, "technician",
              "The gate opened under light with the pedal held.", "Look at the other alarms, then reset."),
    _late(Beam.CLEARING, "clear_s", "laser_not_clearing", "laser", "supervisor",
          "The laser driver did not confirm that it is off and without errors."),
    _late(Beam.CLOSING, "gate_close_s", "gate_not_closing", "board", "technician",
          "The gate did not close behind the pressed pedal."),
    _late(Beam.CHECKING, "interlock_clear_s", "laser_interlock_open", "laser", "supervisor",
          "The laser driver's interlock loop did not follow the gate, or its output is not off."),
    _late(Beam.MOVING, "stage_move_s", "stage_move", "stage", "technician",
          "The ring did not reach its size in time."),
    Interlock("laser_not_starting", "laser", laser_checks.started_in_time, _S.HELD,
              "interlock_failure", _CRITICAL, "supervisor",
              "The laser driver did not confirm its output on.",
              "Look at its display. A supervisor resets.", judged_dark=False, overdue="switch_on_s"),
    Interlock("photodiode_warning", "photodiode", checks.photodiode_warning, _S.WARN,
              "photodiode_out_of_range", _WARNING, "technician",
              "Measured power is off the set power.", "Check the fibre and the lens.",
              hold="photodiode_warning_s", judged_dark=False),
    Interlock("photodiode_over_power", "photodiode", checks.power_not_over, _S.LIGHT,
              "photodiode_out_of_range", _CRITICAL, "supervisor",
              "Measured power is far over the set power.", "A supervisor checks the calibration and resets.",
              hold="over_power_s", judged_dark=False),
    Interlock("photodiode_out_of_range", "photodiode", checks.power_not_under, _S.LIGHT,
              "photodiode_out_of_range", _CRITICAL, "supervisor",
              "Measured power is far under the set power.",
              "Check the fibre and the photodiode. A supervisor resets.",
              hold="under_power_s", emission_clock=True, judged_dark=False),
    Interlock("light_while_off", "photodiode", checks.photodiode_dark, _S.OPEN | _S.ARM | _S.HELD | _S.ANY,
              "photodiode_fault", _CRITICAL, "supervisor",
              "Light is measured while the laser is off.",
              "Switch the laser off by its key. Call service."),
    Interlock("power_limit", "power_limit", checks.power_within_limit, _S.HELD | _S.SESSION,
              "power_limit_exceeded", _CRITICAL, "supervisor",
              "Measured power is over the limit.", "A supervisor checks the laser and resets.",
              hold="power_limit_s"),
    Interlock("converter_saturated", "power_limit", checks.converter_not_saturated, _S.HELD | _S.SESSION,
              "power_limit_exceeded", _CRITICAL, "supervisor",
              "The photodiode's converter is at its end of scale, or says what is no number.",
              "A supervisor checks laser and photodiode and resets."),
    Interlock("laser_stale", "laser", laser_checks.laser_fresh, _S.OPEN | _S.ARM | _S.HELD,
              "interlock_failure", _CRITICAL, "supervisor",
              "The laser driver does not answer.", "Check its power and cable. A supervisor resets."),
    Interlock("laser_condition", "laser", laser_checks.laser_condition, _S.OPEN | _S.ARM | _S.HELD,
              "interlock_failure", _CRITICAL, "supervisor",
              "The laser driver reports a condition that forbids light.",
              "Look at its display. A supervisor resets."),
    Interlock("laser_interlock", "laser", laser_checks.laser_interlock_closed, _S.HELD,
              "interlock_failure", _CRITICAL, "supervisor",
              "The laser driver's interlock loop opened behind a closed gate.",
              "Check loop plug and board. A supervisor resets."),
    Interlock("laser_interlock_bridged", "laser", laser_checks.laser_interlock_not_bridged,
              _S.OPEN | _S.ARM | _S.HELD | _S.ANY,
              "interlock_failure", _CRITICAL, "supervisor",
              "The laser's interlock loop is bridged, or its condition register stands still.",
              "Do not treat. Look at the loop's plug. A supervisor resets."),
    Interlock("laser_interlock_unproved", "laser", laser_checks.laser_interlock_proved, _S.ARM,
              "interlock_failure", _WARNING, "technician",
              "The laser has not told yet that its interlock loop is open.", "Wait until it has."),
    Interlock("laser_output_lost", "laser", laser_checks.laser_output_holds, _S.LIGHT,
              "interlock_failure", _CRITICAL, "supervisor",
              "The laser driver switched its output off by itself.",
              "Look at its display. A supervisor resets.", judged_dark=False),
    Interlock("laser_setpoint", "laser", laser_checks.laser_follows, _S.LIGHT,
              "interlock_failure", _CRITICAL, "supervisor",
              "The laser driver's set point is not the commanded one.",
              "See whether its knob was turned. A supervisor resets.",
              hold="setpoint_follow_s", judged_dark=False),
    Interlock("laser_current", "laser", laser_checks.laser_current_follows, _S.LIGHT,
              "interlock_failure", _CRITICAL, "supervisor",
              "The laser driver's measured current is not the set one.",
              "Look at its display. A supervisor resets.",
              hold="laser_current_s", judged_dark=False),
    Interlock("laser_regulation", "laser", laser_checks.laser_regulates, _S.LIGHT,
              "interlock_failure", _CRITICAL, "supervisor",
              "The laser driver regulates at its limit or out of tolerance at steady power.",
              "Look at its display. A supervisor resets.", judged_dark=False),
    Interlock("laser_output_stuck", "laser", laser_checks.laser_output_off,
              _S.OPEN | _S.ARM | _S.HELD | _S.ANY,
              "interlock_failure", _CRITICAL, "supervisor",
              "The laser driver says its output is on though it was switched off.",
              "Switch the laser off by its key. Call service."),
    Interlock("laser_error", "laser", laser_checks.laser_no_error, _S.LIGHT,
              "interlock_failure", _CRITICAL, "supervisor",
              "The laser driver refused a command.", "A supervisor looks at the code and resets.",
              judged_dark=False),
    Interlock("laser_warning", "laser", laser_checks.laser_no_warning, _S.WARN,
              "interlock_failure", _WARNING, "technician",
              "The laser driver regulates at its limit or out of tolerance.", "Watch the measured power.",
              hold="laser_warning_s", judged_dark=False),
    Interlock("tec", "tec", checks.tec_running, _S.ARM | _S.HELD,
              "interlock_failure", _CRITICAL, "technician",
              "The laser's cooling does not run.", "Check the temperature controller, then reset."),
    Interlock("tec_settling", "tec", checks.tec_settled, _S.ARM,
              "interlock_failure", _WARNING, "technician",
              "The laser's temperature has not settled yet.", "Wait until it is at its set point."),
    Interlock("tec_off_setpoint", "tec", checks.tec_within("tec_stay_c"), _S.HELD,
              "interlock_failure", _CRITICAL, "technician",
              "The laser's temperature left its set point.", "Let it settle, then reset.", hold="tec_stay_s"),
    Interlock("tec_far_off_setpoint", "tec", checks.tec_within("tec_trip_c"), _S.HELD,
              "interlock_failure", _CRITICAL, "technician",
              "The laser's temperature is far off its set point.", "Let it settle, then reset."),
    Interlock("stage", "stage", checks.stage_healthy, _S.OPEN | _S.ARM | _S.HELD,
              "interlock_failure", _WARNING, "technician",
              "The ring stage is silent, tripped or not homed.", "Home the stage, then reset.",
              reset_clears=True),
    Interlock("stage_position", "stage", checks.stage_in_position, _S.ARM | _S.LIGHT,
              "interlock_failure", _WARNING, "technician",
              "The ring does not have the size of the step.", "Wait for the stage, then reset.",
              judged_dark=False),
    Interlock("camera_to_arm", "camera", checks.camera_fresh("frame_fresh_to_arm_s"), _S.ARM,
              "interlock_failure", _WARNING, "technician",
              "There is no live picture.", "Check the camera."),
    Interlock("camera", "camera", checks.camera_fresh("frame_fresh_to_stay_s"), _S.HELD,
              "interlock_failure", _WARNING, "technician",
              "The live picture was lost.", "Check the camera, then reset."),
    Interlock("camera_covered", "camera", checks.camera_sees, _S.ARM,
              "interlock_failure", _WARNING, "technician",
              "The camera's picture is black or clipped all over.",
              "Uncover the lens; look at exposure and room light."),
    Interlock("session", "session", checks.session_open, _S.ARM | _S.LIGHT,
              "interlock_failure", _WARNING, "technician",
              "No treatment is open, or it is finished.", "Open a session."),
    Interlock("calibration", "calibration", checks.calibrated, _S.ARM | _S.LIGHT,
              "interlock_failure", _WARNING, "technician",
              "A calibration is missing or belongs to another device.", "Calibrate the connected devices."),
    Interlock("rules", "session", checks.rules_as_recorded, _S.ARM | _S.LIGHT,
              "interlock_failure", _WARNING, "technician",
              "The session's limits are not known to be those of the record.",
              "Hold ARM to look again; where they differ, end the session and open it anew.",
              told_by="rules_problem"),
    Interlock("kiosk_lost", "kiosk", checks.operator_alive, _S.ARM | _S.HELD,
              "interlock_failure", _CRITICAL, "technician",
              "The screen fell silent.", "Wait until it is back, then reset."),
    Interlock("clock", "loop", checks.clock_runs, _S.ARM | _S.ANY,
              "system_watchdog_timeout", _EMERGENCY, "supervisor",
              "The control clock does not run forward.", "Do not treat. Restart the cart."),
    Interlock("loop", "loop", checks.loop_on_time, _S.ARM | _S.ANY,
              "system_watchdog_timeout", _EMERGENCY, "supervisor",
              "The control loop was late.", "A supervisor resets; look at the timing report."),
    Interlock("real_time", "loop", checks.real_time_kept, _S.ARM | _S.LIGHT,
              "interlock_failure", _WARNING, "technician",
              "Control may be delayed by other programs.",
              "Give control its real-time rights, or let the site's configuration allow light without them.",
              told_by="real_time_problem"),
    Interlock("self_test", "devices", checks.self_tested, _S.OPEN,
              "interlock_failure", _WARNING, "technician",
              "No self-test of this cart counts.", "Test the cart.", told_by="self_test_problem"),
    Interlock("journal", "journal", checks.journal_written, _S.ARM | _S.SESSION,
              "interlock_failure", _CRITICAL, "technician",
              "The record could not be written.",
              "See that disk and session folder are there, make room, and close the session."),
    Interlock("disk", "disk", checks.disk_has_room, _S.ARM,
              "interlock_failure", _WARNING, "technician",
              "The disk has less than 2 GB free.", "Make room on the disk."),
    Interlock("runtime", "loop", checks.runtime_in_place, _S.ARM | _S.SESSION,
              "interlock_failure", _CRITICAL, "technician",
              "The folder in which the cart's processes meet was removed or replaced.",
              "End the session, then restart the cart."),
    _lost("board", checks.board_present, "The interlock board was lost."),
    _lost("laser", checks.laser_present, "The laser driver was lost."),
    _lost("tec", checks.tec_present, "The temperature controller was lost."),
    _lost("stage", checks.stage_present, "The ring stage was lost."),
)  # fmt: skip

STATION_INTERLOCKS: Final[tuple[Interlock, ...]] = (
    Interlock("station_photodiode", "photodiode", station_checks.photodiode_under_ceiling,
              _S.HELD | _S.SESSION, "power_limit_exceeded", _CRITICAL, "supervisor",
              "The photodiode reads more than a calibration may shine.",
              "A supervisor looks at laser and photodiode and resets."),
    Interlock("station_current", "laser", station_checks.current_within_station, _S.LIGHT,
              "interlock_failure", _CRITICAL, "supervisor",
              "The laser driver's current is over that of the calibration's point.",
              "See whether its knob was turned. A supervisor resets.", judged_dark=False),
    Interlock("station_setpoint", "laser", station_checks.set_current_follows, _S.LIGHT,
              "interlock_failure", _CRITICAL, "supervisor",
              "The laser driver's set current is not the commanded one.",
              "See whether its knob was turned. A supervisor resets.",
              hold="setpoint_follow_s", judged_dark=False),
    Interlock("station_light", "session", station_checks.light_within_station, _S.LIGHT,
              "interlock_failure", _CRITICAL, "supervisor",
              "The light of a calibration's point went on for too long.",
              "A supervisor resets; look at the timing report.", judged_dark=False),
    Interlock("station_energy", "session", station_checks.energy_within_bound, _S.ARM | _S.LIGHT,
              "interlock_failure", _WARNING, "technician",
              "The calibration has used up its light.", "Close it, and begin anew.", judged_dark=False),
    Interlock("station_duration", "session", station_checks.time_within_bound, _S.ARM | _S.LIGHT,
              "interlock_failure", _WARNING, "technician",
              "The calibration has used up its time.", "Close it, and begin anew.", judged_dark=False),
    Interlock("station_unseen", "photodiode", station_checks.light_is_seen, _S.LIGHT,
              "photodiode_fault", _CRITICAL, "supervisor",
              "The photodiode does not see the calibration's light.",
              "Look at the pick-off and the photodiode. A supervisor resets.",
              hold="under_power_s", judged_dark=False),
)  # fmt: skip
"""What holds a calibration's light in place of the rows that `waivers` names."""

BY_SOURCE = {row.source: row for row in (*INTERLOCKS, *STATION_INTERLOCKS)}


LAMPS = tuple(dict.fromkeys(row.lamp for row in INTERLOCKS))
