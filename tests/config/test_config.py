"""A configuration is checked whole, before any port is opened; each refusal names file, path and remedy."""

import json

import pytest

from simulators.physics.photodiode import DARK_V, VOLT_PER_WATT
from simulators.physics.profiles import FIVE_WATT, TEN_WATT, steady_state_power_curve
from simulators.true_constants import RING_MM_AT_INDEX
from simulators.world import UM_PER_MM
from tests.config.document import SIMULATED, changed
from tosca_kiosk.config import ConfigError, Simulation, bundled, load_config
from tosca_kiosk.config.cart import SIMULATED_LASERS
from tosca_kiosk.domain.calibration import (
    PHOTODIODE,
    POWER,
    RING,
    calibration_problem,
    calibration_set,
    parse_calibration,
)
from tosca_kiosk.domain.protocol_file import Limits, parse_protocol
from tosca_kiosk.domain.ramps import RampType


class TestShipped:
    def test_the_simulated_cart_loads_and_is_simulated_throughout(self):
        config = load_config(bundled("simulated.yaml"))
        assert config.all_simulated
        assert config.any_simulated
        assert config.devices.laser.serial_number == "SIM-LASER"
        assert config.devices.stage.serial_number == "-1"
        assert config.devices.tec.setpoint_c == 25.0
        assert config.simulation == Simulation(
            seed=1, laser_profile="10w", warm=False, true_constants="shipped"
        )
        assert config.rate_hz == 100

    def test_the_pattern_of_a_real_cart_names_the_same_drivers_on_real_ports(self):
        config = load_config(bundled("cart.yaml"))
        assert config.drivers == load_config(bundled("simulated.yaml")).drivers
        assert not config.any_simulated
        assert config.camera is not None

    def test_bundled_files_are_found_from_any_directory(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        assert load_config(str(bundled("simulated.yaml"))).cart == "simulated"
        assert bundled("protocols").is_dir()

    def test_a_file_that_is_not_shipped_is_said_to_be_missing(self):
        with pytest.raises(FileNotFoundError, match=r"nothing\.yaml is not shipped"):
            bundled("nothing.yaml")


class TestShippedData:
    @pytest.mark.parametrize("path", sorted(bundled("protocols").glob("*.json")), ids=lambda path: path.stem)
    def test_a_shipped_protocol_runs_on_the_shipped_cart(self, path):
        """On the shipped calibrations and the first 10 W, under a name of its own."""
        calibrations = shipped_calibrations("simulated_10w")
        ring = calibrations.ring
        limits = Limits(10.0, None, ring.ring_min_mm, ring.ring_max_mm)
        protocol = parse_protocol(path.read_bytes(), path.name, "", limits)
        assert protocol.name
        assert protocol.description
        assert (
            calibrations.current_ma(protocol.peak_power_w) < SIMULATED["devices"]["laser"]["current_limit_ma"]
        )

    def test_the_shipped_protocols_are_of_every_kind_and_use_every_ramp(self):
        paths = bundled("protocols").glob("*.json")
        protocols = [parse_protocol(path.read_bytes(), path.name, "", Limits(10.0)) for path in paths]
        assert {protocol.protocol_type for protocol in protocols} >= {"constant", "linear_ramp", "multi_step"}
        assert {step.ramp for protocol in protocols for step in protocol.steps} == set(RampType)
        assert len({protocol.name for protocol in protocols}) == len(protocols) == 4

    @pytest.mark.parametrize(("name", "profile"), [("simulated_10w", TEN_WATT), ("simulated_5w", FIVE_WATT)])
    def test_the_shipped_power_calibration_is_the_simulated_lasers(self, name, profile):
        """Within 0.3 % from a fifth of the rated power on; the command that made it stands in its notes."""
        power = shipped_calibrations(name).power
        curve = steady_state_power_curve(profile, 25.0, points=101)
        compared = [(ma, w) for ma, w in curve if w >= 0.2 * profile.rated_power_w]
        assert len(compared) > 50
        assert [power.power_w(ma) for ma, _ in compared] == pytest.approx([w for _, w in compared], rel=3e-3)
        assert power.max_power_w >= profile.rated_power_w

    @pytest.mark.parametrize(("name", "profile"), [("simulated_10w", TEN_WATT), ("simulated_5w", FIVE_WATT)])
    def test_the_shipped_calibrations_say_truly_how_far_they_are_from_the_simulated_devices(
        self, name, profile
    ):
        rows = json.loads(bundled(f"calibrations/{name}.json").read_bytes())
        found = deviations(name, profile)
        for row in rows:
            said, compared = row["validation_data"], found[row["calibration_type"]]
            [deviation] = [said[key] for key in said if key.startswith("greatest_deviation")]
            assert said["compared_points"] == len(compared)
            assert deviation == pytest.approx(max(map(abs, compared)), abs=5e-5)

    @pytest.mark.parametrize("profile", SIMULATED_LASERS)
    def test_the_shipped_calibrations_are_the_simulated_devices(self, load, profile):
        name = f"simulated_{profile}"
        own = {"simulation.laser_profile": profile, "devices.laser.serial_number": SIMULATED_LASERS[profile]}
        devices = load(changed(own)).devices
        serials = [device.serial_number for device in (devices.laser, devices.stage, devices.board)]
        assert calibration_problem(shipped_calibrations(name), *serials) is None


def shipped_calibrations(name):
    rows = json.loads(bundled(f"calibrations/{name}.json").read_bytes())
    keys = ("device_type", "device_serial_number", "calibration_type", "calibration_data", "validation_data")
    assert all(tuple(row) == (*keys, "notes") for row in rows)
    calibrations = [
        parse_calibration(kind, json.dumps(data), serial, name)
        for _, serial, kind, data, _, _ in map(dict.values, rows)
    ]
    return calibration_set(calibrations, name)


def deviations(name, profile):
    """By type: how far the shipped calibration is from the simulated device, at each point compared."""
    shipped = shipped_calibrations(name)
    watts = [index * 0.25 for index in range(4, 37)]
    positions = [index * 100.0 for index in range(21)]
    return {
        RING: [shipped.ring_size_mm(um) - (RING_MM_AT_INDEX + um / UM_PER_MM) for um in positions],
        PHOTODIODE: [shipped.photodiode.power_w(DARK_V + VOLT_PER_WATT * w) - w for w in watts],
        POWER: [shipped.power_w(ma) - w for ma, w in steady_state_power_curve(profile, 25.0, points=101)],
    }


class TestText:
    @pytest.mark.parametrize(
        ("text", "error"),
        [
            ("cart: simulated\ndevices: [", "line 2, column 11: no YAML: expected the node content"),
            ("cart: real\ncart: bench\n", "line 2, column 1: no YAML: cart occurs twice; keep one"),
            (
                "devices:\n  laser:\n    port: a\n    port: b\n",
                "line 4, column 5: no YAML: port occurs twice; keep one",
            ),
            ("1: x", "line 1, column 1: no YAML: key 1 must be text"),
            (
                "a: !!python/object:os.system {}",
                "line 1, column 4: no YAML: could not determine a constructor",
            ),
            ("a: 1\n---\nb: 2", "line 2, column 1: no YAML: but found another document"),
            ("a: 1\nb: \x07", "line 2: no YAML: character"),
            ("a: 2025-13-45", "no YAML: month must be in 1..12"),
            ("", "null must be an object"),
            ("- cart", "a list must be an object"),
            (b"cart: \xff", "is not UTF-8 text (byte 6)"),
        ],
    )
    def test_a_broken_text_is_named_by_its_line(self, errors_of, text, error):
        (only,) = errors_of(text)
        assert only.startswith(error)

    def test_a_file_that_is_missing_says_so(self, tmp_path):
        with pytest.raises(ConfigError, match=r"none\.yaml: cannot be read: No such file or directory$"):
            load_config(tmp_path / "none.yaml")

    def test_a_folder_is_no_configuration(self, tmp_path):
        with pytest.raises(ConfigError, match=r": cannot be read: Is a directory$"):
            load_config(tmp_path)
