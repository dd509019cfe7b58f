"""What `treat` and `devices` refuse: one clear line that says what and where, before anything is on."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import sqlite3
import stat
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from hardware.settings import CameraSettings
from simulators.cart import SimulatedCart
from simulators.wire.arroyo_laser import LaserOptions
from simulators.wire.arroyo_tec import TecOptions
from simulators.wire.board import BoardOptions
from simulators.wire.xeryon import StageOptions
from tests.e2e.treat_bench import PATIENT, SIMULATED, TECHNICIAN, arguments, config_text, protocol_text, rows
from tests.ordinary_user import NOBODY, ordinary_user
from tosca_kiosk.cli import main
from tosca_kiosk.cli.simulated_session import refuse_real_ports
from tosca_kiosk.cli.workplace import Workplace
from tosca_kiosk.config import bundled, load_config
from tosca_kiosk.running import cart
from tosca_kiosk.session import RefusedError
from tosca_kiosk.storage import DATABASE_NAME
from tosca_kiosk.storage.signing import KEY_NAME


def refused(*words: str | Path, lines: int | None = None) -> str:
    """Run a command with --json; return its one error line after checking that there is nothing else.

    lines: how many may stand on standard error in all; None where progress comes before.
    """
    ended = CliRunner().invoke(main, [*map(str, words), "--json"])
    assert isinstance(ended.exception, SystemExit), ended.exception
    assert ended.exit_code == 1
    answer = json.loads(ended.stdout)
    assert answer.keys() == {"error"}
    said = ended.stderr.splitlines()
    assert said[-1] == f"tosca-kiosk: {answer['error']}"
    assert lines is None or len(said) == lines
    assert "Traceback" not in ended.stderr
    return answer["error"]


def refused_early(data_dir: Path, protocol: str | Path, *more: str | Path) -> str:
    """Be refused by treat before a device is looked for, with no trace in the record."""
    error = refused(*arguments(data_dir, protocol, "--fast", *more), lines=1)
    nothing_recorded(data_dir)
    return error


def nothing_recorded(data_dir: Path) -> None:
    assert rows(data_dir, "SELECT * FROM sessions") == []
    assert rows(data_dir, "SELECT * FROM protocols WHERE usage_count > 0") == []
    assert not (data_dir / "sessions").exists()


def change_database(data_dir: Path, *statements: str) -> None:
    with closing(sqlite3.connect(data_dir / DATABASE_NAME)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


# --- protocols ------------------------------------------------------------------------------------------


def changed_step(**values):
    document = json.loads(protocol_text((1.0, 5.0, 5.0, 3.0), (1.0, 5.0, 5.0, 3.0)))
    document["steps"][1].update(values)
    return json.dumps(document)


GOOD = protocol_text((1.0, 5.0, 5.0, 3.0))
BAD_PROTOCOLS = {
    "over_the_cart": (changed_step(power_end_watts=12.0), "steps[1].power_end_watts: 12.0 is over 10.0 W"),
    "over_the_photodiode": (changed_step(power_start_watts=9.9), "steps[1].power_start_watts: 9.9 W is over"),
    "over_its_own_limit": (
        GOOD[:-1] + ', "safety_limits": {"max_power_watts": 4.0}}',
        "steps[0].power_start_watts: 5.0 is over 4.0 W (safety_limits.max_power_watts)",
    ),
    "longer_than_its_own_limit": (
        GOOD[:-1] + ', "safety_limits": {"max_duration_seconds": 0.5}}',
        "the whole duration 1.0 is over 0.5 s (safety_limits.max_duration_seconds)",
    ),
    "a_gap": (changed_step(step_number=3), "steps[1].step_number: 3 must be 2"),
    "unknown_ramp": (changed_step(ramp_type="cubic"), 'steps[1].ramp_type: "cubic" is not allowed; allowed:'),
    "nan": (changed_step(duration_seconds=float("nan")), "steps[1].duration_seconds: NaN must be a finite"),
    "infinite": (changed_step(duration_seconds=float("inf")), "steps[1].duration_seconds: Infinity must be"),
    "too_large_to_hold": (GOOD.replace("1.0,", "1e999,", 1), "steps[0].duration_seconds: Infinity must be"),
    "negative": (changed_step(duration_seconds=-1.0), "steps[1].duration_seconds: -1.0 must be over 0 s"),
    "negative_power": (changed_step(power_start_watts=-1), "steps[1].power_start_watts: -1.0 must be 0 W"),
    "no_duration": (changed_step(duration_seconds=0), "steps[1].duration_seconds: 0.0 must be over 0 s"),
    "text_for_a_number": (
        changed_step(power_end_watts="5"), 'steps[1].power_end_watts: "5" must be a number'
    ),
    "truth_for_a_number": (
        changed_step(power_end_watts=True), "steps[1].power_end_watts: true must be a number"
    ),
    "ring_out_of_reach": (changed_step(ring_size_mm=9.0), "steps[1].ring_size_mm: 9.0 is outside 2.0 to"),
    "unknown_key": (changed_step(colour="red"), "steps[1].colour: is not known; allowed: step_number,"),
    "missing_key": (GOOD.replace("ring_size_mm", "ring"), "steps[0].ring_size_mm: is missing"),
    "no_steps": ('{"version": "1.0", "steps": []}', "steps: is empty"),
    "another_version": (GOOD.replace('"1.0"', '"2.0"'), 'version: "2.0" is not allowed; allowed:'),
    "broken_json": (GOOD[:40], "line 1, column 31: no JSON"),
    "empty": ("", "line 1, column 1: no JSON"),
    "a_list": ("[]", "a list must be an object"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "said"), BAD_PROTOCOLS.values(), ids=BAD_PROTOCOLS)
def test_a_bad_protocol_is_refused_by_file_path_and_value(data_dir, tmp_path, text, said):
    path = tmp_path / "bad.json"
    path.write_text(text, encoding="utf-8")
    error = refused_early(data_dir, path)
    assert error.startswith(f"{path}: ")
    assert said in error


def test_every_mistake_of_a_protocol_is_named_at_once(data_dir, tmp_path):
    path = tmp_path / "bad.json"
    path.write_text(changed_step(duration_seconds=-1, ramp_type="cubic", ring_size_mm=0), encoding="utf-8")
    error = refused_early(data_dir, path)
    assert all(f"steps[1].{key}: " in error for key in ("duration_seconds", "ramp_type", "ring_size_mm"))


def test_without_json_the_line_stands_on_standard_error_alone(data_dir):
    ended = CliRunner().invoke(main, arguments(data_dir, "nowhere.json", "--fast"))
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert ended.stderr.startswith("tosca-kiosk: nowhere.json: ")
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nowhere.json", "nowhere.json: the protocol cannot be read (No such file or directory)"),
        (".", "the protocol cannot be read (Is a directory)"),
        ("No such name", "no protocol is named 'No such name', and no file"),
    ],
)
def test_a_protocol_that_is_not_there_is_named(data_dir, name, said):
    assert said in refused_early(data_dir, name)


def test_a_protocol_that_is_not_text_is_refused(data_dir, tmp_path):
    path = tmp_path / "picture.json"
    path.write_bytes(b"\x89PNG\r\n\xff\xfe")
    assert refused_early(data_dir, path) == f"{path}: is not UTF-8 text (byte 0)"


def test_a_saved_protocol_that_was_damaged_is_refused(data_dir):
    change_database(data_dir, "UPDATE protocols SET protocol_data = '{' WHERE protocol_id = 1")
    [saved] = rows(data_dir, "SELECT protocol_name AS name FROM protocols WHERE protocol_id = 1")
    assert "no JSON" in refused_early(data_dir, saved["name"])


# --- people ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--patient", "P-2026-9999", "no patient has the code 'P-2026-9999'; see tosca-kiosk patients list"),
        ("--patient", "", "no patient has the code ''"),
        ("--tech", "nobody", "no active user is named 'nobody'; see tosca-kiosk users list"),
        ("--tech", "TECH01", "no active user is named 'TECH01'"),
    ],
)
def test_an_unknown_patient_or_technician_is_named(data_dir, short, option, value, said):
    assert said in refused_early(data_dir, short, option, value)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (f"UPDATE tech_users SET is_active = 0 WHERE username = '{TECHNICIAN}'", f"named '{TECHNICIAN}'"),
        (f"UPDATE patients SET is_active = 0 WHERE patient_code = '{PATIENT}'", f"{PATIENT} is not active"),
    ],
)
def test_an_inactive_patient_or_technician_is_refused(data_dir, short, statement, said):
    change_database(data_dir, statement)
    assert said in refused_early(data_dir, short)


# --- scenarios ------------------------------------------------------------------------------------------

BAD_SCENARIOS = {
    "unknown_key": ("event: []", "unknown key 'event'; allowed: name, description, events"),
    "no_events": ("events: []", "events: [] given, a list of at least one event allowed"),
    "unknown_setting": ("events: [{at: 1s, laser.power: 3}]", "events[0].laser.power: unknown; allowed:"),
    "negative_time": ("events: [{at: -1s, pedal.pressed: true}]", "events[0].at: '-1s' given, allowed:"),
    "time_without_unit": ("events: [{at: 5, pedal.pressed: true}]", "events[0].at: 5 given, allowed:"),
    "infinite_time": ("events: [{at: .inf, pedal.pressed: true}]", "events[0].at: inf given, allowed:"),
    "unknown_event": ("events: [{at: lunch, pedal.pressed: true}]", "events[0].at: 'lunch' given, allowed:"),
    "wrong_type": (
        "events: [{at: 1s, photodiode.blocked: 3}]",
        "events[0].photodiode.blocked: 3 given, true or false allowed",
    ),
    "out_of_range": (
        "events: [{at: 1s, photodiode.drift: .nan}]",
        "events[0].photodiode.drift: nan given, a number from 0 to 3 allowed",
    ),
    "changes_nothing": ("events: [{at: 1s}]", "events[0]: changes nothing"),
    "not_yaml": ("events: [", "not YAML"),
}


@pytest.mark.parametrize(("text", "said"), BAD_SCENARIOS.values(), ids=BAD_SCENARIOS)
def test_a_bad_scenario_is_refused_by_file_place_and_value(data_dir, short, tmp_path, text, said):
    path = tmp_path / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    error = refused_early(data_dir, short, "--scenario", path)
    assert error.startswith(f"{path}: ")
    assert said in error


def test_a_scenario_that_is_not_there_is_named(data_dir, short, tmp_path):
    path = tmp_path / "nowhere.yaml"
    assert f"{path}: cannot be read" in refused_early(data_dir, short, "--scenario", path)


# --- wrong use ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--seed", "x"), "--seed"),
        (("--seed", "1.5"), "--seed"),
        (("--seed", "-1"), "--seed"),
        (("--seed", "1000000"), "--seed"),
        (("--speed", "2"), "--speed"),
        (("--data-dir", str(SIMULATED)), "--data-dir"),
    ],
)
def test_wrong_use_is_exit_code_two(data_dir, short, more, said):
    ended = CliRunner().invoke(main, arguments(data_dir, short, "--fast", "--json", *more))
    assert ended.exit_code == 2
    assert said in json.loads(ended.stdout)["error"]
    assert said in ended.stderr
    nothing_recorded(data_dir)


@pytest.mark.parametrize("missing", ["--patient", "--tech", "--protocol"])
def test_who_and_what_must_be_given(data_dir, short, missing):
    words = arguments(data_dir, short, "--fast")
    at = words.index(missing)
    ended = CliRunner().invoke(main, words[:at] + words[at + 2 :])
    assert ended.exit_code == 2
    assert f"Missing option '{missing}'" in ended.stderr


# --- configurations and real ports ----------------------------------------------------------------------


@pytest.mark.parametrize("fast", [(), ("--fast",)])
def test_treat_refuses_the_configuration_of_a_real_cart(data_dir, short, fast):
    path = bundled("cart.yaml")
    error = refused(*arguments(data_dir, short, "--config", path, *fast))
    assert error.startswith(f"{path}: ")
    nothing_recorded(data_dir)


def real_ports(**ports: str):
    """Return the simulated configuration with other ports, as a checked bench would have them."""
    config = load_config(SIMULATED)
    devices = {key: dataclasses.replace(getattr(config.devices, key), port=at) for key, at in ports.items()}
    return dataclasses.replace(
        config, cart="bench", mixed=True, devices=dataclasses.replace(config.devices, **devices)
    )


def test_treat_names_every_real_port_that_it_refuses():
    bench = real_ports(laser="/dev/ttyUSB0", board="socket://localhost:4000")
    with pytest.raises(RefusedError, match=r"laser on /dev/ttyUSB0, board on socket://localhost:4000"):
        refuse_real_ports(bench)


@pytest.mark.parametrize("source", ["/dev/video0", "/tmp/recording.mp4"])
def test_treat_refuses_a_camera_that_has_a_time_of_its_own(source):
    camera = CameraSettings(driver="opencv", source=source)
    filmed = dataclasses.replace(load_config(SIMULATED), camera=camera)
    with pytest.raises(RefusedError, match="runs simulated devices alone, not camera by opencv"):
        refuse_real_ports(filmed)


@pytest.mark.slow
def test_devices_names_a_port_that_is_not_there(tmp_path, monkeypatch):
    missing = str(tmp_path / "usb-Arroyo_00000")
    monkeypatch.setattr(Workplace, "config", property(lambda _: real_ports(laser=missing)))
    ended = CliRunner().invoke(main, ["devices", "--json"])
    assert ended.exit_code == 1
    found = {row["device"]: row for row in json.loads(ended.stdout)["devices"]}
    assert (found["laser"]["state"], found["laser"]["origin"]) == ("lost", "real")
    assert f"port {missing} is not there; check that the device is plugged in" in found["laser"]["problem"]
    assert "Traceback" not in ended.stderr
    assert missing in ended.stderr
    assert {row["state"] for key, row in found.items() if key != "laser"} == {"ready"}


@pytest.mark.parametrize("command", ["treat", "devices"])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cart: [", "no YAML"),
        (config_text(devices__laser__colour="red"), "devices.laser.colour: is not known"),
        (config_text(devices__laser__model="9999"), 'devices.laser.model: "9999" is not allowed'),
        (config_text(devices__tec__setpoint_c=float("nan")), "devices.tec.setpoint_c: NaN must be a finite"),
        (config_text(devices__laser__port="/dev/ttyUSB0"), "devices.laser.port: /dev/ttyUSB0 is not allowed"),
    ],
    ids=["broken", "unknown_key", "unknown_model", "nan", "real_port_in_a_simulated_cart"],
)
def test_a_bad_configuration_is_refused_by_file_path_and_value(data_dir, tmp_path, text, said, command):
    path = tmp_path / "site.yaml"
    path.write_text(text, encoding="utf-8")
    words = arguments(data_dir, "x", "--fast") if command == "treat" else ["devices"]
    error = refused(*words, "--config", path)
    assert error.startswith(f"{path}: ")
    assert said in error


def test_a_configuration_that_is_not_there_is_named(data_dir, short, tmp_path):
    path = tmp_path / "nowhere.yaml"
    assert str(path) in refused(*arguments(data_dir, short, "--config", path))


def test_a_site_limit_that_is_looser_than_the_design_is_named(data_dir, short):
    change_database(
        data_dir, "UPDATE system_config SET config_value = '50' WHERE config_key = 'max_laser_power_watts'"
    )
    assert "system_config.max_laser_power_watts: 50" in refused_early(data_dir, short)


# --- devices --------------------------------------------------------------------------------------------

STRANGERS = {
    "laser_of_another_model": ({"laser": LaserOptions(model="4308")}, "laser", "4308"),
    "laser_of_another_serial": ({"laser": LaserOptions(serial="OTHER")}, "laser", "OTHER"),
    "tec_of_another_model": ({"tec": TecOptions(model="5240")}, "tec", "5240"),
    "stage_of_another_serial": ({"stage": StageOptions(serial=7)}, "stage", "7"),
    "board_of_another_serial": ({"board": BoardOptions(serial="OTHER")}, "board", "OTHER"),
    "board_of_another_protocol": ({"board": BoardOptions(protocol=9)}, "board", "9"),
    "silent_laser": (
        {"laser": LaserOptions(answers=False)},
        "laser",
        "sim://laser: nothing answers",
    ),
    "silent_tec": ({"tec": TecOptions(answers=False)}, "tec", "sim://tec: nothing answers"),
    "silent_stage": ({"stage": StageOptions(answers=False)}, "stage", "stage on sim://stage: no answer"),
    "silent_board": ({"board": BoardOptions(answers=False)}, "board", "board on sim://board: no answer"),
}


@pytest.fixture(params=STRANGERS.values(), ids=STRANGERS)
def stranger(request, monkeypatch):
    """A simulated cart in which one device is not what the configuration names; (key, what is said)."""
    options, key, said = request.param
    monkeypatch.setattr(cart, "SimulatedCart", lambda world, **usual: SimulatedCart(world, **usual | options))
    return key, said


def test_treat_refuses_a_device_that_is_another_or_silent(data_dir, short, warm, stranger):
    key, said = stranger
    error = refused(*arguments(data_dir, short, "--config", warm, "--fast"))
    assert key in error.lower()
    assert said in error
    nothing_recorded(data_dir)


def test_devices_says_which_one_is_another_or_silent(stranger):
    key, said = stranger
    ended = CliRunner().invoke(main, ["devices", "--json"])
    assert ended.exit_code == 1
    found = {row["device"]: row for row in json.loads(ended.stdout)["devices"]}
    assert {name for name, row in found.items() if row["state"] != "ready"} == {key}
    assert said in found[key]["problem"]
    assert ended.stderr.splitlines() == [f"tosca-kiosk: {found[key]['problem']}"]


# --- the data directory ---------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["a_file/below", "/proc/nowhere", "/dev/null/below"])
def test_a_data_directory_that_cannot_be_made_is_named(tmp_path, short, place):
    (tmp_path / "a_file").touch()
    data_dir = tmp_path / place
    assert str(data_dir) in refused(*arguments(data_dir, short, "--fast"))


@pytest.fixture
def read_only_dir(first_start):
    """A data directory in use before, now read-only; in a place that nobody may enter."""
    with tempfile.TemporaryDirectory() as made:
        outer = Path(made)
        outer.chmod(0o755)
        database = outer / DATABASE_NAME
        database.write_bytes((first_start / DATABASE_NAME).read_bytes())
        database.chmod(0o444)
        shutil.copy(first_start / KEY_NAME, outer)
        os.chown(outer / KEY_NAME, NOBODY, -1)
        outer.chmod(0o555)
        yield outer
        outer.chmod(0o755)


def test_a_read_only_data_directory_is_refused(read_only_dir, short):
    protocol = short.read_text(encoding="utf-8")
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(protocol)
        file.flush()
        Path(file.name).chmod(0o644)
        with ordinary_user():
            error = refused(*arguments(read_only_dir, file.name, "--fast"))
    assert str(read_only_dir) in error
    assert "Permission denied" in error
    assert {path.name for path in read_only_dir.iterdir()} == {DATABASE_NAME, KEY_NAME}


def test_a_read_only_database_in_a_writable_directory_is_refused(read_only_dir, short):
    read_only_dir.chmod(0o777)
    with ordinary_user():
        error = refused(*arguments(read_only_dir, "Constant 5 W, 60 s", "--fast"))
    assert str(read_only_dir / DATABASE_NAME) in error
    assert "check the rights" in error
    assert stat.S_IMODE((read_only_dir / DATABASE_NAME).stat().st_mode) == 0o444


def test_a_database_of_a_newer_program_is_refused_and_left_alone(data_dir, short):
    change_database(data_dir, "UPDATE alembic_version SET version_num = '20991231_001'")
    before = (data_dir / DATABASE_NAME).read_bytes()
    error = refused_early(data_dir, short)
    assert error.startswith(f"{data_dir / DATABASE_NAME}: ")
    assert "newer version of this program (20991231_001)" in error
    assert (data_dir / DATABASE_NAME).read_bytes() == before


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path, short):
    (tmp_path / DATABASE_NAME).write_bytes(b"These are my notes, not a database.\n" * 100)
    before = (tmp_path / DATABASE_NAME).read_bytes()
    error = refused(*arguments(tmp_path, short, "--fast"))
    assert "not an SQLite database" in error
    assert (tmp_path / DATABASE_NAME).read_bytes() == before
