"""A calibration session's opening: under the rules that the record says, all of it or nothing."""

from __future__ import annotations

import msgspec
import pytest

from tosca_kiosk.calibration.opening import CalibrationOrder, opening_calibration
from tosca_kiosk.domain.calibration import PHOTODIODE
from tosca_kiosk.domain.calibration_session import CalibrationSession, Station
from tosca_kiosk.domain.questions import RulesAnswer, RulesQuestion
from tosca_kiosk.session import RefusedError, back_up, opening, plan_session
from tosca_kiosk.session.backing_up import BackupOvertakenError
from tosca_kiosk.session.calibration_rules import calibration_compared, photodiode_in_force
from tosca_kiosk.session.helper import Helper
from tosca_kiosk.storage import StorageError, calibration_sessions, calibrations, patients, settings, users

STATIONS = (Station(current_ma=3000.0, light_s=2.0),)


def ordered(database, config, **changes):
    session = CalibrationSession(kind="laser", stations=STATIONS, bounds=config.calibration_light)
    return CalibrationOrder(
        technician=users.named(database, "jane"),
        session=msgspec.structs.replace(session, **changes),
        config=config,
    )


@pytest.fixture
def open_it(database, data_dir, now):
    def opened(order):
        backup = back_up(database, data_dir / "backups", now)
        with opening_calibration(database, data_dir, order, {}, now, backup) as made:
            return made

    return opened


def test_row_folder_and_header_are_of_the_rules_that_the_record_says(
    database, data_dir, config, now, open_it
):
    believed = photodiode_in_force(database, config)
    opened = open_it(ordered(database, config, photodiode=believed))
    header = opened.header
    assert opened.folder.is_dir()
    assert (header.work, header.patient_id, header.session_id) == ("calibration", None, 1)
    assert 0.0 < header.rules.power_limit_w <= header.rules.limits.max_power_w
    assert calibration_compared(database, config, 1, header.rules) is None
    answer = Helper(config, data_dir).answer(RulesQuestion(id=7, session=None, calibration=1))
    assert answer == RulesAnswer(7, header.rules)


def test_what_is_set_or_calibrated_later_changes_no_open_session(database, config, now, open_it):
    opened = open_it(ordered(database, config, photodiode=photodiode_in_force(database, config)))
    with database.transaction() as transaction:
        settings.put(transaction, "max_laser_power_watts", 6.0, now)
        saved = calibrations.active(transaction, PHOTODIODE, "SIM-BOARD")
        calibrations.take_out_of_force(transaction, saved, None)
    assert calibration_compared(database, config, 1, opened.header.rules) is None


def test_a_row_that_is_looser_than_the_configuration_is_told_by_name(database, config, open_it):
    opened = open_it(ordered(database, config))
    loose = msgspec.structs.replace(config.calibration_light, current_ma=1e6, most_w_per_ma=1e-9)
    asked = msgspec.structs.replace(opened.header.rules.calibration_session, bounds=loose)
    given = msgspec.structs.replace(opened.header.rules, calibration_session=asked)
    with database.transaction() as transaction:
        text = msgspec.json.encode(asked).decode()
        transaction.update("calibration_sessions", {"calibration_session_id": 1}, rules_snapshot=text)
    said = calibration_compared(database, config, 1, given)
    assert "calibration_session.bounds.current_ma: 1e+06 given, the record says" in said
    assert "most_w_per_ma" in said


def test_planned_under_another_photodiode_nothing_is_opened(database, data_dir, config, open_it):
    believed = photodiode_in_force(database, config)
    other = msgspec.structs.replace(believed, device_serial_number="another")
    with pytest.raises(RefusedError, match=r"photodiode.*begin anew"):
        open_it(ordered(database, config, photodiode=other))
    assert calibration_sessions.history(database) == []
    assert not (data_dir / "calibrations").exists()


def test_what_fails_inside_leaves_no_row(database, data_dir, config, now):
    backup = back_up(database, data_dir / "backups", now)
    order = ordered(database, config)
    with (
        pytest.raises(RefusedError, match="No space"),
        opening_calibration(database, data_dir, order, {}, now, backup),
    ):
        raise OSError(28, "No space left on device")
    assert calibration_sessions.history(database) == []


def test_what_was_changed_since_the_backup_keeps_it_shut(database, data_dir, config, now):
    backup = back_up(database, data_dir / "backups", now)
    with database.transaction() as transaction:
        patients.add(transaction, now, created_by=1)
    order = ordered(database, config)
    with (
        pytest.raises(BackupOvertakenError),
        opening_calibration(database, data_dir, order, {}, now, backup),
    ):
        pass


def test_no_treatment_is_opened_beside_it(database, data_dir, config, now, open_it):
    open_it(ordered(database, config))
    plan = plan_session(
        database, config, patient="P-2026-0001", technician="jane", protocol="Constant 5 W, 60 s"
    )
    backup = back_up(database, data_dir / "backups", now)
    with (
        pytest.raises(StorageError, match="calibration session 1 is still open"),
        opening(database, data_dir, plan, {}, "sim", now, backup),
    ):
        pass


def test_tighter_bounds_of_a_procedure_are_kept(database, config, open_it):
    tight = msgspec.structs.replace(config.calibration_light, energy_j=20.0)
    opened = open_it(ordered(database, config, bounds=tight))
    assert opened.header.rules.calibration_session.bounds == tight
    assert calibration_compared(database, config, 1, opened.header.rules) is None
