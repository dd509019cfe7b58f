"""Settable paths of the plant: what wears, breaks, sticks or is done by hand."""

from __future__ import annotations

from typing import Any

from simulators.physics.contacts import ContactFault
from simulators.settable.rows import Change, Setting, attribute, choice, number, switch, whole
from simulators.world import World

PEDAL_PATH = "pedal.pressed"
CIRCUIT = ("ok", "open", "short")
CONTACT = ("ok", "open", "closed")


def _press_pedal(world: World, pressed: bool) -> None:
    if pressed:
        world.pedal.press()
    else:
        world.pedal.release()


def _close_stop_loop(world: World, closed: bool) -> None:
    if closed:
        world.stop_loop.reset()
    else:
        world.stop_loop.press()


def _fail_gate(fault: ContactFault) -> Change:
    def change(world: World, failing: bool) -> None:
        world.gate.contact.fault = fault if failing else "ok"

    return change


def _fail_pedal(contact: str) -> Change:
    return lambda world, fault: setattr(getattr(world.pedal, contact), "fault", fault)


def _set_world(name: str) -> Change:
    def change(world: World, value: Any) -> None:
        setattr(world, name, value)

    return change


PLANT: dict[str, Setting] = {
    PEDAL_PATH: switch("a foot on the pedal", _press_pedal),
    "pedal.extra_bounces": whole(
        "further bounces of a worn contact at each travel, 1 ms each",
        0,
        100,
        attribute("pedal", "extra_bounces"),
    ),
    "pedal.no_contact": choice("fault of the normally-open contact", CONTACT, _fail_pedal("normally_open")),
    "pedal.nc_contact": choice(
        "fault of the normally-closed contact", CONTACT, _fail_pedal("normally_closed")
    ),
    "stop_loop.closed": switch("false: the emergency stop is pressed", _close_stop_loop),
    "gate.welded": switch("the gate relay's contact stays closed", _fail_gate("closed")),
    "gate.stuck_open": switch("the gate relay's contact stays open", _fail_gate("open")),
    "photodiode.blocked": switch("no light reaches the photodiode", attribute("photodiode", "blocked")),
    "meter.factor": number(
        "by which a reference meter's range is misread", 0.001, 1000.0, attribute("meter", "factor")
    ),
    "meter.time_constant_s": number(
        "of a reference meter's head, in s", 0.01, 100.0, attribute("meter", "time_constant_s")
    ),
    "photodiode.drift": number("gain, 1 as calibrated", 0.0, 3.0, attribute("photodiode", "drift")),
    "photodiode.dark_v": number("its amplifier's offset in V", 0.0, 5.0, attribute("photodiode", "dark_v")),
    "diode.ageing": number(
        "part of the slope lost, part of the threshold gained", 0.0, 0.9, attribute("diode", "ageing")
    ),
    "diode.ageing_per_s": number(
        "by how much it ages in a second of current", 0.0, 0.1, attribute("diode", "ageing_per_s")
    ),
    "diode.circuit": choice("the laser diode's leads", CIRCUIT, attribute("diode", "circuit")),
    "tec.sensor": choice("the mount's thermistor", CIRCUIT, attribute("tec", "sensor")),
    "tec.sensor_offset_c": number(
        "by how much the thermistor reads high", -20.0, 20.0, attribute("tec", "sensor_offset_c")
    ),
    "tec.module": choice("the Peltier module", CIRCUIT, attribute("tec", "module")),
    "tec.fan_running": switch(
        "false: the sink's fan stands, the mount runs away", attribute("tec", "fan_running")
    ),
    "tec.leads_reversed": switch("the module wired backwards", attribute("tec", "leads_reversed")),
    "tec.ambient_c": number("air temperature in C", 5.0, 45.0, attribute("tec", "ambient_c")),
    "stage.stalled": switch("the carriage is stuck", attribute("stage", "stalled")),
    "stage.scale_slip_um": number(
        "how far the scale has slipped along the carriage, its index with it",
        -5000.0,
        5000.0,
        attribute("stage", "scale_slip_um"),
    ),
    "optics.ring_offset_mm": number(
        "by how much the ring is larger than it was", -1.0, 1.0, _set_world("ring_offset_mm")
    ),
    "optics.ring_gain": number(
        "the ring's growth with the stage, 1 as calibrated", 0.5, 1.5, _set_world("ring_gain")
    ),
    "aiming.fault": choice(
        "the aiming diode's driver: dark (open) or lit for ever (closed)", CONTACT, _set_world("aiming_fault")
    ),
    "camera.unplugged": switch("its cable is out", attribute("camera", "unplugged")),
    "camera.frozen": switch("it takes no more pictures", attribute("camera", "frozen")),
    "camera.repeats": switch(
        "its counter runs, and its picture is the same again and again", attribute("camera", "repeats")
    ),
    "camera.dark": switch("its lens is covered", attribute("camera", "dark")),
    "camera.slow": switch("it gives two frames a second", attribute("camera", "slow")),
    "camera.defocus_mm": number(
        "how far the tissue is from where it is sharp", -20.0, 20.0, attribute("camera", "defocus_mm")
    ),
    "camera.noise": number("its read noise, 1 as it should be", 0.0, 100.0, attribute("camera", "noise")),
    "camera.offset_x_mm": number(
        "how far the ring has moved to the right", -5.0, 5.0, attribute("camera", "offset_x_mm")
    ),
    "camera.offset_y_mm": number(
        "how far the ring has moved down", -5.0, 5.0, attribute("camera", "offset_y_mm")
    ),
    "smoothing.accelerometer_present": switch(
        "false: the accelerometer does not answer", attribute("smoothing", "accelerometer_present")
    ),
    "smoothing.sensor_stuck": switch(
        "the accelerometer's reading stands still", attribute("smoothing", "sensor_stuck")
    ),
    "smoothing.strength": number(
        "part of the vibration that arrives; 0 is a dead motor", 0.0, 1.0, attribute("smoothing", "strength")
    ),
}
