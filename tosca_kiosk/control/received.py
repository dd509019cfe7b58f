"""What control checks of a session's rules and of an order's arguments: it trusts no other process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from hardware.interfaces import Device
from tosca_kiosk.control.devices import Devices
from tosca_kiosk.domain.calibration import calibration_problem
from tosca_kiosk.domain.calibration_session import LightBounds
from tosca_kiosk.domain.documents import DocumentError
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.journal_lines import Header
from tosca_kiosk.domain.overriding import OVERRIDES
from tosca_kiosk.domain.protocol_file import Limits as FileLimits
from tosca_kiosk.domain.protocol_file import parse_protocol, to_json
from tosca_kiosk.domain.rules import Limits, Rules
from tosca_kiosk.domain.session_rules import (
    CONVERTER_FULL_SCALE_V,
    USABLE_SCALE,
    ConnectedDevices,
    SessionRefusedError,
    session_rules,
)
from tosca_kiosk.domain.site_limits import looser_than_design
from tosca_kiosk.domain.station_bounds import looser_bounds, station_problems
from tosca_kiosk.link.messages import HIGHEST_NUMBER, Order

LONGEST_USER: Final = 80


class Ceilings(NamedTuple):
    """What control's own configuration allows, whatever a kiosk or a record says."""

    laser_current_limit_ma: float
    travel_min_um: float
    travel_max_um: float
    light: LightBounds


def header_problem(header: Header) -> str | None:
    """Return why no session can be under a header; None where one can."""
    if not 1 <= header.session_id <= HIGHEST_NUMBER:
        return f"no session has the number {header.session_id}"
    calibrates = header.rules.calibration_session is not None
    if calibrates != (header.work == "calibration"):
        return (
            f"work: {header.work} given with the rules of {'a calibration' if calibrates else 'a treatment'}"
        )
    if calibrates and header.patient_id is not None:
        return f"patient_id: {header.patient_id} given; nobody is treated in a calibration"
    return None


def rules_problem(rules: Rules, configured: Rules, devices: Devices, ceilings: Ceilings) -> str | None:
    """Return why a session may not run under these rules on these devices; None when it may.

    configured: the rules of the configuration alone, without session and site. Nothing may be looser than
    they and the design limits allow, and the plan must keep to the limits that come with it.
    """
    of_plan = _plan_problems if rules.calibration_session is None else _calibration_problems
    found = (*_problems(rules, configured, devices), *of_plan(rules, devices, ceilings))
    return "; ".join(found) or None


def order_problem(order: Order) -> str | None:
    """Return why an order's arguments do not go with its command; None where they do.

    Whether an override's value is allowed is the decision's matter, which knows plan and limits in force.
    """
    if order.command not in OVERRIDES:
        selects = order.command is CommandType.SELECT_STATION
        given = (order.value is not None and not selects) or order.user is not None
        return "a value and a user go with an override alone" if given else None
    user = (order.user or "").strip()
    if not user or len(user) > LONGEST_USER or not user.isprintable():
        return f"say who overrides: a user of 1 to {LONGEST_USER} printable characters"
    return None


def limits_problem(limits: Limits, configured: Rules) -> str | None:
    """Return why these limits may not hold: where they are looser than design and configuration allow."""
    return "; ".join(_looser(limits, configured)) or None


def _looser(limits: Limits, configured: Rules) -> Iterator[str]:
    yield from looser_than_design(limits)
    own_delay_s = configured.limits.laser_on_delay_s
    if limits.laser_on_delay_s < own_delay_s:
        yield f"laser_on_delay_s: the laser driver's own delay is {own_delay_s:g} s"


def _problems(rules: Rules, configured: Rules, devices: Devices) -> Iterator[str]:
    yield from _looser(rules.limits, configured)
    if not 0.0 <= rules.power_limit_w <= rules.limits.max_power_w:
        yield f"power_limit_w: {rules.power_limit_w:g} given, 0 to {rules.limits.max_power_w:g} allowed"
    if rules.tec_setpoint_c != configured.tec_setpoint_c:
        yield f"tec_setpoint_c: {rules.tec_setpoint_c:g} given, configured is {configured.tec_setpoint_c:g}"
    if configured.camera_required and not rules.camera_required:
        yield "camera_required: false given, the configuration has a camera"
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
        laser_serial=_serial(devices.laser),
        stage_serial=_serial(devices.stage),
        board_serial=_serial(devices.board),
        laser_current_limit_ma=ceilings.laser_current_limit_ma,
        travel_min_um=ceilings.travel_min_um,
        travel_max_um=ceilings.travel_max_um,
    )
    limits = FileLimits(
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


def _calibration_problems(rules: Rules, devices: Devices, ceilings: Ceilings) -> Iterator[str]:
    """Yield where a calibration's session is none, or over what control's own configuration allows."""
    session = rules.calibration_session
    if session is None:
        return
    if rules.protocol is not None or rules.calibrations is not None:
        yield "calibration_session: protocol and calibrations are a treatment's"
    yield from looser_bounds(session.bounds, ceilings.light)
    yield from station_problems(
        session, ceilings.travel_min_um, ceilings.travel_max_um, ceilings.laser_current_limit_ma
    )
    known = session.photodiode
    if known is None:
        return
    if known.device_serial_number != (serial := _serial(devices.board)):
        yield f"photodiode: of interlock board {known.device_serial_number}, connected is {serial}"
    allowed_w = USABLE_SCALE * known.power_w(CONVERTER_FULL_SCALE_V)
    if not rules.power_limit_w <= allowed_w:
        yield f"power_limit_w: {rules.power_limit_w:g} given, {allowed_w:g} allowed"


def _serial(device: Device) -> str:
    return "not identified" if device.identity is None else device.identity.serial_number
