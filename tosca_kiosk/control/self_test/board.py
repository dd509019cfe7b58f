"""Judgements of the interlock board and of what is wired to it."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Final

from hardware.interlock_board.wire import fault_names
from tosca_kiosk.control.self_test.evidence import Evidence, Sample
from tosca_kiosk.control.self_test.finding import Finding, always, any_bits
from tosca_kiosk.domain.checks import reads_dark

REST_MG: Final = 430.0
"""The highest rest level measured on a cart of this kind, drift included; the board takes it off."""

PEDAL_WIRING: Final = 1 << 0
STOP_OPENED: Final = 1 << 1
GATE_FAULTS: Final = 1 << 4 | 1 << 5
ACCELEROMETER_LOST: Final = 1 << 6
OTHER_FAULTS: Final = 0xFF & ~(PEDAL_WIRING | STOP_OPENED | GATE_FAULTS | ACCELEROMETER_LOST)


def status_lines(evidence: Evidence) -> Finding:
    """No status line was lost or damaged."""
    counts = [sample.lost_lines for sample in evidence.all]
    lost = counts[-1] - counts[0] if counts else 0
    return Finding(bool(counts) and lost == 0, f"{lost} status lines missing or damaged")


def pedal_up(evidence: Evidence) -> Finding:
    """The pedal was up all the time."""
    up = always(evidence, lambda sample: sample.board is not None and not sample.board.pedal_pressed)
    return Finding(up, "up" if up else "pressed")


def pedal_contacts(evidence: Evidence) -> Finding:
    """The pedal's two contacts never disagreed for longer than the board allows."""
    agree = not _faults(evidence) & PEDAL_WIRING
    return Finding(agree, "both agree" if agree else "the two contacts disagree")


def stop_loop(evidence: Evidence) -> Finding:
    """The emergency-stop loop was closed all the time."""
    closed = always(evidence, lambda sample: sample.board is not None and sample.board.stop_loop_closed)
    if not closed:
        return Finding(False, "open")
    latched = bool(_faults(evidence) & STOP_OPENED)
    return Finding(not latched, "closed now, but it was open" if latched else "closed")


def gate_open(evidence: Evidence) -> Finding:
    """The gate's read-back was open all the time."""
    faults = fault_names(_faults(evidence) & GATE_FAULTS)
    is_open = always(evidence, lambda sample: sample.board is not None and not sample.board.gate_closed)
    text = "read back open" if is_open else "read back closed although nobody wants it closed"
    return Finding(is_open and not faults, ", ".join((text, *faults)))


def photodiode_dark(evidence: Evidence) -> Finding:
    """The photodiode saw no light."""
    volts = max((s.board.photodiode_v for s in evidence.all if s.board is not None), default=float("nan"))
    limit_v = evidence.rules.limits.photodiode_dark_v
    return Finding(
        reads_dark(evidence.rules, volts), f"{volts:.3f} V without light; at most {limit_v:g} V allowed"
    )


def accelerometer(evidence: Evidence) -> Finding:
    """The accelerometer was there all the time."""
    present = always(evidence, lambda sample: sample.board is not None and sample.board.accelerometer_present)
    lost = bool(_faults(evidence) & ACCELEROMETER_LOST)
    return Finding(present and not lost, "answers" if present and not lost else "does not answer")


def vibration_at_rest(evidence: Evidence) -> Finding:
    """Without the motor there is little vibration, so what the motor adds can be told."""
    boards, rest_mg = [sample.board for sample in evidence.rest], vibration_mg(evidence.rest)
    limit_mg = min(REST_MG, evidence.settings.board.vibration_threshold_mg)
    reason = f"{rest_mg:.0f} mg with the motor off; at most {limit_mg:g} mg allowed"
    if any(board is not None and board.motor_on for board in boards):
        return Finding(False, f"{reason}; the board says that the motor is on")
    if any(board is not None and board.vibration_healthy for board in boards):
        return Finding(False, f"{reason}; the board takes it for the motor's")
    return Finding(rest_mg <= limit_mg, reason)


def vibration_with_motor(evidence: Evidence) -> Finding:
    """The motor, by its difference from rest, and the board's own judgement of it."""
    running_mg, rest_mg = vibration_mg(evidence.running), vibration_mg(evidence.rest)
    threshold_mg = evidence.settings.board.vibration_threshold_mg
    last = evidence.running[-1].board if evidence.running else None
    healthy = last is not None and last.motor_on and last.vibration_healthy
    passed = healthy and running_mg - rest_mg >= threshold_mg
    verdict = "" if healthy else "; the board calls it unhealthy"
    reason = f"{running_mg:.0f} mg with the motor on, {rest_mg:.0f} mg at rest; {threshold_mg} mg more needed"
    return Finding(passed, reason + verdict)


def motor_off_again(evidence: Evidence) -> Finding:
    """The board says that the motor is off."""
    last = evidence.end[-1].board if evidence.end else None
    off = last is not None and not last.motor_on
    return Finding(off, "off" if off else "not confirmed off")


def other_faults(evidence: Evidence) -> Finding:
    """No fault is latched that no other check names."""
    found = fault_names(_faults(evidence) & OTHER_FAULTS)
    return Finding(not found, ", ".join(found) or "none")


def _faults(evidence: Evidence) -> int:
    return any_bits(sample.board.faults for sample in evidence.all if sample.board is not None)


def vibration_mg(samples: Sequence[Sample]) -> float:
    """Return the mean vibration; NaN, which nothing accepts, where it is not known throughout."""
    found = [sample.board.vibration_mg for sample in samples if sample.board is not None]
    return fmean(found) if found and len(found) == len(samples) else float("nan")
