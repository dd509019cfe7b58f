"""The rules that the record says of a session: those that it was opened with, whatever changed since."""

from __future__ import annotations

import json

import pytest

from tosca_kiosk.domain.calibration import POWER
from tosca_kiosk.domain.rules_difference import rules_difference
from tosca_kiosk.session import RefusedError, back_up, opening, plan_session, recorded_rules
from tosca_kiosk.storage import StorageError, calibrations, protocols, sessions, settings

PROTOCOLS = ["Constant 5 W, 60 s", "Ramp 2 to 8 W, 90 s"]


@pytest.fixture
def plan(database, config):
    return plan_session(
        database, config, patient="P-2026-0001", technician="jane", protocol="Constant 5 W, 60 s"
    )


@pytest.fixture
def opened(database, data_dir, plan, now):
    with opening(
        database, data_dir, plan, {}, "sim", now, back_up(database, data_dir / "backups", now)
    ) as made:
        return made


def recorded(database, config, session_id=1):
    with database.reading() as snapshot:
        return recorded_rules(snapshot, config, session_id)


def saved_protocols(database):
    return [row.protocol_name for row in protocols.list_all(database)]


def test_every_shipped_protocol_is_opened_with_the_rules_that_the_record_says(
    database, data_dir, config, now
):
    for name in saved_protocols(database):
        plan = plan_session(database, config, patient="P-2026-0001", technician="jane", protocol=name)
        with opening(
            database, data_dir, plan, {}, "sim", now, back_up(database, data_dir / "backups", now)
        ) as opened:
            pass
        number = opened.session.session_id
        assert opened.header.rules == plan.rules == recorded(database, config, number)
        with database.transaction() as transaction:
            transaction.update("sessions", {"session_id": number}, status="aborted")


def test_a_protocol_of_a_file_too(database, data_dir, config, tmp_path, now):
    step = {"step_number": 1, "duration_seconds": 1.1, "power_start_watts": 0.1, "power_end_watts": 7.3}
    tree = {
        "version": "1.0",
        "protocol_name": "Öfter 0.1 W",
        "description": "two\nlines",
        "steps": [step | {"ring_size_mm": 2.7, "ramp_type": "exponential"}],
        "safety_limits": {"max_power_watts": 7.5},
    }
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(tree), encoding="utf-8")
    plan = plan_session(database, config, patient="P-2026-0001", technician="jane", protocol=str(path))
    with opening(
        database, data_dir, plan, {}, "sim", now, back_up(database, data_dir / "backups", now)
    ) as opened:
        pass
    assert recorded(database, config, opened.session.session_id) == plan.rules
    assert plan.rules.protocol.description == "two\nlines"


def test_what_is_set_or_calibrated_later_does_not_change_a_session_that_is_open(
    database, config, opened, now
):
    with database.transaction() as transaction:
        settings.put(transaction, "max_laser_power_watts", 6.0, now)
        settings.put(transaction, "interlock_operator_fresh_s", 0.2, now)
        settings.put(transaction, "interlock_operator_fresh_s", 0.3, now)
        row = calibrations.active(transaction, POWER, "SIM-LASER")
        data = json.loads(row.calibration_data)
        for point in data["points"]:
            point["power_watts"] /= 2
        calibrations.add(
            transaction,
            calibrated_utc=now,
            tech_id=1,
            device_type="laser",
            device_serial=row.device_serial_number,
            calibration_type=POWER,
            calibration_data=json.dumps(data),
        )
    assert recorded(database, config) == opened.header.rules


def test_a_row_that_was_changed_or_deleted_since_is_read_as_it_was(database, config, opened, now):
    with database.transaction() as transaction:
        transaction.execute("UPDATE calibrations SET calibration_data = '{}'")
        transaction.execute("DELETE FROM system_config WHERE config_key = 'max_laser_power_watts'")
    assert recorded(database, config) == opened.header.rules


def test_what_was_set_before_counts(database, data_dir, config, now):
    with database.transaction() as transaction:
        settings.put(transaction, "max_laser_power_watts", 5.5, now)
    plan = plan_session(
        database, config, patient="P-2026-0001", technician="jane", protocol="Constant 5 W, 60 s"
    )
    with opening(
        database, data_dir, plan, {}, "sim", now, back_up(database, data_dir / "backups", now)
    ) as opened:
        pass
    assert recorded(database, config).limits.max_power_w == opened.header.rules.limits.max_power_w == 5.5


def test_a_plan_under_other_settings_than_the_present_ones_is_not_opened(database, data_dir, plan, now):
    with database.transaction() as transaction:
        settings.put(transaction, "max_laser_power_watts", 6.0, now)
    with (
        pytest.raises(RefusedError, match=r"limits\.max_power_w: 10 given, the record says 6"),
        opening(database, data_dir, plan, {}, "sim", now, back_up(database, data_dir / "backups", now)),
    ):
        pass
    assert database.find("sessions") == []


def test_a_snapshot_that_was_changed_is_a_difference_by_name(database, config, opened):
    session = sessions.get(database, 1)
    with database.transaction() as transaction:
        changed = session.protocol_data_snapshot.replace(
            '"duration_seconds": 60.0', '"duration_seconds": 59.0'
        )
        assert changed != session.protocol_data_snapshot
        transaction.update("sessions", {"session_id": 1}, protocol_data_snapshot=changed)
    told = rules_difference(opened.header.rules, recorded(database, config))
    assert told == "protocol.steps[0].duration_s: 60 given, the record says 59"


def test_a_session_that_the_record_does_not_know_has_no_rules(database, config):
    with pytest.raises(StorageError, match="no session has the number 9"):
        recorded(database, config, 9)
