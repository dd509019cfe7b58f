"""A device's line on a pseudo-terminal.

Opening and closing are seen by the master's hang-up state, which Linux sets while no client has the slave
open, so this server keeps no slave open itself: what a device says to nobody is lost and never piles up for
the next client, as on a serial port. Linux keeps a slave's settings (raw, no echo, a speed) for as long as
the master is open; after each client they are made afresh, as Linux does it for a serial port.
"""

from __future__ import annotations

import errno
import os
import select
import termios
import tty
from fcntl import ioctl
from struct import Struct

from simulators.wire.line import VirtualLine

READ_BYTES = 4096
# TCGETS2 of <asm-generic/ioctls.h>: unlike tcgetattr it tells every speed as a number, also unusual ones.
_GET_TERMIOS2 = 0x802C542A
_TERMIOS2 = Struct("=4I20B2I")
_NO_TERMIOS2 = bytes(_TERMIOS2.size)


class PtyPort:
    """Serves one line; whether it is plugged in follows `VirtualLine.unplugged`.

    path: the slave's name, None while unplugged. It changes with every replug.
    """

    def __init__(self, line: VirtualLine) -> None:
        self._line = line
        self._master = -1
        self._poll = select.poll()
        self._attachment = -1  # the line's number as this port left it; another one means an unplugging
        self._last_path: str | None = None
        self._unsettled = False
        self.path: str | None = None
        self.follow_plug()

    @property
    def readable(self) -> tuple[int, ...]:
        """File descriptors worth waiting for; one without a client is always ready, so it is left out."""
        return (self._master,) if self._line.attached and self._master >= 0 else ()

    def pump(self, now_s: float) -> None:
        """Carry what there is both ways, without waiting. The world stands at now_s."""
        self.follow_plug()
        if self._master < 0:
            return
        ready = self._poll.poll(0)
        events = ready[0][1] if ready else 0
        if events & select.POLLIN:
            self._hear(now_s)
        if not events & select.POLLHUP:
            self._serve_client()
        elif self._line.attached and not events & select.POLLIN:
            self._client_left()

    def settle(self) -> None:
        """Wait until the system has handed on what was written, which it does in a thread of its own.

        Asking a terminal whether it is readable waits for that (Linux, n_tty_poll); asking how much is
        there does not.
        """
        if not self._unsettled or self.path is None:
            return
        self._unsettled = False
        slave = os.open(self.path, os.O_RDWR | os.O_NOCTTY)
        try:
            select.select((slave,), (), (), 0.0)
        finally:
            os.close(slave)

    def follow_plug(self) -> None:
        """Take the terminal away or make a new one, as the line's cable went out or in."""
        line = self._line
        if self._master >= 0 and line.attachment != self._attachment:
            self.close()
        if self._master < 0 and not line.unplugged:
            self._appear()

    def close(self) -> None:
        """Take the terminal away: its client gets end of file or an error from now on."""
        if self._master >= 0:
            self._poll.unregister(self._master)
            os.close(self._master)
            self._master = -1
            self.path = None
            if self._line.attachment == self._attachment:
                self._line.detach()

    def _appear(self) -> None:
        self._master, self.path = _raw_terminal(self._line.baud, self._last_path)
        self._last_path = self.path
        self._poll.register(self._master, select.POLLIN)
        self._attachment = self._line.attachment

    def _hear(self, now_s: float) -> None:
        try:
            data = os.read(self._master, READ_BYTES)
        except OSError as error:
            if error.errno not in (errno.EIO, errno.EAGAIN):
                raise
            return
        self._line.set_host_baud(self._client_baud())
        self._line.host_write(data, now_s)

    def _serve_client(self) -> None:
        line = self._line
        baud = self._client_baud()
        if not line.attached:
            line.attach(baud)
            self._attachment = line.attachment
        elif baud != line.host_baud:
            line.set_host_baud(baud)
        data = line.host_read(READ_BYTES)
        if data:
            try:
                taken = os.write(self._master, data)
            except BlockingIOError:
                taken = 0
            line.dropped_bytes += len(data) - taken
            self._unsettled = True

    def _client_left(self) -> None:
        """Forget what the client has not read, and its settings. That needs the slave, for an instant."""
        self._line.detach()
        termios.tcflush(self._master, termios.TCOFLUSH)
        assert self.path is not None
        slave = os.open(self.path, os.O_RDWR | os.O_NOCTTY)
        try:
            _set_raw(slave, self._line.baud)
            termios.tcflush(slave, termios.TCIFLUSH)
        finally:
            os.close(slave)

    def _client_baud(self) -> int:
        """Return the client's speed; a line hung up by speed 0 counts as the device's own."""
        speed: int = _TERMIOS2.unpack(ioctl(self._master, _GET_TERMIOS2, _NO_TERMIOS2))[-1]
        return speed or self._line.baud


def _raw_terminal(baud: int, other_than: str | None) -> tuple[int, str]:
    """Return a new pseudo-terminal's master and its slave's name, which is not other_than."""
    master, slave = os.openpty()
    try:
        path = os.ttyname(slave)
        if path == other_than:
            # Linux gives the lowest free number; while this one is held, the next is another.
            held = master
            try:
                return _raw_terminal(baud, None)
            finally:
                os.close(held)
        _set_raw(slave, baud)
        os.set_blocking(master, False)
    finally:
        os.close(slave)
    return master, path


def _set_raw(slave: int, baud: int) -> None:
    """Bytes as they come, no echo, and a speed at which a client that sets none is understood."""
    tty.setraw(slave, termios.TCSANOW)
    settings = termios.tcgetattr(slave)
    settings[tty.ISPEED] = settings[tty.OSPEED] = getattr(termios, f"B{baud}", settings[tty.OSPEED])
    termios.tcsetattr(slave, termios.TCSANOW, settings)
