"""A session's power limit is the lowest of all that know one; what goes over it is refused by path."""

from __future__ import annotations

import msgspec
import pytest

from benchmarks.rigs.ideal_cart import CALIBRATIONS, protocol
from tosca_kiosk.domain.protocol import Protocol
from tosca_kiosk.domain.rules import Limits, Rules
from tosca_kiosk.domain.session_rules import ConnectedDevices, SessionRefusedError, session_rules

DEVICES = ConnectedDevices("SIM-LASER", "-1", "SIM-BOARD", 12000.0, 0.0, 1800.0)
IDLE = Rules(camera_required=False)


def limit_w(
    plan: Protocol = protocol((60.0, 5.0, 5.0, 3.0)),  # noqa: B008  # frozen
    limits: Limits = Limits(),  # noqa: B008  # frozen
    devices: ConnectedDevices = DEVICES,
) -> float:
    idle = msgspec.structs.replace(IDLE, limits=limits)
    return session_rules(idle, plan, CALIBRATIONS, devices).power_limit_w


def test_the_photodiodes_scale_limits_first() -> None:
    assert limit_w() == pytest.approx(0.95 * 5.0 * 1023 / 1024 * 2.0)


def test_the_site_limits() -> None:
    assert limit_w(limits=Limits(max_power_w=6.0)) == 6.0


def test_the_protocol_limits() -> None:
    plan = msgspec.structs.replace(protocol((60.0, 5.0, 5.0, 3.0)), max_power_w=5.5)
    assert limit_w(plan) == 5.5


def test_the_devices_current_limit_limits() -> None:
    assert limit_w(devices=DEVICES._replace(laser_current_limit_ma=7600.0)) == pytest.approx(7.0, abs=0.002)


@pytest.mark.parametrize(
    ("step", "path"),
    [
        ((60.0, 5.0, 9.8, 3.0), r"steps\[0\].power_end_watts: 9.8 W is over the limit of 9.49 W"),
        ((60.0, 9.8, 5.0, 3.0), r"steps\[0\].power_start_watts: 9.8 W"),
        ((60.0, 5.0, 5.0, 3.9), r"steps\[0\].ring_size_mm: 3.9 mm is the stage at 1900 um, 0 to 1800 um"),
        ((60.0, 5.0, 5.0, 4.5), r"steps\[0\].ring_size_mm: .*4.5 asked, 2 to 4 calibrated"),
    ],
)
def test_a_plan_beyond_the_cart_is_refused_by_path(
    step: tuple[float, float, float, float], path: str
) -> None:
    with pytest.raises(SessionRefusedError, match=path):
        session_rules(IDLE, protocol(step), CALIBRATIONS, DEVICES)


@pytest.mark.parametrize("field", ["laser_serial", "stage_serial", "board_serial"])
def test_a_calibration_of_another_device_is_refused(field: str) -> None:
    with pytest.raises(SessionRefusedError, match="connected is"):
        session_rules(
            IDLE, protocol((1.0, 1.0, 1.0, 3.0)), CALIBRATIONS, DEVICES._replace(**{field: "other"})
        )


def test_no_calibrations_are_refused() -> None:
    with pytest.raises(SessionRefusedError, match="tosca-kiosk calibrate import FILE"):
        session_rules(IDLE, protocol((1.0, 1.0, 1.0, 3.0)), None, DEVICES)
