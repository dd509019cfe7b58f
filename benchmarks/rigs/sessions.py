"""What sessions on the simulated cart are made of: protocol, rules, journal header, an operator's script."""

from __future__ import annotations

import msgspec

from tosca_kiosk.config import bundled, load_config
from tosca_kiosk.control.controller import Controller
from tosca_kiosk.control.loop import FixedRateLoop
from tosca_kiosk.control.operator import HOLD_ON_S, Script, UnattendedOperator, drive
from tosca_kiosk.domain.calibration import CalibrationSet, calibration_set, parse_calibration
from tosca_kiosk.domain.journal_lines import FORMAT_VERSION, Header
from tosca_kiosk.domain.protocol import Protocol, Step
from tosca_kiosk.domain.ramps import RampType
from tosca_kiosk.domain.rules import Rules
from tosca_kiosk.domain.session_rules import ConnectedDevices, session_rules

IDLE = Rules(camera_required=False)
HOLD_ARM_S = IDLE.limits.arm_hold_s + HOLD_ON_S
"""For so long a hand holds ARM."""


class CartStuckError(Exception):
    """The cart did not get where it should; the text says what was waited for and where it stands."""


def constant(power_w: float, duration_s: float, ring_size_mm: float = 3.0) -> Protocol:
    """Make a protocol of one constant step."""
    return Protocol("test", "", (Step(1, duration_s, power_w, power_w, ring_size_mm, RampType.CONSTANT),))


def shipped_session_rules(protocol: Protocol) -> Rules:
    """Make a session's rules from the calibrations that ship with the simulated cart."""
    devices = load_config(bundled("simulated.yaml")).devices
    connected = ConnectedDevices(
        devices.laser.serial_number,
        devices.stage.serial_number,
        devices.board.serial_number,
        devices.laser.current_limit_ma,
        devices.stage.travel_min_um,
        devices.stage.travel_max_um,
    )
    return session_rules(IDLE, protocol, _calibrations(), connected)


def _calibrations() -> CalibrationSet:
    rows = msgspec.json.decode(bundled("calibrations/simulated_10w.json").read_bytes())
    return calibration_set(
        (
            parse_calibration(
                row["calibration_type"],
                msgspec.json.encode(row["calibration_data"]),
                row["device_serial_number"],
                "shipped",
            )
            for row in rows
        ),
        "shipped",
    )


def session_header(rules: Rules, session_id: int = 1) -> Header:
    """Make the header of a journal that no record knows of."""
    return Header(
        version=FORMAT_VERSION,
        session_id=session_id,
        patient_id=1,
        tech_id=1,
        started_utc="2026-01-01 00:00:00.000000",
        origin="sim",
        software="0",
        devices={},
        rules=rules,
    )


def run_script(
    loop: FixedRateLoop, controller: Controller, operator: UnattendedOperator, script: Script
) -> None:
    """Run ticks until an operator's script ends; nobody else asks for anything."""
    drive(loop, controller, operator, script, stop=lambda: False, watch=lambda decision: None)
