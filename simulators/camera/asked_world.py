"""What there is to be seen of a simulated world in another process, asked at its input socket."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from simulators.camera.truth import OpticalState

SILENT_S: Final = 0.5
"""A world that has not answered for so long stands still, and nothing shines in it."""
_QUESTION: Final = json.dumps({"ask": ["optics"]}).encode()
_MAX_ANSWER_BYTES: Final = 4096


class AskedWorld:
    """Each call asks anew and returns the newest answer that has come: the world of one call before.

    It never waits. clock: the caller's monotonic clock. Before the first answer, and when the world has
    fallen silent, there is a camera and a tissue but no light of laser and aiming beam.
    """

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self._path = str(path)
        self._clock = clock
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        # The empty name lets the system choose one outside the file system, so nothing is left behind.
        self._socket.bind("")
        self._newest = OpticalState()
        self._newest_s = clock()

    def __call__(self) -> OpticalState:
        """Return the newest answer, and ask again."""
        now_s = self._clock()
        self._read(now_s)
        with suppress(OSError):  # nobody listens, or its queue is full: then no answer comes either
            self._socket.sendto(_QUESTION, self._path)
        if now_s - self._newest_s > SILENT_S:
            self._newest = self._newest._replace(laser_power_w=0.0, aiming_on=False)
        return self._newest

    def close(self) -> None:
        """Ask no more."""
        self._socket.close()

    def _read(self, now_s: float) -> None:
        try:
            while True:
                answer = json.loads(self._socket.recv(_MAX_ANSWER_BYTES))
                self._newest = OpticalState(*answer["optics"])
                self._newest_s = now_s
        except BlockingIOError:
            return
