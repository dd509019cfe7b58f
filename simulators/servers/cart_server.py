"""A simulated cart for clients outside: every line on a port of the operating system, one loop for all.

Nothing here reads a clock by itself. A program that has its own loop calls `pump` with its time; one that
has nothing else to do calls `run_until`.
"""

from __future__ import annotations

import select
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from simulators.cart import SimulatedCart
from simulators.servers.by_id import ByIdLinks, usb_names
from simulators.servers.pty_port import PtyPort
from simulators.servers.tcp_port import TcpPort

LONGEST_WAIT_S = 0.005  # a client that opens a pseudo-terminal wakes nobody; no device answers sooner
_NO_TCP: Mapping[str, TcpAddress] = {}


class TcpAddress(NamedTuple):
    """Where to listen; port 0 takes a free one."""

    host: str
    port: int


class PtyCart:
    """A cart's lines on pseudo-terminals, or on TCP where `tcp` has an address for them. Keys are its ports.

    links_dir: a folder for links to the terminals by serial number (see `by_id`). Raises OSError for a port
    or link that cannot be made; nothing is left open then.
    """

    def __init__(
        self,
        cart: SimulatedCart,
        *,
        links_dir: Path | None = None,
        tcp: Mapping[str, TcpAddress] = _NO_TCP,
    ) -> None:
        self.cart = cart
        self.links_dir = links_dir
        self._kernel = cart.world.kernel
        self._lines = cart.lines
        self._ports: dict[str, PtyPort | TcpPort] = {}
        self._links: ByIdLinks | None = None
        with ExitStack() as stack:
            stack.callback(self.close)
            if links_dir is not None:
                names = {key: name for key, name in usb_names(cart).items() if key not in tcp}
                self._links = ByIdLinks(links_dir, names)
            for key, line in self._lines.items():
                address = tcp.get(key)
                self._ports[key] = PtyPort(line) if address is None else TcpPort(line, *address)
            self._follow_links()
            stack.pop_all()

    def __enter__(self) -> PtyCart:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def paths(self) -> dict[str, str]:
        """Each plugged port, as pyserial takes it, by its key."""
        return {key: port.path for key, port in self._ports.items() if port.path is not None}

    def link(self, key: str) -> Path:
        """Return a port's link in links_dir. Raises KeyError where it has none."""
        if self._links is None:
            raise KeyError(key)
        return self._links[key]

    def unplug(self, key: str) -> None:
        """Pull a port's cable at once; harmless when it is out. Raises KeyError."""
        self._lines[key].unplugged = True
        self._follow_plug(key)

    def replug(self, key: str) -> None:
        """Put the cable back at once, a pseudo-terminal under another name. Raises KeyError."""
        self._lines[key].unplugged = False
        self._follow_plug(key)

    def pump(self, now_s: float) -> None:
        """Let the world reach now_s and carry what there is both ways; never waits."""
        self._kernel.advance(now_s)
        for port in self._ports.values():
            port.pump(now_s)
        if self._links is not None:
            self._follow_links()

    def settle(self) -> None:
        """Wait until clients can read what `pump` wrote: for a client in this process on a virtual clock."""
        for port in self._ports.values():
            port.settle()

    def wait(self, now_s: float) -> None:
        """Wait until a client says something or the world has something to do, seen from now_s."""
        due_s = min(self._kernel.next_s, *(line.next_arrival_s for line in self._lines.values()))
        readable = [fd for port in self._ports.values() for fd in port.readable]
        select.select(readable, (), (), max(0.0, min(due_s - now_s, LONGEST_WAIT_S)))

    def run_until(self, done: Callable[[], bool], clock: Callable[[], float]) -> None:
        """Serve in real time until done() is true, asked at least every 5 ms."""
        while not done():
            self.pump(clock())
            self.wait(clock())

    def close(self) -> None:
        """Take every port and link away; a client's open port fails from then on."""
        for port in self._ports.values():
            port.close()
        if self._links is not None:
            self._links.remove()

    def _follow_plug(self, key: str) -> None:
        self._ports[key].follow_plug()
        self._follow_links()

    def _follow_links(self) -> None:
        if self._links is not None:
            for key in self._links.keys:
                self._links.follow(key, self._ports[key].path)
