"""Judgements of the laser driver. None of them is made with light, and the gate is open all the time."""

from __future__ import annotations

from typing import Final

from hardware.arroyo.names import laser_condition_names
from tosca_kiosk.control.self_test.evidence import Evidence
from tosca_kiosk.control.self_test.finding import Finding, any_bits, error_queue
from tosca_kiosk.domain import condition_bits

DARK_MA: Final = 20.0
"""Over the accuracy of the driver's meter (4 mA), far under the diodes' threshold (500 mA)."""


def output_off(evidence: Evidence) -> Finding:
    """The output was never read back on."""
    lasers = [sample.inputs.laser for sample in evidence.all]
    off = bool(lasers) and all(laser is not None and not laser.output_on for laser in lasers)
    return Finding(off, "read back off" if off else "read back on")


def current_zero(evidence: Evidence) -> Finding:
    """Neither set nor measured current is one that lights."""
    lasers = [laser for sample in evidence.all if (laser := sample.inputs.laser) is not None]
    set_ma = max((laser.set_current_ma for laser in lasers), default=float("nan"))
    measured_ma = max((abs(laser.measured_current_ma) for laser in lasers), default=float("nan"))
    passed = set_ma == 0.0 and measured_ma <= DARK_MA
    reason = f"set {set_ma:g} mA, measured {measured_ma:g} mA; 0 and at most {DARK_MA:g} mA allowed"
    return Finding(passed, reason)


def interlock_loop(evidence: Evidence) -> Finding:
    """The gate is open, so the laser driver must see its interlock loop open."""
    lasers = [sample.inputs.laser for sample in evidence.all]
    opened = all(
        laser is not None and laser.condition & condition_bits.BIT_INTERLOCK_OPEN for laser in lasers
    )
    if lasers and opened:
        return Finding(True, "open, as the gate is")
    return Finding(False, "closed although the gate should be open: the gate would not stop the laser")


def conditions(evidence: Evidence) -> Finding:
    """No condition bit was set that always forbids light."""
    told = [laser.condition for s in evidence.all if (laser := s.inputs.laser) is not None]
    forbidden = laser_condition_names(any_bits(told) & condition_bits.LASER_FORBIDDEN_ALWAYS)
    return Finding(bool(told) and not forbidden, ", ".join(forbidden) or "none that forbids light")


def errors(evidence: Evidence) -> Finding:
    """The error queue stayed empty."""
    codes = [code for s in evidence.all if s.inputs.laser is not None for code in s.inputs.laser.errors]
    return error_queue(codes, evidence.links["laser"].found_at_start)
