"""Whether the wall clock can be right, looked at every turn: shown, and a line of the safety log."""

from __future__ import annotations

from datetime import datetime, timedelta

from tosca_kiosk.kiosk.alarms.conditions import WALL_CLOCK
from tosca_kiosk.kiosk.desk.desk import Desk
from tosca_kiosk.kiosk.services import history
from tosca_kiosk.storage.clock_evidence import SLACK, Doubt, Wrong, doubt

_NOT_LOGGED = "That the clock was set forward is not in the safety log"


class WallClock:
    """doubt: why the clock cannot be right now, None where it can be.

    The record is asked once, when it was opened. From then on what the clock itself has said, while it could
    be right, counts as the newest row: so a clock that is set back is behind it.
    """

    def __init__(self, desk: Desk) -> None:
        self.doubt: Doubt | None = None
        self._desk = desk
        self._newest: datetime | None = None
        self._known = False
        self._logged: Wrong | None = None
        self._began: tuple[float, datetime] | None = None

    def record_opened(self) -> None:
        """Ask the record for its newest row, and have the log say what the clock did while no kiosk ran."""
        record, operator_id = self._desk.record, self._desk.operator_id
        self._desk.errands.run(
            None,
            _NOT_LOGGED,
            lambda: history.keep_skipped_unseen(record, operator_id),
            lambda lines: None,
        )
        self._desk.errands.run(
            "newest row",
            "The record's newest row cannot be read, which the clock is held to",
            lambda: history.newest_row(record),
            self._read,
        )

    def turn(self) -> None:
        """Look at the clock, and have the log say once what is wrong with it."""
        now = self._desk.record.utc()
        self._notice_skip(now)
        self.doubt = doubt(now, self._newest)
        if self.doubt is None:
            self._logged = None
            if self._known:
                self._newest = now if self._newest is None else max(now, self._newest)
        elif self._known and self._logged is not self.doubt.wrong:
            self._logged = self.doubt.wrong
            self._log(self.doubt)

    def _notice_skip(self, now: datetime) -> None:
        """Have the log say that the clock has skipped time, which makes all that it dated look older.

        The main loop's own clock does not stand still but in a sleep of the machine, which counts as a skip.
        """
        if not self._known:
            return
        now_s, operator_id = self._desk.now_s, self._desk.operator_id
        began_s, began = self._began or (now_s, now)
        by = now - began - timedelta(seconds=now_s - began_s)
        if self._began is None or abs(by) > SLACK:
            self._began = now_s, now  # one that was set back is behind the newest row
        if by > SLACK:
            record = self._desk.record
            self._desk.errands.run(
                None,
                _NOT_LOGGED,
                lambda: history.keep_set_forward(record, by, operator_id),
                lambda lines: None,
            )

    def _read(self, newest: datetime | None) -> None:
        self._newest, self._known = newest, True

    def _log(self, doubted: Doubt) -> None:
        desk = self._desk
        phase = "idle" if desk.telemetry is None else desk.telemetry.phase
        operator_id = desk.operator_id
        desk.errands.run(
            None,
            "What is wrong with the clock is not in the safety log",
            lambda: history.keep_own(desk.record, WALL_CLOCK, doubted.said, phase, operator_id),
            lambda lines: None,
        )
