"""Commands over a record that another SQLite tool has written to: one odd value costs its own row at most."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from tests.cli.kiosk_command import WHY

PATIENT = "P-2026-0001"
TREATED = ("treat", "--patient", PATIENT, "--tech", "admin", "--fast", "--json")


def tool(cart, statement, *values):
    """Run a statement as any SQLite tool does."""
    with closing(sqlite3.connect(cart.data_dir / "laser_control.db", isolation_level=None)) as connection:
        connection.execute(statement, values)


def protocol_of(cart):
    """Return the name of a shipped protocol that takes no time."""
    found = cart.json("protocols", "list")["protocols"]
    return min(found, key=lambda one: one["duration_seconds"])["protocol_name"]


@pytest.mark.parametrize(
    "held",
    [
        *("03/22/15 12:00", "", 20150322, "2015-03-22 12:00:00+02:00", "0001-01-01 00:00:00"),
        *("2026-02-30 12:00:00", "2026-13-01", "2026-02-28 24:00:00"),
    ],
)
def test_an_odd_time_is_named_and_every_list_goes_on(cart, held):
    cart.text("users", "add", "bob", "--full-name", "Bob Brown", "--role", "technician")
    cart.text("patients", "add")
    tool(cart, "UPDATE tech_users SET last_login = ? WHERE username = 'bob'", held)
    tool(cart, "UPDATE patients SET created_date = ?", held)
    tool(cart, "UPDATE protocols SET last_used_date = ? WHERE protocol_id = 1", held)
    users = {user["username"]: user for user in cart.json("users", "list")["users"]}
    assert users["admin"]["odd"] == []
    assert users["bob"]["odd"][0].startswith("last_login: ")
    assert users["bob"]["last_login"] is None
    assert "Odd values" in cart.text("patients", "list")
    assert cart.json("protocols", "list")["protocols"]
    checked = cart.run("db", "check")
    assert checked.exit_code == 1
    for place in ("tech_users, tech_id 2, last_login: ", "patients, patient_id 1, created_date: "):
        assert place in checked.stdout
    assert repr(held) in checked.stdout


def test_a_list_without_odd_values_has_no_column_for_them(cart):
    assert "Odd values" not in cart.text("users", "list")
    assert cart.json("db", "check")["ok"]


def test_a_text_that_is_none_stops_no_list_of_a_restored_record_either(cart):
    cart.text("db", "restore", cart.text("db", "backup"), *WHY)
    tool(cart, "UPDATE tech_users SET notes = CAST(? AS TEXT)", b"a\xffb")
    (user,) = cart.json("users", "list")["users"]
    assert user["odd"][0].startswith("notes: ")


def test_a_zone_is_never_dropped(cart):
    tool(cart, "UPDATE tech_users SET created_date = '2026-03-14 09:00:00+02:00'")
    _, problem = cart.run("db", "check").stdout.splitlines()[:2]
    assert "carries a time zone" in problem
    assert "2026-03-14 07:00:00" in problem


def test_an_account_of_no_known_role_does_nothing_and_says_why(cart):
    tool(cart, "UPDATE tech_users SET role = 'boss', is_active = 'yes'")
    refused = cart.run("patients", "add", "--tech", "admin")
    assert refused.exit_code == 1
    assert "role: 'boss' is none of technician, supervisor, admin" in refused.stderr
    assert cart.json("users", "list")["users"][0]["role"] is None


def test_an_odd_value_of_the_only_admin_does_not_open_the_accounts_to_all(guarded):
    for change in ("role = 'boss'", "role = 'admin', is_active = 'yes'"):
        tool(guarded, f"UPDATE tech_users SET {change} WHERE username = 'admin'")
        refused = guarded.run("users", "add", "eve", "--full-name", "Eve", "--role", "admin")
        assert refused.exit_code == 1
        assert "an admin's PIN is needed" in refused.stderr


LIMIT, PLACE = "max_laser_power_watts", "session_data_path"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("calibrations SET calibration_date = '03/22/15' WHERE calibration_id = 1", "calibration_date"),
        ("calibrations SET is_active = 'yes' WHERE calibration_id = 1", "is_active"),
        ("calibrations SET calibration_data = '{' WHERE calibration_id = 1", "calibration_data"),
        ("protocols SET is_active = 'yes'", "is_active"),
        ("protocols SET protocol_data = '{'", "protocol"),
        (f"system_config SET config_value = 'ten' WHERE config_key = '{LIMIT}'", LIMIT),
        (f"system_config SET config_type = 'wild' WHERE config_key = '{LIMIT}'", LIMIT),
        (
            f"system_config SET config_value = '/tmp' WHERE config_key = '{PLACE}'",
            f"{PLACE}: '/tmp' leads out",
        ),
        (
            f"system_config SET config_value = 'data/../..' WHERE config_key = '{PLACE}'",
            "'data/../..' leads out",
        ),
    ],
)
def test_what_decides_about_light_or_where_its_record_goes_still_refuses_by_name(cart, change, said):
    name = protocol_of(cart)
    cart.text("patients", "add")
    tool(cart, f"UPDATE {change}")
    assert cart.json("users", "list")["users"]
    refused = cart.run(*TREATED, "--protocol", name)
    assert refused.exit_code == 1
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr
    assert cart.run("db", "check").exit_code == 1


def test_a_link_out_of_the_data_directory_takes_no_session_with_it(cart, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (cart.data_dir / "sessions").symlink_to(elsewhere)
    cart.text("patients", "add")
    refused = cart.run(*TREATED, "--protocol", protocol_of(cart))
    assert refused.exit_code == 1
    assert "session_data_path: 'data/sessions' leads out of the data directory" in refused.stderr
    assert list(elsewhere.iterdir()) == []


@pytest.mark.slow
def test_a_setting_that_governs_nothing_blocks_nothing_and_a_misspelt_one_is_named(cart):
    cart.text("patients", "add")
    tool(cart, "UPDATE system_config SET config_value = 'fast' WHERE config_key = 'video_fps'")
    tool(
        cart,
        "INSERT INTO system_config (config_key, config_value, config_type) VALUES (?, '5.0', 'float')",
        "max_laser_power_wats",
    )
    done = cart.run(*TREATED, "--protocol", protocol_of(cart))
    assert done.exit_code == 0
    misspelt = (
        "Setting 'max_laser_power_wats' is unknown and governs nothing; max_laser_power_watts may be meant."
    )
    assert misspelt in done.stderr
    assert "video_fps" in done.stderr
    checked = cart.run("db", "check").stdout
    assert misspelt in checked
    assert "setting 'video_fps' is of type integer, 'fast' is not" in checked


def test_an_open_session_whose_folder_leads_outside_is_closed_and_named(cart):
    cart.text("patients", "add")
    tool(
        cart,
        "INSERT INTO sessions (patient_id, tech_id, start_time, status, session_folder_path) "
        "VALUES (1, 1, 'yesterday', 'in_progress', ?)",
        "../../elsewhere",
    )
    assert cart.json("patients", "list")["patients"]
    assert cart.json("users", "list")["users"]
    checked = cart.run("db", "check").stdout
    assert "sessions, session_id 1, start_time: " in checked
    assert "session_folder_path: '../../elsewhere' leads out of the data directory" in checked
