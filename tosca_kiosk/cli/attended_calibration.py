"""One calibration at a cart by the person at this terminal: a held key arms, the real pedal gives light."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from typing import Final

from tosca_kiosk.attended.attendant import Attendant, StoppedError
from tosca_kiosk.attended.keys import NoTerminalError, terminal_keys
from tosca_kiosk.attended.preparing import NotPreparedError, prepare
from tosca_kiosk.attended.reaching import NotReachedError, reached, socket_of
from tosca_kiosk.calibration.engine import MeasuringError, Wants, Wish
from tosca_kiosk.calibration.opening import OpenedCalibration
from tosca_kiosk.calibration.planning import MeterSaid, plan_calibration
from tosca_kiosk.cli.calibration_record import Calibrated, CalibrationRecord
from tosca_kiosk.cli.workplace import Workplace
from tosca_kiosk.domain.calibrating.procedures import ProcedureKind
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.link.client import ControlLink
from tosca_kiosk.link.messages import PinTried, SafetyNotice, SessionEnded
from tosca_kiosk.link.numbered import Numbered
from tosca_kiosk.machine.clock import utc_now
from tosca_kiosk.machine.stop_signals import on_interrupt
from tosca_kiosk.session import RefusedError, SessionBackup
from tosca_kiosk.storage import Database, events
from tosca_kiosk.storage.timestamps import from_utc_text

SELECT_AGAIN_S: Final = 0.2
"""Until the light before it is known to have ended a station is refused."""
HOW: Final = (
    "Hold the space bar to arm, then press the pedal. Space again disarms. ANY OTHER KEY IS STOP, and so is "
    "the end of this terminal. Wear eye protection."
)


def run_at_cart(
    workplace: Workplace, *, kind: ProcedureKind, technician: str, meter: MeterSaid | None
) -> Calibrated:
    """Calibrate the cart whose control runs for this data directory.

    Raises one of EXPECTED_ERRORS before anything is opened, and where the session stays open: the next start
    closes it then.
    """
    asked: list[bool] = []
    try:
        with (
            on_interrupt(lambda: asked.append(True), signal.SIGTSTP),
            reached(socket_of(workplace.data_dir)) as link,
            terminal_keys() as keys,
            workplace.beside() as database,
            SessionBackup(lambda: database, workplace.backup_dir, utc_now, workplace.sealing) as backup,
        ):
            plan = plan_calibration(database, workplace.config, kind=kind, technician=technician, meter=meter)
            backup.begin()
            record = CalibrationRecord(workplace, database, plan)
            keeper = _Keeper(database, plan.technician.tech_id)
            attendant = Attendant(link, keys, ask_stop=lambda: bool(asked), on_notice=keeper.keep)
            return _AtCart(record, backup, attendant, link).run()
    except (NotReachedError, NoTerminalError, NotPreparedError) as error:
        raise RefusedError(str(error)) from error


@dataclass
class _Keeper:
    """Writes what control tells that no journal holds."""

    database: Database
    tech_id: int

    def keep(self, notice: SafetyNotice | PinTried) -> None:
        if isinstance(notice, PinTried):
            return  # what was signed by it stands in the journal
        with self.database.transaction(self.tech_id) as transaction:
            told = [(0.0, event) for event in notice.events]
            events.append_safety(transaction, from_utc_text(notice.utc), told, tech_id=self.tech_id)


@dataclass
class _AtCart:
    """One calibration: prepare, open, measure, close, judge."""

    record: CalibrationRecord
    backup: SessionBackup
    attendant: Attendant
    link: ControlLink
    _selected_s: float = field(default=-SELECT_AGAIN_S)

    def run(self) -> Calibrated:
        record, attendant = self.record, self.attendant
        try:
            prepare(attendant)
            while not self.backup.wait(0.0):
                attendant.turn()
            hello = self.link.hello
            devices = {} if hello is None else dict(hello.details.get("devices", {}))
            record.open(devices, utc_now(), self.backup, self._begin)
        except StoppedError as error:
            raise RefusedError(f"stopped before it was opened ({error}); nothing was measured") from error
        try:
            attendant.say(HOW)
            self._measure()
        except StoppedError as error:
            record.reasons.append(f"stopped: {error}")
        except MeasuringError as error:
            record.reasons.append(str(error))
        reason = record.reasons[0] if record.reasons else None
        ended = self._closed(reason)
        if isinstance(ended, str):
            raise RefusedError(
                f"calibration session {record.number} is open still ({ended}); end control: "
                "the next start closes its record"
            )
        imported = record.close(utc_now(), ended.summary, ended.missing)
        return record.judge(imported, utc_now())

    def _closed(self, reason: str | None) -> SessionEnded | str:
        try:
            return self.attendant.close(reason)
        except StoppedError:
            return self.attendant.close(reason or "stopped")

    def _begin(self, opened: OpenedCalibration) -> None:
        number = opened.row.calibration_session_id
        refused = self.attendant.open(
            opened.folder, opened.header, Numbered(session=None, calibration=number)
        )
        if refused is not None:
            raise RefusedError(f"control refuses the calibration: {refused}")

    def _measure(self) -> None:
        attendant, seen_s = self.attendant, -1.0
        while not self.record.engine.done:
            attendant.turn()
            shown = attendant.shown
            if shown is None or shown.measuring is None or not shown.measuring.now_s > seen_s:
                continue
            seen_s = shown.measuring.now_s
            wish = self.record.follow(shown.measuring)
            attendant.hand.may_arm = wish.wants is Wants.LIGHT
            self._grant(wish)

    def _grant(self, wish: Wish) -> None:
        attendant = self.attendant
        if wish.text:
            attendant.show(wish.text)
        if wish.wants is Wants.SELECT and wish.station is not None:
            if attendant.now_s - self._selected_s >= SELECT_AGAIN_S:
                self._selected_s = attendant.now_s
                attendant.order(CommandType.SELECT_STATION, value=float(wish.station))
        elif wish.wants is Wants.READING:
            self._ask(wish.text)

    def _ask(self, question: str) -> None:
        """Have a reading typed until it is one. Nothing is armed meanwhile."""
        while True:
            said = self.attendant.typed(f"{question} (or: moving)").strip()
            if said == "moving":
                self.record.engine.answer(0.0, still=False)
            refused = self._taken(said)
            if refused is None:
                return
            self.attendant.say(refused)

    def _taken(self, said: str) -> str | None:
        try:
            typed_w = float(said)
        except ValueError:
            return f"{said!r} is no number; write it with a point, such as 2.137"
        return self.record.engine.answer(typed_w)
