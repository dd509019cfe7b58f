"""The interlock lamps of the screen: control's lamps, grouped as an operator thinks of them."""

from __future__ import annotations

from typing import NamedTuple

from tosca_kiosk.control.link.telemetry import Telemetry
from tosca_kiosk.domain.state import Phase

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("E-STOP", ("e_stop",)),
    ("SCREEN", ("screen_stop", "kiosk")),
    ("BOARD", ("board", "board_faults")),
    ("PEDAL", ("footpedal",)),
    ("MOTOR", ("smoothing",)),
    ("LASER", ("laser",)),
    ("POWER", ("photodiode", "power_limit")),
    ("COOLING", ("tec",)),
    ("STAGE", ("stage",)),
    ("CAMERA", ("camera",)),
    ("RECORD", ("journal", "disk")),
    ("SYSTEM", ("devices", "loop", "calibration", "session")),
)
"""Text and the lamps behind it; a test holds that every lamp of control is in exactly one group."""


class LampRow(NamedTuple):
    """A lamp: its text and `good`, `bad` or `unknown`."""

    text: str
    state: str


def lamp_rows(live: Telemetry | None, *, camera: bool) -> tuple[LampRow, ...]:
    """Return the lamps; all unknown without fresh data. camera: whether the cart has one."""
    return tuple(_row(text, names, live, camera) for text, names in GROUPS)


def _row(text: str, names: tuple[str, ...], live: Telemetry | None, camera: bool) -> LampRow:
    if live is None:
        return LampRow(text, "unknown")
    if text == "PEDAL":
        return _pedal(live)
    dark = live.phase in (Phase.IDLE, Phase.READY) and live.hold_s is None
    if text == "MOTOR" and dark:
        return LampRow("MOTOR", "unknown")  # its motor starts with ARM: nothing has failed
    good = all(live.lamps.get(name, False) for name in names)
    none_to_arm = live.phase == Phase.IDLE or live.finished
    if not good and none_to_arm and _fails_alone(live, names, _OF_A_SESSION):
        return LampRow(text, "unknown")  # no session to arm for: nothing has failed
    if text == "CAMERA" and good and not camera:
        return LampRow("No camera", "unknown")
    return LampRow(text, "good" if good else "bad")


_OF_A_SESSION = frozenset({"session", "calibration"})


def _fails_alone(live: Telemetry, names: tuple[str, ...], expected: frozenset[str]) -> bool:
    return all(live.lamps.get(name, False) or name in expected for name in names)


def _pedal(live: Telemetry) -> LampRow:
    """Return the pedal's lamp: up is no failure, not known is one."""
    if live.pedal_pressed is None:
        return LampRow("PEDAL", "bad")
    return LampRow("PEDAL", "good") if live.pedal_pressed else LampRow("PEDAL up", "unknown")
