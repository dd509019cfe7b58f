"""What control checks of the rules that a session is asked to be opened with: it trusts no other process."""

from __future__ import annotations

from collections.abc import Iterator

from hardware.interfaces import Device
from tosca_kiosk.control.devices import Devices
from tosca_kiosk.domain.calibration import calibration_problem
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.site_limits import SITE_KEYS


def rules_problem(rules: Rules, idle: Rules, devices: Devices) -> str | None:
    """Return why a session may not run under these rules on these devices; None when it may.

    idle: the rules in force now. Nothing may be looser than the design and the configuration allow.
    """
    return "; ".join(_problems(rules, idle, devices)) or None


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


def _serial(device: Device) -> str:
    return "not identified" if device.identity is None else device.identity.serial_number
