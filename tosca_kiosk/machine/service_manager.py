"""What the system's service manager is told: that the run stands, that it is watched, that it ends.

Source: sd_notify(3). One datagram a message; without NOTIFY_SOCKET, where nobody asks, nothing happens.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Final

ALIVE_EVERY_S: Final = 1.0


class ServiceManager:
    """Sends without ever waiting. Close it at the end."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        name = environment.get("NOTIFY_SOCKET", "")
        # A name that begins with @ is an abstract one, which begins with a NUL.
        self._address = "\0" + name[1:] if name.startswith("@") else name
        self._socket: socket.socket | None = None
        self._alive_s: float | None = None
        if name:
            kind = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
            self._socket = socket.socket(socket.AF_UNIX, kind)

    def ready(self) -> None:
        """Everything was started."""
        self._send("READY=1")

    def alive(self, now_s: float) -> None:
        """The main loop has come round; told once a second."""
        if self._alive_s is None or now_s - self._alive_s >= ALIVE_EVERY_S:
            self._alive_s = now_s
            self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """The run ends by itself or was asked to."""
        self._send("STOPPING=1")

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket = None

    def _send(self, message: str) -> None:
        if self._socket is None:
            return
        try:
            self._socket.sendto(message.encode(), self._address)
        except OSError:
            return  # a manager that has gone, or does not read: nothing here can mend that
