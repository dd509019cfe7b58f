"""What must hold between the parts of a configuration, and between it and a site."""

import json
from pathlib import Path

import pytest
import yaml

from tests.config.document import (
    CAMERA,
    DELETED,
    MISSING,
    REAL_PORTS,
    changed,
    on_ports,
)
from tosca_kiosk.config import Simulation
from tosca_kiosk.config.cart import DEVICE_KEYS


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
