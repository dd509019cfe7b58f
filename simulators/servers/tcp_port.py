"""A device's line on a TCP port, as a serial device server offers it: one client at a time, no speed."""

from __future__ import annotations

import socket

from simulators.wire.line import VirtualLine

READ_BYTES = 4096


class TcpPort:
    """Serves one line. A second client, or any while the device is unplugged, is accepted and dropped.

    port 0 takes a free one. Raises OSError where it cannot listen.
    """

    def __init__(self, line: VirtualLine, host: str, port: int) -> None:
        self._line = line
        self._client: socket.socket | None = None
        self._attachment = line.attachment
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            self._listener = socket.create_server((host, port), family=family, backlog=1)
        except OSError as error:
            reason = str(error.strerror).partition(" (")[0]
            raise OSError(f"{reason}: {host} port {port}") from error
        self._listener.setblocking(False)
        self._url = f"socket://{f'[{host}]' if ':' in host else host}:{self._listener.getsockname()[1]}"

    @property
    def path(self) -> str | None:
        """The port as a URL for pyserial; None while unplugged."""
        return None if self._line.unplugged else self._url

    @property
    def readable(self) -> tuple[int, ...]:
        """File descriptors worth waiting for."""
        client = () if self._client is None else (self._client.fileno(),)
        return (self._listener.fileno(), *client)

    def pump(self, now_s: float) -> None:
        """Carry what there is both ways, without waiting. The world stands at now_s."""
        self.follow_plug()
        self._hear(now_s)
        self._accept()
        self._speak()

    def follow_plug(self) -> None:
        """Drop the client of a device whose cable has come out."""
        if self._line.attachment != self._attachment:
            self._drop_client()
            self._attachment = self._line.attachment

    def settle(self) -> None:
        """What was sent to a socket of this machine is there already."""

    def close(self) -> None:
        self._drop_client()
        self._listener.close()

    def _accept(self) -> None:
        try:
            client, _ = self._listener.accept()
        except OSError:  # nobody, or gone again already
            return
        if self._client is not None or self._line.unplugged:
            client.close()
            return
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client = client
        self._line.attach()
        self._attachment = self._line.attachment

    def _hear(self, now_s: float) -> None:
        if self._client is None:
            return
        try:
            data = self._client.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:  # reset by the client
            data = b""
        if data:
            self._line.host_write(data, now_s)
        else:
            self._drop_client()

    def _speak(self) -> None:
        data = self._line.host_read(READ_BYTES)
        if self._client is None or not data:
            return
        try:
            taken = self._client.send(data)
        except BlockingIOError:
            taken = 0
        except OSError:
            self._drop_client()
            return
        self._line.dropped_bytes += len(data) - taken

    def _drop_client(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None
            if self._line.attachment == self._attachment:
                self._line.detach()
