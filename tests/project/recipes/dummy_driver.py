"""The dummy temperature controller of the recipe: one question, one line that answers all."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from hardware.conversation import Script
from hardware.interfaces import Identity, LinkState, Reading
from hardware.port_driver import PortDriver

if TYPE_CHECKING:
    from hardware.settings import DummyTecSettings
    from hardware.transport import Port

_ASK_EVERY_S = 0.05


class DummyTec(PortDriver):
    """A `TemperatureController`: `?` is answered by `DUMMY <serial> <temperature> <set point> <on>`."""

    def __init__(self, settings: DummyTecSettings, port: Port) -> None:
        super().__init__("tec", port, settings.baud, settings.answer_timeout_s)
        self._settings = settings
        self._forget()

    def _forget(self) -> None:
        self.news = 0
        self._buffer = b""
        self._asked_s = 0.0
        self._ask_at_s = 0.0
        self.temperature_c: Reading[float] | None = None
        self.setpoint_c: Reading[float] | None = None
        self.output_on: Reading[bool] | None = None
        self.condition_bits: Reading[int] | None = None
        self.errors: Reading[tuple[int, ...]] | None = None

    def _received(self, data: bytes, now_s: float) -> None:
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            self._take(line.decode("ascii"), now_s)

    def _take(self, line: str, now_s: float) -> None:
        _, serial, temperature, setpoint, on = line.split()
        self._heard(now_s)
        times = (self._asked_s, now_s)
        self.temperature_c = Reading(float(temperature), *times)
        self.setpoint_c = Reading(float(setpoint), *times)
        self.output_on = Reading(on == "1", *times)
        self.condition_bits = Reading(1 << 10 if on == "1" else 0, *times)
        self.errors = Reading((), *times)
        self.news += 1
        if self.link is LinkState.CONNECTING:
            self._identity = Identity(model=self._settings.model, serial_number=serial, firmware="dummy 1")
            self._become_ready()

    def _start(self) -> Script[None]:
        self._port.write(b"S %.2f\n" % self._settings.setpoint_c)
        self._heard(self._now_s)
        yield from ()

    def _stop(self) -> Script[None]:
        yield from ()

    def _may_be_stopped(self) -> bool:
        return False

    def _is_understood(self) -> bool:
        return self._identity is not None

    def _send_due(self, now_s: float) -> float:
        if self.link not in (LinkState.CONNECTING, LinkState.READY):
            return inf
        if now_s >= self._ask_at_s:
            self._port.write(b"?\n")
            self._asked_s, self._ask_at_s = now_s, now_s + _ASK_EVERY_S
        return self._ask_at_s
