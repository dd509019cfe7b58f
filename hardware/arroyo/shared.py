"""One port under two drivers: a ComboSource answers for its laser and for its TEC on the same line.

Each driver keeps its own start, rotation and stop; port, conversation and error queue are one. One question
is outstanding, whoever asked it, and answers that fall out of step do so for both. A command is no question
and waits for nobody: off jumps every queue here too. Whoever found the line taken asks next when it is free.
The port closes with the last of the drivers; when it breaks or falls silent, it does so for both: a half that
was refused asks nothing, and would keep a dead port open.
"""

from __future__ import annotations

from math import inf

from hardware.arroyo.commands import decode_errors
from hardware.arroyo.line import QueryLine
from hardware.interfaces import Origin
from hardware.transport import Port, PortError

_TEC_ERRORS = 4
_LASER_ERRORS = 5
"""The hundreds of the codes that concern one half alone; every other code is told to both."""


class _Wire:
    """What the lanes of a port have in common."""

    __slots__ = ("asker", "asker_before", "lanes", "openings", "port", "query", "trouble")

    def __init__(self, port: Port, answer_timeout_s: float) -> None:
        self.port = port
        self.query = QueryLine(answer_timeout_s)
        self.lanes: tuple[Lane, ...] = ()
        self.asker: Lane | None = None
        """Whose question is outstanding."""
        self.asker_before: Lane | None = None
        """Who asked last: it lets the other go first."""
        self.openings = 0
        self.trouble: PortError | None = None
        """Why the port was lost last."""

    def open(self) -> int:
        """Open the port unless it is open; return which opening this is. Raises PortError."""
        if not self.port.is_open:
            self.port.open()
            self.openings += 1
            self.query.reset()
            self.asker = self.asker_before = None
        return self.openings

    def read(self) -> bytes:
        try:
            return self.port.read()
        except PortError as error:
            self.trouble = error
            raise

    def write(self, data: bytes) -> None:
        try:
            self.port.write(data)
        except PortError as error:
            self.trouble = error
            raise


class Lane:
    """One driver's side of the shared port: its `Port`, and what a `QueryLine` is to a driver alone.

    foreign_errors: the hundreds of the error codes that are the other half's.
    """

    __slots__ = ("_errors", "_foreign_errors", "_opening", "_waits", "_wire", "_works")

    def __init__(self, wire: _Wire, foreign_errors: int) -> None:
        self._wire = wire
        self._foreign_errors = foreign_errors
        self._opening: int | None = None
        self._waits = False
        """It found the line taken and has not asked since."""
        self._works = False
        """It is ready, and its readings are awaited."""
        self._errors: tuple[int, ...] = ()
        """Codes of its own that the other half has taken out of the error queue."""

    # The port

    @property
    def url(self) -> str:
        return self._wire.port.url

    @property
    def origin(self) -> Origin:
        return self._wire.port.origin

    @property
    def is_open(self) -> bool:
        return self._opening is not None

    def open(self) -> None:
        if self._opening is None:
            self._opening = self._wire.open()

    def read(self) -> bytes:
        """Return what is there; what answers the other half's question is left for it to read.

        Raises PortError, too when the other half has found that nobody answers.
        """
        wire = self._wire
        self._check()
        if wire.query.is_dead:
            raise PortError(f"port {self.url} fell silent")
        return b"" if wire.asker not in (None, self) else wire.read()

    def write(self, data: bytes) -> None:
        self._check()
        self._wire.write(data)

    def close(self) -> None:
        self.reset()
        self._opening = None
        if not any(lane.is_open for lane in self._wire.lanes):
            self._wire.port.close()

    def _check(self) -> None:
        """Raise PortError when the port was lost since this lane was opened."""
        wire = self._wire
        if self._opening != wire.openings or not wire.port.is_open:
            raise wire.trouble or PortError(f"port {wire.port.url} is not open; it is opened again by itself")

    # The conversation

    @property
    def busy(self) -> bool:
        """Whether a question is outstanding, or the other half is to ask first."""
        wire = self._wire
        if wire.asker is not None:
            return True
        return wire.asker_before is self and any(lane._waits for lane in wire.lanes if lane is not self)

    @property
    def deadline_s(self) -> float:
        """When there is something to do; the line may be free at any time while it is waited for."""
        if self._wire.asker is self:
            return self._wire.query.deadline_s
        return -inf if self._waits else inf

    @property
    def asked_s(self) -> float:
        return self._wire.query.asked_s

    @property
    def asked_identity(self) -> bool:
        return self._wire.query.asked_identity

    @property
    def is_dead(self) -> bool:
        return self._wire.query.is_dead

    @property
    def unanswered(self) -> int:
        """Of both halves."""
        return self._wire.query.unanswered

    @property
    def refused(self) -> int:
        """Of both halves."""
        return self._wire.query.refused

    def reset(self) -> None:
        """Give up this half's question and its turn, and nothing of the other's."""
        self._waits = self._works = False
        self._errors = ()
        if self._wire.asker is self:
            self._wire.query.abandon()
            self._wire.asker = None

    def send(self, command: str) -> None:
        self._wire.query.send(command)

    def take_output(self) -> bytes:
        return self._wire.query.take_output()

    @property
    def other_works(self) -> bool:
        """Whether the other half's readings age while this one waits for an answer."""
        return any(lane._works for lane in self._wire.lanes if lane is not self)

    def begin_work(self) -> None:
        """From now on this half's readings are awaited, until `reset`."""
        self._works = True

    def book(self) -> None:
        """Be the next to ask."""
        self._waits = self._wire.asker is not self

    def take_turn(self) -> bool:
        """Tell once that the line has become free for this half."""
        if not self._waits or self.busy:
            return False
        self._waits = False
        return True

    def ask(self, question: str, now_s: float, patience_s: float = inf) -> None:
        wire = self._wire
        wire.query.ask(question, now_s, patience_s)
        wire.asker = wire.asker_before = self
        self._waits = False

    def receive(self, data: bytes, now_s: float) -> str | None:
        answer = self._wire.query.receive(data, now_s)
        if answer is not None:
            self._wire.asker = None
        return answer

    def expire(self, now_s: float) -> bool:
        if self._wire.asker is not self or not self._wire.query.expire(now_s):
            return False
        self._wire.asker = None
        return True

    def refuse_answer(self) -> None:
        self._wire.query.refuse_answer()

    def decode_errors(self, text: str) -> tuple[int, ...]:
        """Read the error queue, which both halves share: leave the other's codes to it, add those left here.

        Raises ValueError.
        """
        codes = decode_errors(text)
        for lane in self._wire.lanes:
            if lane is not self:
                # Each once: a half that reads no more, since it was refused, would get them without end.
                lane._errors = tuple(dict.fromkeys((*lane._errors, *lane._own(codes))))
        left, self._errors = self._errors, ()
        return (*left, *self._own(codes))

    def _own(self, codes: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(code for code in codes if code // 100 != self._foreign_errors)


def share(port: Port, answer_timeout_s: float) -> tuple[Lane, Lane]:
    """Return the lanes of a ComboSource's laser and of its TEC on one port."""
    wire = _Wire(port, answer_timeout_s)
    laser, tec = wire.lanes = Lane(wire, _TEC_ERRORS), Lane(wire, _LASER_ERRORS)
    return laser, tec
