"""Lines over a stream socket, both ways, never waiting and never holding more than their bounds."""

from __future__ import annotations

import socket
from typing import Final

from tosca_kiosk.link.messages import MAX_LINE_BYTES

MAX_UNSENT_BYTES: Final = 1 << 20
_READ_BYTES: Final = 1 << 16


class LineSocket:
    """A connected socket. ended: why it can be used no more, None while it can."""

    def __init__(self, connected: socket.socket) -> None:
        connected.setblocking(False)
        self._socket = connected
        self._received = bytearray()
        self._unsent = bytearray()
        self.ended: str | None = None

    def fileno(self) -> int:
        """The descriptor to wait on."""
        return self._socket.fileno()

    def lines(self) -> list[bytes]:
        """Return the lines that have come, without their LF; one read at most a call.

        Complete lines before the end of file are returned in the call that sees it.
        """
        if self.ended is not None:
            return []
        try:
            read = self._socket.recv(_READ_BYTES)
        except BlockingIOError:
            return []
        except OSError as error:
            self.close(f"the connection broke ({error.strerror})")
            return []
        if not read:
            self.close("the other side closed the connection")
            return []
        return self._split(read)

    def _split(self, read: bytes) -> list[bytes]:
        *lines, rest = read.split(b"\n")
        if lines:
            lines[0] = bytes(self._received) + lines[0]
            self._received.clear()
        self._received += rest
        if len(self._received) > MAX_LINE_BYTES:
            self.close(f"a line is over {MAX_LINE_BYTES} bytes long")
        return lines

    def send(self, message: bytes) -> None:
        """Send a line, its LF added; what the system does not take now is kept for `flush`."""
        if self.ended is not None:
            return
        self._unsent += message
        self._unsent += b"\n"
        self.flush()
        if len(self._unsent) > MAX_UNSENT_BYTES:
            self.close("the other side does not read")

    def flush(self) -> None:
        """Send what is left from before."""
        if not self._unsent or self.ended is not None:
            return
        try:
            sent = self._socket.send(self._unsent)
        except BlockingIOError:
            return
        except OSError:
            # What the other side sent before it went is still to be read; the reading sees the end.
            self._unsent.clear()
            return
        del self._unsent[:sent]

    def close(self, why: str = "closed") -> None:
        """End the connection, once."""
        if self.ended is None:
            self.ended = why
            self._socket.close()
