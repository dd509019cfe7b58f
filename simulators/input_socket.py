"""The simulated world's own input: one JSON object a datagram, from a screen's strip or a test.

`{"pedal.pressed": true}` changes the world now, by the paths of `simulators.settable`; a datagram with
anything in it that the table does not allow changes nothing and is counted. `{"ask": ["true_power_w"]}` is
answered to the asker's own socket, with the world's time and the count. What is asked is for judges alone, as
`true_constants`: what the devices truly are.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from simulators.camera.truth import OpticalState, optical_state
from simulators.cart import SimulatedCart
from simulators.settable import SettingError, check_value, set_value
from simulators.true_constants import TrueConstants
from simulators.world import World

POLL_EVERY_S: Final = 0.005
MAX_DATAGRAM_BYTES: Final = 4096
ASK: Final = "ask"

READABLE: Final[dict[str, Callable[[World], float | OpticalState | TrueConstants]]] = {
    "optics": optical_state,
    "true_constants": World.true_constants,
    "true_power_w": World.true_power_w,
    "true_energy_j": World.true_energy_j,
}


@contextmanager
def input_socket(cart: SimulatedCart, path: Path) -> Iterator[None]:
    """Listen at a path, looking every 5 ms of the world's own time. Raises OSError if that cannot be."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as listening:
        path.unlink(missing_ok=True)
        listening.bind(str(path))
        path.chmod(0o600)
        listener = _Input(cart, listening)
        try:
            yield
        finally:
            listener.stop()
            path.unlink(missing_ok=True)


class _Input:
    """Reads what has come whenever the world's clock reaches the next look."""

    def __init__(self, cart: SimulatedCart, listening: socket.socket) -> None:
        self._cart = cart
        self._world = cart.world
        self._socket = listening
        self._refused = 0
        self._timer = cart.world.kernel.after(POLL_EVERY_S, self._look)

    def stop(self) -> None:
        self._timer.cancel()

    def _look(self) -> None:
        self._timer = self._world.kernel.after(POLL_EVERY_S, self._look)
        try:
            while True:
                datagram, sender = self._socket.recvfrom(MAX_DATAGRAM_BYTES)
                self._take(datagram, sender)
        except BlockingIOError:
            return

    def _take(self, datagram: bytes, sender: str | None) -> None:
        try:
            wanted = json.loads(datagram)
            if not isinstance(wanted, dict):
                raise SettingError("an object of paths and values is needed")
            if ASK in wanted:
                self._reply(wanted[ASK], sender)
            else:
                self._change(wanted)
        except (ValueError, TypeError, KeyError, RecursionError):
            self._refused += 1

    def _change(self, wanted: dict[str, Any]) -> None:
        for path, value in wanted.items():
            check_value(path, value)
        for path, value in wanted.items():
            set_value(self._cart, path, value)

    def _reply(self, names: list[str], sender: str | None) -> None:
        values = {name: READABLE[name](self._world) for name in names}
        answer = values | {"now_s": self._world.kernel.now_s, "refused": self._refused}
        if sender:
            try:
                self._socket.sendto(json.dumps(answer).encode(), sender)
            except OSError:
                self._refused += 1
