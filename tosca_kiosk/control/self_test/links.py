"""Judgements of the links: is it there, is it the right one, did it take its settings, is it fresh."""

from __future__ import annotations

from collections.abc import Callable

from hardware.interfaces import LinkState
from tosca_kiosk.control.self_test.evidence import Evidence, Sample
from tosca_kiosk.control.self_test.finding import DARK_STATE, Finding, Judge
from tosca_kiosk.domain import checks, laser_checks


def connection(key: str) -> Judge:
    """Make the judgement that something answers on the device's port."""

    def judge(evidence: Evidence) -> Finding:
        link = evidence.links[key]
        if link.state in (LinkState.READY, LinkState.REFUSED):
            return Finding(True, f"answers on {getattr(evidence.settings, key).port}")
        silent = f"{key}: no answer in time; check power, cable and baud rate"
        return Finding(False, link.problem or silent, whole=True)

    return judge


def identity(key: str) -> Judge:
    """Make the judgement that the device is the configured one; unknown when it said what makes no sense."""

    def judge(evidence: Evidence) -> Finding:
        link, settings = evidence.links[key], getattr(evidence.settings, key)
        found = link.identity
        if found is None:
            return Finding(False, link.problem or f"{key}: does not say what it is; start again", whole=True)
        said = f"{found.model}, serial number {found.serial_number}, firmware {found.firmware}"
        same_model = found.model == getattr(settings, "model", found.model)
        if same_model and found.serial_number == settings.serial_number:
            return Finding(True, said)
        return Finding(False, link.problem or f"{key}: is {said}; connect the configured one", whole=True)

    return judge


def started(key: str, text: Callable[[Evidence], str]) -> Judge:
    """Make the judgement that the driver's start sequence went through; text says what that means."""

    def judge(evidence: Evidence) -> Finding:
        link = evidence.links[key]
        if link.state is LinkState.READY:
            return Finding(True, text(evidence))
        return Finding(False, link.problem or f"{key}: not started; start again", whole=True)

    return judge


def laser_limits(evidence: Evidence) -> str:
    """What was read back of the laser."""
    laser = evidence.settings.laser
    return f"limits read back: {laser.current_limit_ma:g} mA, {laser.voltage_limit_v:g} V"


def tec_limits(evidence: Evidence) -> str:
    """What was read back of the temperature controller."""
    tec = evidence.settings.tec
    return (
        f"limits read back: {tec.limit_low_c:g} to {tec.limit_high_c:g} °C, {tec.current_limit_a:g} A; "
        f"set point {tec.setpoint_c:g} °C"
    )


def stage_limits(evidence: Evidence) -> str:
    """What was compared with the stage controller's own limits."""
    stage = evidence.settings.stage
    return (
        f"travel {stage.travel_min_um:g} to {stage.travel_max_um:g} um is inside its own limits, "
        f"speed at most {stage.speed_um_per_s:g} um/s"
    )


def board_outputs(evidence: Evidence) -> str:
    """What the board has agreed to."""
    board = evidence.settings.board
    return f"its outputs are off, its vibration threshold is {board.vibration_threshold_mg} mg"


def fresh(key: str, passes: Callable[[Evidence, Sample], bool], limit: str) -> Judge:
    """Make the judgement that readings were fresh all the time. limit: the name of the one in force."""

    def judge(evidence: Evidence) -> Finding:
        stale = sum(not passes(evidence, sample) for sample in evidence.all)
        within = f"{1000.0 * checks.limit_of(evidence.rules, limit):g} ms"
        if evidence.all and not stale:
            return Finding(True, f"never older than {within}")
        return Finding(False, f"older than {within} in {stale} of {len(evidence.all)} looks")

    return judge


def board_is_fresh(evidence: Evidence, sample: Sample) -> bool:
    """The board's status is fresh."""
    return checks.board_fresh(evidence.rules, DARK_STATE, sample.inputs)


def laser_is_fresh(evidence: Evidence, sample: Sample) -> bool:
    """The laser's answers are fresh."""
    return laser_checks.laser_fresh(evidence.rules, DARK_STATE, sample.inputs)


def tec_is_fresh(evidence: Evidence, sample: Sample) -> bool:
    """The temperature controller's answers are fresh; whether one is a temperature, another check asks."""
    return checks.fresh(sample.inputs.now_s, sample.tec_heard_s, evidence.rules.limits.tec_fresh_s)


def stage_is_fresh(evidence: Evidence, sample: Sample) -> bool:
    """The stage's status is fresh."""
    stage = sample.inputs.stage
    measured_s = None if stage is None else stage.measured_s
    return checks.fresh(sample.inputs.now_s, measured_s, evidence.rules.limits.stage_fresh_s)
