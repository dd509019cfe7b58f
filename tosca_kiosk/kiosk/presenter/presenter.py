"""From what control says and what is asked of the record to one KioskState a turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar

from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.kiosk.alarms import conditions
from tosca_kiosk.kiosk.alarms.conditions import Condition
from tosca_kiosk.kiosk.desk.desk import Desk
from tosca_kiosk.kiosk.desk.folder_backups import FolderBackups
from tosca_kiosk.kiosk.desk.leader import Leader
from tosca_kiosk.kiosk.desk.part import Part
from tosca_kiosk.kiosk.desk.router import Row
from tosca_kiosk.kiosk.desk.wall_clock import WallClock
from tosca_kiosk.kiosk.desk.wrong_pins import follow_record, pin_tried
from tosca_kiosk.kiosk.presenter.registry import ROWS
from tosca_kiosk.kiosk.services import history
from tosca_kiosk.kiosk.services.record import Record
from tosca_kiosk.kiosk.services.worker import Worker
from tosca_kiosk.kiosk.snapshot.picture import PictureSource
from tosca_kiosk.kiosk.snapshot.state import STALE_AFTER_S, KioskState
from tosca_kiosk.link.client import ControlLink
from tosca_kiosk.link.messages import Hello, Notice, PinTried, Reply, SafetyNotice, SessionEnded

_CONNECT_EVERY_S = 0.2
_FIRST_CONNECT_WITHIN_S = 4.0
"""Control may still be starting; after this its absence is an alarm."""
DIM_AFTER_S = 300.0
LOCK_AFTER_S = 600.0
_RETRY_OPEN_S = 5.0
_STOP_AGAIN_S = 1.0
"""A STOP that was not taken, as control was just being started, is sent again."""


_Sought = TypeVar("_Sought")


class Presenter:
    """Makes the parts of the screens, and takes the turns that all of them share.

    start_control: asks for a control process; nothing happens while one is running. pictures: the camera's,
    None where nobody looks. rows: of the screens.
    """

    def __init__(
        self,
        record: Record,
        worker: Worker,
        link: ControlLink,
        start_control: Callable[[], object],
        theme: str = "dark",
        pictures: PictureSource | None = None,
        rows: Sequence[Row] = ROWS,
    ) -> None:
        self.rows = rows
        self.desk = Desk(record, worker, link, rows, start_control)
        self.leader = Leader(self.desk)
        self.wall_clock = WallClock(self.desk)
        self.folder_backups = FolderBackups(self.desk)
        self.parts: dict[str, Part[Any]] = {
            row.name: row.load("part")(self.desk, self.leader) for row in rows
        }
        self.desk.router.parts = self.parts
        self.theme = theme
        self.pictures = pictures
        self._connected_before = False
        self._started_s: float | None = None
        self._connect_s = 0.0
        self._open_s: float | None = None
        self._touched_s = 0.0
        self._stopped_s: float | None = None
        self._hello: Hello | None = None

    def part(self, kind: type[_Sought]) -> _Sought:
        """Return the part of this class. Raises StopIteration where no screen has it."""
        return next(part for part in self.parts.values() if isinstance(part, kind))

    # --- every turn -------------------------------------------------------------------------------------

    def turn(self, now_s: float) -> KioskState:
        """Take in what has happened and return what is to be shown."""
        desk = self.desk
        desk.now_s = now_s
        if self._started_s is None:
            self._started_s = self._touched_s = now_s
        self._open_record()
        self._connect()
        for notice in desk.link.poll():
            self._take(notice)
        desk.telemetry = desk.link.latest()
        desk.worker.poll()
        desk.watch_replies()
        desk.watch_record()
        if desk.record_open and desk.record_problem is None:
            desk.errands.turn(now_s)
        self._end_light_without_record()
        self._settle_hello()
        self.leader.turn()
        self.wall_clock.turn()
        self.folder_backups.turn()
        follow_record(self.desk)
        for part in self.parts.values():
            part.turn()
        if now_s - self._touched_s >= LOCK_AFTER_S and desk.user is not None:
            self.lock()
        desk.router.turn()
        return self._state()

    def stop(self) -> None:
        """STOP was touched: tell control at once."""
        self.desk.order(CommandType.STOP, lambda refused: None)

    def touched(self) -> None:
        """Somebody is there."""
        self._touched_s = self.desk.now_s

    def lock(self) -> None:
        """Sign out; the session, where one is open, stays open. Not while armed or treating."""
        if not self.desk.may_emit:
            self.desk.sign_out()

    def acknowledge_alarms(self) -> None:
        """Somebody has seen the list of alarms."""
        self.desk.alarms.acknowledge()

    # --- the record and control -------------------------------------------------------------------------

    def _open_record(self) -> None:
        desk = self.desk
        due = self._open_s is None or desk.now_s - self._open_s >= _RETRY_OPEN_S
        if not desk.record_open and due:
            self._open_s = desk.now_s
            desk.ask(desk.record.open, self._record_opened, self._record_not_opened)

    def _end_light_without_record(self) -> None:
        """STOP while armed or treating without a record: there is no light that is not recorded."""
        desk, stopped_s = self.desk, self._stopped_s
        if not (desk.record.lost and self.desk.may_emit):
            self._stopped_s = None
        elif stopped_s is None or desk.now_s - stopped_s >= _STOP_AGAIN_S:
            self._stopped_s = desk.now_s
            telemetry = desk.telemetry
            session = None if telemetry is None else telemetry.session_id
            reason = f"the record was lost: {desk.record_problem or desk.record.path}"
            desk.link.order(CommandType.STOP, session, reason=reason)

    def _record_opened(self, nothing: None) -> None:
        self.desk.record_open, self.desk.record_problem = True, None
        self.desk.read_accounts()
        self.wall_clock.record_opened()

    def _record_not_opened(self, text: str) -> None:
        self.desk.record_problem = text

    def _connect(self) -> None:
        desk = self.desk
        if not desk.link.connected and desk.now_s - self._connect_s >= _CONNECT_EVERY_S:
            self._connect_s = desk.now_s
            desk.link.connect()

    def _take(self, notice: Notice) -> None:
        match notice:
            case Reply():
                self.desk.take_reply(notice)
            case Hello():
                self._hello, self._connected_before = notice, True
                self.desk.signed.clear()  # another control counts its requests anew
            case PinTried():
                pin_tried(self.desk, notice)
            case SessionEnded():
                self.leader.closing.session_ended(notice)
            case SafetyNotice():
                desk = self.desk
                operator_id = desk.operator_id
                desk.errands.run(
                    None,
                    "What control noticed is not in the safety log",
                    lambda: history.keep_notice(desk.record, notice, operator_id),
                    lambda lines: None,
                )

    def _settle_hello(self) -> None:
        """Look at what control runs, once the record can be asked about it."""
        if self._hello is not None and self.desk.record_open:
            hello, self._hello = self._hello, None
            self.leader.hello(hello)

    # --- the snapshot -----------------------------------------------------------------------------------

    def _conditions(self) -> Iterator[Condition]:
        desk, link, telemetry = self.desk, self.desk.link, self.desk.telemetry
        started_s = self._started_s or 0.0
        if not link.connected:
            if self._connected_before or desk.now_s - started_s > _FIRST_CONNECT_WITHIN_S:
                yield conditions.control_lost(link.problem)
        elif telemetry is not None:
            if not abs(desk.now_s - telemetry.mono_s) <= STALE_AFTER_S:
                yield conditions.OWN[conditions.STALE_DATA]
            if (why := self._control_delayed()) is not None:
                yield conditions.delayed(why)
            for source in dict.fromkeys((*telemetry.faults, *telemetry.warnings)):
                yield conditions.of_interlock(source)
        yield from self._conditions_of_record()
        if self.pictures is not None and self.pictures.problem is not None:
            yield conditions.picture_problem(self.pictures.problem)

    def _conditions_of_record(self) -> Iterator[Condition]:
        desk, doubt = self.desk, self.wall_clock.doubt
        if desk.record_problem is not None:
            yield conditions.record_problem(desk.record_problem)
        elif desk.errands.failures:
            yield conditions.job_failed(desk.errands.failures)
        if doubt is not None:
            yield conditions.wall_clock(doubt.said)
        if (why := self.folder_backups.problem) is not None:
            yield conditions.folders_not_saved(why)

    def _control_delayed(self) -> str | None:
        """Return why control should run in real time and does not, as it said itself; None where it does."""
        hello = self.desk.link.hello
        return None if hello is None else hello.details.get("delayed")

    def _state(self) -> KioskState:
        desk, link = self.desk, self.desk.link
        telemetry = desk.telemetry
        idle_s = desk.now_s - self._touched_s
        camera, picture, simulated = desk.record.config.camera, None, desk.record.config.any_simulated
        if self.pictures is not None and camera is not None:
            picture = self.pictures.newest(desk.now_s, wanted=desk.router.row.wants_picture)
            simulated |= self.pictures.simulated
        return KioskState(
            now_s=desk.now_s,
            wall_clock=_clock(desk.record.utc()),
            screen=desk.router.shown,
            theme=self.theme,
            telemetry=telemetry,
            control=link.connected,
            accounts=desk.accounts,
            user=desk.user,
            weak_pin=desk.weak_pin,
            patient=desk.patient,
            protocol=desk.plan,
            session=desk.session,
            course=desk.course,
            alarms=desk.alarms.update(desk.now_s, self._conditions()),
            record_problem=desk.record_problem,
            simulated=simulated,
            control_problem=link.problem,
            camera=camera is not None,
            picture=picture,
            picture_um_per_px=None if camera is None else camera.um_per_px,
            asleep=idle_s >= DIM_AFTER_S and not self.desk.may_emit,
            failed_jobs=desk.errands.failures,
            forms={type(part.form): part.form for part in self.parts.values()},
        )


def _clock(utc: datetime) -> str:
    """Return the time of day where the cart stands."""
    return f"{utc.astimezone():%H:%M:%S}"
