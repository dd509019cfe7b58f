"""Ports: bytes in, bytes out, never waiting. The only file of this folder that knows pyserial."""

from __future__ import annotations

import errno
import os
from typing import Protocol

import serial
from serial.tools.list_ports import comports

from hardware.interfaces import Origin, origin_of
from hardware.trace import WireTrace
from hardware.usb_serial import Finder, UsbAddress, linked_ports, usb_address

try:
    from fcntl import ioctl
    from termios import FIONREAD
    from termios import error as _TermiosError  # noqa: N812  # an exception named in lower case
except ImportError:  # Windows has neither, and pyserial does not raise the exception there
    _TermiosError = OSError  # type: ignore[misc,assignment]

_READ_BYTES = 4096
"""One read; the kernel's own line buffer holds as much."""
_NOTHING = bytes(4)
"""A count of 0, as the system writes it."""
_AT_ONCE_BYTES = 1 << 16
"""A device that babbles may take 64 KiB of one poll, not the whole of it."""
_UNSENT_BYTES = 1024
"""A second at 9600 baud: a port that leaves so much unsent does not take data any more."""

_PORT_TROUBLE = (OSError, ValueError, _TermiosError)
"""What pyserial raises: SerialException is an OSError, an unknown URL scheme or baud rate a ValueError."""

_ADVICE = {
    errno.ENOENT: "is not there; check that the device is plugged in and the port in the configuration",
    errno.ENODEV: "has no device behind it; check that the device is plugged in",
    errno.ENXIO: "has no device behind it; check that the device is plugged in",
    errno.EACCES: "may not be opened by this user; add the user to the group that owns it (often dialout)",
    errno.EPERM: "may not be opened by this user; add the user to the group that owns it (often dialout)",
    errno.EBUSY: "is in use by another program; close that program",
    errno.EAGAIN: "is in use by another program; close that program",
    errno.EISDIR: "is a folder, not a port; check the port in the configuration",
}
_ADVICE_ELSE = "cannot be opened; check the port in the configuration and its cable"


class PortError(Exception):
    """One line: which port, what happened, what to do. The port is closed when this is raised."""


class Port(Protocol):
    """A line to a device. No method waits for the device."""

    @property
    def url(self) -> str: ...

    @property
    def origin(self) -> Origin:
        """SIM for sim:// URLs, REAL for everything else."""

    @property
    def is_open(self) -> bool: ...

    def open(self) -> None:
        """Open the port; nothing happens when it is open. Raises PortError."""

    def read(self) -> bytes:
        """Return everything available now, b"" if nothing. Raises PortError when the port is gone."""

    def write(self, data: bytes) -> None:
        """Hand data to the port in order. Raises PortError when the port is gone or takes no more."""

    def close(self) -> None:
        """Release the port; never raises."""


def usb_ports(address: UsbAddress) -> list[str]:
    """Return the ports that have this USB serial number now: by the system's links, else by its listing."""
    linked = linked_ports(address)
    if linked or address.directory is not None:
        return linked
    return sorted(port.device for port in comports() if port.serial_number == address.serial_number)


class SerialPort:
    """A port by pyserial: a device file, usb:// (found by its serial number), socket:// or sim://.

    Real ports are opened exclusively. DTR and RTS are not needed, so pseudo-terminals work too.
    find: where a USB device is looked for, at every opening.
    """

    def __init__(self, url: str, baud: int, trace: WireTrace, find: Finder = usb_ports) -> None:
        self._url = url
        self._find = find
        self._baud = baud
        self._trace = trace
        self._serial: serial.Serial | None = None
        self._fd: int | None = None
        self._terminal: int | None = None
        self._unsent = b""

    @property
    def url(self) -> str:
        return self._url

    @property
    def origin(self) -> Origin:
        return origin_of(self._url)

    @property
    def is_open(self) -> bool:
        return self._serial is not None

    def open(self) -> None:
        if self._serial is not None:
            return
        address = usb_address(self._url)
        url = self._url if address is None else self._located(address)
        try:
            opened = serial.serial_for_url(
                url,
                do_not_open=True,
                baudrate=self._baud,
                timeout=0,
                write_timeout=0,
                exclusive=True if "://" not in url else None,
            )
            opened.open()
        except _PORT_TROUBLE as error:
            self._trace.note(f"not opened: {error}")
            advice = _ADVICE.get(getattr(error, "errno", None) or 0) or f"{_ADVICE_ELSE} ({error})"
            raise PortError(f"port {self._url} {advice}") from error
        self._serial = opened
        self._fd = _descriptor(opened)
        self._terminal = self._fd if self._fd is not None and os.isatty(self._fd) else None
        self._unsent = b""
        self._trace.note(f"opened {url} at {self._baud} baud")

    def read(self) -> bytes:
        port = self._serial
        if port is None:
            raise PortError(f"port {self._url} is not open; it is opened again by itself")
        fd = self._terminal
        try:
            if self._unsent:
                self._send(port)
            data = b""
            # Asked first: reading an empty terminal waits for a kernel thread, as `_send` says. And not asked
            # of pyserial, whose read waits once more for what is there already: that saves 2.1 of 4.4 us at
            # every read that brings a line (python -m benchmarks.bench.driver_tricks).
            while port.in_waiting if fd is None else ioctl(fd, FIONREAD, _NOTHING) != _NOTHING:
                read = port.read(_READ_BYTES) if fd is None else os.read(fd, _READ_BYTES)
                if not read:
                    raise OSError("no data where some was announced")
                data += read
                if len(read) < _READ_BYTES or len(data) >= _AT_ONCE_BYTES:
                    break
        except _PORT_TROUBLE as error:
            raise self._gone(error) from error
        if data:
            self._trace.received(data)
        return data

    def write(self, data: bytes) -> None:
        port = self._serial
        if port is None:
            raise PortError(f"port {self._url} is not open; it is opened again by itself")
        self._trace.sent(data)
        self._unsent += data
        try:
            self._send(port)
        except _PORT_TROUBLE as error:
            raise self._gone(error) from error
        if len(self._unsent) > _UNSENT_BYTES:
            self.close()
            raise PortError(f"port {self._url} takes no more data; check that the device runs and its cable")

    def close(self) -> None:
        port, self._serial = self._serial, None
        self._fd = self._terminal = None
        self._unsent = b""
        if port is None:
            return
        self._trace.note("closed")
        _close_at_once(port)

    def _located(self, address: UsbAddress) -> str:
        """Return where the device is now. Raises PortError when it is nowhere, or not in one place."""
        number, where = address.serial_number, self._find(address)
        if len(where) == 1:
            return where[0]
        if where:
            problem = f"serial number {number} is that of {' and '.join(where)}; unplug one, or name its port"
        else:
            problem = (
                f"no USB device has serial number {number}; check that it is plugged in and switched on, and "
                "the number in the configuration"
            )
        self._trace.note(f"not opened: {problem}")
        raise PortError(f"port {self._url}: {problem}")

    def _send(self, port: serial.Serial) -> None:
        # pyserial's own non-blocking write spins for ever on a full port. Nor is there asked whether there is
        # room: for that Linux waits until a kernel thread of normal priority has handed on what came in (tty
        # poll), and a tick of real-time class with it.
        try:
            taken = port.write(self._unsent) if self._fd is None else os.write(self._fd, self._unsent)
        except BlockingIOError:
            return
        self._unsent = b"" if taken is None else self._unsent[taken:]

    def _gone(self, error: Exception) -> PortError:
        self._trace.note(f"gone: {error}")
        self.close()
        return PortError(f"port {self._url} is gone; check the cable and the device's power ({error})")


def _descriptor(port: serial.Serial) -> int | None:
    """Return the file descriptor to write to; None where there is none (sim://, Windows)."""
    try:
        return int(port.fileno())
    except (OSError, AttributeError):
        return None


def _close_at_once(port: serial.Serial) -> None:
    """Close without pyserial's pause of 0.3 s for sockets, and without leaking one the peer has reset."""
    connection = getattr(port, "_socket", None)
    try:
        if connection is not None:
            connection.close()
            port.is_open = False
        else:
            port.close()
    except _PORT_TROUBLE:
        return
