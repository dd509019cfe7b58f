"""How a Xeryon controller is met: what it holds is recorded, then who it is, a reset, its limits, its stream.

Rules: what the controller holds is recorded before RSET and a trip waits for the operator; every wait has an
end. Counts stay in this folder.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from math import ceil, floor, inf

from hardware.conversation import CONFIRMATION, TRIES, NoAnswerError, RefusalError, Script, demand, pause
from hardware.interfaces import Identity, LinkState, Reading, StageStatus
from hardware.port_driver import PortDriver
from hardware.settings import StageSettings
from hardware.transport import Port
from hardware.xeryon import wire
from hardware.xeryon.wire import LineReader, command, query, trip_names

LOOKS = 2
"""The wire has no checksum: what would refuse or lose a device counts when it is seen twice."""
STATUS = "status"
"""Offered to a script whenever a fresh status has come."""
_THIS = "the right stage"


class XeryonLink(PortDriver):
    """The link to one controller. Subclasses read its stream and say what it is to do.

    settings.travel_min_um and travel_max_um must lie inside the controller's own soft limits, else the link
    is refused, because the controller clamps silently.
    """

    __slots__ = (
        "_by_slot",
        "_commanded_s",
        "_dpos",
        "_epos",
        "_fresh_after_s",
        "_has_place",
        "_highest_counts",
        "_indexed",
        "_lines",
        "_lowest_counts",
        "_settings",
        "_speed_cap_um_per_s",
        "_streaming",
        "_tolerance_counts",
        "_trusted",
        "status",
    )

    def __init__(self, settings: StageSettings, port: Port) -> None:
        super().__init__("stage", port, settings.baud, settings.answer_timeout_s)
        self._settings = settings
        self._lowest_counts = ceil(settings.travel_min_um / wire.UM_PER_COUNT)
        self._highest_counts = floor(settings.travel_max_um / wire.UM_PER_COUNT)
        self._speed_cap_um_per_s = floor(settings.speed_um_per_s)
        self._lines = LineReader()
        self._by_slot = False
        """It has left a question unanswered that its stream had perhaps no place for."""
        self._forget()

    status: Reading[StageStatus] | None
    _trusted: bool
    """The device is the configured one."""
    _streaming: bool
    """The stream of positions has been asked for."""
    _epos: tuple[int, float] | None
    """The newest EPOS not yet part of a status, with the time of its first byte."""
    _dpos: tuple[int, float] | None
    _tolerance_counts: int
    """PTOL as the controller says; -1 until it is read."""
    _fresh_after_s: float
    """A STAT this much newer than a command is none from before it: a stale period and the command's way."""
    _has_place: bool
    """The stream has been made one with a place for answers."""
    _indexed: bool
    """A fresh STAT has shown the index found since the last RSET or search."""
    _commanded_s: float

    @abstractmethod
    def _forget_motion(self) -> None:
        """Drop what it was to do."""

    def _may_be_stopped(self) -> bool:
        return self._trusted

    def _is_understood(self) -> bool:
        return self._lines.understood

    def _forget(self) -> None:
        self._lines.clear()
        self.status = None
        self._trusted = self._streaming = self._has_place = False
        self._epos = self._dpos = None
        self._tolerance_counts = -1
        self._fresh_after_s = wire.FACTORY_PERIOD_MS / 1000 + wire.UNDER_WAY_S
        self._indexed = False
        self._commanded_s = -inf

    def _command(self, line: bytes, now_s: float) -> None:
        self._port.write(line)
        self._commanded_s = now_s

    def _start(self) -> Script[None]:
        stat = yield from self._look(b"STAT", lambda stat: not stat & wire.ANY_TRIP)
        tripped = trip_names(stat)
        self._found = tuple(f"stage: trip: {name}" for name in tripped)
        yield from self._identify()
        self._ask_for_stream()
        if tripped:
            self._refuse(f"tripped ({', '.join(tripped)}); check that the stage is free, then acknowledge")
            yield from self._wait_for_operator()
        else:
            yield from self._reset()

    def _identify(self) -> Script[None]:
        wanted = self._settings.serial_number
        serial_number = yield from self._look(b"SRNO", lambda number: str(number) == wanted)
        firmware = yield from self._ask(b"SOFT")
        encoder_nm = yield from self._look(b"XLA3", lambda nm: nm == wire.ENCODER_NM_PER_COUNT)
        self._identity = Identity(
            model=f"Xeryon XLA3={encoder_nm}", serial_number=str(serial_number), firmware=str(firmware)
        )
        demand("serial number", self._identity.serial_number, wanted, _THIS)
        demand("encoder XLA3 (nm a count)", encoder_nm, wire.ENCODER_NM_PER_COUNT, _THIS)
        self._trusted = True

    def _wait_for_operator(self) -> Script[None]:
        yield CONFIRMATION
        yield from self._reset()

    def _reset(self) -> Script[None]:
        self.link = LinkState.CONNECTING
        self._streaming = False
        self._silent_from_s = inf
        self.status = None
        self._indexed = False
        self._forget_motion()
        self._command(command(b"RSET"), self._now_s)
        yield pause(wire.RESET_PAUSE_S)
        self._command(command(b"ENBL", 1), self._now_s)
        if self._by_slot:
            self._ask_for_answers()
        else:
            self._ask_for_stream()
        yield from self._read_period()
        yield from self._read_limits()
        if self._has_place:
            self._ask_for_stream()
        stat = yield from self._talk.ask(STATUS, b"", "the stream of EPOS, DPOS and STAT")
        if not stat & (wire.ENABLED | wire.ANY_TRIP):
            # Lost on the way? No stage shows for certain that it was not, so nothing waits for it.
            self._command(command(b"ENBL", 1), self._now_s)
        self._become_ready()

    def _ask_for_answers(self) -> None:
        self._command(command(b"INFO", wire.INFO_ASKED), self._now_s)
        self._has_place = self._by_slot = True
        self._streaming = False
        self._silent_from_s = inf

    def _ask_for_stream(self) -> None:
        self._command(command(b"INFO", wire.INFO_POSITION_AND_STATE), self._now_s)
        self._has_place = False
        self._epos = self._dpos = self.status = None
        self._heard(self._now_s)
        self._streaming = True

    def _read_period(self) -> Script[None]:
        """Learn how old a STAT may be; a controller that does not tell has the factory's period."""
        try:
            period_ms = yield from self._ask(b"POLI", tries=2)
        except NoAnswerError:
            period_ms = wire.FACTORY_PERIOD_MS
        shortest_ms = ceil(wire.PERIOD_BITS * 1000 / self._baud)
        if not shortest_ms <= period_ms <= wire.LONGEST_PERIOD_MS:
            raise RefusalError(
                f"POLI is {period_ms} ms, {shortest_ms} to {wire.LONGEST_PERIOD_MS} ms allowed at "
                f"{self._baud} baud; set POLI={wire.FACTORY_PERIOD_MS} with the maker's program"
            )
        self._fresh_after_s = period_ms / 1000 + wire.UNDER_WAY_S

    def _read_limits(self) -> Script[None]:
        highest = yield from self._look(b"HLIM", lambda counts: counts >= self._highest_counts)
        lowest = yield from self._look(b"LLIM", lambda counts: counts <= self._lowest_counts)
        speed_um_per_s = yield from self._ask(b"SSPD")
        yield from self._ask(b"PTO2")
        self._tolerance_counts = yield from self._ask(b"PTOL")
        if not (lowest <= self._lowest_counts and self._highest_counts <= highest):
            raise RefusalError(
                f"its soft limits are {lowest} to {highest} counts, the configured travel is "
                f"{self._lowest_counts} to {self._highest_counts}; correct one of them"
            )
        if speed_um_per_s > self._speed_cap_um_per_s:
            for _ in range(TRIES):  # the stream may still show the speed of before
                self._command(command(b"SSPD", self._speed_cap_um_per_s), self._now_s)
                speed_um_per_s = yield from self._ask(b"SSPD")
                if speed_um_per_s == self._speed_cap_um_per_s:
                    break
            demand("SSPD (um/s)", speed_um_per_s, self._speed_cap_um_per_s, _THIS)

    def _stop(self) -> Script[None]:
        self._command(command(b"ZERO"), self._now_s)
        self._command(command(b"STOP"), self._now_s)
        yield from self._talk.ask(STATUS, b"", "the stream after STOP", tries=1)

    def _look(self, tag: bytes, is_right: Callable[[int], bool]) -> Script[int]:
        """Ask, and once more when the answer would refuse the device: the wire has no checksum."""
        value = yield from self._ask(tag)
        return value if is_right(value) else (yield from self._ask(tag))

    def _ask(self, tag: bytes, tries: int = TRIES) -> Script[int]:
        """Ask; a controller that does not answer may do so where its stream has a place for answers."""
        question, what = query(tag), f"{tag.decode()}=?"
        if not self._has_place:
            try:
                value: int = yield from self._talk.ask(tag, question, what, tries=1)
                return value
            except NoAnswerError:
                self._ask_for_answers()
                tries -= 1
        value = yield from self._talk.ask(tag, question, what, tries)
        return value
