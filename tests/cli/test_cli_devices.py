"""`tosca-kiosk devices`: one table, one object, one line for each failed check, and the motor off again."""

from __future__ import annotations

import functools
import json
import re
import signal
import subprocess
import sys

import pytest
import yaml

from simulators.cart import SimulatedCart
from simulators.settable import set_value
from tests.cli.kiosk_command import PROGRAM
from tosca_kiosk.cli import devices as devices_module
from tosca_kiosk.cli.devices import STOPPED
from tosca_kiosk.config import bundled
from tosca_kiosk.control.self_test import CHECKS
from tosca_kiosk.control.self_test.run import MOTOR_ON
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.running import cart as cart_module
from tosca_kiosk.storage import Database, settings

ALL_CHECKS = [(check.device, check.name) for check in CHECKS]


def faulty_cart(changes, world, **options):
    made = SimulatedCart(world, **options)
    for path, value in changes.items():
        set_value(made, path, value)
    return made


@pytest.fixture
def break_cart(monkeypatch):
    """Return a function that has every simulated cart made from now on begin with these changes."""

    def break_it(**changes):
        paths = {path.replace("__", "."): value for path, value in changes.items()}
        monkeypatch.setattr(cart_module, "SimulatedCart", functools.partial(faulty_cart, paths))

    return break_it


def test_a_healthy_cart_passes_every_check(cart):
    result = cart.run("devices")
    assert (result.exit_code, result.stderr) == (0, "")
    for device, name in ALL_CHECKS:
        assert re.search(rf"^{device} +{re.escape(name)} +passed ", result.stdout, re.MULTILINE)


def test_json_is_one_object_with_every_check(cart):
    answer = cart.json("devices")
    assert answer["passed"] is True
    assert [(row["device"], row["check"]) for row in answer["checks"]] == ALL_CHECKS
    assert all(row.keys() == {"device", "check", "result", "reason", "to_do"} for row in answer["checks"])
    assert {(row["result"], row["to_do"]) for row in answer["checks"]} == {("passed", None)}
    assert {row["device"]: row["state"] for row in answer["devices"]} == dict.fromkeys(
        ("laser", "tec", "stage", "board"), "ready"
    )


def test_each_failed_check_is_one_line_on_standard_error(cart, break_cart, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    break_cart(smoothing__strength=0.0, stop_loop__closed=False, photodiode__dark_v=1.0)
    ended = cart.run("devices", "--json")
    answer = json.loads(ended.stdout)
    failed = [row for row in answer["checks"] if row["result"] == "failed"]
    assert ended.exit_code == 1
    assert answer["passed"] is False
    assert [row["check"] for row in failed] == ["stop loop", "photodiode dark", "vibration with motor"]
    assert ended.stderr.splitlines() == [
        f"tosca-kiosk: board: {row['check']}: {row['reason']}; {row['to_do']}" for row in failed
    ]
    shown = cart.run("devices")
    assert shown.stderr == ended.stderr
    assert all(row["to_do"].split(".")[0] in shown.stdout for row in failed)


def test_a_device_that_does_not_answer_is_one_line_and_the_others_are_tested(cart, break_cart):
    break_cart(stage__wire__mute=True)
    ended = cart.run("devices", "--json")
    results = {(row["device"], row["check"]): row["result"] for row in json.loads(ended.stdout)["checks"]}
    assert ended.exit_code == 1
    assert len(ended.stderr.splitlines()) == 1
    assert {result for (device, _), result in results.items() if device != "stage"} == {"passed"}
    assert {result for (device, name), result in results.items() if device == "stage"} == {
        "failed",
        "not tested",
    }


def test_a_site_that_tightened_a_limit_is_tested_by_it(cart):
    with Database.open(cart.database) as database, database.transaction() as transaction:
        settings.put(transaction, "interlock_photodiode_dark_v", 0.001, utc_now())
    ended = cart.run("devices")
    assert ended.exit_code == 1
    assert "photodiode dark" in ended.stderr
    assert "at most 0.001 V allowed" in ended.stderr


def test_a_database_that_cannot_be_read_hides_no_device(cart):
    cart.database.write_bytes(b"not a database")
    ended = cart.run("devices", "--json")
    assert ended.exit_code == 0
    assert json.loads(ended.stdout)["passed"] is True
    assert ended.stderr.startswith("The site's own limits are not known, the design's are used: ")


def test_progress_is_shown_on_standard_error_where_a_person_waits(cart, monkeypatch):
    seen = []
    monkeypatch.setattr(devices_module.Console, "is_terminal", property(lambda _: True))
    monkeypatch.setattr(
        devices_module.Progress,
        "update",
        lambda _, task, *, completed, description: seen.append((description, completed)),
    )
    ended = cart.run("devices", "--json")
    assert ended.exit_code == 0
    assert json.loads(ended.stdout)["passed"] is True
    assert MOTOR_ON.name in [description for description, _ in seen]
    assert [completed for _, completed in seen] == sorted(completed for _, completed in seen)


# --- on real ports, in real time ------------------------------------------------------------------------


@pytest.fixture
def bench_config(tmp_path):
    """A configuration whose ports are pseudo-terminals of a cart simulated in another process."""
    command = [*PROGRAM, "simulate"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            ports = json.loads(server.stdout.readline())
            document = yaml.safe_load(bundled("simulated.yaml").read_text(encoding="utf-8"))
            document["cart"] = "bench"
            del document["simulation"]
            document["camera"] = {"driver": "opencv", "source": "0"}
            for key, device in document["devices"].items():
                device["port"] = ports[key]
            path = tmp_path / "bench.yaml"
            path.write_text(yaml.safe_dump(document), encoding="utf-8")
            yield path
        finally:
            server.send_signal(signal.SIGINT)


@pytest.mark.process
def test_ctrl_c_on_real_ports_stops_the_motor_and_says_so(cart, bench_config):
    words = [*PROGRAM, "devices", "--config", str(bench_config), "--json", *cart.place]
    noted = "import sys; from tosca_kiosk.cli import devices, main; from tosca_kiosk.control.self_test.run "
    noted += (
        "import MOTOR_ON; show = devices._Bar.show; "
        "devices._Bar.show = lambda bar, test: (test.step is MOTOR_ON and print('on', file=sys.stderr, "
        "flush=True), show(bar, test)); main()"
    )
    words[: len(PROGRAM)] = [sys.executable, "-c", noted]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr.readline() == "on\n"
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 1
    assert json.loads(stdout) == {"error": STOPPED}
    assert stderr.splitlines()[-1] == f"tosca-kiosk: {STOPPED}"
    again = cart.run("devices", "--config", str(bench_config), "--json")
    results = {(row["device"], row["check"]): row["result"] for row in json.loads(again.stdout)["checks"]}
    assert results["board", "vibration at rest"] == results["board", "vibration with motor"] == "passed"
