"""A cart whose laser and TEC are one simulated box on one port treats, and ends light when its TEC fails."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from tests.e2e.treat_bench import TECHNICIAN, config_text, protocol_text
from tosca_kiosk.cli import main

SERIALS = {"10w": "SIM-COMBO", "5w": "SIM-COMBO-5W"}


class Place:
    """A record and a configuration of one cart, and its commands."""

    def __init__(self, folder, profile="10w", model="6310"):
        changes = {"simulation__laser_profile": profile, "simulation__warm": True, "simulation__seed": 11}
        for key in ("laser", "tec"):
            changes[f"devices__{key}__port"] = "sim://combo"
            changes[f"devices__{key}__model"] = model
            changes[f"devices__{key}__serial_number"] = SERIALS[profile]
        config = folder / "combo.yaml"
        config.write_text(config_text(**changes), encoding="utf-8")
        self._place = ("--data-dir", str(folder / "data"), "--config", str(config), "--json")
        self._protocol = folder / "gentle.json"
        self._protocol.write_text(protocol_text((3.0, 2.0, 2.0, 3.0)), encoding="utf-8")

    def run(self, *words):
        return CliRunner().invoke(main, [*words, *self._place])

    def answer(self, *words):
        done = self.run(*words)
        assert done.exit_code == 0, done.stderr
        return json.loads(done.stdout)

    def treated(self, *more):
        self.answer("users", "add", TECHNICIAN, "--full-name", "Jane Doe", "--role", "technician")
        patient = self.answer("patients", "add")["patient_code"]
        named = ("--patient", patient, "--tech", TECHNICIAN, "--protocol", str(self._protocol), "--fast")
        return json.loads(self.run("treat", *named, *more).stdout)


@pytest.mark.parametrize(("profile", "model"), [("10w", "6310"), ("5w", "6305")])
def test_it_treats_with_the_light_that_was_asked_for(tmp_path, profile, model):
    """By the shipped calibration of the laser that it drives, under the box's own serial number."""
    place = Place(tmp_path, profile, model)
    treated = place.treated()
    assert treated["status"] == "completed"
    assert treated["true_energy_joules"] == pytest.approx(6.0, rel=0.05)  # less its start of 0.1 s


def test_both_halves_are_devices_on_one_port_that_pass_their_self_test(tmp_path):
    told = Place(tmp_path).answer("devices")
    rows = {row["device"]: row for row in told["devices"]}
    for half in ("laser", "tec"):
        row = rows[half]
        assert (row["port"], row["model"], row["serial_number"]) == ("sim://combo", "6310", "SIM-COMBO")


@pytest.mark.parametrize(
    "change",
    ["tec.module: open", "tec.sensor: open", "tec.unplugged: true", "tec.firmware.mains_blink: true"],
)
def test_what_befalls_the_tec_under_light_ends_the_lasers(tmp_path, change):
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(f"events:\n  - at: emission + 1s\n    {change}\n", encoding="utf-8")
    treated = Place(tmp_path).treated("--scenario", str(scenario))
    assert treated["status"] == "aborted"
    assert 0.5 < treated["true_energy_joules"] < 3.5
