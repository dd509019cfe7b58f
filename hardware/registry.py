"""Which driver a configuration's name means, and how it comes to its port."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hardware.arroyo.laser import ArroyoLaser
from hardware.arroyo.tec import ArroyoTec
from hardware.interfaces import Device
from hardware.interlock_board.driver import InterlockBoardDriver
from hardware.settings import BoardSettings, LaserSettings, Settings, StageSettings, TecSettings
from hardware.trace import WireTrace
from hardware.transport import Port, SerialPort
from hardware.xeryon.driver import XeryonStage

DRIVERS: dict[str, Callable[[Any, Port], Device]] = {
    LaserSettings.DRIVER: ArroyoLaser,
    TecSettings.DRIVER: ArroyoTec,
    StageSettings.DRIVER: XeryonStage,
    BoardSettings.DRIVER: InterlockBoardDriver,
}


def make_driver(name: str, settings: Settings, trace: WireTrace) -> Any:
    """Return the driver over a serial port of its own; nothing is opened before its first `poll`.

    trace: keeps what passes on the port, for its maker to read. Raises KeyError for an unknown name.
    """
    return DRIVERS[name](settings, SerialPort(settings.port, settings.baud, trace))
