"""What the third-party clients of the wires stand on: served simulators, plain pyserial, deadlines.

Nothing here knows a device. A client opens a pseudo-terminal as any program would, and changes the
world only by path and value. A served cart is a program of its own and lives by the system's clock; a paced
cart's time passes only while a client waits, so that no busy machine can keep a client from its deadline.
"""

import contextlib
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import serial
from serial.serialutil import Timeout

from simulators.cart import SimulatedCart
from simulators.servers import PtyCart
from simulators.settable import set_value
from simulators.world import World

T = TypeVar("T")

PATIENCE_S = 10.0
"""How long an answer may take on a machine that does other things; no page asks for so much."""

PACE_S = 0.001
"""Of a paced cart's time; the shortest that a page speaks of."""

_TOSCA_KIOSK = Path(sys.executable).with_name("tosca-kiosk")


class Cart:
    """The served cart: where its devices are, and a hand on its world."""

    def __init__(self, ports: dict[str, str], input_socket: Path):
        self.ports = ports
        self._input_socket = input_socket

    def turn(self, **values: object) -> None:
        """Set paths of the world; two underscores stand for a dot: `turn(pedal__pressed=True)`."""
        paths = {name.replace("__", "."): value for name, value in values.items()}
        with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as hand:
            hand.sendto(json.dumps(paths).encode(), str(self._input_socket))


@contextlib.contextmanager
def served_cart(folder: Path, config: Path | None = None) -> Iterator[Cart]:
    """Serve a simulated cart, the shipped one unless another is named, until the block is left."""
    input_socket = folder / "in"
    command: list[str | Path] = [
        _TOSCA_KIOSK,
        "simulate",
        "--json",
        "--input-socket",
        input_socket,
        "--data-dir",
        folder,
        *(() if config is None else ("--config", config)),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Cart(json.loads(process.stdout.readline()), input_socket)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(PATIENCE_S)


class PacedCart:
    """A cart in this process: where its devices are, a hand on its world, and on its time."""

    def __init__(self, cart: SimulatedCart, served: PtyCart):
        self.ports = served.paths
        self._cart = cart
        self._served = served
        self._now_s = 0.0

    def turn(self, **values: object) -> None:
        """Set paths of the world, as `Cart.turn` does."""
        for name, value in values.items():
            set_value(self._cart, name.replace("__", "."), value)

    def pass_time(self) -> None:
        """Let a millisecond pass; what is said until then can be read."""
        self._now_s += PACE_S
        self._served.pump(self._now_s)
        self._served.settle()


@contextlib.contextmanager
def paced_cart() -> Iterator[PacedCart]:
    """Serve a simulated cart on pseudo-terminals, by a clock that its clients move."""
    cart = SimulatedCart(World(1))
    with PtyCart(cart) as served:
        yield PacedCart(cart, served)


class Wire:
    """One serial line: bytes out, bytes in, every wait under one absolute deadline.

    pass_time: a paced cart's; the system's clock where there is none.
    """

    def __init__(self, path: str, baud: int, pass_time: Callable[[], None] | None = None):
        self.port = serial.Serial(path, baud, timeout=0.02 if pass_time is None else 0.0)
        self._pass_time = pass_time
        self._unread = b""

    def close(self) -> None:
        self.port.close()

    def write(self, data: bytes | str) -> None:
        self.port.write(data if isinstance(data, bytes) else data.encode())

    def maybe_line(self, end: bytes = b"\n") -> bytes | None:
        """Return the next line with its end, None when none is complete yet (waits up to 20 ms)."""
        if end not in self._unread:
            self._take()
        if end not in self._unread:
            return None
        line, self._unread = self._unread.split(end, 1)
        return line + end

    def line(self, end: bytes = b"\n") -> bytes:
        """Return the next line with its end."""
        return until(lambda: self.maybe_line(end), lambda line: line is not None) or b""

    def heard_for(self, seconds: float) -> bytes:
        """Return all that arrives in this time."""
        if self._pass_time is not None:
            for _ in range(round(seconds / PACE_S)):
                self._take()
        else:
            time_left = Timeout(seconds)
            while not time_left.expired():
                self._take()
        heard, self._unread = self._unread, b""
        return heard

    def _take(self) -> None:
        if self._pass_time is not None:
            self._pass_time()
        self._unread += self.port.read(max(1, self.port.in_waiting))


def until(look: Callable[[], T], good: Callable[[T], object]) -> T:
    """Look until what is seen is good; fails naming the last thing seen."""
    time_left = Timeout(PATIENCE_S)
    while True:
        seen = look()
        if good(seen):
            return seen
        assert not time_left.expired(), f"not within {PATIENCE_S} s; last seen: {seen!r}"
