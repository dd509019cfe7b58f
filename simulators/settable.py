"""What may be changed in the simulated world from outside, by dotted path: one row each, with its range."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simulators.physics.contacts import ContactFault
from simulators.world import World

Value = bool | float | str


class SettingError(ValueError):
    """A path that does not exist, or a value that its row does not allow; the text says what is."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One row: what the path means, which values it takes and how it is set."""

    meaning: str
    allowed: str
    accepts: Callable[[object], bool]
    change: Callable[[World, Any], None]


def set_value(world: World, path: str, value: object) -> None:
    """Change the world at its present instant. Raises SettingError."""
    check_value(path, value)
    SETTABLE[path].change(world, value)


def check_value(path: str, value: object) -> None:
    """Raise SettingError unless set_value would take it."""
    setting = SETTABLE.get(path)
    if setting is None:
        raise SettingError(f"{path}: unknown; allowed: {', '.join(SETTABLE)}")
    if not setting.accepts(value):
        raise SettingError(f"{path}: {value!r} given, {setting.allowed} allowed")


def _attribute(component: str, name: str) -> Callable[[World, Any], None]:
    return lambda world, value: setattr(getattr(world, component), name, value)


def _switch(meaning: str, change: Callable[[World, bool], None]) -> Setting:
    return Setting(meaning, "true or false", lambda value: isinstance(value, bool), change)


def _number(meaning: str, low: float, high: float, change: Callable[[World, float], None]) -> Setting:
    def accepts(value: object) -> bool:
        return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high

    return Setting(meaning, f"a number from {low:g} to {high:g}", accepts, change)


def _choice(meaning: str, choices: tuple[str, ...], change: Callable[[World, str], None]) -> Setting:
    def accepts(value: object) -> bool:
        return isinstance(value, str) and value in choices

    return Setting(meaning, "one of " + ", ".join(choices), accepts, change)


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


def _fail_gate(fault: ContactFault) -> Callable[[World, bool], None]:
    def change(world: World, failing: bool) -> None:
        world.gate.contact.fault = fault if failing else "ok"

    return change


def _fail_pedal(contact: str) -> Callable[[World, Any], None]:
    return lambda world, fault: setattr(getattr(world.pedal, contact), "fault", fault)


PEDAL_PATH = "pedal.pressed"
_CIRCUIT = ("ok", "open", "short")
_CONTACT = ("ok", "open", "closed")

SETTABLE: dict[str, Setting] = {
    PEDAL_PATH: _switch("a foot on the pedal", _press_pedal),
    "pedal.no_contact": _choice("fault of the normally-open contact", _CONTACT, _fail_pedal("normally_open")),
    "pedal.nc_contact": _choice(
        "fault of the normally-closed contact", _CONTACT, _fail_pedal("normally_closed")
    ),
    "stop_loop.closed": _switch("false: the emergency stop is pressed", _close_stop_loop),
    "gate.welded": _switch("the gate relay's contact stays closed", _fail_gate("closed")),
    "gate.stuck_open": _switch("the gate relay's contact stays open", _fail_gate("open")),
    "photodiode.blocked": _switch("no light reaches the photodiode", _attribute("photodiode", "blocked")),
    "photodiode.drift": _number("gain, 1 as calibrated", 0.0, 3.0, _attribute("photodiode", "drift")),
    "diode.ageing": _number(
        "part of the slope lost, part of the threshold gained", 0.0, 0.9, _attribute("diode", "ageing")
    ),
    "diode.circuit": _choice("the laser diode's leads", _CIRCUIT, _attribute("diode", "circuit")),
    "tec.sensor": _choice("the mount's thermistor", _CIRCUIT, _attribute("tec", "sensor")),
    "tec.module": _choice("the Peltier module", _CIRCUIT, _attribute("tec", "module")),
    "tec.fan_running": _switch(
        "false: the sink's fan stands, the mount runs away", _attribute("tec", "fan_running")
    ),
    "tec.leads_reversed": _switch("the module wired backwards", _attribute("tec", "leads_reversed")),
    "tec.ambient_c": _number("air temperature in C", 5.0, 45.0, _attribute("tec", "ambient_c")),
    "stage.stalled": _switch("the carriage is stuck", _attribute("stage", "stalled")),
    "smoothing.accelerometer_present": _switch(
        "false: the accelerometer does not answer", _attribute("smoothing", "accelerometer_present")
    ),
    "smoothing.strength": _number(
        "part of the vibration that arrives; 0 is a dead motor", 0.0, 1.0, _attribute("smoothing", "strength")
    ),
}
