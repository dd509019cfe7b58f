"""Settable paths of the devices themselves: their firmware, and what only they have."""

from __future__ import annotations

from typing import Any

from simulators.cart import SimulatedCart
from simulators.settable.rows import Setting, attribute, choice, number, order, switch, whole
from simulators.wire.arroyo_laser import ArroyoLaser
from simulators.wire.arroyo_tec import MISSING_SENSOR, ArroyoTec
from simulators.wire.board_lines import VALUE_RANGES
from simulators.wire.ignored import NOTHING
from simulators.wire.xeryon import ORDERS
from simulators.wire.xeryon_tags import TRIP_BITS, Stat

LIES = ("honest", "says_on", "says_off")
IGNORED = "a command that it takes and does not obey"


def _call(device: str, name: str) -> Any:
    """Call a method of a device with the value."""
    return lambda cart, value: getattr(getattr(cart, device), name)(value)


def _order(device: str, name: str) -> Any:
    return lambda cart: getattr(getattr(cart, device), name)()


def _trip_stage(cart: SimulatedCart, bit: int) -> None:
    cart.stage.trip(Stat(1 << bit))


def _latch_board_fault(cart: SimulatedCart, bit: int) -> None:
    cart.board.fail(1 << bit)


def _alike(device: str, ignorable: tuple[str, ...]) -> dict[str, Setting]:
    """The rows that every device has."""
    return {
        f"{device}.firmware.reboot": order("it restarts, with its defaults", _order(device, "reboot")),
        f"{device}.firmware.busy": switch(
            "it hangs: takes, says and does nothing new", attribute(device, "busy")
        ),
        f"{device}.firmware.ignores": choice(IGNORED, (NOTHING, *ignorable), attribute(device, "ignores")),
    }


def _arroyo(device: str, kind: type[ArroyoLaser] | type[ArroyoTec]) -> dict[str, Setting]:
    return _alike(device, kind.LANGUAGE.settings()) | {
        f"{device}.firmware.error": whole("a code in its error queue", 1, 999, _call(device, "queue_error")),
        f"{device}.firmware.mains_blink": order(
            "its mains blink: it restarts, and is as it was, output too", _order(device, "blink_mains")
        ),
        f"{device}.firmware.stale_condition": switch(
            "its condition register stands still", attribute(device, "stale_condition")
        ),
        f"{device}.firmware.lying_output": choice(
            "what it says of its output", LIES, attribute(device, "lying_output")
        ),
    }


FIRMWARE: dict[str, Setting] = {
    **_arroyo("laser", ArroyoLaser),
    "laser.firmware.lying_readback_ma": number(
        "added to the set point that it tells", -5000.0, 5000.0, attribute("laser", "lying_readback_ma")
    ),
    "laser.firmware.lying_measured_ma": number(
        "added to the current that it tells", -5000.0, 5000.0, attribute("laser", "lying_measured_ma")
    ),
    "laser.current_gain": number(
        "true current over the one it believes in: its shunt has drifted",
        0.5,
        1.5,
        attribute("laser", "current_gain"),
    ),
    "laser.thermal_trip": switch("it is overheated", attribute("laser", "thermal_trip")),
    "laser.interlock_plug": choice(
        "its interlock loop's plug: out (open) or bridged (closed)",
        ("ok", "open", "closed"),
        _call("laser", "fail_interlock_plug"),
    ),
    **_arroyo("tec", ArroyoTec),
    "tec.firmware.lying_readback_c": number(
        "added to the set point that it tells", -50.0, 50.0, attribute("tec", "lying_readback_c")
    ),
    "tec.firmware.lying_measured_c": number(
        "added to the temperature that it tells", -50.0, 50.0, attribute("tec", "lying_measured_c")
    ),
    "tec.firmware.missing_sensor": choice(
        "what it tells as the temperature of an open sensor",
        MISSING_SENSOR,
        attribute("tec", "missing_sensor"),
    ),
    **_alike("stage", ORDERS),
    "stage.firmware.error": choice(
        "the STAT bit of a trip: thermal 2 and 3, encoder 12, following 16, time-out 18, position 21",
        TRIP_BITS,
        _trip_stage,
    ),
    "stage.firmware.stale_stat": switch("STAT stands still", attribute("stage", "stale_stat")),
    "stage.firmware.lying_readback_um": number(
        "added to the position that it tells", -5000.0, 5000.0, attribute("stage", "lying_readback_um")
    ),
    "stage.encoder_offset_um": number(
        "how far the encoder has slipped on its scale", -5000.0, 5000.0, _call("stage", "slip_encoder_to")
    ),
    **_alike("board", tuple(VALUE_RANGES)),
    "board.firmware.error": whole("a bit of its latched faults", 0, 7, _latch_board_fault),
    "board.firmware.hang": order(
        "its main loop stands still until its watchdog resets it", _order("board", "hang")
    ),
    "board.firmware.stale_status": switch(
        "it says the same status again and again", attribute("board", "stale_status")
    ),
    "board.firmware.lying_flags": whole(
        "bits of its status flags that it tells inverted", 0, 511, attribute("board", "lying_flags")
    ),
}
