"""What control checks of a session's rules and of an order's arguments: it trusts no other process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from hardware.interfaces import Device
from tosca_kiosk.control.devices import Devices
from tosca_kiosk.domain.calibration import calibration_problem
from tosca_kiosk.domain.documents import DocumentError
from tosca_kiosk.domain.overriding import OVERRIDES
from tosca_kiosk.domain.protocol_file import Limits, parse_protocol, to_json
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.session_rules import ConnectedDevices, SessionRefusedError, session_rules
from tosca_kiosk.domain.site_limits import SITE_KEYS
from tosca_kiosk.link.messages import Order

LONGEST_USER: Final = 80


class Ceilings(NamedTuple):
    """What control's own configuration allows, whatever a kiosk or a record says."""

    laser_current_limit_ma: float
    travel_min_um: float
    travel_max_um: float


def rules_problem(rules: Rules, idle: Rules, devices: Devices, ceilings: Ceilings) -> str | None:
    """Return why a session may not run under these rules on these devices; None when it may.

    idle: the rules in force now. Nothing may be looser than the design limits and the configuration allow,
    and the plan must keep to the limits that come with it.
    """
    return "; ".join((*_problems(rules, idle, devices), *_plan_problems(rules, devices, ceilings))) or None


def order_problem(order: Order) -> str | None:
    """Return why an order's arguments do not go with its command; None where they do.

    Whether an override's value is allowed is the decision's matter, which knows plan and limits in force.
    """
    if order.command not in OVERRIDES:
        given = order.value is not None or order.user is not None
        return "a value and a user go with an override alone" if given else None
    user = (order.user or "").strip()
    if not user or len(user) > LONGEST_USER or not user.isprintable():
        return f"say who overrides: a user of 1 to {LONGEST_USER} printable characters"
    return None


def _problems(rules: Rules, idle: Rules, devices: Devices) -> Iterator[str]:
    for row in SITE_KEYS.values():
        value = getattr(rules.limits, row.field)
        low, high = row.low * row.scale, row.high * row.scale
        if not low <= value <= high:
            yield f"{row.field}: {value:g} given, {low:g} to {high:g} allowed"
    if not 0.0 <= rules.power_limit_w <= rules.limits.max_power_w:
        yield f"power_limit_w: {rules.power_limit_w:g} given, 0 to {rules.limits.max_power_w:g} allowed"
    if rules.tec_setpoint_c != idle.tec_setpoint_c:
        yield f"tec_setpoint_c: {rules.tec_setpoint_c:g} given, configured is {idle.tec_setpoint_c:g}"
    if idle.camera_required and not rules.camera_required:
        yield "camera_required: false given, the configuration has a camera"
    if rules.limits.laser_on_delay_s < idle.limits.laser_on_delay_s:
        yield f"laser_on_delay_s: the laser driver's own delay is {idle.limits.laser_on_delay_s:g} s"
    if rules.calibrations is not None:
        serials = (_serial(device) for device in (devices.laser, devices.stage, devices.board))
        problem = calibration_problem(rules.calibrations, *serials)
        if problem is not None:
            yield problem


def _plan_problems(rules: Rules, devices: Devices, ceilings: Ceilings) -> Iterator[str]:
    """Yield where plan and limit are over what the plan's own limits, calibrations and devices allow."""
    plan, known = rules.protocol, rules.calibrations
    if plan is None:
        return
    if known is None:
        yield "calibrations: none given"
        return
    connected = ConnectedDevices(
        _serial(devices.laser), _serial(devices.stage), _serial(devices.board), *ceilings
    )
    limits = Limits(
        max_power_w=rules.limits.max_power_w,
        max_duration_s=None,
        ring_min_mm=known.ring.ring_min_mm,
        ring_max_mm=known.ring.ring_max_mm,
    )
    try:
        parse_protocol(to_json(plan, named=True), "protocol", plan.name, limits)
        allowed_w = session_rules(rules, plan, known, connected).power_limit_w
    except (DocumentError, SessionRefusedError, ValueError) as error:
        yield str(error)
        return
    if not rules.power_limit_w <= allowed_w:
        yield f"power_limit_w: {rules.power_limit_w:g} given, {allowed_w:g} allowed"
    low_um, high_um = rules.travel_min_um, rules.travel_max_um
    if low_um is not None and not low_um >= ceilings.travel_min_um:
        yield f"travel_min_um: {low_um:g} given, {ceilings.travel_min_um:g} or more allowed"
    if high_um is not None and not high_um <= ceilings.travel_max_um:
        yield f"travel_max_um: {high_um:g} given, {ceilings.travel_max_um:g} or less allowed"


def _serial(device: Device) -> str:
    return "not identified" if device.identity is None else device.identity.serial_number
