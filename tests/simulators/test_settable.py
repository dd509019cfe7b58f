"""Settable paths: each does what its row says and goes back, and none takes what it does not allow."""

import re
from pathlib import Path

import pytest

import configs
from simulators.cart import DEVICES, SimulatedCart
from simulators.settable import SETTABLE, SettingError, check_value, set_value
from simulators.settable.operator import OPERATOR
from simulators.settable.plant import PLANT
from simulators.world import World


def line(name):
    return lambda cart, device: getattr(cart.lines[device], name)


def line_fault(name, value):
    def is_so(cart, device):
        faults = cart.lines[device].faults
        return faults is not None and getattr(faults, name) == value

    return is_so


# Path, value, and what must then be true of the world a second later.
PLANT_EFFECTS = {
    "pedal.pressed": (True, lambda w: w.pedal_no.closed and not w.pedal_nc.closed),
    "pedal.extra_bounces": (30, lambda w: w.pedal.extra_bounces == 30),
    "pedal.no_contact": ("closed", lambda w: w.pedal_no.closed),
    "pedal.nc_contact": ("open", lambda w: not w.pedal_nc.closed),
    "stop_loop.closed": (False, lambda w: not w.stop_loop.closed),
    "gate.welded": (True, lambda w: w.gate.contact.closed),
    "gate.stuck_open": (True, lambda w: w.gate.contact.fault == "open"),
    "photodiode.blocked": (True, lambda w: w.photodiode.blocked),
    "meter.factor": (10.0, lambda w: w.meter.factor == 10.0),
    "meter.time_constant_s": (30.0, lambda w: w.meter.time_constant_s == 30.0),
    "photodiode.drift": (1.2, lambda w: w.photodiode.drift == 1.2),
    "photodiode.dark_v": (1.0, lambda w: w.photodiode.counts() > 190),
    "diode.ageing": (0.1, lambda w: w.diode.ageing == 0.1),
    "diode.ageing_per_s": (0.01, lambda w: w.diode.ageing_per_s == 0.01),
    "diode.circuit": ("open", lambda w: w.diode.circuit == "open"),
    "tec.sensor": ("short", lambda w: w.tec.temperature_c() > 100.0),
    "tec.sensor_offset_c": (5.0, lambda w: w.tec.temperature_c() > w.tec.mount_c() + 4.0),
    "tec.module": ("open", lambda w: w.tec.module == "open"),
    "tec.fan_running": (False, lambda w: not w.tec.fan_running),
    "tec.leads_reversed": (True, lambda w: w.tec.leads_reversed),
    "tec.ambient_c": (30, lambda w: w.tec.ambient_c == 30),
    "stage.scale_slip_um": (
        500.0,
        lambda w: w.stage.carriage_um() == w.stage.position_um() + 500.0,
    ),
    "stage.stalled": (True, lambda w: w.stage.stalled),
    "optics.ring_offset_mm": (0.5, lambda w: w.ring_size_mm() > 2.4 + w.stage.position_um() / 1000.0),
    "optics.ring_gain": (1.2, lambda w: w.ring_size_mm() != 2.0 + w.stage.position_um() / 1000.0),
    "aiming.fault": ("closed", lambda w: w.aiming),
    "camera.unplugged": (True, lambda w: w.camera.unplugged),
    "camera.frozen": (True, lambda w: w.camera.frozen),
    "camera.repeats": (True, lambda w: w.camera.repeats),
    "camera.dark": (True, lambda w: w.camera.dark),
    "camera.slow": (True, lambda w: w.camera.slow),
    "camera.defocus_mm": (1.5, lambda w: w.camera.defocus_mm == 1.5),
    "camera.noise": (20, lambda w: w.camera.noise == 20),
    "camera.offset_x_mm": (0.5, lambda w: w.camera.offset_x_mm == 0.5),
    "camera.offset_y_mm": (-0.5, lambda w: w.camera.offset_y_mm == -0.5),
    "smoothing.accelerometer_present": (False, lambda w: not w.smoothing.accelerometer_present),
    "smoothing.sensor_stuck": (True, lambda w: w.smoothing.sensor_stuck),
    "smoothing.strength": (0, lambda w: w.smoothing.strength == 0),
}

# The same of the operator, who must be there to be asked for something.
OPERATOR_EFFECTS = {
    "operator.pause": (True, lambda w: w.operator.paused),
    "operator.reason": ("patient tolerance", lambda w: w.operator.reason == "patient tolerance"),
    "operator.power_w": (6.5, lambda w: w.operator.take() == [("power", 6.5, "")]),
    "operator.ring_mm": (3, lambda w: w.operator.take() == [("ring", 3.0, "")]),
}

# The same of every device's line.
LINE_EFFECTS = {
    "unplugged": (True, line("unplugged")),
    "wire.mute": (True, line("mute")),
    "wire.deaf": (True, line("deaf")),
    "wire.drop": (0.5, line_fault("drop", 0.5)),
    "wire.duplicate": (0.5, line_fault("duplicate", 0.5)),
    "wire.truncate": (0.5, line_fault("truncate", 0.5)),
    "wire.bit_flips": (0.01, line_fault("bit_flips", 0.01)),
    "wire.delay_s": (0.2, line_fault("delay_s", 0.2)),
    "wire.echo": (True, line_fault("echo", True)),
    "wire.stalled": (True, line_fault("stalled", True)),
    "wire.babble": (0.5, line_fault("babble", 0.5)),
    "wire.baud": (9600, lambda cart, device: cart.lines[device].baud == 9600),
}

DEVICE_EFFECTS = {
    "laser.firmware.lying_readback_ma": (150.0, lambda cart: cart.laser.lying_readback_ma == 150.0),
    "laser.firmware.lying_measured_ma": (150.0, lambda cart: cart.laser.lying_measured_ma == 150.0),
    "laser.firmware.stale_condition": (True, lambda cart: cart.laser.stale_condition),
    "laser.firmware.lying_output": ("says_on", lambda cart: cart.laser.lying_output == "says_on"),
    "laser.firmware.error": (123, lambda cart: bool(cart.laser.errors)),
    "laser.current_gain": (1.1, lambda cart: cart.laser.current_gain == 1.1),
    "laser.thermal_trip": (True, lambda cart: cart.laser.thermal_trip),
    "laser.interlock_plug": ("closed", lambda cart: not cart.laser._conditions() & 1 << 4),
    "tec.firmware.lying_readback_c": (5.0, lambda cart: cart.tec.lying_readback_c == 5.0),
    "tec.firmware.lying_measured_c": (5.0, lambda cart: cart.tec.lying_measured_c == 5.0),
    "tec.firmware.stale_condition": (True, lambda cart: cart.tec.stale_condition),
    "tec.firmware.lying_output": ("says_off", lambda cart: cart.tec.lying_output == "says_off"),
    "tec.firmware.missing_sensor": ("NAN", lambda cart: cart.tec.missing_sensor == "NAN"),
    "tec.firmware.error": (402, lambda cart: bool(cart.tec.errors)),
    "stage.firmware.error": (12, lambda cart: bool(cart.stage.motion.stat() & 1 << 12)),
    "stage.firmware.stale_stat": (True, lambda cart: cart.stage.stale_stat),
    "stage.firmware.lying_readback_um": (500.0, lambda cart: cart.stage.lying_readback_um == 500.0),
    "stage.encoder_offset_um": (500.0, lambda cart: cart.stage.motion.encoder_counts() == -400),
    "board.firmware.error": (4, lambda cart: cart.board.faults == 1 << 4),
    "board.firmware.hang": (True, lambda cart: cart.board.faults == 1 << 7),
    "board.firmware.stale_status": (True, lambda cart: cart.board.stale_status),
    "board.firmware.lying_flags": (4, lambda cart: cart.board.lying_flags == 4),
    **{
        f"{device}.firmware.busy": (True, lambda cart, device=device: getattr(cart, device).busy)
        for device in DEVICES
    },
    **{
        f"{device}.firmware.ignores": (
            command,
            lambda cart, device=device, command=command: getattr(cart, device).ignores == command,
        )
        for device, command in (
            ("laser", "LASER:OUTPUT"),
            ("tec", "TEC:T"),
            ("stage", "DPOS"),
            ("board", "HB"),
        )
    },
}

RESTARTING_S = 0.04  # within what every device needs to start again

REBOOTED = {
    **{f"{device}.firmware.reboot": (True, device) for device in DEVICES},
    **{f"{device}.firmware.mains_blink": (True, device) for device in ("laser", "tec")},
}

EFFECTS = {
    **{
        path: (value, lambda cart, is_so=is_so: is_so(cart.world))
        for path, (value, is_so) in (PLANT_EFFECTS | OPERATOR_EFFECTS).items()
    },
    **{
        f"{device}.{path}": (value, lambda cart, is_so=is_so, device=device: is_so(cart, device))
        for device in DEVICES
        for path, (value, is_so) in LINE_EFFECTS.items()
    },
    **DEVICE_EFFECTS,
}
HAPPENS_ONCE = ("board.firmware.hang",)


@pytest.fixture
def cart():
    cart = SimulatedCart(World(1))
    cart.world.operator.present = True
    cart.world.advance(0.5)
    return cart


def test_every_path_is_tried_here():
    assert {*EFFECTS, *REBOOTED} == set(SETTABLE)


@pytest.mark.parametrize("path", EFFECTS)
def test_every_path_does_what_it_says(cart, path):
    value, is_so = EFFECTS[path]
    assert not is_so(cart)
    set_value(cart, path, value)
    cart.world.advance(1.5)
    assert is_so(cart)


@pytest.mark.parametrize("path", REBOOTED)
def test_a_reboot_makes_a_device_deaf_for_a_while(cart, path):
    value, device = REBOOTED[path]
    set_value(cart, path, value)
    assert cart.lines[device].deaf_until_s > cart.world.kernel.now_s + RESTARTING_S


@pytest.mark.parametrize(
    "path",
    [path for path, (value, _) in EFFECTS.items() if isinstance(value, bool) and path not in HAPPENS_ONCE],
)
def test_every_switch_goes_back(cart, path):
    value, is_so = EFFECTS[path]
    set_value(cart, path, value)
    cart.world.advance(1.0)
    set_value(cart, path, not value)
    cart.world.advance(2.0)
    assert not is_so(cart)


@pytest.mark.parametrize("path", SETTABLE)
def test_no_path_takes_a_value_outside_its_range(cart, path):
    for value in (None, "non\nsense", float("nan"), float("inf"), -10_000, 1e9, [], {}):
        with pytest.raises(SettingError, match="allowed"):
            set_value(cart, path, value)


def test_every_path_has_a_meaning():
    assert all(setting.meaning and setting.allowed for setting in SETTABLE.values())


UNKNOWN = {
    "stage.stall": "stage.stall: unknown; nearest allowed: stage.stalled",
    "lasr.unpluged": "lasr.unpluged: unknown; nearest allowed: laser.unplugged",
    "laser.power": "laser.power: unknown; allowed: laser.current_gain, laser.firmware..., ",
    "kettle.on": "kettle.on: unknown; allowed: aiming..., board..., ",
    "": ": unknown; allowed: aiming..., board..., ",
}


@pytest.mark.parametrize(("path", "said"), UNKNOWN.items())
def test_an_unknown_path_is_answered_in_a_line_with_the_nearest_or_the_next_words(path, said):
    with pytest.raises(SettingError) as caught:
        check_value(path, True)
    assert str(caught.value).startswith(said)
    assert len(str(caught.value)) < 300


def test_a_world_without_devices_takes_the_plants_paths_and_refuses_the_others():
    world = World(1)
    for path, (value, _) in (PLANT_EFFECTS | OPERATOR_EFFECTS).items():
        set_value(world, path, value)
    assert world.operator.take() == [], "there is no operator to ask"
    for path in SETTABLE.keys() - PLANT.keys() - OPERATOR.keys():
        value = EFFECTS.get(path, (True, None))[0]
        with pytest.raises(SettingError, match="this world has none; use a cart"):
            set_value(world, path, value)
    with pytest.raises(SettingError, match="unknown"):
        set_value(world, "stage.stall", True)


def test_the_scenarios_readme_names_every_path_and_no_other():
    readme = (Path(configs.__file__).parent / "scenarios" / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `([^`]+)` \|", readme, re.MULTILINE))
    meant = {path.replace("<device>", device) for path in named for device in DEVICES}
    assert meant == set(SETTABLE)
