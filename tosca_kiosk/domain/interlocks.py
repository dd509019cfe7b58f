"""The interlocks as data: what must pass when, what a failure is called, and who may reset it.

A row is read like the design's table: while its check passes on fresh data nothing happens; a failure
that lasts longer than `hold` acts by `scope`. Rows of one lamp light one lamp.
"""

from __future__ import annotations

from enum import IntFlag, StrEnum
from typing import NamedTuple

from tosca_kiosk.domain import checks
from tosca_kiosk.domain.checks import Check
from tosca_kiosk.domain.records import Inputs
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.state import Beam, Phase, State


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
    """The seed's severities of the safety log."""

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
    reset_clears: the reset itself ends the cause. covered_by: a check that passes only where all rows which
    name it pass, so that one look answers for them. problem: the field of Inputs that says more of a failure.
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
    covered_by: Check | None = None
    problem: str | None = None

    def said(self, inputs: Inputs) -> str:
        """Return what a failure of this row is called, and what to do; with what is known of it now."""
        more = None if self.problem is None else getattr(inputs, self.problem)
        return f"{self.what} {self.to_do}" if more is None else f"{self.what} ({more}) {self.to_do}"


_NO_BOARD_FAULT = checks.no_board_fault(-1)


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
        covered_by=_NO_BOARD_FAULT,
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
    Interlock("laser_not_starting", "laser", checks.started_in_time, _S.HELD,
              "interlock_failure", _CRITICAL, "supervisor",
              "The laser driver did not confirm its output on.",
              "Look at its display. A supervisor resets.", judged_dark=False),
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
              "The photodiode's converter is at its end of scale.",
              "A supervisor checks laser and photodiode and resets."),
    Interlock("laser_stale", "laser", checks.laser_fresh, _S.OPEN | _S.ARM | _S.HELD,
              "interlock_failure", _CRITICAL, "supervisor",
              "The laser driver does not answer.", "Check its power and cable. A supervisor resets."),
    Interlock("laser_condition", "laser", checks.laser_condition, _S.OPEN | _S.ARM | _S.HELD,
              "interlock_failure", _CRITICAL, "supervisor",
              "The laser driver reports a condition that forbids light.",
              "Look at its display. A supervisor resets."),
    Interlock("laser_interlock", "laser", checks.laser_interlock_closed, _S.HELD,
              "interlock_failure", _CRITICAL, "supervisor",
              "The laser driver's interlock loop opened behind a closed gate.",
              "Check loop plug and board. A supervisor resets."),
    Interlock("laser_interlock_bridged", "laser", checks.laser_interlock_not_bridged, _S.ARM,
              "interlock_failure", _CRITICAL, "supervisor",
              "The laser's interlock loop is bridged.",
              "Do not treat. Look at the loop's plug."),
    Interlock("laser_output_lost", "laser", checks.laser_output_holds, _S.LIGHT,
              "interlock_failure", _CRITICAL, "supervisor",
              "The laser driver switched its output off by itself.",
              "Look at its display. A supervisor resets.", judged_dark=False),
    Interlock("laser_setpoint", "laser", checks.laser_follows, _S.LIGHT,
              "interlock_failure", _CRITICAL, "supervisor",
              "The laser driver's set point is not the commanded one.",
              "See whether its knob was turned. A supervisor resets.",
              hold="setpoint_follow_s", judged_dark=False),
    Interlock("laser_current", "laser", checks.laser_current_follows, _S.LIGHT,
              "interlock_failure", _CRITICAL, "supervisor",
              "The laser driver's measured current is not the set one.",
              "Look at its display. A supervisor resets.",
              hold="laser_current_s", judged_dark=False),
    Interlock("laser_regulation", "laser", checks.laser_regulates, _S.LIGHT,
              "interlock_failure", _CRITICAL, "supervisor",
              "The laser driver regulates at its limit or out of tolerance at steady power.",
              "Look at its display. A supervisor resets.", judged_dark=False),
    Interlock("laser_output_stuck", "laser", checks.laser_output_off, _S.OPEN | _S.ARM | _S.HELD | _S.ANY,
              "interlock_failure", _CRITICAL, "supervisor",
              "The laser driver says its output is on though it was switched off.",
              "Switch the laser off by its key. Call service."),
    Interlock("laser_error", "laser", checks.laser_no_error, _S.LIGHT,
              "interlock_failure", _CRITICAL, "supervisor",
              "The laser driver refused a command.", "A supervisor looks at the code and resets.",
              judged_dark=False),
    Interlock("laser_warning", "laser", checks.laser_no_warning, _S.WARN,
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
              problem="rules_problem"),
    Interlock("kiosk_lost", "kiosk", checks.operator_alive, _S.ARM | _S.HELD,
              "interlock_failure", _CRITICAL, "technician",
              "The screen fell silent.", "Wait until it is back, then reset."),
    Interlock("clock", "loop", checks.clock_runs, _S.ARM | _S.ANY,
              "system_watchdog_timeout", _EMERGENCY, "supervisor",
              "The control clock does not run forward.", "Do not treat. Restart the cart."),
    Interlock("loop", "loop", checks.loop_on_time, _S.ARM | _S.ANY,
              "system_watchdog_timeout", _EMERGENCY, "supervisor",
              "The control loop was late.", "A supervisor resets; look at the timing report."),
    Interlock("journal", "journal", checks.journal_written, _S.ARM | _S.SESSION,
              "interlock_failure", _CRITICAL, "technician",
              "The record could not be written.", "Make room on the disk and close the session."),
    Interlock("disk", "disk", checks.disk_has_room, _S.ARM,
              "interlock_failure", _WARNING, "technician",
              "The disk has less than 2 GB free.", "Make room on the disk."),
    _lost("board", checks.board_present, "The interlock board was lost."),
    _lost("laser", checks.laser_present, "The laser driver was lost."),
    _lost("tec", checks.tec_present, "The temperature controller was lost."),
    _lost("stage", checks.stage_present, "The ring stage was lost."),
)  # fmt: skip

BY_SOURCE = {row.source: row for row in INTERLOCKS}

LAMPS = tuple(dict.fromkeys(row.lamp for row in INTERLOCKS))


def _scopes_in(phase: Phase, session_open: bool, lit: bool) -> Scope:
    scope = Scope.ANY
    if session_open:
        scope |= Scope.SESSION
    if phase in (Phase.ARMED, Phase.TREATING):
        scope |= Scope.HELD
    if phase is Phase.TREATING and lit:
        scope |= Scope.LIGHT | Scope.WARN
    return scope


InterlockRows = tuple[Interlock, ...]


class _Situation:
    """The rows that count together. looks: every check once, the covered ones by what covers them."""

    __slots__ = ("looks", "rows")

    def __init__(self, scope: Scope) -> None:
        self.rows = tuple(row for row in INTERLOCKS if row.scope & scope)
        self.looks = tuple(dict.fromkeys(row.covered_by or row.passes for row in self.rows))

    def failing(self, rules: Rules, state: State, inputs: Inputs) -> InterlockRows:
        """Return the failing rows in table order; nearly always all pass, and that is told fast."""
        for passes in self.looks:
            if not passes(rules, state, inputs):
                return tuple([row for row in self.rows if not row.passes(rules, state, inputs)])
        return ()


# Worked out once: the tick looks its rows up and does no arithmetic on flags.
_SITUATIONS = [(phase, opened, lit) for phase in Phase for opened in (False, True) for lit in (False, True)]
_ACTING = {situation: _Situation(_scopes_in(*situation)) for situation in _SITUATIONS}
_SHOWN = {
    situation: _Situation(
        _scopes_in(*situation) & ~Scope.WARN
        | (Scope.ANY if situation[0] in (Phase.ARMED, Phase.TREATING) else Scope.ARM)
    )
    for situation in _SITUATIONS
}
_DEMANDED = {scope: _Situation(scope) for scope in (Scope.OPEN, Scope.ARM)}


def _acting(state: State) -> _Situation:
    return _ACTING[state.phase, state.session_open, state.beam in checks.LIT_BEAMS]


def acting_failures(rules: Rules, state: State, inputs: Inputs) -> InterlockRows:
    """Return the failing rows among those that fault or warn in the present phase, in table order."""
    return _acting(state).failing(rules, state, inputs)


def acts_now(row: Interlock, state: State) -> bool:
    """Return whether a row can fault or warn in the present phase."""
    return row in _acting(state).rows


def refusals(scope: Scope, rules: Rules, state: State, inputs: Inputs) -> InterlockRows:
    """Return the rows that refuse now. scope: OPEN for a session, ARM for arming."""
    return _DEMANDED[scope].failing(rules, state, inputs)


def lamps(rules: Rules, state: State, inputs: Inputs) -> dict[str, bool]:
    """Return every lamp of the screen and of the record: True when all its rows that apply now pass."""
    shown = dict.fromkeys(LAMPS, True)
    shown["footpedal"] = checks.pedal_pressed(rules, state, inputs)
    situation = _SHOWN[state.phase, state.session_open, state.beam in checks.LIT_BEAMS]
    for row in situation.failing(rules, state, inputs):
        shown[row.lamp] = False
    return shown
