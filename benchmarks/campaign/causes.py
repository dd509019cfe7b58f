"""The causes that must end the light, as a table: the interlocks seen from the world's side.

Each row says how long the interlock table itself waits (`own_s`), and what must be whole for each of the two
ways to the dark: the gate, which the board opens, and the laser driver's output, which the host switches off.
"""

from __future__ import annotations

from typing import NamedTuple

TICK_S = 0.010
STATUS_S = 0.010
UNDERWAY_S = 0.045
"""A period of the stage's stream takes 44 ms on its line: what was said may arrive after a cut."""
RECOVERY_S = 2.0
"""A part that was disturbed counts as whole again so long after it has become so: links start anew."""

PARTS: dict[str, tuple[str, ...]] = {
    "board": ("board.firmware.",),
    "gate": ("gate.", "laser.interlock_plug"),
    "board line": ("board.wire.", "board.unplugged"),
    "laser": ("laser.wire.", "laser.unplugged", "laser.firmware."),
    "tec": ("tec.wire.", "tec.unplugged", "tec.firmware.", "tec.sensor"),
    "stage": ("stage.",),
    "photodiode": ("photodiode.",),
    "diode": ("diode.", "laser.current_gain", "laser.thermal_trip", "tec."),
    "smoothing": ("smoothing.",),
    "host": (),
}
"""What can be disturbed, by the settings that disturb it; host is told of by its silence."""

_GATE = frozenset({"board", "gate"})
GATE_BY_HOST = _GATE | {"board line", "host"}
"""What must be whole for the gate to open by the host's word."""
_DRIVER = frozenset({"host", "laser"})
_DRIVER_BY_BOARD = _DRIVER | {"board", "board line"}


class Cause(NamedTuple):
    """One row. latched: it stands, once begun, until the light is out. None: this way does not exist."""

    own_s: float
    gate: frozenset[str] | None
    driver: frozenset[str] | None
    latched: bool = False


CAUSES: dict[str, Cause] = {
    "pedal up": Cause(0.0, _GATE, _DRIVER_BY_BOARD, latched=True),
    "stop loop open": Cause(0.0, _GATE, _DRIVER_BY_BOARD, latched=True),
    "accelerometer gone": Cause(STATUS_S, _GATE, _DRIVER_BY_BOARD),
    # Three whole windows of 100 ms after the one in which it began.
    "smoothing dead": Cause(0.4, _GATE, _DRIVER_BY_BOARD),
    "STOP on the screen": Cause(0.0, GATE_BY_HOST, _DRIVER, latched=True),
    "pause": Cause(0.0, GATE_BY_HOST, _DRIVER, latched=True),
    "no session": Cause(0.0, GATE_BY_HOST, _DRIVER),
    "screen silent": Cause(0.4 + TICK_S, GATE_BY_HOST, _DRIVER),
    "host silent": Cause(0.25, _GATE, None),
    "journal fails": Cause(2 * TICK_S, GATE_BY_HOST, _DRIVER),
    "laser lost": Cause(0.5 + TICK_S, GATE_BY_HOST, None),
    "tec lost": Cause(1.0 + TICK_S, GATE_BY_HOST, _DRIVER),
    "stage lost": Cause(0.5 + UNDERWAY_S + TICK_S, GATE_BY_HOST, _DRIVER),
    "board lost": Cause(0.1 + TICK_S, None, _DRIVER),
    "board deaf": Cause(0.25, _GATE, None),
    "diode too far from its temperature": Cause(1.0 + TICK_S, GATE_BY_HOST | {"tec"}, _DRIVER | {"tec"}),
    "power over the limit": Cause(
        0.05 + STATUS_S + TICK_S, GATE_BY_HOST | {"photodiode"}, _DRIVER_BY_BOARD | {"photodiode"}
    ),
}
"""Where the host must first see what the board measures, a status period and a tick belong to the row."""

LOST: dict[str, dict[str, tuple[str, ...]]] = {
    "laser lost": {"laser": ("unplugged", "wire.mute", "wire.deaf", "wire.stalled", "firmware.busy")},
    "tec lost": {"tec": ("unplugged", "wire.mute", "wire.deaf", "wire.stalled", "firmware.busy")},
    "stage lost": {"stage": ("unplugged", "wire.mute", "wire.stalled", "firmware.busy")},
    "board lost": {
        "board": ("unplugged", "wire.mute", "wire.stalled", "firmware.busy", "firmware.stale_status")
    },
    "board deaf": {"board": ("unplugged", "wire.deaf", "wire.stalled")},
}
"""Which settings, as long as any is true, are the cause."""
LOST_BY = {
    f"{device}.{what}": name
    for name, devices in LOST.items()
    for device, words in devices.items()
    for what in words
}
