"""The rules of one session, from a site's limits, the protocol, the calibrations and the devices."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from tosca_kiosk.domain.calibration import CalibrationSet, OutOfRangeError, calibration_problem
from tosca_kiosk.domain.protocol import Protocol
from tosca_kiosk.domain.rules import Rules

CONVERTER_FULL_SCALE_V = 5.0 * 1023 / 1024
USABLE_SCALE = 0.95
"""Commanded power keeps this part of what the photodiode can still tell from more."""


CURRENT_STEP_MA = 1.0
"""A peak at the limit itself must not pass it by the rounding of a current."""


class SessionRefusedError(Exception):
    """A protocol that this cart cannot follow; the text names the step, the value and what is allowed."""


class ConnectedDevices(NamedTuple):
    """What the session needs to know of the devices: whose calibrations fit, and what the laser allows."""

    laser_serial: str
    stage_serial: str
    board_serial: str
    laser_current_limit_ma: float
    travel_min_um: float
    travel_max_um: float


def power_limit_w(
    idle: Rules, protocol: Protocol, calibrations: CalibrationSet, current_limit_ma: float
) -> float:
    """Return the lowest of configuration, protocol, calibration, device and 0.95 photodiode scale, in W."""
    return min(
        idle.limits.max_power_w,
        idle.limits.max_power_w if protocol.max_power_w is None else protocol.max_power_w,
        calibrations.power.max_power_w,
        calibrations.power_w(current_limit_ma - CURRENT_STEP_MA),
        USABLE_SCALE * calibrations.measured_power_w(CONVERTER_FULL_SCALE_V),
    )


def session_rules(
    idle: Rules, protocol: Protocol, calibrations: CalibrationSet | None, devices: ConnectedDevices
) -> Rules:
    """Return the rules to open a session with.

    Raises SessionRefusedError where the plan asks for more power than the limit in force, or for a ring that
    the calibration does not reach.
    """
    problem = calibration_problem(
        calibrations, devices.laser_serial, devices.stage_serial, devices.board_serial
    )
    if calibrations is None or problem is not None:
        raise SessionRefusedError(problem or "no calibrations")
    limit_w = power_limit_w(idle, protocol, calibrations, devices.laser_current_limit_ma)
    for index, step in enumerate(protocol.steps):
        peak_w = max(step.power_start_w, step.power_end_w)
        if not peak_w <= limit_w:
            key = "power_end_watts" if step.power_end_w == peak_w else "power_start_watts"
            raise SessionRefusedError(
                f"steps[{index}].{key}: {peak_w:g} W is over the limit of {limit_w:.2f} W"
            )
        _check_ring(index, step.ring_size_mm, calibrations, devices)
    return msgspec.structs.replace(
        idle,
        power_limit_w=limit_w,
        calibration_problem=None,
        calibrations=calibrations,
        protocol=protocol,
        travel_min_um=devices.travel_min_um,
        travel_max_um=devices.travel_max_um,
    )


def _check_ring(
    index: int, ring_size_mm: float, calibrations: CalibrationSet, devices: ConnectedDevices
) -> None:
    path = f"steps[{index}].ring_size_mm"
    try:
        position_um = calibrations.position_um(ring_size_mm)
    except OutOfRangeError as error:
        raise SessionRefusedError(f"{path}: {error}") from error
    if not devices.travel_min_um <= position_um <= devices.travel_max_um:
        raise SessionRefusedError(
            f"{path}: {ring_size_mm:g} mm is the stage at {position_um:g} um, "
            f"{devices.travel_min_um:g} to {devices.travel_max_um:g} um allowed"
        )
