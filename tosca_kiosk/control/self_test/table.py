"""The checks of the self-test: one row each, with what to do where it fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from hardware.interfaces import LinkState
from tosca_kiosk.control.self_test import board, laser, links, stage, temperature
from tosca_kiosk.control.self_test.evidence import Evidence
from tosca_kiosk.control.self_test.finding import Judge


class Outcome(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_TESTED = "not tested"


class Needs(StrEnum):
    """How far the device's link must have come before the check can be made."""

    NOTHING = "nothing"
    ANSWER = "answer"
    RIGHT_DEVICE = "right device"
    READY = "ready"


class Check(NamedTuple):
    """One row: which device, what is checked, how, what to do where it fails, and what it needs."""

    device: str
    name: str
    judge: Judge
    to_do: str
    needs: Needs = Needs.READY


@dataclass(frozen=True, slots=True)
class Result:
    """One check's end. to_do: empty unless it failed. line: all of a failure in one line."""

    device: str
    check: str
    outcome: Outcome
    reason: str
    to_do: str = ""
    line: str = ""


_CONNECT = "Check that it is switched on, its cable, its port and the baud rate."
_IDENTITY = "Connect the configured device, or correct the configuration."
_STARTED = "Do what the reason says, then test again."
_LINE = "Check the cable; keep it away from motors and mains."
_LOOK_UP = "Look the code up in its manual, then test again."
_SERVICE = "Do not treat. Call service."


def _link_checks(
    key: str, last_name: str, last_text: Callable[[Evidence], str], identity: str = "identity"
) -> tuple[Check, ...]:
    """Return what every device begins with. last_name and last_text: what its start sequence has shown."""
    return (
        Check(key, "connection", links.connection(key), _CONNECT, Needs.NOTHING),
        Check(key, identity, links.identity(key), _IDENTITY, Needs.ANSWER),
        Check(key, last_name, links.started(key, last_text), _STARTED, Needs.RIGHT_DEVICE),
    )


# The rows are read more easily than wrapped calls.
CHECKS: tuple[Check, ...] = (
    *_link_checks("laser", "limits read back", links.laser_limits),
    Check("laser", "fresh answers", links.fresh("laser", links.laser_is_fresh, "laser_fresh_s"), _LINE),
    Check("laser", "output off", laser.output_off, "Switch the laser off by its key. " + _SERVICE),
    Check("laser", "current 0", laser.current_zero, "Turn its knob to 0. If it stays, call service."),
    Check("laser", "interlock loop", laser.interlock_loop,
          "Do not treat. Check that the gate's plug is in the laser driver's interlock socket."),
    Check("laser", "conditions", laser.conditions, "Check the diode's cable. Look at the driver's display."),
    Check("laser", "error queue", laser.errors, _LOOK_UP),
    *_link_checks("tec", "limits read back, output on", links.tec_limits),
    Check("tec", "fresh answers", links.fresh("tec", links.tec_is_fresh, "tec_fresh_s"), _LINE),
    Check("tec", "running", temperature.running, "Check the sensor's and the module's cable."),
    Check("tec", "temperature", temperature.plausible, "Check the sensor and the room's temperature."),
    Check("tec", "regulating", temperature.regulates,
          "Check the fan, the module's leads, and that air can flow."),
    Check("tec", "error queue", temperature.errors, _LOOK_UP),
    *_link_checks("stage", "limits read back", links.stage_limits),
    Check("stage", "fresh answers", links.fresh("stage", links.stage_is_fresh, "stage_fresh_s"), _LINE),
    Check("stage", "trips", stage.trips, "Check that the stage moves freely, then acknowledge the trip."),
    Check("stage", "position", stage.position, "Home the stage. If it stays, check its encoder's cable."),
    Check("stage", "standing still", stage.stands, "Check the encoder's cable and what pushes the stage."),
    *_link_checks("board", "outputs off", links.board_outputs, identity="identity, protocol version"),
    Check("board", "fresh status", links.fresh("board", links.board_is_fresh, "board_fresh_s"), _LINE),
    Check("board", "status lines", board.status_lines, _LINE),
    Check("board", "pedal up", board.pedal_up, "Take the foot off. If it is off, check the pedal's cable."),
    Check("board", "pedal contacts", board.pedal_contacts,
          "Check the pedal's cable: a wire is cut or bridged."),
    Check("board", "stop loop", board.stop_loop, "Turn the red button out. Check its cable."),
    Check("board", "gate open", board.gate_open, _SERVICE),
    Check("board", "photodiode dark", board.photodiode_dark,
          "Keep light off the photodiode. Check its amplifier."),
    Check("board", "accelerometer", board.accelerometer, "Check the vibration sensor's cable."),
    Check("board", "vibration at rest", board.vibration_at_rest,
          "Stand the cart still. If it stays, the motor does not stop or its sensor is loose."),
    Check("board", "vibration with motor", board.vibration_with_motor,
          "Check the motor's mounting and cable."),
    Check("board", "motor off again", board.motor_off_again, "Switch the cart off. Call service."),
    Check("board", "other faults", board.other_faults,
          "Look for the cause, switch the cart off and on, and test again."),
)  # fmt: skip
"""In the order in which a person reads them; a device's link comes before what it measures."""


def judged(evidence: Evidence) -> tuple[Result, ...]:
    """Return every row's result."""
    return tuple(judged_one(check, evidence) for check in CHECKS)


def judged_one(check: Check, evidence: Evidence) -> Result:
    """Return one row's result."""
    missing = _missing(check, evidence)
    if missing is not None:
        return Result(device=check.device, check=check.name, outcome=Outcome.NOT_TESTED, reason=missing)
    found = check.judge(evidence)
    if found.passed:
        return Result(device=check.device, check=check.name, outcome=Outcome.PASSED, reason=found.reason)
    line = found.reason if found.whole else f"{check.device}: {check.name}: {found.reason}; {check.to_do}"
    return Result(
        device=check.device,
        check=check.name,
        outcome=Outcome.FAILED,
        reason=found.reason,
        to_do=check.to_do,
        line=line,
    )


def _missing(check: Check, evidence: Evidence) -> str | None:
    """Return what the check needs and has not got; None where it can be made."""
    state = evidence.links[check.device].state
    if check.needs is Needs.NOTHING:
        return None
    if check.needs is Needs.READY and not evidence.all:
        return "nothing was watched"
    if state is LinkState.READY:
        return None
    if state is LinkState.REFUSED and check.needs is not Needs.READY:
        right = check.needs is Needs.ANSWER or links.identity(check.device)(evidence).passed
        return None if right else f"{check.device} is another one, see above"
    return f"{check.device} is not ready, see above"
