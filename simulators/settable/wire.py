"""Settable paths of the serial lines, alike for every device: `laser.wire.drop`, `board.unplugged`.

Laser and TEC of a ComboSource have one line: what happens to the one's happens to the other's.
"""

from __future__ import annotations

from typing import Any

from simulators.cart import DEVICES, SimulatedCart
from simulators.settable.rows import Change, Setting, choice, number, switch

BAUDS = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)
LONGEST_DELAY_S = 10.0


def _fault(device: str, name: str) -> Change:
    def change(cart: SimulatedCart, value: Any) -> None:
        cart.line_faults[device].change(name, value)

    return change


def _line(device: str, name: str) -> Change:
    def change(cart: SimulatedCart, value: Any) -> None:
        setattr(getattr(cart, device).line, name, value)

    return change


def _baud(device: str) -> Change:
    def change(cart: SimulatedCart, baud: int) -> None:
        getattr(cart, device).line.set_device_baud(baud)

    return change


def _rows(device: str) -> dict[str, Setting]:
    def part(meaning: str, name: str) -> Setting:
        return number(meaning, 0.0, 1.0, _fault(device, name))

    rows = {
        "unplugged": switch("its plug is out", _line(device, "unplugged")),
        "wire.mute": switch("the wire from it is cut", _line(device, "mute")),
        "wire.deaf": switch("the wire to it is cut", _line(device, "deaf")),
        "wire.drop": part("part of the lines lost, either way", "drop"),
        "wire.duplicate": part("part of the lines that come twice", "duplicate"),
        "wire.truncate": part("part of the lines whose end is lost", "truncate"),
        "wire.bit_flips": part("part of the bytes with a wrong bit", "bit_flips"),
        "wire.delay_s": number(
            "how much later every line comes", 0.0, LONGEST_DELAY_S, _fault(device, "delay_s")
        ),
        "wire.echo": switch("what the host says comes back to it", _fault(device, "echo")),
        "wire.stalled": switch(
            "the adapter holds everything, and hands it on at the end", _fault(device, "stalled")
        ),
        "wire.babble": part("part of the line's time full of random bytes", "babble"),
        "wire.baud": choice("the speed that the device speaks", BAUDS, _baud(device)),
    }
    return {f"{device}.{path}": row for path, row in rows.items()}


WIRE: dict[str, Setting] = {path: row for device in DEVICES for path, row in _rows(device).items()}
