"""The handler pyserial loads for `sim://<name>`: a port onto a virtual line, never blocking.

Every read and write first lets the world advance to the clock's now. Time-outs are taken as zero: a read
returns what has arrived. Use it through serial.serial_for_url.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from serial.serialutil import PortNotOpenError, SerialBase, SerialException

from simulators.kernel import Kernel
from simulators.wire.line import VirtualLine

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

Clock = Callable[[], float]

Plug = tuple[VirtualLine, Kernel, Clock]

_sockets: dict[str, Plug] = {}


def plug_in(name: str, line: VirtualLine, kernel: Kernel, clock: Clock) -> None:
    """Make `sim://name` reach a line. Raises ValueError if the name is taken."""
    if name in _sockets:
        raise ValueError(f"sim://{name} is already installed; uninstall the other cart first")
    _sockets[name] = (line, kernel, clock)


def unplug(name: str) -> None:
    """Take `sim://name` away, harmless if it is not there; a port still open on it raises from then on."""
    _sockets.pop(name, None)


class Serial(SerialBase):
    """A pyserial port onto a virtual line."""

    _name = ""
    _plug: Plug
    _attachment = 0

    def open(self) -> None:
        """Raises SerialException if the port is not installed, or open already."""
        if self.is_open:
            raise SerialException(f"{self.portstr} is already open")
        name = (self.portstr or "").partition("://")[2].lower()
        if name not in _sockets:
            known = ", ".join(f"sim://{other}" for other in _sockets) or "none"
            raise SerialException(f"could not open port {self.portstr}: not installed (installed: {known})")
        line, kernel, clock = plug = _sockets[name]
        if line.attached:
            raise SerialException(f"could not open port {self.portstr}: device or resource busy")
        kernel.advance(clock())
        if line.unplugged:
            raise SerialException(f"could not open port {self.portstr}: device is unplugged")
        line.attach(self.baudrate)
        self._name, self._plug, self._attachment = name, plug, line.attachment
        self.is_open = True

    def close(self) -> None:
        if self.is_open:
            self.is_open = False
            line = self._plug[0]
            if line.attachment == self._attachment:
                line.detach()

    @property
    def in_waiting(self) -> int:
        return self._present().in_waiting

    def read(self, size: int = 1, /) -> bytes:
        return self._present().host_read(size)

    def write(self, b: ReadableBuffer, /) -> int:
        """Put bytes on the wire; returns how many fitted."""
        line = self._present()
        return line.host_write(bytes(b), self._plug[1].now_s)

    def flush(self) -> None:
        self._present()

    def reset_input_buffer(self) -> None:
        self._present().discard_unread()

    def reset_output_buffer(self) -> None:
        """What was written is on the wire already."""
        self._present()

    def _present(self) -> VirtualLine:
        """Return the line, at the present instant."""
        if not self.is_open:
            raise PortNotOpenError
        plug = self._plug
        if _sockets.get(self._name) is not plug:
            raise SerialException(f"{self.portstr}: device disconnected")
        line, kernel, clock = plug
        kernel.advance(clock())
        if line.attachment != self._attachment:
            raise SerialException(f"{self.portstr}: device disconnected")
        return line

    def _reconfigure_port(self) -> None:
        if self.is_open:
            self._plug[0].set_host_baud(self.baudrate)

    # Modem lines reach no simulated device.

    def _update_rts_state(self) -> None: ...

    def _update_dtr_state(self) -> None: ...

    def _update_break_state(self) -> None: ...
