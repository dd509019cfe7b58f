"""What may be changed in the simulated cart from outside, by dotted path: one row each, with its range.

`plant` holds what wears and breaks, `wire` the serial lines, `firmware` the devices themselves, `operator`
what the operator of `treat` does.
"""

from __future__ import annotations

from difflib import get_close_matches

from simulators.cart import SimulatedCart
from simulators.settable.firmware import FIRMWARE
from simulators.settable.operator import OPERATOR
from simulators.settable.plant import PEDAL_PATH, PLANT
from simulators.settable.rows import Setting, SettingError
from simulators.settable.wire import WIRE
from simulators.world import World

__all__ = [
    "PEDAL_PATH",
    "SETTABLE",
    "Setting",
    "SettingError",
    "Value",
    "check_value",
    "set_value",
    "world_of",
]

Value = bool | float | str

SETTABLE: dict[str, Setting] = dict(sorted((PLANT | OPERATOR | WIRE | FIRMWARE).items()))


def set_value(place: SimulatedCart | World, path: str, value: object) -> None:
    """Change a cart at its present instant, or a world without devices. Raises SettingError."""
    check_value(path, value)
    if path in PLANT or path in OPERATOR:
        SETTABLE[path].change(world_of(place), value)
    elif isinstance(place, World):
        raise SettingError(f"{path}: belongs to a device, and this world has none; use a cart")
    else:
        SETTABLE[path].change(place, value)


def check_value(path: str, value: object) -> None:
    """Raise SettingError unless set_value on a cart would take it."""
    setting = SETTABLE.get(path)
    if setting is None:
        raise SettingError(f"{path}: unknown; {_allowed_instead_of(path)}")
    if not setting.accepts(value):
        raise SettingError(f"{path}: {value!r} given, {setting.allowed} allowed")


def world_of(place: SimulatedCart | World) -> World:
    """Return the world that a cart stands in."""
    return place if isinstance(place, World) else place.world


def _allowed_instead_of(path: str) -> str:
    """Name the nearest paths; where none is near, how one may go on from what is right of it."""
    nearest = get_close_matches(path, SETTABLE, n=3, cutoff=0.8)
    if nearest:
        return f"nearest allowed: {', '.join(nearest)}"
    place = path
    while place and not any(other.startswith(f"{place}.") for other in SETTABLE):
        place = place.rpartition(".")[0]
    start = f"{place}." if place else ""
    rests = [other.removeprefix(start).partition(".") for other in SETTABLE if other.startswith(start)]
    following = dict.fromkeys(start + name + ("..." if more else "") for name, _, more in rests)
    return f"allowed: {', '.join(following)}"
