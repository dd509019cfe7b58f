"""Driver of the ring optics' stage: a Xeryon XLA-5-125 behind the manufacturer's controller.

Rules: a STAT counts as an answer to a command only when it is newer than the command by a whole stream
period; every wait has an end. Counts stay in this folder.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf

from hardware.conversation import TRIES, RestartError
from hardware.interfaces import LinkState, Reading, StageStatus
from hardware.xeryon import wire
from hardware.xeryon.link import LOOKS, STATUS, XeryonLink
from hardware.xeryon.wire import command, trip_names

_HOMING_DEADLINE_S = 45.0
"""The search takes 10 to 30 s; one that ends neither way by then is stopped."""


class XeryonStage(XeryonLink):
    """The stage as control sees it (`interfaces.Stage`).

    settings.travel_min_um and travel_max_um bound every move.
    """

    __slots__ = (
        "_acknowledged",
        "_halt",
        "_halted",
        "_homing_until_s",
        "_index_gone",
        "_motion",
        "_search_tries",
        "_stat",
        "_target_lost",
        "_wanted_counts",
    )

    _stat: int
    _index_gone: int
    _target_lost: int
    """How many statuses in a row have not shown the index any more, or the wanted target."""
    _search_tries: int
    """How often a search that has not begun may still be sent again."""
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

    def _forget(self) -> None:
        super()._forget()
        self._stat = 0
        self._index_gone = self._target_lost = self._search_tries = 0
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
            self._talk.answer(STATUS, stat, now_s)
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
        if self._wanted_counts is not None and self._target_lost >= LOOKS:
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
        if self._index_gone >= LOOKS:
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
