"""Every field of a configuration has its rule, and a mistake is named by its path."""

import dataclasses
import json
import math
from typing import Annotated, get_args, get_origin, get_type_hints

import pytest

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
from tests.config.document import DELETED, MISSING, REAL_PORTS, SERIAL_FORM, SIMULATED, changed, on_ports
from tosca_kiosk.config.camera import FIELDS as CAMERA_FIELDS


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
            ("simulation.true_constants", "own", "\"own\" is not allowed; allowed: 'shipped' or 'drawn'"),
            ("simulation.wind", 1, "is not known; allowed: seed, laser_profile, warm, true_constants"),
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
