"""What is said of a calibration that a cart lacks: the command that makes it, in the order of making."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tosca_kiosk.domain.calibration import MADE_BY, PHOTODIODE, POWER, RING, CalibrationError
from tosca_kiosk.session import plan_session
from tosca_kiosk.session.calibration_standing import in_force, to_do
from tosca_kiosk.storage import calibrations

ORDER = [PHOTODIODE, POWER, RING]


@pytest.fixture
def without(database):
    """Take calibrations of these types out of force."""

    def take(*kinds):
        with database.transaction() as transaction:
            for saved in calibrations.history(database):
                if saved.calibration_type in kinds:
                    calibrations.take_out_of_force(transaction, saved, saved.validation_data)

    return take


def missing(database, config, now):
    return in_force(database, config, now)[1]


def test_a_bare_cart_is_told_what_makes_each_in_order(database, config, without, now):
    without(*ORDER)
    lines = missing(database, config, now)
    assert [line.partition(":")[0] for line in lines] == ORDER
    assert [MADE_BY[kind] in line for kind, line in zip(ORDER, lines, strict=True)] == [True] * 3
    assert [line.endswith("s certificate") for line in lines] == [True] * 3
    assert "calibrate laser makes it once the photodiode's is in force" in lines[1]


def test_beside_a_calibrated_photodiode_the_laser_waits_for_nothing(database, config, without, now):
    without(POWER)
    [line] = missing(database, config, now)
    assert "calibrate laser makes it, calibrate import FILE brings in" in line


def test_no_session_is_planned_and_the_refusal_names_each_in_order(database, config, without):
    without(*ORDER)
    with pytest.raises(CalibrationError) as caught:
        plan_session(
            database, config, patient="P-2026-0001", technician="jane", protocol="Constant 5 W, 60 s"
        )
    said = str(caught.value)
    assert sorted(MADE_BY.values(), key=said.index) == list(MADE_BY.values())


def test_another_devices_is_told_as_that(database, config, now):
    board = replace(config.devices.board, serial_number="B-99")
    other = replace(config, devices=replace(config.devices, board=board))
    [line] = missing(database, other, now)
    assert line.startswith(f"{PHOTODIODE}: none is active for the interlock board B-99; ")
    assert "is of another one, SIM-BOARD; tosca-kiosk calibrate photodiode makes it" in line
    assert "once the photodiode's is in force" in to_do(database, other)[POWER]
