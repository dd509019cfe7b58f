"""What goes wrong on one serial line, both ways: lost, late, doubled, cut, flipped, echoed, held, babbled.

A `VirtualLine` has its faults as `faults` only while any of them is there. Chance comes from a stream of its
own: a fault moves nothing in what other lines and the devices themselves do by chance.
"""

from __future__ import annotations

from functools import partial
from random import Random

from simulators.kernel import Kernel, Timer
from simulators.wire.line import VirtualLine

BABBLE_EVERY_S = 0.01
MOST_HELD_BYTES = 4096  # an adapter's memory; what does not fit is lost


class LineFaults:
    """The faults of a line (`line.Faults`); `change` sets one by its name.

    drop, duplicate, truncate: part of the lines. bit_flips: part of the bytes. delay_s: added to every line.
    echo: what the host says comes back to it. stalled: everything is held, and comes when it ends.
    babble: part of the line's time that is full of random bytes.
    """

    def __init__(self, kernel: Kernel, line: VirtualLine, seed: int) -> None:
        self._kernel = kernel
        self._line = line
        self._bits = Random(seed)
        self._random = self._bits.random
        self.drop = 0.0
        self.duplicate = 0.0
        self.truncate = 0.0
        self.bit_flips = 0.0
        self.delay_s = 0.0
        self.echo = False
        self.stalled = False
        self.babble = 0.0
        self._held_for_host = b""
        self._held_for_device: list[tuple[bytes, float]] = []
        self._unfinished = b""
        self._newest_due_s = 0.0
        self._babbling: Timer | None = None

    def change(self, name: str, value: bool | float) -> None:
        """Set one fault, from this instant on."""
        setattr(self, name, value)
        self._line.faults = self if self._any() else None
        if name == "stalled" and not value:
            self._let_go()
        elif name == "babble" and self._babbling is None:
            self._babble()

    def _any(self) -> bool:
        return bool(
            self.drop
            or self.duplicate
            or self.truncate
            or self.bit_flips
            or self.delay_s
            or self.echo
            or self.stalled
            or self.babble
            or self._unfinished
            or self._kernel.now_s < self._newest_due_s  # what comes next must not overtake what is late
        )

    def to_host(self, data: bytes) -> bytes:
        if self.stalled:
            self._held_for_host = (self._held_for_host + data)[:MOST_HELD_BYTES]
            return b""
        return b"".join([self._damaged(line) for line in data.splitlines(keepends=True)])

    def to_device(self, line: bytes, byte_s: float) -> None:
        if self.stalled:
            held = sum(len(other) for other, _ in self._held_for_device)
            if held + len(line) <= MOST_HELD_BYTES:
                self._held_for_device.append((line, byte_s))
            return
        if self.echo:
            self._line.send(line + b"\n")
        *lines, self._unfinished = (self._unfinished + self._damaged(line + b"\n")).split(b"\n")
        self._unfinished = self._unfinished[:MOST_HELD_BYTES]
        self._newest_due_s = max(self._newest_due_s, self._kernel.now_s + self.delay_s)
        for whole in lines:
            if whole:
                self._kernel.at(self._newest_due_s, partial(self._line.hear, whole, byte_s))

    def _damaged(self, line: bytes) -> bytes:
        random = self._random
        if self.drop and random() < self.drop:
            return b""
        if self.truncate and random() < self.truncate:
            line = line[: int(random() * len(line))]
        if self.bit_flips:
            line = bytes([byte ^ self._wrong_bit() for byte in line])
        if self.duplicate and random() < self.duplicate:
            line += line
        return line

    def _wrong_bit(self) -> int:
        return 1 << int(self._random() * 8) if self._random() < self.bit_flips else 0

    def _let_go(self) -> None:
        data, self._held_for_host = self._held_for_host, b""
        lines, self._held_for_device = self._held_for_device, []
        if data:
            self._line.send(data)
        for line, byte_s in lines:
            self._line.deliver(line, byte_s)

    def _babble(self) -> None:
        self._babbling = None
        if not self.babble:
            return
        self._babbling = self._kernel.after(BABBLE_EVERY_S, self._babble)
        size = int(self.babble * BABBLE_EVERY_S / self._line.byte_s)
        self._line.send(self._bits.randbytes(max(1, size)))
