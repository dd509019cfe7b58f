"""The interlock lamps of the screen: control's lamps, grouped as an operator thinks of them."""

from __future__ import annotations

from typing import NamedTuple

from tosca_kiosk.domain.state import Phase
from tosca_kiosk.link.telemetry import Telemetry

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
        return LampRow(text=text, state="unknown")
    if text == "PEDAL":
        return _pedal(live)
    good = all(live.lamps.get(name, False) for name in names)
    if text == "CAMERA" and good and not camera:
        return LampRow(text="No camera", state="unknown")
    if _not_yet(text, live) or (not good and _of_no_session(live, names)):
        return LampRow(text=text, state="unknown")
    return LampRow(text=text, state="good" if good else "bad")


def _not_yet(text: str, live: Telemetry) -> bool:
    """Whether a part waits for its time: it is not good, and nothing has failed."""
    if text == "MOTOR":  # it starts with ARM
        return live.phase in (Phase.IDLE, Phase.READY) and live.hold_s is None
    # The stage answers and waits for the operator to home it; without an answer both are unknown.
    answers = live.stage_homed is False and live.stage_searching is not None
    return text == "STAGE" and live.phase == Phase.IDLE and answers


def _of_no_session(live: Telemetry, names: tuple[str, ...]) -> bool:
    """Whether only what belongs to a session is missing while there is none to arm for."""
    none_to_arm = live.phase == Phase.IDLE or live.finished
    return none_to_arm and all(live.lamps.get(name, False) or name in _OF_A_SESSION for name in names)


_OF_A_SESSION = frozenset({"session", "calibration"})


def _pedal(live: Telemetry) -> LampRow:
    """Return the pedal's lamp: up is no failure, not known is one."""
    if live.pedal_pressed is None:
        return LampRow(text="PEDAL", state="bad")
    return (
        LampRow(text="PEDAL", state="good")
        if live.pedal_pressed
        else LampRow(text="PEDAL up", state="unknown")
    )
