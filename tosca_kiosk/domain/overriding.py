"""Overrides of power or ring in a pause: when one is refused, what it changes, what the record says of it."""

from __future__ import annotations

from math import ceil, floor, isfinite
from typing import Any, Final

from tosca_kiosk.domain.calibration import OutOfRangeError
from tosca_kiosk.domain.inputs import Command, CommandType, Inputs
from tosca_kiosk.domain.plan import Override, Plan
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.state import State

OVERRIDES: Final = frozenset({CommandType.POWER_OVERRIDE, CommandType.RING_OVERRIDE})

MOST_OVERRIDES: Final = 100
"""In one session: telemetry tells all of them in every record."""

LONGEST_REASON: Final = 200


def why_not_override(rules: Rules, state: State, inputs: Inputs, command: Command) -> str | None:
    """Return why an override is refused in a pause, None where it is taken."""
    plan = rules.plan_in_force(state)
    if plan is None or not state.session_open:
        return "no session is open"
    if inputs.rules_problem is not None:
        return f"the session's limits are not known to be those of the record ({inputs.rules_problem})"
    refused = _why_not_now(plan, state) or _why_not_for(command.reason)
    if refused is not None:
        return refused
    asked = _why_not_power if command.type is CommandType.POWER_OVERRIDE else _why_not_ring
    return asked(rules, plan, state.elapsed_s, command.value)


def _why_not_now(plan: Plan, state: State) -> str | None:
    if state.finished:
        return "the treatment is finished"
    if state.hold_since_s is not None:
        return "ARM is held: let go of it first"
    if not 0.0 <= state.elapsed_s < plan.duration_s:
        return "nothing of the plan is left"
    if len(plan.overrides) >= MOST_OVERRIDES:
        return f"{MOST_OVERRIDES} overrides are made already; close the session and plan the rest"
    return None


def _why_not_for(reason: str | None) -> str | None:
    given = (reason or "").strip()
    if not given:
        return "say why: an override needs a reason"
    return f"say why in at most {LONGEST_REASON} characters" if len(given) > LONGEST_REASON else None


def overridden_by(rules: Rules, state: State, command: Command) -> Plan:
    """Return the plan in force after an override that was not refused."""
    plan, value = rules.plan_in_force(state), _number(command.value)
    assert plan is not None, "without a plan it was refused"
    if command.type is CommandType.POWER_OVERRIDE:
        return plan.overridden(Override(elapsed_s=state.elapsed_s, power_w=value))
    return plan.overridden(Override(elapsed_s=state.elapsed_s, ring_size_mm=value))


def deviation(rules: Rules, state: State, command: Command) -> dict[str, Any]:
    """Return what the record says of an override that is asked for: from what to what, and when in the plan.

    elapsed_s is exact: whoever reads the record makes the very plan in force of it.
    """
    plan, at_s = rules.plan_in_force(state), state.elapsed_s
    new_value = _number(command.value)
    if plan is None:
        return {"old_value": None, "new_value": new_value}
    is_power = command.type is CommandType.POWER_OVERRIDE
    old_value = plan.power_w(at_s) if is_power else plan.piece_at(at_s).ring_size_mm
    return {
        "old_value": old_value,
        "new_value": new_value,
        "protocol_step": plan.step_at(at_s) + 1,
        "elapsed_s": at_s,
    }


def _why_not_power(rules: Rules, plan: Plan, elapsed_s: float, value: float | None) -> str | None:
    power_w, limit_w = _number(value), rules.power_limit_w
    if power_w is None:
        return "say the new power in W"
    if not 0.0 < power_w <= limit_w:
        # Rounded down: what is shown as allowed is allowed.
        return f"{power_w:g} W asked, over 0 to {floor(limit_w * 100.0) / 100.0:.2f} W allowed"
    shape = plan.piece_at(elapsed_s).shape
    if shape.power_start_w == shape.power_end_w == power_w:
        return f"the power is {power_w:g} W already: nothing is changed"
    return None


def _why_not_ring(rules: Rules, plan: Plan, elapsed_s: float, value: float | None) -> str | None:
    ring_mm, allowed_mm = _number(value), rules.ring_range_mm
    if ring_mm is None:
        return "say the new ring size in mm"
    if allowed_mm is None:
        return "it is not known which rings the stage reaches: the ring stays as planned"
    if not _reached(rules, ring_mm):
        low_mm, high_mm = ceil(allowed_mm[0] * 1000.0) / 1000.0, floor(allowed_mm[1] * 1000.0) / 1000.0
        return f"{ring_mm:g} mm asked, {low_mm:g} to {high_mm:g} mm allowed"
    if plan.piece_at(elapsed_s).ring_size_mm == ring_mm:
        return f"the ring is {ring_mm:g} mm already: nothing is changed"
    return None


def _reached(rules: Rules, ring_mm: float) -> bool:
    """Whether the calibration knows the ring and the stage may travel there."""
    assert rules.calibrations is not None
    assert rules.travel_min_um is not None
    assert rules.travel_max_um is not None
    try:
        position_um = rules.calibrations.position_um(ring_mm)
    except OutOfRangeError:
        return False
    return rules.travel_min_um <= position_um <= rules.travel_max_um


def _number(value: float | None) -> float | None:
    """Return a finite number, else None: a journal, which is JSON, has no others and reads them as such."""
    return float(value) if value is not None and isfinite(value) else None
