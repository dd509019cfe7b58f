"""Whether the compositor that shows the window works: a frozen one shows an old picture and takes no touch.

The window itself cannot tell: an X server between the two goes on taking its drawings. So the compositor is
asked by its own protocol, of which two words are spoken: wl_display.sync, and the answers to it.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

ASK_EVERY_S: Final = 0.1
SILENT_AFTER_S: Final = 1.0
"""As a camera's picture: over the pauses of a loaded machine; with the heartbeat's own age under 1.5 s."""

_DISPLAY, _CALLBACK = 1, 2
_SYNC: Final = struct.pack("=IHHI", _DISPLAY, 0, 12, _CALLBACK)
"""wl_display.sync(new callback). The callback's number is free for the next one after the answer."""
_ANSWER_BYTES: Final = 24
"""wl_callback.done(serial) and wl_display.delete_id(callback), 12 bytes each."""


class Compositor:
    """Asks without ever waiting. Where none is named, or none is reached, nobody is asked and all is well."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._socket: socket.socket | None = None
        self._asked_s: float | None = None
        self._next_s: float | None = None
        self._missing_bytes = 0
        name = environment.get("WAYLAND_DISPLAY")
        if not name:
            return
        asking = socket.socket(
            socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        )
        try:
            # An absolute name leaves the directory out.
            asking.connect(str(Path(environment.get("XDG_RUNTIME_DIR", "")) / name))
        except OSError:
            asking.close()
        else:
            self._socket = asking

    def answers(self, now_s: float) -> bool:
        """Take what it has said, ask anew when that is due; return whether no question waits for too long."""
        if self._socket is None:
            return True
        if self._asked_s is not None:
            self._hear()
        if self._asked_s is None and (self._next_s is None or now_s >= self._next_s):
            self._asked_s, self._next_s, self._missing_bytes = now_s, now_s + ASK_EVERY_S, _ANSWER_BYTES
            with suppress(OSError):  # what it does not take it does not answer
                self._socket.send(_SYNC)
        return self._asked_s is None or now_s - self._asked_s <= SILENT_AFTER_S

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket = None

    def _hear(self) -> None:
        assert self._socket is not None
        with suppress(OSError):
            self._missing_bytes -= len(self._socket.recv(_ANSWER_BYTES))
        if self._missing_bytes <= 0:
            self._asked_s = None
