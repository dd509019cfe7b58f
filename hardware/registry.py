"""Which driver a configuration's name means, and how it comes to its port."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hardware.arroyo.laser import ArroyoLaser
from hardware.arroyo.shared import share
from hardware.arroyo.tec import ArroyoTec
from hardware.interfaces import Device
from hardware.interlock_board.driver import InterlockBoardDriver
from hardware.settings import BoardSettings, LaserSettings, Settings, StageSettings, TecSettings
from hardware.trace import WireTrace
from hardware.transport import SerialPort
from hardware.xeryon.driver import XeryonStage

DRIVERS: dict[str, Callable[..., Device]] = {
    LaserSettings.DRIVER: ArroyoLaser,
    TecSettings.DRIVER: ArroyoTec,
    StageSettings.DRIVER: XeryonStage,
    BoardSettings.DRIVER: InterlockBoardDriver,
}
"""Each is called with its settings and its port, those of an Arroyo also with a lane of a port they share."""
SHARED = LaserSettings.KEY, TecSettings.KEY
"""The devices that one box may be, on one port."""


def make_drivers(
    names: Mapping[str, str], settings: Mapping[str, Settings], clock: Callable[[], float]
) -> tuple[dict[str, Any], dict[str, WireTrace]]:
    """Return the drivers by device key, and what keeps the last seconds of each port.

    names, settings: by device key. The laser and the TEC of a ComboSource have the same port and share it.
    Nothing is opened before a driver's first `poll`. Raises KeyError for an unknown name.
    """
    drivers: dict[str, Any] = {}
    traces: dict[str, WireTrace] = {}
    laser, tec = (settings[key] for key in SHARED)
    if laser.port == tec.port:
        port = _port(laser, traces.setdefault("+".join(SHARED), WireTrace(clock)))
        lanes = share(port, max(laser.answer_timeout_s, tec.answer_timeout_s))
        for key, lane in zip(SHARED, lanes, strict=True):
            drivers[key] = DRIVERS[names[key]](settings[key], lane, lane)
    for key, name in names.items():
        if key not in drivers:
            drivers[key] = DRIVERS[name](
                settings[key], _port(settings[key], traces.setdefault(key, WireTrace(clock)))
            )
    return drivers, traces


def _port(settings: Settings, trace: WireTrace) -> SerialPort:
    return SerialPort(settings.port, settings.baud, trace)
