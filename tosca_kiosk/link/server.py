"""Control's end of the command socket: polled once a tick, one kiosk at a time, never waiting."""

from __future__ import annotations

import os
import select
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from tosca_kiosk.domain.inputs import CommandType, TurnedAway
from tosca_kiosk.link.lines import LineSocket
from tosca_kiosk.link.messages import Alive, Hello, Notice, Order, Reply, Request, SignedOrder

NO_NUMBER: Final = 0
"""The id of an answer to a line whose own id could not be read."""
MOST_KEPT: Final = 10
"""Of what is turned away between two looks: a flood of lines must not fill the record."""
_UCRED: Final = struct.Struct("3i")  # of unix(7): process, user, group

_encoder = msgspec.json.Encoder()
_requests: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Request)


class _Numbered(msgspec.Struct):
    id: int = NO_NUMBER


_numbered = msgspec.json.Decoder(_Numbered)

_NOT_UNDERSTOOD: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What a decoder raises; the last for a line of brackets within brackets."""


class LinkServer:
    """Listens at a path for the kiosk. hello: makes the first line for a kiosk that connects.

    connections: how many kiosks have been taken so far; those of other users never are. Raises OSError when
    it cannot listen, also where another control answers at the path.
    """

    def __init__(self, path: Path, hello: Callable[[], Hello]) -> None:
        self._path = path
        self._hello = hello
        self._kiosk: LineSocket | None = None
        self._last_id = NO_NUMBER
        self.connections = 0
        self._turned_away: list[TurnedAway] = []
        self._listener = _listening(path)
        self._ready = select.poll()
        self._ready.register(self._listener, select.POLLIN)

    @property
    def connected(self) -> bool:
        """Whether a kiosk is there; False from its end of file on."""
        return self._kiosk is not None

    def poll(self) -> list[Request]:
        """Return what the kiosk asks now, in its order; what is refused here has been answered."""
        if self._kiosk is not None:
            self._kiosk.flush()
        came = self._ready.poll(0)
        if not came:
            self._forget_ended()
            return []
        listener = self._listener.fileno()
        kiosk = self._kiosk
        requests = []
        if kiosk is not None and any(file != listener for file, _ in came):
            requests = [request for line in kiosk.lines() if (request := self._request(line)) is not None]
        self._forget_ended()
        if any(file == listener for file, _ in came):
            self._accept()
        return requests

    def send(self, notice: Notice) -> None:
        """Tell the kiosk; nothing happens where there is none."""
        if self._kiosk is not None:
            self._kiosk.send(_encoder.encode(notice))

    def take_turned_away(self) -> list[TurnedAway]:
        """Return what was refused here since the last call, for the record."""
        if not self._turned_away:
            return self._turned_away
        taken, self._turned_away = self._turned_away, []
        if len(taken) > MOST_KEPT:
            more = TurnedAway("lines", f"{len(taken) - MOST_KEPT} more were refused")
            taken = [*taken[:MOST_KEPT], more]
        return taken

    def close(self) -> None:
        """Let the kiosk go and stop listening."""
        if self._kiosk is not None:
            self._kiosk.close()
        self._kiosk = None
        self._listener.close()
        self._path.unlink(missing_ok=True)

    def _accept(self) -> None:
        try:
            connected, _ = self._listener.accept()
        except OSError:
            return
        line = LineSocket(connected)
        if refused := self._stranger(connected):
            self._turned_away.append(TurnedAway("connect", refused))
            line.send(_encoder.encode(Reply(NO_NUMBER, refused)))
            line.close()
            return
        self._kiosk = line
        self._ready.register(line, select.POLLIN)
        self._last_id = NO_NUMBER
        self.connections += 1
        self.send(self._hello())

    def _stranger(self, connected: socket.socket) -> str | None:
        process, user, _ = _UCRED.unpack(
            connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
        )
        if user != os.getuid():
            return f"process {process} belongs to user {user}, not to control's"
        return "another kiosk is connected" if self._kiosk is not None else None

    def _forget_ended(self) -> None:
        kiosk = self._kiosk
        if kiosk is not None and kiosk.ended is not None:
            # A closed descriptor leaves poll's set only by its number, which may be used again.
            self._ready = select.poll()
            self._ready.register(self._listener, select.POLLIN)
            self._kiosk = None

    def _request(self, line: bytes) -> Request | None:
        try:
            request = _requests.decode(line)
        except _NOT_UNDERSTOOD as error:
            # A decoder quotes what it does not know, and nobody knows what that is where a PIN may be near.
            why = "it is no signed order" if b"pin" in line else str(error)
            self._refuse(_number_of(line), "line", f"not understood: {why}")
            return None
        if isinstance(request, Alive) or _is_stop(request):
            return request
        if not request.id > self._last_id:
            refused = f"number {request.id} came after {self._last_id}; numbers must rise"
            self._refuse(request.id, asked(request), refused)
            return None
        self._last_id = request.id
        return request

    def _refuse(self, number: int, wanted: str, refused: str) -> None:
        self._turned_away.append(TurnedAway(wanted, refused))
        self.send(Reply(number, refused))


def asked(request: Request) -> str:
    """Name what a request wants: an order's command, else its type."""
    return (
        str(request.command)
        if isinstance(request, Order | SignedOrder)
        else str(request.__struct_config__.tag)
    )


def _is_stop(request: Request) -> bool:
    """STOP is taken in any order: it can only ever darken."""
    return isinstance(request, Order) and request.command is CommandType.STOP


def _number_of(line: bytes) -> int:
    try:
        return _numbered.decode(line).id
    except _NOT_UNDERSTOOD:
        return NO_NUMBER


def _listening(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        _remove_left_over(path)
        listener.bind(str(path))
        path.chmod(0o600)
        listener.listen(4)
    except BaseException:
        listener.close()
        raise
    return listener


def _remove_left_over(path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as probe:
        refused: Any = probe.connect_ex(str(path))
    if refused == 0:
        raise OSError(f"{path}: another control answers there; end it first")
    path.unlink(missing_ok=True)
