"""A virtual serial line: bytes take their time on the wire, in both directions, and nothing ever blocks.

The device gets whole lines at the instant their terminator has arrived. The host's side is pulled: a read
returns what has arrived by the kernel's present instant, so asking more often changes nothing. Replies come
in pieces cut at seeded random places, the way an adapter hands them on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from math import inf
from random import Random
from typing import Protocol

from simulators.kernel import Kernel
from simulators.wire.uart import BITS_PER_BYTE, misread, same_speed

OnLine = Callable[[bytes], None]

HOST_BUFFER_BYTES = 4096  # an operating system's receive buffer; what does not fit is lost, as there
WRITE_AHEAD_BYTES = 4096  # how much a host may have on its way to the device
LONGEST_LINE_BYTES = (
    256  # more of an endless line is not kept; every device refuses such a line by its length
)
NOISE_ANSWER_S = 0.01  # within the answer times of the devices that do
ADAPTER_LATENCY_S = 0.001  # an FTDI adapter with its latency timer at 1 ms (field notes)


class Faults(Protocol):
    """What a line asks of whatever goes wrong on it."""

    delay_s: float
    """Added to the way of every line."""

    def to_host(self, data: bytes) -> bytes:
        """Return what becomes of the device's bytes; delay_s is for the line to add."""

    def to_device(self, line: bytes, byte_s: float) -> None:
        """Hand a line of the host, without its terminator, on to the device, as it arrives now."""


class VirtualLine:
    """One serial line of one device.

    follows_host: the device takes the host's speed, up to its own baud.
    answers_noise: what was written at another speed comes back as noise, so that a host can tell a wrong
    speed from a device that is not there; the device itself has understood nothing.
    mute: the device's bytes never arrive. deaf: the host's never do. Both may be switched at any instant.
    deaf_until_s: the device loses what arrives before this instant (it restarts).
    faults: what else goes wrong on the line, None while nothing does.
    dropped_bytes: lost because nobody read, or because the host wrote too far ahead.
    attachment: another number after every opening and every unplugging; an older one's port is dead.
    """

    def __init__(
        self,
        kernel: Kernel,
        on_line: OnLine,
        *,
        baud: int,
        seed: int,
        carriage_return_ends: bool = False,
        follows_host: bool = False,
        answers_noise: bool = False,
    ) -> None:
        self._kernel = kernel
        self._on_line = on_line
        self._carriage_return_ends = carriage_return_ends
        self._follows_host = follows_host
        self._answers_noise = answers_noise
        self._random = Random(seed).random
        self.baud = baud
        self.mute = False
        self.deaf = False
        self.deaf_until_s = 0.0
        self.faults: Faults | None = None
        self.dropped_bytes = 0
        self.attached = False
        self.attachment = 0
        self._unplugged = False
        self._host_baud = baud
        self._byte_s = BITS_PER_BYTE / baud
        self._garbled = False
        self._unfinished = b""
        self._to_device_free_s = 0.0
        self._to_host_free_s = 0.0
        self._newest_ready_s = 0.0
        self._pieces: deque[tuple[float, bytes]] = deque()
        self._readable = bytearray()
        self._unread_bytes = 0

    # The host's side.

    def attach(self, host_baud: int | None = None) -> None:
        """A host opens the port, with empty buffers; without host_baud it speaks the device's speed."""
        self.attached = True
        self.attachment += 1
        self.discard_unread()
        self.set_host_baud(host_baud or self.baud)

    def detach(self) -> None:
        """The host closes the port; what the device says meanwhile is lost."""
        self.attached = False
        self.discard_unread()

    @property
    def unplugged(self) -> bool:
        """Whether the cable is out: no port can be opened, an open one fails for good, bytes go nowhere."""
        return self._unplugged

    @unplugged.setter
    def unplugged(self, unplugged: bool) -> None:
        if unplugged and not self._unplugged:
            self.attachment += 1
            self._unfinished = b""
            self.detach()
        self._unplugged = unplugged

    @property
    def host_baud(self) -> int:
        """The speed that the host speaks."""
        return self._host_baud

    @property
    def next_arrival_s(self) -> float:
        """When the next bytes become readable, infinite while the device says nothing."""
        return self._pieces[0][0] if self._pieces else inf

    def set_host_baud(self, host_baud: int) -> None:
        self._host_baud = host_baud
        follows = self._follows_host and host_baud <= self.baud
        self._garbled = not (follows or same_speed(self.baud, host_baud))
        self._byte_s = BITS_PER_BYTE / (host_baud if follows else self.baud)

    def host_write(self, data: bytes, now: float) -> int:
        """Put bytes on the wire at instant now; returns how many fitted, the rest is lost."""
        start_s = max(now, self._to_device_free_s)
        byte_s = BITS_PER_BYTE / self._host_baud
        room = WRITE_AHEAD_BYTES - int((start_s - now) / byte_s)
        if len(data) > room:
            self.dropped_bytes += len(data) - room
            data = data[:room]
        end_s = self._to_device_free_s = start_s + len(data) * byte_s
        if self._garbled:
            self._plan_lines(misread(data, self._host_baud, self.baud), start_s, byte_s)
            if self._answers_noise and not self.deaf:
                self._kernel.at(end_s + NOISE_ANSWER_S, partial(self.send, data))
        else:
            self._plan_lines(data, start_s, byte_s)
        return len(data)

    def host_read(self, size: int) -> bytes:
        """Return up to size of the bytes that have arrived; empty if none has."""
        readable = self._readable
        if self._pieces:
            self._collect()
        if size >= len(readable):
            data = bytes(readable)
            readable.clear()
        else:
            data = bytes(readable[:size])
            del readable[:size]
        self._unread_bytes -= len(data)
        return data

    @property
    def in_waiting(self) -> int:
        """How many bytes have arrived and wait to be read."""
        pieces = self._pieces
        if pieces and pieces[0][0] <= self._kernel.now_s:
            self._collect()
        return len(self._readable)

    def discard_unread(self) -> None:
        """Forget what the device has sent, also what is still on its way."""
        self._pieces.clear()
        self._readable.clear()
        self._unread_bytes = 0

    # The device's side.

    def send(self, data: bytes) -> None:
        """Put the device's bytes on the wire; lost when nobody listens or the host's buffer is full."""
        if self.mute or not self.attached:
            return
        late_s = 0.0
        if self.faults is not None:
            data, late_s = self.faults.to_host(data), self.faults.delay_s
            if not data:
                return
        byte_s, now_s, free_s = self._byte_s, self._kernel.now_s, self._to_host_free_s
        start_s = free_s if free_s > now_s else now_s
        end_s = self._to_host_free_s = start_s + len(data) * byte_s
        if self._garbled:
            data = misread(data, self.baud, self._host_baud)
        size = len(data)
        if self._unread_bytes + size > HOST_BUFFER_BYTES:
            self.dropped_bytes += size
            return
        self._unread_bytes += size
        random, pieces, newest_s = self._random, self._pieces, self._newest_ready_s
        cut = int(random() * size)
        if cut:
            ready_s = start_s + late_s + cut * byte_s + random() * ADAPTER_LATENCY_S
            newest_s = ready_s if ready_s > newest_s else newest_s
            pieces.append((newest_s, data[:cut]))
            data = data[cut:]
        ready_s = end_s + late_s + random() * ADAPTER_LATENCY_S
        self._newest_ready_s = newest_s = ready_s if ready_s > newest_s else newest_s
        pieces.append((newest_s, data))

    @property
    def backlog_s(self) -> float:
        """For how long the device's sender is still busy."""
        busy_s = self._to_host_free_s - self._kernel.now_s
        return busy_s if busy_s > 0.0 else 0.0

    @property
    def byte_s(self) -> float:
        """How long a byte of the device takes on the wire."""
        return self._byte_s

    def set_device_baud(self, baud: int) -> None:
        """The device speaks another speed from now on, or follows the host up to it."""
        self.baud = baud
        self.set_host_baud(self._host_baud)

    def _plan_lines(self, data: bytes, start_s: float, byte_s: float) -> None:
        if self._carriage_return_ends:
            data = data.replace(b"\r", b"\n")
        if not self._unfinished and data.find(b"\n") == len(data) - 1 > 0:  # one whole line: the usual case
            self._kernel.at(start_s + len(data) * byte_s, partial(self.deliver, data[:-1], byte_s))
            return
        *lines, rest = data.split(b"\n")
        arrived = 0
        for line in lines:
            arrived += len(line) + 1
            whole = self._unfinished + line
            self._unfinished = b""
            if whole:
                self._kernel.at(start_s + arrived * byte_s, partial(self.deliver, whole, byte_s))
        if rest:
            self._unfinished = (self._unfinished + rest)[:LONGEST_LINE_BYTES]

    def deliver(self, line: bytes, byte_s: float) -> None:
        """A line of the host's, without its terminator, has come to the device's end of the wire."""
        if self.deaf or self._unplugged:
            return
        if self.faults is None:
            self.hear(line, byte_s)
        else:
            self.faults.to_device(line, byte_s)

    def hear(self, line: bytes, byte_s: float) -> None:
        """Give the device what it hears of a line that ends now."""
        heard = int((self._kernel.now_s - self.deaf_until_s) / byte_s) - 1  # one byte was the terminator
        if heard > 0:
            self._on_line(line if heard >= len(line) else line[-heard:])

    def _collect(self) -> None:
        pieces = self._pieces
        now_s = self._kernel.now_s
        while pieces and pieces[0][0] <= now_s:
            self._readable += pieces.popleft()[1]
