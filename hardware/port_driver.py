"""What every driver on a port does alike: open, start, notice the loss, open again, stop.

Life of a link: CONNECTING while the port opens and the start script runs, READY or REFUSED as it ends, LOST
when the port or the answers are gone, then CONNECTING again after a pause, STOPPING and CLOSED when asked.
Nothing here waits: every pause is a deadline compared with now_s.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import inf

from hardware.conversation import Conversation, NoAnswerError, RefusalError, RestartError, Script
from hardware.interfaces import CONNECTING, Identity, LinkState, Origin
from hardware.retry import RetryPause
from hardware.transport import Port, PortError

_ADVICE = "check that it is switched on, its cable, the port in the configuration and the baud rate"
_BABBLE_BYTES = 4
"""So much that is no answer is another device or another baud rate; less is a spike on the line."""
_OVERHEARD_BYTES = 40
"""So much of it is kept, to be told."""
_OVER = (LinkState.STOPPING, LinkState.CLOSED)
_TROUBLE = (PortError, NoAnswerError, RefusalError, RestartError)


class PortDriver(ABC):
    """A driver of the device called `key` on a port. Subclasses give the scripts and eat the bytes."""

    # A driver has more than the 30 attributes that Python 3.11 keeps together without slots. They save
    # 0.6 +- 0.1 of the 28 us that the drivers take of a tick (python -m benchmarks.bench.driver_tricks).
    __slots__ = (
        "_baud",
        "_connections",
        "_due_s",
        "_found",
        "_identity",
        "_is_open",
        "_key",
        "_now_s",
        "_open_from_s",
        "_overheard",
        "_port",
        "_problem",
        "_retry",
        "_silent_from_s",
        "_talk",
        "link",
    )

    _loss_advice: str = ""
    """What more to say when a link is lost that was READY."""
    _stop_doubt: str | None = None
    """What to say when the stop is not known to have worked; None where that needs no word."""

    def __init__(self, key: str, port: Port, baud: int, answer_timeout_s: float) -> None:
        self._key = key
        self._port = port
        self._baud = baud
        self._talk = Conversation(port.write, answer_timeout_s)
        self.link = LinkState.CONNECTING
        self._problem: str | None = None
        self._identity: Identity | None = None
        self._found: tuple[str, ...] = ()
        self._connections = 0
        self._overheard = b""
        """The newest bytes that came while connecting, whether they made sense or not."""
        self._now_s = 0.0
        self._is_open = False
        self._open_from_s = -inf
        self._retry = RetryPause()
        self._due_s = -inf
        """When there is something to do although no byte has come in; a command makes it -inf."""
        self._silent_from_s = inf
        """When the link is lost unless something is heard; infinite while silence does not matter."""

    @property
    def key(self) -> str:
        return self._key

    @property
    def origin(self) -> Origin:
        return self._port.origin

    @property
    def problem(self) -> str | None:
        return self._problem

    @property
    def identity(self) -> Identity | None:
        return self._identity

    @property
    def connections(self) -> int:
        return self._connections

    @property
    def found_at_start(self) -> tuple[str, ...]:
        return self._found

    @property
    def _who(self) -> str:
        """The beginning of every problem text but a port's, which names itself."""
        return f"{self._key} on {self._port.url}"

    def poll(self, now_s: float) -> None:
        """Drain the port, move the protocol on, send what is due."""
        self._now_s = now_s
        try:
            if not self._is_open:
                if now_s < self._open_from_s:
                    return
                self._open(now_s)
            data = self._port.read()
            if data or now_s >= self._due_s:
                self._step(data, now_s)
        except _TROUBLE as error:
            self._fail(error, now_s)

    def flush(self, now_s: float) -> None:
        """Send what the commands given since `poll` ask for."""
        if now_s < self._due_s or not self._is_open:
            return
        self._now_s = now_s
        try:
            self._step(b"", now_s)
        except _TROUBLE as error:
            self._fail(error, now_s)

    def begin_stop(self) -> None:
        """Start the stop script, or be closed at once when there is nobody to be stopped."""
        if self.link in _OVER:
            return
        if not self._is_open or not self._may_be_stopped():
            if self._problem is None and self._stop_doubt is not None:
                self._problem = f"{self._who}: {self._stop_doubt}"
            self.close()
            return
        script = self._stop()
        self.link = LinkState.STOPPING
        self._due_s = -inf
        try:
            self._talk.start(self._stop_and_end(script), self._now_s)
        except PortError as error:
            self._lose(error, self._now_s)

    def close(self) -> None:
        """Release the port at once."""
        self._end()

    @abstractmethod
    def _received(self, data: bytes, now_s: float) -> None:
        """Eat bytes."""

    @abstractmethod
    def _start(self) -> Script[None]:
        """The start sequence; it ends with `_become_ready` or raises RefusalError."""

    @abstractmethod
    def _stop(self) -> Script[None]:
        """The stop sequence; the port is closed after it."""

    @abstractmethod
    def _may_be_stopped(self) -> bool:
        """Whether the device is known well enough to be sent the stop sequence."""

    @abstractmethod
    def _is_understood(self) -> bool:
        """Whether anything since the opening made sense."""

    @abstractmethod
    def _send_due(self, now_s: float) -> float:
        """Send what commands ask for, if the link allows it; return when there is more to send by itself."""

    @abstractmethod
    def _forget(self) -> None:
        """Drop readings and pending commands; the device is gone."""

    def _step(self, data: bytes, now_s: float) -> None:
        if data:
            if self.link is CONNECTING:
                self._overheard = (self._overheard + data)[-_OVERHEARD_BYTES:]
            self._received(data, now_s)
        if now_s >= self._talk.due_s:
            self._talk.tick(now_s)
        if now_s > self._silent_from_s:
            silent_s = now_s - self._silent_from_s + self._talk.timeout_s
            raise NoAnswerError(f"nothing heard for {silent_s:.1f} s")
        self._due_s = min(self._send_due(now_s), self._talk.due_s, self._silent_from_s)

    def _heard(self, now_s: float) -> None:
        """From now on silence is a loss."""
        self._silent_from_s = now_s + self._talk.timeout_s

    def _become_ready(self) -> None:
        self.link = LinkState.READY
        self._connections += 1
        self._problem = None
        self._retry.reset()

    def _open(self, now_s: float) -> None:
        self._port.open()
        self._is_open = True
        self.link = LinkState.CONNECTING
        self._found = ()
        self._overheard = b""
        self._due_s = -inf
        self._talk.start(self._start(), now_s)

    def _fail(self, error: Exception, now_s: float) -> None:
        self._due_s = -inf
        if isinstance(error, RefusalError) and self.link is not LinkState.STOPPING:
            self._refuse(str(error))
        else:
            self._lose(error, now_s)

    def _refuse(self, problem: str) -> None:
        self.link = LinkState.REFUSED
        self._problem = f"{self._who}: {problem}"
        self._retry.reset()

    def _lose(self, error: Exception, now_s: float) -> None:
        problem = self._loss_text(error)
        if self.link is LinkState.STOPPING:
            self._end()
            if self._stop_doubt is not None:
                self._problem = f"{problem}; {self._stop_doubt}"
            return
        self._problem = problem + (self._loss_advice if self.link is LinkState.READY else "")
        self._let_go()
        self.link = LinkState.LOST
        self._open_from_s = now_s + self._retry.take_s()

    def _loss_text(self, error: Exception) -> str:
        if isinstance(error, PortError):
            return f"{self._key}: {error}"
        if not isinstance(error, NoAnswerError):
            return f"{self._who}: {error}"
        return f"{self._who}: {self._babble_text() or f'{error}; {_ADVICE}'}"

    def _babble_text(self) -> str | None:
        """Return what is wrong with bytes of which none made sense; None when that is not the trouble.

        It is no refusal: noise passes, and a device that is understood at the next opening is the right one.
        """
        heard = self._overheard
        if self.link is not LinkState.CONNECTING or len(heard) < _BABBLE_BYTES or self._is_understood():
            return None
        text = heard.decode("ascii", "replace")
        if text.replace("\r", "").replace("\n", "").isprintable() and "\ufffd" not in text:
            return f"{text!r} is no answer of a {self._key}: check that the port is this device's"
        return f"the bytes make no sense at {self._baud} baud: check the baud rate and the cable"

    def _let_go(self) -> None:
        self._is_open = False
        self._port.close()
        self._talk.cancel()
        self._identity = None
        self._silent_from_s = inf
        self._forget()

    def _end(self) -> None:
        self._let_go()
        self.link = LinkState.CLOSED
        self._open_from_s = inf

    def _stop_and_end(self, script: Script[None]) -> Script[None]:
        yield from script
        self._end()
