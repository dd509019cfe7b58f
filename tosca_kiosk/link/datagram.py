"""Notes to a process that may or may not be listening: one JSON object a datagram, sent without waiting.

The simulated world takes inputs this way (`{"pedal.pressed": true}`), the supervisor wishes.
"""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any, Final

START_CONTROL: Final = {"wish": "start_control"}
"""Start control again after it ended; ignored while it runs."""

ALIVE: Final = {"wish": "alive"}
"""The kiosk's heartbeat; a kiosk that has sent one and then falls silent is ended and started again."""

CAMERA_ALIVE: Final = {"wish": "camera_alive"}
"""The camera process's, after each frame that it has captured."""


END_RUN: Final = {"wish": "end_run"}
"""Somebody at the screen ends the run. A screen that ends without it is started again, whatever its exit
code: the program that it is shown in may have one of its own for every end."""


class DatagramOutlet:
    """Sends to a Unix datagram socket at a path, without ever waiting."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)

    def send(self, note: dict[str, Any]) -> bool:
        """Send one object; False when nobody listens or the listener does not read."""
        try:
            self._socket.sendto(json.dumps(note).encode(), self._path)
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Release the socket."""
        self._socket.close()
