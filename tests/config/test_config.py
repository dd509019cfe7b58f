"""A configuration is checked whole, before any port is opened; each refusal names file, path and remedy."""

import copy
import dataclasses
import json
import math
from pathlib import Path
from typing import Annotated, get_args, get_origin, get_type_hints

import pytest
import yaml

from hardware.settings import (
    SETTINGS,
    BoardSettings,
    CameraSettings,
    LaserSettings,
    StageSettings,
    TecSettings,
)
from simulators.camera.optics import EXPOSURE_RANGE_US, GAIN_RANGE_DB, PX_PER_MM
from simulators.camera.simulated import USUAL_BINNING
from simulators.physics.profiles import FIVE_WATT, TEN_WATT, steady_state_power_curve
from tosca_kiosk.config import ConfigError, Simulation, bundled, load_config
from tosca_kiosk.config.camera import FIELDS as CAMERA_FIELDS
from tosca_kiosk.config.cart import DEVICE_KEYS, SIMULATED_LASERS
from tosca_kiosk.domain.calibration import calibration_problem, calibration_set, parse_calibration
from tosca_kiosk.domain.protocol_file import Limits, parse_protocol
from tosca_kiosk.domain.ramps import RampType

SIMULATED = yaml.safe_load(bundled("simulated.yaml").read_text("utf-8")) | {"camera": "none"}
REAL_PORTS = {key: f"/dev/serial/by-id/{key}" for key in SIMULATED["devices"]}
MISSING = object()
DELETED = {"simulation": MISSING}
CAMERA = {"driver": "opencv", "source": "/dev/video0"}
SERIAL_FORM = "the device's serial number, printable characters without blanks"


@pytest.fixture
def load(tmp_path):
    def load(document):
        path = tmp_path / "site.yaml"
        text = document if isinstance(document, str | bytes) else json.dumps(document)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_config(path)

    return load


@pytest.fixture
def errors_of(load):
    def errors_of(document):
        with pytest.raises(ConfigError) as caught:
            load(document)
        assert str(caught.value).startswith(caught.value.source_name + ": ")
        assert caught.value.source_name.endswith("site.yaml")
        return [str(error) for error in caught.value.errors]

    return errors_of


def changed(changes):
    """Return the shipped simulated configuration with values changed by dotted path, or taken away."""
    document = copy.deepcopy(SIMULATED)
    for path, value in changes.items():
        *parents, last = path.split(".")
        place = document
        for key in parents:
            place = place[key]
        if value is MISSING:
            del place[last]
        else:
            place[last] = value
    return document


def on_ports(**ports):
    return {f"devices.{key}.port": port for key, port in ports.items()}


class TestShipped:
    def test_the_simulated_cart_loads_and_is_simulated_throughout(self):
        config = load_config(bundled("simulated.yaml"))
        assert config.all_simulated
        assert config.any_simulated
        assert config.devices.laser.serial_number == "SIM-LASER"
        assert config.devices.stage.serial_number == "-1"
        assert config.devices.tec.setpoint_c == 25.0
        assert config.simulation == Simulation(seed=1, laser_profile="10w", warm=False)
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

    @pytest.mark.parametrize("profile", SIMULATED_LASERS)
    def test_the_shipped_calibrations_are_the_simulated_devices(self, load, profile):
        name = f"simulated_{profile}"
        own = {"simulation.laser_profile": profile, "devices.laser.serial_number": SIMULATED_LASERS[profile]}
        devices = load(changed(own)).devices
        serials = [device.serial_number for device in (devices.laser, devices.stage, devices.board)]
        assert calibration_problem(shipped_calibrations(name), *serials) is None


def shipped_calibrations(name):
    rows = json.loads(bundled(f"calibrations/{name}.json").read_bytes())
    keys = ("device_type", "device_serial_number", "calibration_type", "calibration_data", "notes")
    assert all(tuple(row) == keys for row in rows)
    calibrations = [
        parse_calibration(kind, json.dumps(data), serial, name)
        for _, serial, kind, data, _ in map(dict.values, rows)
    ]
    return calibration_set(calibrations, name)


def rules_of(settings):
    """Return the rule of each field that has one, by its name."""
    hints = get_type_hints(settings, include_extras=True)
    parts = {name: [hint, *get_args(hint)] for name, hint in hints.items()}
    ruled = {name: [p for p in part if get_origin(p) is Annotated] for name, part in parts.items()}
    return {name: found[0].__metadata__[0] for name, found in ruled.items() if found}


RULES = {settings.KEY: rules_of(settings) for settings in SETTINGS}


class TestFields:
    @pytest.mark.parametrize(
        ("key", "settings"),
        [("laser", LaserSettings), ("tec", TecSettings), ("stage", StageSettings), ("board", BoardSettings)],
    )
    def test_every_setting_of_a_device_has_a_rule(self, key, settings):
        assert list(RULES[key]) == [field.name for field in dataclasses.fields(settings)]

    def test_what_is_left_out_takes_the_settings_default(self, load):
        assert load(SIMULATED).devices.laser.answer_timeout_s == 0.5
        config = load(changed({"devices.laser.answer_timeout_s": 1, "control": MISSING}))
        assert (config.devices.laser.answer_timeout_s, config.rate_hz) == (1.0, 100)

    @pytest.mark.parametrize(
        ("path", "value", "error"),
        [
            ("cart", "toy", "\"toy\" is not allowed; allowed: 'simulated', 'real' or 'bench'"),
            ("mixed", 1, "1 must be true or false"),
            ("camera", MISSING, "is missing"),
            (
                "camera",
                "alvium",
                '"alvium" is not allowed; allowed: none, simulated, or driver and its fields',
            ),
            ("devices", MISSING, "is missing"),
            ("devices.board", MISSING, "is missing"),
            ("devices.camera", {}, "is not known; allowed: laser, tec, stage, board"),
            ("devices.laser", None, "null must be an object"),
            ("devices.laser.driver", "xeryon", '"xeryon" is not allowed; allowed: arroyo_laser'),
            ("devices.laser.serial_number", MISSING, "is missing"),
            ("devices.laser.serial_number", 4711, "4711 must be text; put it in quotes"),
            (
                "devices.laser.serial_number",
                "",
                '"" is not allowed; allowed: ' + SERIAL_FORM,
            ),
            (
                "devices.laser.model",
                "4310",
                '"4310" is not allowed; allowed: 4302, 4304, 4308, 4320, 6305, 6310',
            ),
            ("devices.laser.current_limit_ma", "12000", '"12000" must be a number'),
            ("devices.laser.current_limit_ma", True, "true must be a number"),
            (
                "devices.laser.current_limit_ma",
                99,
                "99 is outside 100 to 20000 mA (Arroyo manual)",
            ),
            (
                "devices.laser.outoff_bits",
                40334,
                "40334 is not allowed; allowed: 0 to 65535 with every bit of "
                "33170 (voltage limit, interlock, open circuit, short circuit, thermal trip)",
            ),
            (
                "devices.laser.baud",
                2400,
                "2400 is outside 4800 to 115200 baud (a slower line cannot follow a treatment)",
            ),
            ("devices.tec.setpoint_c", 46.0, "46.0 is outside 5 to 45 deg C (limit of the cart)"),
            ("devices.stage.speed_um_per_s", 0, "0 is outside 1 to 10000 um/s (limit of the cart)"),
            ("devices.stage.index_direction", 2, "2 is outside 0 to 1 (Xeryon INDX)"),
            (
                "devices.board.motor_pwm",
                154,
                "154 is outside 1 to 153 of 255 (the board's protocol: 153 is 3.0 V)",
            ),
            ("devices.board.motor_pwm", 127.0, "127.0 must be a whole number"),
            (
                "control.rate_hz",
                49,
                "49 is outside 50 to 1000 Hz "
                "(slower misses the board's heartbeats, faster leaves a tick no room)",
            ),
            (
                "control.rate_hz",
                1001,
                "1001 is outside 50 to 1000 Hz "
                "(slower misses the board's heartbeats, faster leaves a tick no room)",
            ),
            ("simulation.laser_profile", "20w", "\"20w\" is not allowed; allowed: '10w' or '5w'"),
            ("simulation.wind", 1, "is not known; allowed: seed, laser_profile, warm"),
            (
                "timing.tick_p50_percent",
                0,
                "0 is outside 0.1 to 100 % (of the period; a longer tick misses the next one)",
            ),
            (
                "timing.tick_p50_us",
                100,
                "is not read: a tick is judged by its share of the period; write tick_p50_percent, as 5",
            ),
            (
                "timing.tick_p99_us",
                250,
                "is not read: a tick is judged by its share of the period; write tick_p99_percent, as 10",
            ),
        ],
    )
    def test_one_mistake_is_named_by_its_path(self, errors_of, path, value, error):
        assert errors_of(changed({path: value})) == [f"{path}: {error}"]

    @pytest.mark.parametrize(
        ("key", "value", "error"),
        [
            ("driver", "toy", '"toy" is not allowed; allowed: opencv'),
            ("source", "my camera", '"my camera" is not allowed; allowed: a device file such as'),
            ("source", MISSING, "is missing"),
            ("zoom", 2, "is not known; allowed: driver, source, exposure_us, um_per_px"),
            ("um_per_px", 0.0, "0.0 is outside 0.5 to 500 um (a pixel's side on the tissue)"),
        ],
    )
    def test_a_mistake_in_a_camera_is_named_by_its_path(self, errors_of, key, value, error):
        camera = {"driver": "opencv", "source": "/dev/video0", key: value}
        camera = {name: given for name, given in camera.items() if given is not MISSING}
        (found,) = errors_of(changed({"camera": camera}))
        assert found.startswith(f"camera.{key}: {error}")

    def test_a_simulated_camera_has_a_source_of_its_own(self, errors_of):
        for driver, source, allowed in (
            ("simulated", "/dev/video0", "sim://camera"),
            ("opencv", "sim://camera", "a device file such as"),
        ):
            (error,) = errors_of(changed({"camera": {"driver": driver, "source": source}}))
            assert error.startswith(f'camera.source: "{source}" is not allowed; allowed: {allowed}')

    def test_the_word_simulated_is_the_simulated_camera_with_its_usual_settings(self, load):
        short, whole = (
            load(changed({"camera": camera})) for camera in ("simulated", {"driver": "simulated"})
        )
        assert short.camera == whole.camera
        assert short.camera_simulated
        assert not short.camera_live

    @pytest.mark.parametrize(
        ("camera", "error"),
        [
            ({}, "camera.driver: is missing"),
            ({"driver": 3}, "camera.driver: 3 is not allowed; allowed: opencv, simulated, vmbpy"),
            ({"driver": "vmbpy"}, "camera.serial_number: is missing"),
            (
                {"driver": "vmbpy", "serial_number": "0F6E1", "exposure_us": 500_001},
                "camera.exposure_us: 500001 is outside 1 to 500000 us (longer leaves no live picture)",
            ),
            (
                {"driver": "vmbpy", "serial_number": "0F6E1", "source": "0"},
                "camera.source: is not known; "
                "allowed: driver, serial_number, exposure_us, gain_db, um_per_px",
            ),
            (
                {"driver": "opencv", "source": "0", "gain_db": 3.0},
                "camera.gain_db: is not known; allowed: driver, source, exposure_us, um_per_px",
            ),
            (
                {"driver": "simulated", "exposure_us": "long"},
                'camera.exposure_us: "long" must be a number',
            ),
            (
                {"driver": "simulated", "gain_db": 24.5},
                "camera.gain_db: 24.5 is outside 0 to 24 dB (the simulated camera)",
            ),
        ],
    )
    def test_each_driver_of_a_camera_has_its_own_fields(self, errors_of, camera, error):
        assert errors_of(changed({"camera": camera})) == [error]

    @pytest.mark.parametrize("driver", list(CAMERA_FIELDS))
    def test_every_field_of_a_camera_is_a_setting(self, driver):
        fields = [field.name for field in dataclasses.fields(CAMERA_FIELDS[driver])]
        assert set(fields) < {field.name for field in dataclasses.fields(CameraSettings)}
        assert list(rules_of(CAMERA_FIELDS[driver])) == fields

    def test_the_simulated_cameras_ranges_are_those_it_has(self):
        for name, (low, high) in {"exposure_us": EXPOSURE_RANGE_US, "gain_db": GAIN_RANGE_DB}.items():
            rule = rules_of(CAMERA_FIELDS["simulated"])[name]
            assert (rule.low, rule.high) == (low, high)

    def test_the_simulated_cameras_scale_is_that_of_its_optics(self, load):
        camera = load(changed({"camera": "simulated"})).camera
        assert camera.um_per_px == pytest.approx(1000.0 * USUAL_BINNING / PX_PER_MM)

    def test_no_number_of_a_camera_may_be_nan_or_infinite(self, errors_of):
        for value in (".nan", ".inf", "-.inf"):
            camera = {"driver": "vmbpy", "serial_number": "1", "exposure_us": "HERE"}
            text = json.dumps(changed({"camera": camera})).replace('"HERE"', value)
            assert [error.split(":")[0] for error in errors_of(text)] == ["camera.exposure_us"]

    def test_a_camera_keeps_what_is_said_of_it(self, load):
        camera = {"driver": "opencv", "source": "/data/ring.mkv", "um_per_px": 7}
        config = load(changed({"camera": camera}))
        assert config.camera == CameraSettings(**camera)
        assert config.camera_recorded

    def test_a_recording_shows_no_real_laser(self, errors_of):
        camera = {"driver": "opencv", "source": "file:///data/ring.mkv"}
        changes = {**on_ports(**REAL_PORTS), "cart": "real", "camera": camera, **DELETED}
        said = "file:///data/ring.mkv is a file and shows no real laser; name a real camera"
        assert f"camera.source: {said}" in errors_of(changed(changes))

    @pytest.mark.parametrize(
        "camera", [{"driver": "opencv", "source": "0"}, {"driver": "vmbpy", "serial_number": "0F6E1"}]
    )
    def test_a_real_camera_over_a_simulated_cart_is_a_mixture_of_a_bench(self, load, errors_of, camera):
        (error,) = errors_of(changed({"camera": camera}))
        assert error.startswith(f"camera.driver: {camera['driver']} is a real camera; name simulated, none")
        bench = changed({"camera": camera, "cart": "bench"})
        (error,) = errors_of(bench)
        assert error == "mixed: false, but real and simulated devices are mixed; say mixed: true"
        bench["mixed"] = True
        assert load(bench).camera_live

    def test_a_simulated_camera_may_be_the_simulated_carts(self, load):
        config = load(changed({"camera": {"driver": "simulated", "source": "sim://camera"}}))
        assert config.all_simulated
        assert config.camera_simulated

    def test_nothing_lets_a_simulated_camera_show_a_real_laser(self, errors_of):
        camera = {"driver": "simulated", "source": "sim://camera"}
        for cart in ("real", "bench"):
            changes = {**on_ports(**REAL_PORTS), "cart": cart, "camera": camera, **DELETED}
            errors = errors_of(changed(changes))
            assert "camera.driver: simulated shows no real laser; name a real camera" in errors

    def test_an_unknown_key_lists_the_allowed_ones(self, errors_of):
        (error,) = errors_of(changed({"devices.board.colour": "red"}))
        assert error == (
            "devices.board.colour: is not known; allowed: driver, port, baud, serial_number, "
            "protocol_version, motor_pwm, vibration_threshold_mg, answer_timeout_s"
        )

    @pytest.mark.parametrize(
        "port",
        [
            *(
                "",
                "laser",
                "ttyUSB0",
                "SIM://laser",
                "sim://",
                "spy:///dev/ttyUSB0",
                "loop://",
                "/dev/tty USB",
            ),
            *("hwgrep://A600", "usb://", "usb://A 600", "usb://A600?by-id=links", "usb://A600?else=/tmp"),
        ],
    )
    def test_a_port_of_no_known_form_is_refused(self, errors_of, port):
        (error,) = errors_of(changed(on_ports(laser=port)))
        assert error.startswith(
            f'devices.laser.port: "{port}" is not allowed; allowed: sim://NAME, a device file'
        )

    @pytest.mark.parametrize("key", list(SIMULATED["devices"]))
    def test_no_number_of_a_device_may_be_nan_infinite_or_a_boolean(self, errors_of, key):
        numbers = [name for name, rule in RULES[key].items() if hasattr(rule, "low")]
        assert numbers
        for name in numbers:
            for value in (".nan", ".inf", "-.inf", "true"):
                text = json.dumps(changed({f"devices.{key}.{name}": "HERE"})).replace('"HERE"', value)
                assert [error.split(":")[0] for error in errors_of(text)] == [f"devices.{key}.{name}"]

    @pytest.mark.parametrize("key", list(SIMULATED["devices"]))
    def test_each_range_ends_where_its_rule_says(self, key):
        """Only the ranges are asked here: the rules between fields may still refuse an end."""
        for name, rule in RULES[key].items():
            if not hasattr(rule, "low"):
                continue
            assert rule.problem(rule.low) is None
            assert rule.problem(rule.high) is None
            assert rule.problem(math.nan)
            assert rule.problem(math.nextafter(rule.low, -math.inf)), name
            assert rule.problem(math.nextafter(rule.high, math.inf)), name

    def test_a_number_too_long_to_write_out_is_refused_like_any_other(self, errors_of):
        text = json.dumps(changed({"devices.laser.on_delay_ms": "HERE"})).replace('"HERE"', "0x" + "f" * 5000)
        (error,) = errors_of(text)
        assert error.startswith(
            "devices.laser.on_delay_ms: a number of hundreds of digits is outside 0 to 30000"
        )

    def test_every_mistake_is_named_at_once(self, errors_of):
        paths = {"cart": 1, "devices.tec.setpoint_c": "warm", "devices.stage.port": MISSING, "odd": 1}
        assert [error.split(":")[0] for error in errors_of(changed(paths))] == [
            "cart",
            "devices.tec.setpoint_c",
            "devices.stage.port",
            "odd",
        ]


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


class TestRules:
    def test_two_devices_on_one_port_are_refused(self, errors_of):
        real = changed({**on_ports(**REAL_PORTS), **DELETED, "cart": "bench"})
        real["devices"]["tec"]["port"] = REAL_PORTS["laser"]
        assert "devices.tec.port: /dev/serial/by-id/laser is already the port of laser" in errors_of(real)

    def test_two_names_of_one_port_are_one_port(self, errors_of, tmp_path):
        (tmp_path / "second-name").symlink_to("/dev/null")
        ports = {**REAL_PORTS, "laser": "/dev/null", "board": str(tmp_path / "second-name")}
        errors = errors_of(changed({**on_ports(**ports), **DELETED, "cart": "bench"}))
        assert f"devices.board.port: {tmp_path}/second-name is already the port of laser" in errors

    def test_a_usb_serial_number_is_one_devices(self, errors_of):
        ports = {**REAL_PORTS, "laser": "usb://A600", "tec": "usb://A600?by-id=/tmp/links"}
        errors = errors_of(changed({**on_ports(**ports), **DELETED, "cart": "bench", "camera": CAMERA}))
        assert errors == ["devices.tec.port: usb://A600?by-id=/tmp/links is already the port of laser"]

    def test_a_usb_serial_number_and_the_path_it_leads_to_are_one_port(self, errors_of, tmp_path):
        (tmp_path / "usb-Arroyo_4320_A600-if00").symlink_to("/dev/null")
        ports = {**REAL_PORTS, "laser": f"usb://A600?by-id={tmp_path}", "board": "/dev/null"}
        errors = errors_of(changed({**on_ports(**ports), **DELETED, "cart": "bench", "camera": CAMERA}))
        assert errors == ["devices.board.port: /dev/null is already the port of laser"]

    def test_one_socket_is_one_port(self, errors_of):
        ports = {**REAL_PORTS, "laser": "socket://Bench:4000", "tec": "socket://bench:4000"}
        errors = errors_of(changed({**on_ports(**ports), **DELETED, "cart": "bench", "camera": CAMERA}))
        assert errors == ["devices.tec.port: socket://bench:4000 is already the port of laser"]

    def test_the_laser_and_the_tec_of_a_combosource_are_on_one_port(self, load, errors_of):
        combo = {"model": "6310", "serial_number": "C1"}
        ports = {**REAL_PORTS, "tec": REAL_PORTS["laser"]}
        real = changed({**on_ports(**ports), **DELETED, "cart": "real", "camera": CAMERA})
        real["devices"]["laser"] |= combo
        real["devices"]["tec"] |= combo
        assert load(real).devices.ports["tec"] == REAL_PORTS["laser"]
        real["devices"]["tec"]["serial_number"] = "C2"
        assert errors_of(real) == [
            "devices.tec.serial_number: C2 is not the laser's C1; on one port they are one instrument"
        ]

    @pytest.mark.parametrize(
        "models", [("6310", "6310"), ("6305", "6310"), ("6310", "5305"), ("4320", "6305")]
    )
    def test_a_combosource_that_is_named_on_two_ports_is_refused_by_name(self, load, errors_of, models):
        real = changed({**on_ports(**REAL_PORTS), **DELETED, "cart": "real", "camera": CAMERA})
        for key, model in zip(("laser", "tec"), models, strict=True):
            real["devices"][key] |= {"model": model, "serial_number": "C1"}
        assert errors_of(real) == [
            "devices.tec.port: /dev/serial/by-id/tec is not the laser's /dev/serial/by-id/laser, and the "
            "ComboSource C1 is one box on one port; write the same, or the serial number of another device"
        ]
        real["devices"]["tec"]["serial_number"] = "C2"
        assert load(real).devices.tec.serial_number == "C2"

    def test_a_combosource_on_two_names_of_one_port_is_told_to_use_one(self, errors_of, tmp_path):
        (tmp_path / "link").symlink_to(tmp_path / "device")
        ports = {**REAL_PORTS, "laser": str(tmp_path / "device"), "tec": str(tmp_path / "link")}
        real = changed({**on_ports(**ports), **DELETED, "cart": "real", "camera": CAMERA})
        for key in ("laser", "tec"):
            real["devices"][key] |= {"model": "6310", "serial_number": "C1"}
        (error,) = errors_of(real)
        assert error.startswith(
            f"devices.tec.port: {ports['tec']} is another name of the laser's {ports['laser']}"
        )

    @pytest.mark.parametrize(
        ("laser", "tec", "said"),
        [
            (("4320", "L1"), ("6310", "C1"), "devices.tec.port: {port} is already the port of laser"),
            (("4320", "X1"), ("5305", "X1"), "devices.tec.port: {port} is already the port of laser"),
            (
                ("6310", "C1"),
                ("5305", "C1"),
                "devices.tec.model: 5305 is not the laser's 6310; on one port they",
            ),
            (
                ("6310", "C1"),
                ("6310", "C2"),
                "devices.tec.serial_number: C2 is not the laser's C1; on one port",
            ),
            (
                ("4320", "C1"),
                ("6310", "C1"),
                "devices.tec.port: {port} is already the port of laser",
            ),
        ],
    )
    def test_two_devices_on_one_port_that_are_not_one_box_are_refused_by_name(
        self, errors_of, laser, tec, said
    ):
        port = REAL_PORTS["laser"]
        real = changed(
            {**on_ports(**{**REAL_PORTS, "tec": port}), **DELETED, "cart": "real", "camera": CAMERA}
        )
        for key, (model, serial_number) in (("laser", laser), ("tec", tec)):
            real["devices"][key] |= {"model": model, "serial_number": serial_number}
        (error,) = errors_of(real)
        assert error.startswith(said.format(port=port))

    def test_a_third_device_on_a_combosources_port_is_refused(self, errors_of):
        ports = {**REAL_PORTS, "tec": REAL_PORTS["laser"], "stage": REAL_PORTS["laser"]}
        real = changed({**on_ports(**ports), **DELETED, "cart": "real", "camera": CAMERA})
        for key in ("laser", "tec"):
            real["devices"][key] |= {"model": "6310", "serial_number": "C1"}
        assert errors_of(real) == ["devices.stage.port: /dev/serial/by-id/laser is already the port of laser"]

    def test_a_simulated_combosource_has_a_port_of_its_own_name(self, load, errors_of):
        simulated = changed(on_ports(laser="sim://combo", tec="sim://combo"))
        for key in ("laser", "tec"):
            simulated["devices"][key] |= {"model": "6305", "serial_number": "SIM-COMBO"}
        assert load(simulated).simulated_keys == DEVICE_KEYS
        assert load(simulated).combo_simulated
        simulated["simulation"] = {"laser_profile": "5w"}
        assert errors_of(simulated) == [
            'devices.laser.serial_number: "SIM-COMBO" is the 10w laser, whose calibration does not fit '
            'laser_profile: 5w; write "SIM-COMBO-5W", or laser_profile: 10w'
        ]
        simulated["simulation"] = {"laser_profile": "10w"}
        simulated["devices"]["laser"]["port"] = simulated["devices"]["tec"]["port"] = "sim://laser"
        assert errors_of(simulated) == [
            "devices.laser.port: sim://laser is not allowed; allowed: sim://combo",
            "devices.tec.port: sim://laser is not allowed; allowed: sim://combo",
        ]

    def test_a_tec_takes_what_its_model_allows(self, load, errors_of):
        at_8_a = changed({"devices.tec.model": "5310", "devices.tec.current_limit_a": 8.0})
        assert load(at_8_a).devices.tec.current_limit_a == 8.0
        at_8_a["devices"]["tec"]["model"] = "5305"
        assert errors_of(at_8_a) == ["devices.tec.current_limit_a: 8 is over 5 A (model 5305)"]

    def test_a_simulated_port_carries_its_devices_name(self, errors_of):
        assert errors_of(changed(on_ports(laser="sim://tec", tec="sim://laser"))) == [
            "devices.laser.port: sim://tec is not allowed; allowed: sim://laser",
            "devices.tec.port: sim://laser is not allowed; allowed: sim://tec",
        ]

    @pytest.mark.parametrize("key", ["tec", "stage", "board"])
    @pytest.mark.parametrize("mixed", [True, False])
    def test_nothing_lets_a_real_laser_meet_a_simulated_device(self, errors_of, key, mixed):
        ports = {**REAL_PORTS, key: f"sim://{key}"}
        needed = f"sim://{key} is simulated; a real laser needs a real tec, stage and board"
        alone = f"sim://{key} is not allowed; cart: real has real ports alone"
        for cart, said in (("bench", needed), ("real", alone)):
            document = changed({**on_ports(**ports), "cart": cart, "mixed": mixed, "camera": CAMERA})
            assert errors_of(document) == [f"devices.{key}.port: {said}"]
        simulated = changed({**on_ports(**ports), "cart": "simulated", "mixed": mixed})
        assert {error.split(":")[0] for error in errors_of(simulated)} == {
            f"devices.{other}.port" for other in REAL_PORTS if other != key
        }

    def test_a_mixture_must_say_so(self, errors_of):
        mixture = changed({**on_ports(stage="/dev/serial/by-id/stage"), "cart": "bench"})
        assert "mixed: false, but real and simulated devices are mixed; say mixed: true" in errors_of(mixture)
        mixture["mixed"] = True
        assert [error.split(":")[0] for error in errors_of(mixture)] == ["camera"]

    def test_what_is_no_mixture_must_not_say_so(self, errors_of):
        assert [error.split(":")[0] for error in errors_of(changed({"mixed": True}))] == ["mixed"]

    def test_a_real_cart_refuses_simulated_ports(self, errors_of):
        errors = errors_of(changed({"cart": "real"}))
        assert errors == ["cart: real, but no port is real; say cart: simulated, or give real ports"]

    def test_a_simulated_cart_refuses_real_ports(self, errors_of):
        errors = errors_of(changed({**on_ports(stage="/dev/stage"), "mixed": True}))
        assert errors == [
            "devices.stage.port: /dev/stage is not allowed; cart: simulated has sim:// ports alone"
        ]

    def test_a_simulators_pseudo_terminals_are_real_ports(self, errors_of, load):
        """What answers at a path is not asked: only sim:// is simulated."""
        terminals = on_ports(**{key: f"/dev/pts/{n}" for n, key in enumerate(REAL_PORTS)})
        assert errors_of(changed({**terminals, **DELETED})) == [
            "cart: simulated, but no port is sim://; say cart: real or bench, or give sim:// ports"
        ]
        assert not load(changed({**terminals, **DELETED, "cart": "bench", "camera": CAMERA})).any_simulated
        mixture = changed({**on_ports(stage="/dev/pts/7"), "cart": "bench", "camera": CAMERA})
        assert errors_of(mixture) == [
            "mixed: false, but real and simulated devices are mixed; say mixed: true"
        ]

    def test_a_bench_may_be_all_simulated(self, load):
        assert load(changed({"cart": "bench"})).all_simulated

    def test_only_a_simulated_world_may_be_described(self, errors_of):
        errors = errors_of(changed({**on_ports(**REAL_PORTS), "cart": "real"}))
        assert "simulation: no port is sim://; leave it out" in errors

    def test_a_simulated_world_has_defaults(self, load):
        assert load(changed({"simulation": MISSING})).simulation == Simulation(0, "10w", False)

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            (
                {"model": "4308"},
                "devices.laser.current_limit_ma: 12000 is over 8000 mA (model 4308)",
            ),
            (
                {"current_limit_ma": 11950},
                "devices.laser.current_limit_ma: 11950 must be a multiple of 100 mA (model 4320)",
            ),
            ({"voltage_limit_v": 5.5}, "devices.laser.voltage_limit_v: 5.5 is over 5 V (model 4320)"),
        ],
    )
    def test_the_lasers_limits_suit_its_model(self, errors_of, changes, error):
        assert errors_of(changed({f"devices.laser.{key}": value for key, value in changes.items()})) == [
            error
        ]

    @pytest.mark.parametrize(("low_c", "high_c"), [(25.0, 40.0), (10.0, 25.0), (40.0, 10.0)])
    def test_the_tecs_limits_enclose_its_set_point(self, errors_of, low_c, high_c):
        limits = {"devices.tec.limit_low_c": low_c, "devices.tec.limit_high_c": high_c}
        (error,) = errors_of(changed(limits))
        assert error == (
            f"devices.tec.setpoint_c: 25 must lie between limit_low_c {low_c:g} and limit_high_c {high_c:g}"
        )

    def test_the_stages_travel_has_a_length(self, errors_of):
        (error,) = errors_of(changed({"devices.stage.travel_max_um": 0.0}))
        assert error == "devices.stage.travel_max_um: 0 must be over travel_min_um 0"


class TestWhatASiteMayAllow:
    @pytest.mark.parametrize("threshold_mg", [50, 300, 430, 499])
    def test_a_vibration_threshold_that_a_motor_at_rest_reaches_is_refused(self, errors_of, threshold_mg):
        (error,) = errors_of(changed({"devices.board.vibration_threshold_mg": threshold_mg}))
        assert error == (
            f"devices.board.vibration_threshold_mg: {threshold_mg} is outside 500 to 2000 mg "
            "(under it a motor at rest, which drifts up to 430 mg, passes for a running one)"
        )

    def test_the_lowest_threshold_over_the_rest_level_is_taken(self, load):
        config = load(changed({"devices.board.vibration_threshold_mg": 500}))
        assert config.devices.board.vibration_threshold_mg == 500

    def test_light_without_real_time_is_allowed_by_nobody_but_the_site(self, load):
        real = changed(on_ports(**REAL_PORTS) | DELETED | {"cart": "real", "camera": CAMERA})
        assert load(real).demands_real_time
        assert not load(real).allow_without_real_time
        real["control"] = {"allow_without_real_time": True}
        assert load(real).allow_without_real_time
        assert not load(changed({})).demands_real_time

    @pytest.mark.parametrize("value", ["yes", 1, None])
    def test_only_true_allows_light_without_real_time(self, errors_of, value):
        (error,) = errors_of(changed({"control": {"allow_without_real_time": value}}))
        shown = json.dumps(value)
        assert error == f"control.allow_without_real_time: {shown} must be true or false"

    def test_a_site_says_when_a_calibration_is_due(self, load, errors_of):
        assert load(changed({})).calibration_interval_days == 365
        assert load(changed({"calibrations": {"interval_days": 90}})).calibration_interval_days == 90
        (error,) = errors_of(changed({"calibrations": {"interval_days": 0}}))
        assert error == "calibrations.interval_days: 0 is outside 1 to 3660 days (ten years at most)"

    def test_the_anchors_go_to_a_file_that_is_named_from_the_root(self, load, errors_of):
        assert load(changed({})).anchor_path is None
        assert load(changed({"anchor_path": "/media/a/b.txt"})).anchor_path == Path("/media/a/b.txt")
        for wrong in ("anchors.txt", "/media/", ""):
            (error,) = errors_of(changed({"anchor_path": wrong}))
            assert error.endswith("is not allowed; allowed: a file's path that begins with /")

    def test_a_site_says_where_the_sessions_folders_are_backed_up(self, load, errors_of):
        assert load(changed({})).folder_backup_to is None
        there = load(changed({"folder_backup": {"to": "/media/backup"}})).folder_backup_to
        assert str(there) == "/media/backup"
        for value in ("backup", "/", ""):
            (error,) = errors_of(changed({"folder_backup": {"to": value}}))
            assert error.startswith("folder_backup.to: ")
            assert "allowed: a directory's path that begins with /" in error


@pytest.mark.parametrize("written", [".inf", "-.inf", ".nan", "1e999", "-1e999"])
@pytest.mark.parametrize(
    "path",
    [
        ("laser", "current_limit_ma"),
        ("laser", "voltage_limit_v"),
        ("tec", "setpoint_c"),
        ("stage", "travel_min_um"),
        ("stage", "travel_max_um"),
        ("board", "answer_timeout_s"),
    ],
)
def test_a_limit_that_is_no_number_is_refused(errors_of, path, written):
    device, key = path
    text = yaml.safe_dump(changed({f"devices.{device}.{key}": "HERE"}))
    errors = errors_of(text.replace("HERE", written))
    assert any(f"devices.{device}.{key}" in error for error in errors)
