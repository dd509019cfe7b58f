"""Settings by command: changed by a supervisor with a reason, within the design; and the check of a file."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import ADMIN_PIN
from tosca_kiosk.cli.workplace import Workplace
from tosca_kiosk.config import bundled
from tosca_kiosk.domain.setting_table import SETTINGS
from tosca_kiosk.machine.clock import utc_now

KEY = "max_laser_power_watts"
WHY = ("--reason", "until the lens is replaced")


@pytest.fixture
def staffed(cart):
    cart.text("users", "add", "sue", "--full-name", "Sue", "--role", "supervisor")
    cart.text("users", "add", "tim", "--full-name", "Tim", "--role", "technician")
    return cart


def values(cart, *more):
    return {row["key"]: row["value"] for row in cart.json("config", "list", *more)["settings"]}


def test_every_key_is_listed_with_what_is_allowed(cart):
    listed = cart.json("config", "list")["settings"]
    assert [row["key"] for row in listed] == list(SETTINGS)
    assert {row["value"] for row in listed if row["default"] is None} == {None}
    assert all(row["allowed"] and row["does"] and row["holds"] and row["type"] for row in listed)
    assert cart.text("config", "list").count("\n") == len(SETTINGS) + 1


def test_a_supervisor_sets_a_value_and_the_history_tells_who_when_and_why(staffed):
    before = f"{utc_now():%Y-%m-%d %H:%M:%S.%f}"
    done = staffed.json("config", "set", KEY, "8", "--tech", "sue", *WHY)
    assert (done["value"], done["before"], done["modified_by"]) == (8.0, 10.0, "sue")
    said = staffed.text("config", "set", KEY, "7.5", "--tech", "sue", "--reason", "and the fibre")
    assert said == f"{KEY}: 7.5, was 8.0; it holds on the idle cart within 30 s, in sessions from the next."
    again = staffed.json("config", "set", KEY, "7.5", "--tech", "sue", "--reason", "once more")
    assert (again["value"], again["before"], again["changed"]) == (7.5, 7.5, False)
    assert staffed.json("config", "get", KEY)["value"] == 7.5
    assert "Allowed       0.1 to 10 W" in staffed.text("config", "get", KEY)
    changes = staffed.json("config", "history", KEY)["changes"]
    assert [(one["value"], one["by"], one["reason"]) for one in changes] == [
        ("10.0", None, None),
        ("8.0", "sue", WHY[1]),
        ("7.5", "sue", "and the fibre"),
    ]
    assert staffed.json("config", "get", KEY, "--as-of", before)["value"] == 10.0
    assert values(staffed, "--as-of", before)[KEY] == 10.0


def test_a_key_without_a_row_is_set_and_has_a_history(staffed):
    key = "interlock_operator_fresh_s"
    assert staffed.json("config", "history", key) == {"key": key, "changes": []}
    staffed.text("config", "set", key, "0.3", "--tech", "sue", *WHY)
    [change] = staffed.json("config", "history", key)["changes"]
    assert (change["before"], change["value"], change["by"]) == (None, "0.3", "sue")


REFUSED = [
    ((KEY, "11"), f"system_config.{KEY}: 11.0 given, 0.1 to 10 W allowed; a site can only tighten limits"),
    ((KEY, "-1"), "-1.0 given, 0.1 to 10 W allowed"),
    ((KEY, "nan"), "nan given, 0.1 to 10 W allowed"),
    ((KEY, "much"), "'much' given, a number from 0.1 to 10 W allowed"),
    (("treatment_loop_frequency_hz", "20.5"), "'20.5' given, a whole number from 10 to 50 Hz allowed"),
    (("session_data_path", "/mnt/big"), "leads out of the data directory"),
    (("video_resolution", "big"), "'big' given, WIDTHxHEIGHT with 10 to 9999 each allowed"),
    (("max_lazer_power_watts", "5"), f"'max_lazer_power_watts' is unknown; {KEY} may be meant"),
    (("interlock_arm_hold_s", "1"), "1.0 given, 1.5 to 60 s allowed; a site can only tighten limits"),
    (
        ("interlock_arm_hold_s", "6"),
        "system_config.interlock_arm_hold_s: 6 s, and system_config.interlock_arm_hold_max_s: 5 s; the first "
        "must be at least 0.1 s under the second, or the cart cannot be armed",
    ),
    (("interlock_arm_hold_max_s", "1"), "interlock_arm_hold_s: 1.5 s, and"),
    (("interlock_pedal_after_arm_s", "60"), "or no press of the pedal begins light"),
]


MAY_NOT = [
    (("--tech", "sue"), f"system_config.{KEY}: a change needs a reason"),
    (("--tech", "sue", "--reason", " "), "needs a reason"),
    (("--tech", "tim", *WHY), "'tim' is no active supervisor"),
    (WHY, "give --tech USERNAME"),
]


def test_what_is_no_value_and_who_may_not_or_gives_no_reason_changes_nothing(staffed):
    before = values(staffed)
    for words, said in REFUSED:
        assert said in staffed.refused("config", "set", *words, "--tech", "sue", *WHY)
    for more, said in MAY_NOT:
        assert said in staffed.refused("config", "set", KEY, "8", *more)
    assert values(staffed) == before


def test_once_an_admin_has_a_pin_the_own_one_is_asked(guarded):
    words = ("config", "set", KEY, "8", "--tech", "admin", *WHY)
    assert "was not accepted" in guarded.run(*words, stdin="000000\n").stderr
    assert values(guarded)[KEY] == 10.0
    assert guarded.json(*words, stdin=f"{ADMIN_PIN}\n")["value"] == 8.0


def test_a_setting_is_changed_beside_a_kiosk_that_holds_the_data_directory(staffed):
    with Workplace(bundled("simulated.yaml"), staffed.data_dir, as_json=True).locked():
        assert staffed.json("config", "set", KEY, "8", "--tech", "sue", *WHY)["value"] == 8.0


def test_an_unknown_key_has_neither_value_nor_history(cart):
    for words in (("get", "colour"), ("history", "colour")):
        assert "setting 'colour' is unknown; see tosca-kiosk config list" in cart.refused("config", *words)


# --- a cart's configuration file ------------------------------------------------------------------------


def test_a_good_file_is_said_to_be_good_and_no_port_is_opened(new_cart):
    """The real cart's ports are not here."""
    answer = new_cart.json("config", "check", str(bundled("cart.yaml")))
    assert (answer["ok"], answer["cart"], answer["errors"]) == (True, "real", [])
    assert not new_cart.data_dir.exists()


def test_every_mistake_of_a_file_is_named_by_its_path(new_cart, tmp_path):
    text = bundled("simulated.yaml").read_text(encoding="utf-8")
    file = tmp_path / "cart.yaml"
    file.write_text(text.replace("rate_hz: 100", "rate_hz: 5\n  speed: 1"), encoding="utf-8")
    result = new_cart.run("config", "check", str(file), "--json")
    answer = json.loads(result.stdout)
    assert (result.exit_code, answer["ok"]) == (1, False)
    assert [one["path"] for one in answer["errors"]] == ["control.rate_hz", "control.speed"]
    assert "mistakes: 2, the first: control.rate_hz: 5" in result.stderr
    assert new_cart.run("config", "check", str(tmp_path / "none.yaml")).exit_code == 2
