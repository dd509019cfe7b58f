"""What every driver on a port does alike: open, start, notice the loss, open again, stop.

Life of a link: CONNECTING while the port opens and the start script runs, READY or REFUSED as it ends, LOST
when the port or the answers are gone, then CONNECTING again after a pause, STOPPING and CLOSED when asked.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from hardware.conversation import Conversation, NoAnswerError, RefusalError, Script
from hardware.interfaces import Identity, LinkState, Origin
from hardware.transport import Port, PortError

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 8.0
"""A port that is gone is tried after 0.5 s, then ever less often: opening a dead port costs a tick time."""

_OVER = (LinkState.STOPPING, LinkState.CLOSED)


class PortDriver(ABC):
    """A driver of the device called `key` on a port. Subclasses give the scripts and eat the bytes."""

    def __init__(self, key: str, port: Port, answer_timeout_s: float) -> None:
        self._key = key
        self._port = port
        self._talk = Conversation(port.write, answer_timeout_s)
        self._link = LinkState.CONNECTING
        self._problem: str | None = None
        self._identity: Identity | None = None
        self._found: tuple[str, ...] = ()
        self._now_s = 0.0
        self._heard_s = 0.0
        self._open_from_s = float("-inf")
        self._pause_s = _FIRST_PAUSE_S

    @property
    def key(self) -> str:
        return self._key

    @property
    def origin(self) -> Origin:
        return self._port.origin

    @property
    def link(self) -> LinkState:
        return self._link

    @property
    def problem(self) -> str | None:
        return self._problem

    @property
    def identity(self) -> Identity | None:
        return self._identity

    @property
    def found_at_start(self) -> tuple[str, ...]:
        return self._found

    def poll(self, now_s: float) -> None:
        """Drain the port, move the protocol on, send what is due."""
        self._now_s = now_s
        if self._link is LinkState.CLOSED:
            return
        try:
            if not self._port.is_open and not self._opened(now_s):
                return
            data = self._port.read()
            if data:
                self._received(data, now_s)
            if self._talk.running:
                self._talk.tick(now_s)
            silent_s = now_s - self._heard_s
            if silent_s > self._silence_limit_s():
                raise NoAnswerError(f"nothing heard for {silent_s:.1f} s")
            self._send_due(now_s)
        except RefusalError as refusal:
            self._refuse(str(refusal))
        except (PortError, NoAnswerError) as error:
            self._lose(error, now_s)

    def flush(self, now_s: float) -> None:
        """Send what the commands given since `poll` ask for."""
        if self._link not in (LinkState.READY, LinkState.REFUSED):
            return
        try:
            self._send_due(now_s)
        except PortError as error:
            self._lose(error, now_s)

    def begin_stop(self) -> None:
        """Start the stop script, or be closed at once when nothing was ever identified on the port."""
        if self._link in _OVER:
            return
        if not self._port.is_open or not self._may_be_stopped():
            self.close()
            return
        self._link = LinkState.STOPPING
        try:
            self._talk.start(self._stop_and_close(), self._now_s)
        except PortError as error:
            self._lose(error, self._now_s)

    def close(self) -> None:
        """Release the port at once."""
        self._link = LinkState.CLOSED
        self._port.close()
        self._forget()

    @abstractmethod
    def _received(self, data: bytes, now_s: float) -> None:
        """Eat bytes."""

    @abstractmethod
    def _start(self) -> Script:
        """The start sequence; it ends with `_become_ready` or raises RefusalError."""

    @abstractmethod
    def _stop(self) -> Script:
        """The stop sequence; the port is closed after it."""

    @abstractmethod
    def _may_be_stopped(self) -> bool:
        """Whether the device is known well enough to be sent the stop sequence."""

    @abstractmethod
    def _silence_limit_s(self) -> float:
        """How long `_heard_s` may lie back before the link is lost; infinite while it does not matter."""

    @abstractmethod
    def _send_due(self, now_s: float) -> None:
        """Send what commands ask for, if the link allows it."""

    @abstractmethod
    def _forget(self) -> None:
        """Drop readings and pending commands; the device is gone."""

    def _become_ready(self) -> None:
        self._link = LinkState.READY
        self._problem = None
        self._pause_s = _FIRST_PAUSE_S

    def _refuse(self, problem: str) -> None:
        if self._link is LinkState.STOPPING:
            self.close()
            return
        self._link = LinkState.REFUSED
        self._problem = f"{self._key}: {problem}"
        self._pause_s = _FIRST_PAUSE_S

    def _opened(self, now_s: float) -> bool:
        if now_s < self._open_from_s:
            return False
        self._port.open()
        self._link = LinkState.CONNECTING
        self._heard_s = now_s
        self._found = ()
        self._talk.start(self._start(), now_s)
        return True

    def _lose(self, error: Exception, now_s: float) -> None:
        stopping = self._link is LinkState.STOPPING
        self._port.close()
        self._talk.cancel()
        self._identity = None
        self._forget()
        if stopping:
            self._link = LinkState.CLOSED
            return
        self._link = LinkState.LOST
        self._problem = self._loss_text(error)
        self._open_from_s = now_s + self._pause_s
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)

    def _loss_text(self, error: Exception) -> str:
        if isinstance(error, PortError):
            return f"{self._key}: {error}"
        return f"{self._key} on {self._port.url}: {error}; check its power, its cable and the baud rate"

    def _stop_and_close(self) -> Script:
        yield from self._stop()
        self.close()
