"""Control's end of a real link, moved by a test: a real socket, a real ring, telemetry as the test says."""

from __future__ import annotations

import msgspec

from tosca_kiosk.link.messages import Hello
from tosca_kiosk.link.ring import RingWriter
from tosca_kiosk.link.server import LinkServer


class ControlEnd:
    """Listens where the presenter connects. requests: everything it was asked but heartbeats."""

    def __init__(self, folder, session=None, details=None):
        self._ring = RingWriter(folder)
        self._encoder = msgspec.msgpack.Encoder()
        hello = Hello(str(self._ring.path), 100, True, session, details or {})
        self._server = LinkServer(folder / "control.sock", lambda: hello)
        self.requests = []

    def publish(self, telemetry):
        self._ring.publish(self._encoder.encode(telemetry))

    def poll(self):
        """Take what has come; return the newest request."""
        self.requests += self._server.poll()
        return self.requests[-1] if self.requests else None

    def say(self, notice):
        self._server.send(notice)

    def close(self):
        self._server.close()
        self._ring.close()
