"""An operator who treats whatever comes: signs in, opens a session, arms, holds the pedal, resets faults.

It works the presenter as the screens do, with Kivy's main loop around it or without.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tosca_kiosk.config import CartConfig
from tosca_kiosk.domain.state import Beam, Phase
from tosca_kiosk.kiosk.alarms.conditions import role_to_reset
from tosca_kiosk.kiosk.presenter import Presenter
from tosca_kiosk.kiosk.screens.fault.part import Fault
from tosca_kiosk.kiosk.screens.login.part import Login
from tosca_kiosk.kiosk.screens.patients.part import Patients
from tosca_kiosk.kiosk.screens.protocols.part import Protocols
from tosca_kiosk.kiosk.screens.treatment.part import Treatment
from tosca_kiosk.kiosk.services import Record, accounts, people
from tosca_kiosk.kiosk.snapshot.course import Opening
from tosca_kiosk.link.telemetry import Telemetry
from tosca_kiosk.storage import protocols
from tosca_kiosk.storage.users import Role

TREATING: Final = "treating"
FAULT: Final = "fault "
"""Followed by the sources, separated by blanks."""

TECHNICIAN: Final = "Timing Report"
PIN: Final = "314159"
_ADMIN_PIN: Final = "271828"
PATIENT: Final = "P-2026-0001"
PROTOCOL: Final = "Timing report"
_POWER_W: Final = 5.0
_STEP_S: Final = 3600.0
_HOLD_ON_S: Final = 0.2
_PEDAL_AFTER_S: Final = 2.3
"""A pedal edge counts 2 s after arming."""
_AGAIN_S: Final = 0.5


def make_record(config: CartConfig, data_dir: Path) -> None:
    """Make the record of a cart that is in use, in an empty data directory."""
    record = Record(config, data_dir)
    record.open()
    try:
        accounts.set_up(record, _ADMIN_PIN, TECHNICIAN, PIN)
        people.add(record, PATIENT, "", 1)
        with record.database.transaction() as transaction:
            protocols.add(transaction, PROTOCOL, "constant", _protocol(), record.utc())
    finally:
        record.close()


def _protocol() -> str:
    step = {
        "step_number": 1,
        "duration_seconds": _STEP_S,
        "power_start_watts": _POWER_W,
        "power_end_watts": _POWER_W,
        "ring_size_mm": 2.0,
        "ramp_type": "constant",
    }
    return json.dumps({"version": "1.0", "steps": [step], "safety_limits": {"max_power_watts": _POWER_W}})


class Hand:
    """Call it every turn. press: the pedal. tell: told TREATING when light is on, and what ends it."""

    def __init__(self, press: Callable[[bool], object], tell: Callable[[str], None]) -> None:
        self._press = press
        self._tell = tell
        self._told: tuple[str, ...] | None = None
        self._since_s: float | None = None
        self._again_s = 0.0
        self._pressed = False

    def __call__(self, presenter: Presenter) -> None:
        desk, telemetry = presenter.desk, presenter.desk.telemetry
        presenter.touched()
        if telemetry is None:
            return
        if desk.user is None:
            self._sign_in(presenter)
        elif desk.router.shown == "patients":
            self._choose_patient(presenter)
        elif desk.router.shown == "protocols":
            self._choose_protocol(presenter)
        elif desk.router.shown == "fault":
            self._reset(presenter)
        elif desk.router.shown == "treatment":
            self._treat(presenter, telemetry)

    def _sign_in(self, presenter: Presenter) -> None:
        login, accounts = presenter.part(Login), presenter.desk.accounts
        if accounts is None or login.form.busy:
            return
        login.choose(next(user for user in accounts.users if user.full_name == TECHNICIAN))
        login.pin(PIN)

    def _choose_patient(self, presenter: Presenter) -> None:
        patients = presenter.part(Patients)
        found = patients.form.found
        if found is not None and found.patients:
            patients.choose(found.patients[0])
            presenter.desk.router.go("protocols")

    def _choose_protocol(self, presenter: Presenter) -> None:
        part = presenter.part(Protocols)
        if part.form.listing is not None:
            part.choose(PROTOCOL)
            presenter.desk.router.go("treatment")

    def _reset(self, presenter: Presenter) -> None:
        self._lift()
        accounts, telemetry = presenter.desk.accounts, presenter.desk.telemetry
        if telemetry is None or accounts is None or not self._may_again(presenter.desk.now_s):
            return
        self._say(telemetry.faults)
        if role_to_reset(telemetry.faults) is Role.TECHNICIAN:
            presenter.part(Fault).reset()
        else:
            presenter.part(Fault).choose(next(user for user in accounts.users if user.role is Role.ADMIN))
            presenter.part(Fault).pin(_ADMIN_PIN)

    def _treat(self, presenter: Presenter, telemetry: Telemetry) -> None:
        treatment, course = presenter.part(Treatment), presenter.desk.course
        now_s = presenter.desk.now_s
        ready = all(device.state == "ready" for device in telemetry.devices)
        if course.opening is not Opening.OPEN:
            if course.refused:
                treatment.retry()
            if course.opening is Opening.CONFIRM_DOSE:
                treatment.open()
            elif ready and not telemetry.stage_homed and self._may_again(now_s):
                treatment.home_stage()
        elif telemetry.beam == Beam.EMITTING:
            self._say(())
        elif telemetry.phase == Phase.ARMED:
            self._press_in_time(now_s)
        elif telemetry.phase == Phase.READY:
            self._arm(presenter, telemetry)

    def _arm(self, presenter: Presenter, telemetry: Telemetry) -> None:
        self._lift()
        now_s = presenter.desk.now_s
        if telemetry.hold_s is None:
            self._since_s = None
            if not telemetry.refusals and self._may_again(now_s):
                presenter.part(Treatment).begin_arm()
        elif telemetry.hold_s >= telemetry.arm_hold_s + _HOLD_ON_S and self._may_again(now_s):
            presenter.part(Treatment).arm()

    def _press_in_time(self, now_s: float) -> None:
        if self._since_s is None:
            self._since_s = now_s
        elif now_s - self._since_s >= _PEDAL_AFTER_S and not self._pressed:
            self._pressed = True
            self._press(True)

    def _lift(self) -> None:
        if self._pressed:
            self._pressed = False
            self._press(False)
        self._since_s = None

    def _say(self, faults: tuple[str, ...]) -> None:
        if faults != self._told:
            self._told = faults
            self._tell(f"{FAULT}{' '.join(faults)}" if faults else TREATING)

    def _may_again(self, now_s: float) -> bool:
        if now_s - self._again_s < _AGAIN_S:
            return False
        self._again_s = now_s
        return True
