"""The kiosk's end of the link: commands out, notices in, the newest tick; nothing here ever waits."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Final

import msgspec

from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.domain.journal_lines import Header
from tosca_kiosk.link.datagram import ALIVE, START_CONTROL, DatagramOutlet
from tosca_kiosk.link.lines import LineSocket
from tosca_kiosk.link.messages import (
    LONGEST_REASON,
    Alive,
    DoubtSelfTest,
    EndSession,
    Hello,
    Notice,
    OpenSession,
    Order,
    Reply,
    Request,
    SignedOrder,
)
from tosca_kiosk.link.ring import RingError, RingReader
from tosca_kiosk.link.telemetry import Telemetry
from tosca_kiosk.machine.runtime import SUPERVISOR_SOCKET

_encoder = msgspec.json.Encoder()
_notices: msgspec.json.Decoder[Notice] = msgspec.json.Decoder(Notice)
_telemetry = msgspec.msgpack.Decoder(Telemetry)
_ALIVE: Final = _encoder.encode(Alive())


class ControlLink:
    """The link to control at a socket's path.

    Call `connect` now and then while `connected` is False, `poll` every frame, and `alive` after a frame in
    which input was handled and the screen drawn. problem: why there is no link, None while there is one.
    """

    def __init__(self, socket_path: Path) -> None:
        self._path = socket_path
        self._supervisor = DatagramOutlet(socket_path.with_name(SUPERVISOR_SOCKET))
        self._line: LineSocket | None = None
        self._ring: RingReader | None = None
        self._number = 0
        self._seen = 0
        self._latest: Telemetry | None = None
        self.hello: Hello | None = None
        self.problem: str | None = "not connected yet"

    @property
    def connected(self) -> bool:
        """Whether control has said hello and the connection stands."""
        return self.hello is not None

    def connect(self) -> bool:
        """Try to connect; return whether the socket is up. The link stands when `poll` has seen the hello."""
        if self._line is not None:
            return True
        fresh = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            fresh.connect(str(self._path))
        except OSError as error:
            fresh.close()
            self.problem = f"control does not answer ({error.strerror})"
            return False
        self._line = LineSocket(fresh)
        return True

    def poll(self) -> list[Notice]:
        """Return what control said since the last call, oldest first; the hello is among it."""
        line = self._line
        if line is None:
            return []
        line.flush()
        notices = [notice for each in line.lines() if (notice := self._read(line, each)) is not None]
        if line.ended is not None:
            self._lose(line.ended)
        return notices

    def order(
        self,
        command: CommandType,
        session: int | None,
        *,
        calibration: int | None = None,
        reason: str | None = None,
        value: float | None = None,
        user: str | None = None,
    ) -> int | None:
        """Send a command; return the number that its Reply will carry, None where there is no link.

        session, calibration: what it is meant for, one of them or neither. value, user: of an override or a
        station (see Order).
        """
        return self._ask(
            Order(
                id=self._number + 1,
                session=session,
                command=command,
                reason=reason,
                value=value,
                user=user,
                calibration=calibration,
            )
        )

    def signed_order(
        self,
        command: CommandType,
        session: int | None,
        username: str,
        pin: str,
        *,
        reason: str | None = None,
        calibration: int | None = None,
    ) -> int | None:
        """Send a command signed with an account's PIN; answered by a Reply, before it by a PinTried."""
        return self._ask(
            SignedOrder(
                id=self._number + 1,
                session=session,
                command=command,
                username=username,
                pin=pin,
                reason=reason,
                calibration=calibration,
            )
        )

    def open_session(self, folder: Path, header: Header) -> int | None:
        """Ask for a session whose row and folder exist; answered by a Reply.

        Control fills in header.devices itself. A refused session's journal is finished where it was begun.
        """
        return self._ask(OpenSession(self._number + 1, str(folder), header))

    def end_session(self, session: int | None, *, calibration: int | None = None) -> int | None:
        """Have a closed session's journal finished; answered by SessionEnded, or by a Reply that refuses."""
        return self._ask(EndSession(id=self._number + 1, session=session, calibration=calibration))

    def doubt_self_test(self, reason: str) -> int | None:
        """Have the self-test that passed count no more; answered by a Reply."""
        return self._ask(DoubtSelfTest(id=self._number + 1, reason=reason[:LONGEST_REASON]))

    def alive(self) -> None:
        """Send the heartbeat, to control and to the supervisor."""
        self._supervisor.send(ALIVE)
        if self._line is not None:
            self._line.send(_ALIVE)

    def start_control(self) -> bool:
        """Ask the supervisor to start control again after it ended; False where there is no supervisor."""
        return self._supervisor.send(START_CONTROL)

    def latest(self) -> Telemetry | None:
        """Return control's newest tick, the same object until there is a newer one; None without a link.

        It may be old: compare its mono_s with the system's monotonic clock.
        """
        ring = self._ring
        if ring is None:
            return None
        if ring.newest_number != self._seen and (found := ring.newest()) is not None:
            self._seen, record = found
            self._latest = _telemetry.decode(record)
        return self._latest

    def close(self) -> None:
        """End the link."""
        if self._line is not None:
            self._line.close()
        self._supervisor.close()
        self._lose("closed")

    def _ask(self, request: Request) -> int | None:
        if self._line is None or self.hello is None:
            return None
        self._number += 1
        self._line.send(_encoder.encode(request))
        return self._number

    def _read(self, line: LineSocket, read: bytes) -> Notice | None:
        try:
            notice = _notices.decode(read)
            if isinstance(notice, Hello):
                self._ring = RingReader(Path(notice.ring))
                self.hello, self.problem = notice, None
            elif self.hello is None and isinstance(notice, Reply):
                line.close(notice.refused or "control refused")
        except (msgspec.MsgspecError, UnicodeDecodeError, RingError) as error:
            line.close(f"control is not understood: {error}")
            return None
        return notice

    def _lose(self, why: str) -> None:
        if self._ring is not None:
            self._ring.close()
        self._line = self._ring = self.hello = self._latest = None
        self._seen = 0
        self.problem = why
