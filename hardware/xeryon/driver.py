"""Driver of the ring optics' stage: a Xeryon XLA-5-125 behind the manufacturer's controller.

Rules: what the controller holds is recorded before RSET and a trip waits for the operator; a STAT counts as
an answer to a command only when it is newer than the command by a whole stream period; every wait has an end.
Counts stay in this folder.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import ceil, floor, inf

from hardware.conversation import (
    CONFIRMATION,
    TRIES,
    NoAnswerError,
    RefusalError,
    RestartError,
    Script,
    demand,
    pause,
)
from hardware.interfaces import Identity, LinkState, Reading, StageStatus
from hardware.port_driver import PortDriver
from hardware.settings import StageSettings
from hardware.transport import Port
from hardware.xeryon import wire
from hardware.xeryon.wire import LineReader, command, query, trip_names

_LOOKS = 2
"""The wire has no checksum: a lost index or command counts when it is seen twice."""
_HOMING_DEADLINE_S = 45.0
"""The search takes 10 to 30 s; one that ends neither way by then is stopped."""
_STATUS = "status"
_THIS = "the right stage"


class XeryonStage(PortDriver):
    """The stage as control sees it (`interfaces.Stage`).

    settings.travel_min_um and travel_max_um bound every move; they must lie inside the controller's own soft
    limits, else the link is refused, because the controller clamps silently.
    """

    __slots__ = (
        "_acknowledged",
        "_commanded_s",
        "_dpos",
        "_epos",
        "_fresh_after_s",
        "_halt",
        "_halted",
        "_highest_counts",
        "_homing_until_s",
        "_index_gone",
        "_indexed",
        "_lines",
        "_lowest_counts",
        "_motion",
        "_search_tries",
        "_settings",
        "_speed_cap_um_per_s",
        "_stat",
        "_streaming",
        "_target_lost",
        "_tolerance_counts",
        "_trusted",
        "_wanted_counts",
        "status",
    )

    def __init__(self, settings: StageSettings, port: Port) -> None:
        super().__init__("stage", port, settings.baud, settings.answer_timeout_s)
        self._settings = settings
        self._lowest_counts = ceil(settings.travel_min_um / wire.UM_PER_COUNT)
        self._highest_counts = floor(settings.travel_max_um / wire.UM_PER_COUNT)
        self._speed_cap_um_per_s = floor(settings.speed_um_per_s)
        self._lines = LineReader()
        self._forget()

    status: Reading[StageStatus] | None
    _trusted: bool
    """The device is the configured one."""
    _streaming: bool
    """The stream of positions has been asked for."""
    _stat: int
    _epos: tuple[int, float] | None
    """The newest EPOS not yet part of a status, with the time of its first byte."""
    _dpos: tuple[int, float] | None
    _tolerance_counts: int
    """PTOL as the controller says; -1 until it is read."""
    _fresh_after_s: float
    """A STAT this much newer than a command is none from before it: a stale period and the command's way."""
    _indexed: bool
    """A fresh STAT has shown the index found since the last RSET or search."""
    _index_gone: int
    _target_lost: int
    """How many statuses in a row have not shown the index any more, or the wanted target."""
    _search_tries: int
    """How often a search that has not begun may still be sent again."""
    _commanded_s: float
    _halt: bool
    """A STOP is to be sent."""
    _halted: bool
    """The last thing sent was STOP."""
    _acknowledged: bool
    _motion: bytes | None
    """The newest move or search, not yet sent."""
    _wanted_counts: int | None
    _homing_until_s: float | None
    """When a search that was asked for must have ended; infinite until it is sent."""

    @property
    def damaged_lines(self) -> int:
        """Lines dropped since the program started, because they were too long or no TAG=<sign><8 digits>."""
        return self._lines.damaged

    def home(self) -> None:
        """Search the index as configured. Raises ValueError when the link is not READY."""
        if self.link is not LinkState.READY:
            raise ValueError(f"stage: cannot search the index while {self.link}; wait until it is ready")
        self._motion = command(b"INDX", self._settings.index_direction)
        self._search_tries = TRIES - 1
        self._indexed = False
        self._wanted_counts = None
        self._homing_until_s = inf
        self._due_s = -inf
        self._doubt_status(searching_index=True)

    def move_to_um(self, position_um: float) -> None:
        low_um, high_um = self._settings.travel_min_um, self._settings.travel_max_um
        if not low_um <= position_um <= high_um:
            raise ValueError(
                f"stage: {position_um} um asked, {low_um:g} to {high_um:g} allowed; check the rings"
            )
        status = self.status
        if self.link is not LinkState.READY or status is None or not status.value.index_known:
            raise ValueError(
                f"stage: {position_um:g} um asked, but the index is unknown; home the stage first"
            )
        counts = min(max(round(position_um / wire.UM_PER_COUNT), self._lowest_counts), self._highest_counts)
        if counts == self._wanted_counts:
            return
        self._motion = command(b"DPOS", counts)
        self._wanted_counts = counts
        self._due_s = -inf
        self._doubt_status()

    def halt(self) -> None:
        self._forget_motion()
        # While the start sequence runs nothing moves, and its RSET stops what did.
        self._halt = self.link in (LinkState.READY, LinkState.REFUSED)
        self._due_s = -inf
        self._doubt_status()

    def acknowledge_trip(self) -> None:
        """Go on after a trip. While running: ENBL=1 when the index survived, RSET when it did not."""
        self._due_s = -inf
        if self._talk.awaits_operator:
            self._acknowledged = True
        elif self.link is LinkState.READY and self._stat & wire.ANY_TRIP:
            self._acknowledged = True
            self._motion = self._wanted_counts = None
            self._doubt_status()

    def _may_be_stopped(self) -> bool:
        return self._trusted

    def _is_understood(self) -> bool:
        return self._lines.understood

    def _forget(self) -> None:
        self._lines.clear()
        self.status = None
        self._trusted = self._streaming = False
        self._stat = 0
        self._epos = self._dpos = None
        self._tolerance_counts = -1
        self._fresh_after_s = wire.FACTORY_PERIOD_MS / 1000 + wire.UNDER_WAY_S
        self._indexed = False
        self._index_gone = self._target_lost = self._search_tries = 0
        self._commanded_s = -inf
        self._forget_motion()

    def _forget_motion(self) -> None:
        self._halt = self._halted = self._acknowledged = False
        self._motion = self._wanted_counts = self._homing_until_s = None

    def _received(self, data: bytes, now_s: float) -> None:
        for tag, value, since_s in self._lines.feed(data, now_s):
            if tag == b"EPOS":
                self._epos = (value, since_s)
            elif tag == b"DPOS":
                self._dpos = (value, since_s)
            elif tag == b"STAT":
                self._period_ended(value, since_s, now_s)
            self._talk.answer(tag, value, now_s)

    def _period_ended(self, stat: int, since_s: float, now_s: float) -> None:
        """Make a status of the EPOS, DPOS and STAT of one period; STAT is the last of the three."""
        epos, dpos = self._epos, self._dpos
        if not self._streaming or epos is None or dpos is None:
            return
        self._epos = self._dpos = None
        self._stat = stat
        self._heard(now_s)
        asked_s = min(epos[1], dpos[1], since_s)
        fresh = asked_s > self._commanded_s + self._fresh_after_s and self._nothing_pending()
        searching = self._follow_search(stat, fresh, now_s)
        if not stat & wire.INDEX_FOUND or not self._indexed:
            self._follow_index(stat, fresh and not searching)
        else:
            self._index_gone = 0
        value = StageStatus(
            position_um=epos[0] * wire.UM_PER_COUNT,
            target_um=dpos[0] * wire.UM_PER_COUNT,
            index_known=bool(stat & wire.INDEX_FOUND) and not searching,
            searching_index=searching,
            settled=fresh and not searching and self._is_settled(stat, epos[0], dpos[0]),
            trips=trip_names(stat),
        )
        self.status = Reading(value, asked_s, now_s)
        if fresh:
            self._talk.answer(_STATUS, stat, now_s)
            self._follow_target(stat, dpos[0])

    def _is_settled(self, stat: int, actual_counts: int, target_counts: int) -> bool:
        return (
            bool(stat & wire.POSITION_REACHED)
            and not stat & wire.ANY_TRIP
            and not self._halted
            and abs(actual_counts - target_counts) <= self._tolerance_counts
            and self._wanted_counts in (None, target_counts)
        )

    def _follow_target(self, stat: int, target_counts: int) -> None:
        """Send the wanted place again when the controller does not have it: its command was lost."""
        has_it = target_counts == self._wanted_counts or self._wanted_counts is None
        may_go = not self._halted and not stat & wire.ANY_TRIP and bool(stat & wire.INDEX_FOUND)
        self._target_lost = 0 if has_it or not may_go else self._target_lost + 1
        if self._wanted_counts is not None and self._target_lost >= _LOOKS:
            self._target_lost = 0
            self._motion = command(b"DPOS", self._wanted_counts)

    def _follow_search(self, stat: int, fresh: bool, now_s: float) -> bool:
        """Tell whether the index is being searched; until a fresh STAT, a search that was asked for is."""
        if self._homing_until_s is None:
            return bool(stat & wire.SEARCHING_INDEX)
        if fresh and stat & wire.SEARCHING_INDEX:
            self._search_tries = 0
        elif fresh and self._search_tries and not stat & (wire.INDEX_FOUND | wire.ANY_TRIP):
            self._search_tries -= 1
            self._motion = command(b"INDX", self._settings.index_direction)
        elif fresh:
            self._homing_until_s = None
            return False
        if now_s > self._homing_until_s:
            self._send_halt(now_s)
            self._talk.start(self._wait_for_operator(), now_s)
            self._refuse(
                f"index not found in {_HOMING_DEADLINE_S:g} s; check that the stage is free, then acknowledge"
            )
        return True

    def _follow_index(self, stat: int, settled: bool) -> None:
        """Meet a controller anew that has restarted: its index is gone, its speed is the stored one."""
        if not settled or stat & wire.ANY_TRIP:
            return  # a trip is left to the operator
        if stat & wire.INDEX_FOUND:
            self._indexed = True
            return
        self._index_gone += self._indexed
        if self._index_gone >= _LOOKS:
            raise RestartError("lost its index: it has restarted; check its supply, then home the stage")

    def _doubt_status(self, searching_index: bool = False) -> None:
        """What was reported before a command says nothing about its outcome."""
        if self.status is not None:
            doubted = replace(
                self.status.value,
                settled=False,
                searching_index=self.status.value.searching_index or searching_index,
                index_known=self.status.value.index_known and not searching_index,
            )
            self.status = self.status._replace(value=doubted)

    def _nothing_pending(self) -> bool:
        return self._motion is None and not self._halt and not self._acknowledged

    def _send_due(self, now_s: float) -> float:
        if self._nothing_pending() or self.link not in (LinkState.READY, LinkState.REFUSED):
            return inf
        if self._halt:
            self._halt = False
            self._send_halt(now_s)
        if self._acknowledged:
            self._acknowledged = False
            self._go_on_after_trip(now_s)
        if self._motion is not None and self.link is LinkState.READY:
            motion, self._motion = self._motion, None
            self._halted = False
            if self._homing_until_s is not None:
                self._homing_until_s = now_s + _HOMING_DEADLINE_S if self._wanted_counts is None else None
            self._command(motion, now_s)
        return inf

    def _send_halt(self, now_s: float) -> None:
        if self._trusted:
            self._halted = True
            self._homing_until_s = None
            self._command(command(b"STOP"), now_s)

    def _go_on_after_trip(self, now_s: float) -> None:
        if self._talk.awaits_operator:
            self._talk.confirm(now_s)
        elif self._stat & wire.ENCODER_ERROR or not self._stat & wire.INDEX_FOUND:
            self._talk.start(self._reset(), now_s)
        else:
            self._command(command(b"ENBL", 1), now_s)

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
        self._identity = Identity(f"Xeryon XLA3={encoder_nm}", str(serial_number), str(firmware))
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
        self._ask_for_stream()
        yield from self._read_period()
        yield from self._read_limits()
        for _ in range(TRIES):
            stat = yield from self._talk.ask(_STATUS, b"", "the stream of EPOS, DPOS and STAT")
            if stat & wire.ENABLED:
                return self._become_ready()
            self._command(command(b"ENBL", 1), self._now_s)  # lost on the way?
        raise RefusalError(
            "the amplifiers stay off after ENBL=1; check the stage's cable and restart the program"
        )

    def _ask_for_stream(self) -> None:
        self._command(command(b"INFO", wire.INFO_POSITION_AND_STATE), self._now_s)
        self._epos = self._dpos = self.status = None
        self._heard(self._now_s)
        self._streaming = True

    def _read_period(self) -> Script[None]:
        """Learn how old a STAT may be; a controller that does not tell has the factory's period."""
        try:
            period_ms = yield from self._talk.ask(b"POLI", query(b"POLI"), "POLI=?", tries=1)
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
            for _ in range(_LOOKS):
                self._command(command(b"SSPD", self._speed_cap_um_per_s), self._now_s)
                speed_um_per_s = yield from self._ask(b"SSPD")
                if speed_um_per_s == self._speed_cap_um_per_s:
                    break
            demand("SSPD (um/s)", speed_um_per_s, self._speed_cap_um_per_s, _THIS)

    def _stop(self) -> Script[None]:
        self._command(command(b"ZERO"), self._now_s)
        self._command(command(b"STOP"), self._now_s)
        yield from self._talk.ask(_STATUS, b"", "the stream after STOP", tries=1)

    def _look(self, tag: bytes, is_right: Callable[[int], bool]) -> Script[int]:
        """Ask, and once more when the answer would refuse the device: the wire has no checksum."""
        value = yield from self._ask(tag)
        return value if is_right(value) else (yield from self._ask(tag))

    def _ask(self, tag: bytes) -> Script[int]:
        return self._talk.ask(tag, query(tag), query(tag).decode().strip())
