"""One check of a cart that runs: by the control of `run --without-kiosk`, and a person at this terminal."""

from __future__ import annotations

import signal
from functools import partial

from tosca_kiosk.attended.attendant import Attendant, StoppedError
from tosca_kiosk.attended.keys import terminal_keys
from tosca_kiosk.attended.preparing import NotPreparedError, prepare
from tosca_kiosk.attended.reaching import reached, socket_of
from tosca_kiosk.attended.stations import NotDoneError, give_light, go_to
from tosca_kiosk.calibration.morning_plan import LIT, MorningPlan, morning_plan
from tosca_kiosk.calibration.morning_values import Seen, keep, reasons_of
from tosca_kiosk.calibration.opening import CalibrationOrder, OpenedCalibration, opening_calibration
from tosca_kiosk.cli.checked import Checked
from tosca_kiosk.cli.workplace import Workplace
from tosca_kiosk.config import idle_rules
from tosca_kiosk.domain.calibrating.morning import Found, judged
from tosca_kiosk.link.client import ControlLink
from tosca_kiosk.link.messages import PinTried, SafetyNotice, SessionEnded
from tosca_kiosk.link.numbered import Numbered
from tosca_kiosk.machine.clock import RealClock, since_boot, utc_now
from tosca_kiosk.machine.stop_signals import on_interrupt
from tosca_kiosk.session import back_up
from tosca_kiosk.storage import Database, cart_key, close_calibration, events, settings, users
from tosca_kiosk.storage.allowed import allowed
from tosca_kiosk.storage.timestamps import from_utc_text
from tosca_kiosk.storage.users import Role, User

_ORDER = "sign an order"


def check_at_cart(workplace: Workplace, technician: str, *, light: bool) -> Checked:
    """Check the cart whose control runs for this data directory; what it found is then in the record.

    Raises NoTerminalError, NotReachedError, or one of EXPECTED_ERRORS, before its session is open.
    """
    asked: list[bool] = []
    with workplace.beside() as database:
        user = allowed(database, technician, utc_now(), "check-cart", Role.TECHNICIAN)
        limits = idle_rules(workplace.config, settings.values(database)).limits
        with database.reading() as reader:
            plan = morning_plan(reader, workplace.config, limits, light=light)
        with (
            on_interrupt(lambda: asked.append(True), signal.SIGTSTP),
            reached(socket_of(workplace.data_dir)) as link,
            terminal_keys() as keys,
        ):
            attendant = Attendant(
                link, keys, ask_stop=lambda: bool(asked), on_notice=partial(_keep_notice, database, user)
            )
            return _Check(workplace, database, user, plan, link, attendant).run()


class _Check:
    """One check. reasons: why it fails, in the order in which it was found."""

    def __init__(
        self,
        workplace: Workplace,
        database: Database,
        technician: User,
        plan: MorningPlan,
        link: ControlLink,
        attendant: Attendant,
    ) -> None:
        self._workplace = workplace
        self._database = database
        self._technician = technician
        self._plan = plan
        self._link = link
        self._attendant = attendant
        self._clock = RealClock()
        self._reasons: list[str] = []
        self._seen = Seen()
        self._found: tuple[Found, ...] = ()

    def run(self) -> Checked:
        attendant, number = self._attendant, None
        try:
            prepare(attendant, anew=True)
            tested = attendant.newest.self_test
            self._seen.self_tested = {} if tested is None else tested.found
            config = self._workplace.config
            order = CalibrationOrder(technician=self._technician, session=self._plan.session, config=config)
            cart_key.of_record(self._database, self._workplace.data_dir)  # made now, or the backup lacks it
            backup = back_up(self._database, self._workplace.backup_dir, utc_now())
            hello = self._link.hello
            devices = {} if hello is None else hello.details["devices"]
            with opening_calibration(
                self._database, self._workplace.data_dir, order, devices, utc_now(), backup
            ) as opened:
                pass
            number = opened.row.calibration_session_id
            self._session(opened, {key: told["serial_number"] for key, told in devices.items()})
        except (NotPreparedError, StoppedError) as error:
            self._reasons.append(str(error))
        if self._reasons:
            attendant.doubt_self_test(f"The check of the cart failed: {self._reasons[0]}")
        return Checked(
            session_id=number,
            results=(),
            found=self._found or judged(self._seen.self_tested, self._plan.known),
            reasons=tuple(self._reasons),
            dark=self._plan.dark,
            seconds=self._clock.now_s(),
        )

    def _session(self, opened: OpenedCalibration, serials: dict[str, str]) -> None:
        """Go through the session's stations, end and keep it; what fails is a reason."""
        attendant, number = self._attendant, opened.row.calibration_session_id
        ended: SessionEnded | str = "it was never open"
        refused = attendant.open(opened.folder, opened.header, Numbered(session=None, calibration=number))
        if refused is not None:
            self._reasons.append(f"the session was refused: {refused}")
        else:
            try:
                self._stations()
            except (NotDoneError, StoppedError) as error:
                self._reasons.append(str(error))
            ended = attendant.close(self._reasons[0] if self._reasons else None)
        self._found = self._seen.judged(self._database, self._plan, serials)
        self._reasons += reasons_of(self._found)
        if isinstance(ended, str) and refused is None:
            self._reasons.append(f"the session is open still: {ended}")
        tech_id = self._technician.tech_id
        with self._database.transaction(tech_id) as transaction:
            keep(transaction, number, self._plan, self._found, self._reasons)
        if isinstance(ended, str) and refused is None:
            return  # control has its journal: the next start closes its row
        with self._workplace.sealing.signing(self._database) as key:
            close_calibration(
                self._database,
                opened.row,
                self._workplace.data_dir,
                utc_now(),
                operator_id=tech_id,
                known=ended.summary if isinstance(ended, SessionEnded) else None,
                missing=ended.missing if isinstance(ended, SessionEnded) else None,
                key=key,
            )

    def _stations(self) -> None:
        attendant = self._attendant
        for number in range(LIT):
            self._seen.places_um.append(go_to(attendant, number))
        if self._plan.dark is None:
            go_to(attendant, LIT)
            watts = give_light(attendant)
            self._seen.watts = watts[len(watts) // 2 :]
        newest = attendant.newest
        if newest.tec_c is not None:
            self._seen.off_setpoint_c = newest.tec_c - newest.tec_setpoint_c


def _keep_notice(database: Database, technician: User, notice: SafetyNotice | PinTried) -> None:
    """Write what control noticed outside a session, or what came of a PIN, into the record."""
    with database.transaction(technician.tech_id) as transaction:
        if isinstance(notice, SafetyNotice):
            timed = [(0.0, event) for event in notice.events]
            at = from_utc_text(notice.utc)
            events.append_safety(transaction, at, timed, tech_id=technician.tech_id)
        elif notice.looked_at:
            users.note_try(transaction, notice.username, notice.right, utc_now(), since_boot(), _ORDER)
        else:
            users.note_wait(transaction, notice.username, utc_now(), _ORDER)
