"""What an odd value means where it is read: unknown, never a guess, and never in favour of light or a PIN."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from tests.storage.refusal import refused
from tosca_kiosk.machine.clock import SinceBoot
from tosca_kiosk.storage import calibrations, check, patients, protocols, sessions, settings, users
from tosca_kiosk.storage.columns import judged
from tosca_kiosk.storage.odd_values import NAMED_AT_MOST

PIN = "271828"
BOOT = SinceBoot("this run", 5000.0)
RING = "actuator_position_to_ring_size"


@pytest.fixture
def tool(path):
    """Run statements as any SQLite tool does."""

    def run(script):
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.executescript(script)

    return run


def test_a_text_that_is_none_is_proved_as_it_stands_and_hides_no_change_after_it(database, now, tool):
    tool(
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 1200) "
        "INSERT INTO safety_log (timestamp, event_type, severity, description) "
        "SELECT '2026-03-14 09:26:53.589793', 'interlock_failure', 'info', "
        "CASE x WHEN 700 THEN CAST(x'ff61' AS TEXT) ELSE 'fine' END FROM n"
    )
    with database.transaction(1) as transaction:
        patients.add(transaction, now)
    found = check(database)
    assert (found.damage, found.rows["safety_log"]) == ((), 1201)
    tool("DROP TRIGGER safety_log_no_update; UPDATE safety_log SET description = 'x' WHERE log_id = 900")
    assert "safety_log: row log_id 900 is not what was written" in check(database).damage


def test_a_read_that_must_not_go_on_with_a_part_refuses_by_name(database, tool):
    tool("UPDATE tech_users SET created_date = '03/22/15 12:00'")
    with refused("tech_users, tech_id 1, created_date: .*'03/22/15 12:00' is not YYYY-MM-DD"):
        database.find("tech_users")
    ((row, odd),) = database.held("tech_users")
    assert (row["created_date"], row["username"], len(odd)) == (None, "admin", 1)


def test_tries_that_nobody_knows_bring_the_next_wrong_one_to_a_lock_and_the_right_pin_in(database, now, tool):
    with database.transaction() as transaction:
        users.set_pin(transaction, 1, PIN, now)
    tool("UPDATE credentials SET failed_tries = 'few', tried_boot_s = 'later'")
    with database.transaction() as transaction:
        wrong = users.verify_pin(transaction, "admin", "000000", now, BOOT)
    assert (wrong.wrong_tries, wrong.wait_s > 0.0) == (users.TRIES_BEFORE_LOCK, True)
    tool("UPDATE credentials SET failed_tries = 'few', tried_boot_s = 'later'")
    with database.transaction() as transaction:
        assert users.verify_pin(transaction, "admin", PIN, now, BOOT).user.username == "admin"
    assert (check(database).damage, check(database).odd) == ((), ())


def test_an_account_whose_tries_nobody_knows_counts_as_tried_until_it_is_unlocked(database, now, tool):
    with database.transaction() as transaction:
        users.set_pin(transaction, 1, PIN, now)
    tool("UPDATE credentials SET failed_tries = 'few', tried_boot_id = 'odd', tried_boot_s = 'later'")
    assert users.without_wrong_pins(database) == set()
    with database.transaction() as transaction:
        users.unlock(transaction, 1, now, None)
    assert users.without_wrong_pins(database) == {"admin"}
    assert (check(database).damage, check(database).odd) == ((), ())


def test_a_new_pin_mends_a_row_in_which_everything_is_odd(database, now, tool):
    with database.transaction() as transaction:
        users.set_pin(transaction, 1, PIN, now)
    tool(
        "UPDATE credentials SET pin_hash = x'00', failed_tries = 'few', tried_boot_id = 'odd', "
        "tried_boot_s = '', changed_date = 5"
    )
    with refused("the PIN of 'admin' cannot be checked"), database.transaction() as transaction:
        users.verify_pin(transaction, "admin", PIN, now, BOOT)
    with database.transaction() as transaction:
        users.set_pin(transaction, 1, PIN, now)
        assert users.verify_pin(transaction, "admin", PIN, now, BOOT).user.username == "admin"
    assert (check(database).damage, check(database).odd) == ((), ())


def test_an_odd_count_of_uses_begins_anew(database, now, tool):
    with database.transaction(1) as transaction:
        number = protocols.add(transaction, "Gentle", "constant", "{}", now)
    tool("UPDATE protocols SET usage_count = 'many'")
    with database.transaction(1) as transaction:
        protocols.count_use(transaction, number, now)
    assert protocols.get(database, "Gentle").usage_count == 1


def test_a_new_calibration_takes_the_place_of_an_odd_one(database, now, tool):
    new = {
        "tech_id": 1,
        "device_type": "actuator",
        "device_serial": "-1",
        "calibration_type": RING,
        "calibration_data": "{}",
    }
    with database.transaction(1) as transaction:
        calibrations.add(transaction, calibrated_utc=now, **new)
    tool("UPDATE calibrations SET is_active = 'yes', notes = 'mine'")
    with refused("calibrations, calibration_id 1, is_active: 'yes' is not 0 or 1"):
        calibrations.active(database, RING, "-1")
    with database.transaction(1) as transaction:
        calibrations.add(transaction, calibrated_utc=now + timedelta(days=1), **new)
    assert calibrations.active(database, RING, "-1").calibration_id == 2


def test_of_a_column_that_is_odd_throughout_the_first_rows_are_named_and_the_others_counted(database, tool):
    more = 7
    tool(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
        f"WHERE i < {NAMED_AT_MOST + more}) INSERT INTO patients (patient_code, created_date) "
        "SELECT 'x' || i, '03/22/15' FROM n"
    )
    problems = check(database).odd
    assert len(problems) == NAMED_AT_MOST + 1
    assert problems[-1] == f"patients, created_date: {more} more rows are odd there"


def test_a_number_in_a_column_of_texts_is_odd_also_where_json_is_expected():
    """A flipped bit on the disk makes one; the column's own rule lets none in."""
    row, odd = judged("safety_log", {"log_id": "INTEGER", "details": "TEXT"}, {"log_id": 7, "details": 5})
    assert row == {"log_id": 7, "details": "5"}
    assert [(one.column, one.why) for one in odd] == [("details", "5 is no text")]


IMPOSSIBLE = {
    "created_date": (
        *("2026-02-30 12:00:00", "2026-13-01", "2026-13-01 12:00:00", "2026-00-10 12:00:00"),
        *("2026-02-28 24:00:00", "2026-02-28 23:59:60", "2026-02-28 12:00:00.12345 ", "0999-01-01 00:00:00"),
        *(" 2026-02-28 12:00:0", "2026-02-29 12:00:00", "2026-04-31 12:00:00.000000"),
    ),
    "date_of_birth": ("2026-02-30", "2026-13-01", "0000-01-01", "2026-02-28 12:00:00"),
}
POSSIBLE = {
    "created_date": (
        *("2026-02-28 12:00:00", "2026-02-28 12:00:00.999999", "2028-02-29 23:59:59", "2026-02-28 12:00"),
        *("1000-01-01 00:00:00", "9000-12-31 00:00:00.000001", "2026-02-28"),
    ),
    "date_of_birth": ("2028-02-29", "1926-12-31"),
}


@pytest.mark.parametrize("column", IMPOSSIBLE)
def test_every_impossible_time_is_named_and_no_possible_one(database, tool, column):
    for text in (*IMPOSSIBLE[column], *POSSIBLE[column]):
        tool(f"INSERT INTO patients (patient_code, {column}) VALUES ('{text}', '{text}')")
    named = [problem.partition(f", {column}: ")[2] for problem in check(database).odd]
    assert len(named) == len(IMPOSSIBLE[column])
    for why, text in zip(named, IMPOSSIBLE[column], strict=True):
        assert (repr(text) in why) is (column == "created_date"), "what is known of a patient is not repeated"
    odd = [row["patient_code"] for row, marks in database.held("patients") if marks]
    assert odd == list(IMPOSSIBLE[column]), "and a list marks the same"


@pytest.mark.parametrize(
    "stored", ["", "/mnt/big", "..", "data/../..", "data/sessions/../../..", "loop", "a\0b"]
)
def test_a_path_that_leaves_the_data_directory_is_refused(tmp_path, stored):
    (tmp_path / "loop").symlink_to("loop")
    with refused(r"system_config\.session_data_path: .* leads out of the data directory"):
        sessions.inside(tmp_path, stored, "system_config.session_data_path")


@pytest.mark.parametrize("stored", ["data/sessions", "sessions", "data", "here", "new/deeper"])
def test_a_path_inside_may_be_anything_and_a_link_may_stay_inside(tmp_path, stored):
    (tmp_path / "there").mkdir()
    (tmp_path / "here").symlink_to("there")
    inside = stored.removeprefix("data").lstrip("/")
    assert sessions.inside(tmp_path, stored, "x") == tmp_path / inside


def test_settings_name_what_does_not_mean_what_was_meant(database, tool):
    assert settings.doubts(database) == ()
    tool(
        "INSERT INTO system_config (config_key, config_value, config_type) VALUES "
        "('Max_Laser_Power_Watts', '5', 'float'), ('colour', 'red', 'string');"
        "UPDATE system_config SET config_value = '11.0' WHERE config_key = 'max_laser_power_watts'"
    )
    first, second, third = settings.doubts(database)
    assert (
        "'Max_Laser_Power_Watts' is unknown and governs nothing; max_laser_power_watts may be meant" in first
    )
    assert second == "Setting 'colour' is unknown and governs nothing."
    assert "system_config.max_laser_power_watts: 11.0 given, 0.1 to 10 W allowed" in third
