"""A presenter at its desk, on a cart whose control is played by a test."""

from __future__ import annotations

import threading

import msgspec

from tests.kiosk.presenter.control_end import ControlEnd
from tests.kiosk.screens.cast import telemetry
from tosca_kiosk.config import bundled, load_config
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.kiosk.presenter import Presenter
from tosca_kiosk.kiosk.presenter.registry import ROWS
from tosca_kiosk.kiosk.screens.login.part import Login
from tosca_kiosk.kiosk.services import Record, Worker, accounts, people
from tosca_kiosk.link.client import ControlLink
from tosca_kiosk.link.messages import (
    PinTried,
    Reply,
)

LONG_S = 20.0
PAUSE_S = 0.005
"""Between two turns, for who works beside the panel."""
PIN, ADMIN_PIN = "314159", "271828"
READ_BACK = "wait until the laser is read back off"


class Desk:
    """A presenter whose turns a test takes one by one, with control at the other end of its link."""

    def __init__(self, folder, session=None, rows=ROWS):
        config = load_config(bundled("simulated.yaml"))
        self.folder = folder
        self.record = Record(config, folder)
        self.worker = Worker()
        self.link = ControlLink(folder / "control.sock")
        self.control = ControlEnd(folder, session)
        self.started_control = []
        self.presenter = Presenter(
            self.record, self.worker, self.link, lambda: self.started_control.append(True), rows=rows
        )
        self.now_s = 1000.0
        self.cart = telemetry()

    def turn(self, seconds=0.04):
        """Let control tick and the screen take one turn."""
        self.now_s += seconds
        if self.control is not None:
            self.control.poll()
            self.control.publish(msgspec.structs.replace(self.cart, mono_s=self.now_s - 0.01))
        self.state = self.presenter.turn(self.now_s)
        return self.state

    def until(self, seen):
        """Take turns until seen(state) holds, in little time of the panel's own: nobody is logged out."""
        pause = threading.Event()
        for _ in range(round(LONG_S / PAUSE_S)):
            if seen(self.turn(0.0001)):
                return self.state
            pause.wait(PAUSE_S)
        raise AssertionError(f"not seen within {LONG_S:g} s")

    def settle(self):
        """Take turns until nothing is asked of the record any more, and no backup is under way."""
        for _ in range(20):
            self.turn()
            assert self.record.backup.wait(LONG_S)
            while self.worker.pending:
                assert self.worker.wait(LONG_S)
        return self.turn()

    def reply(self, refused=None):
        """Have control answer its newest request."""
        request = self.control.poll()
        self.control.say(Reply(request.id, refused))
        return self.settle()

    def pin_tried(self, *, right, wait_s=0.0, refused=None, looked_at=True):
        """Have control say what came of the PIN of its newest request, and answer it."""
        request = self.control.poll()
        self.control.say(PinTried(request.id, request.username, looked_at, right, wait_s))
        return self.reply(refused)

    def sources(self):
        return {alarm.source for alarm in self.state.alarms}

    def close(self):
        self.worker.close()
        self.link.close()
        self.record.close()
        if self.control is not None:
            self.control.close()


def staff(desk):
    """Have the first start done: nobody signed in, one patient."""
    desk.record.open()
    accounts.set_up(desk.record, ADMIN_PIN, "Jane Doe", PIN)
    people.add(desk.record, "P-2026-0001", "", 1)
    desk.settle()
    return desk


def sign_in(staffed):
    """Have the technician signed in."""
    jane = next(user for user in staffed.state.accounts.users if user.username == "jane.doe")
    staffed.presenter.part(Login).choose(jane)
    staffed.presenter.part(Login).pin(PIN)
    staffed.settle()
    assert staffed.state.screen == "patients"
    return staffed


def closes_asked(desk):
    desk.control.poll()
    return [one for one in desk.control.requests if getattr(one, "command", "") is CommandType.CLOSE_SESSION]
