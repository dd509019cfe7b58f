"""A kiosk without a screen for tests of the processes: opens a session, arms, and goes on being alive.

    python -m benchmarks.rigs.standin_kiosk SOCKET FOLDER CONFIG DATA_DIR

opens a session or goes on with control's, prints `armed` when the gate waits for the pedal, and the session's
summary as JSON when its journal is ended.
"""

import sys
from pathlib import Path

import msgspec

from benchmarks.rigs.sessions import constant, session_header
from benchmarks.rigs.standin_record import StandInRecord
from tosca_kiosk.domain.inputs import CommandType
from tosca_kiosk.link.client import ControlLink
from tosca_kiosk.link.messages import Reply, SessionEnded
from tosca_kiosk.machine.clock import RealClock

FRAME_S = 0.02
FRAMES_A_HEARTBEAT = 4
WITHIN_S = 30.0
HOLD_S = 1.7


class StandInKiosk:
    """Draws no frame but counts them. notices: everything control has said.

    record: where its sessions have their rows; None for one that opens none.
    """

    def __init__(self, socket_path, record=None):
        self.link = ControlLink(Path(socket_path))
        self.record = record
        self.notices = []
        self._clock = RealClock()
        self._frames = 0

    def frame(self):
        self._clock.sleep_until(self._clock.now_s() + FRAME_S)
        if not self.link.connected:
            self.link.connect()
        self.notices += self.link.poll()
        self._frames += 1
        if self._frames % FRAMES_A_HEARTBEAT == 0:
            self.link.alive()

    def until(self, condition, within_s=WITHIN_S):
        """Draw frames until condition(telemetry) holds; telemetry may be None."""
        deadline_s = self._clock.now_s() + within_s
        while True:
            self.frame()
            latest = self.link.latest()
            if condition(latest):
                return latest
            assert self._clock.now_s() < deadline_s, (self.link.problem, self.notices[-3:], latest)

    def connect(self):
        self.until(lambda tick: tick is not None)

    def wait(self, seconds):
        until_s = self._clock.now_s() + seconds
        self.until(lambda tick: self._clock.now_s() >= until_s, seconds + 1.0)

    def answer(self, number):
        """Return the notice that answers a request."""
        assert number is not None, self.link.problem
        answers = (Reply, SessionEnded)
        found = []

        def answered(tick):
            found.extend(each for each in self.notices if isinstance(each, answers) and each.id == number)
            return bool(found)

        self.until(answered)
        return found[0]

    def order(self, command, **more):
        """Give an order for the session that control has; return why it was refused, None when it was not."""
        latest = self.link.latest()
        session = None if latest is None else latest.session_id
        return self.answer(self.link.order(command, session, **more)).refused

    def signed(self, command, username, pin, **more):
        """Give an order signed by a PIN; return why it was refused, None when it was not."""
        latest = self.link.latest()
        session = None if latest is None else latest.session_id
        return self.answer(self.link.signed_order(command, session, username, pin, **more)).refused

    def prepare(self):
        self.connect()
        self.until(lambda tick: all(device.state == "ready" for device in tick.devices))
        assert self.order(CommandType.HOME_STAGE) is None
        self.until(lambda tick: tick.stage_homed)
        self.have_it_tested()

    def have_it_tested(self):
        """Have control test the cart, and see it pass."""
        assert self.order(CommandType.RUN_SELF_TEST) is None
        tested = self.until(lambda tick: tick.self_test.runs and tick.self_test.done is None).self_test
        assert tested.problem is None, tested.problem

    def open(self, folder, number=1, duration_s=600.0):
        rules = self.record.session(number, constant(5.0, duration_s, ring_size_mm=2.0))
        return self.answer(self.link.open_session(folder, session_header(rules, number))).refused

    def go_on(self):
        """Take over the session that control has kept: acknowledge that its kiosk was lost."""
        self.connect()
        self.until(lambda tick: not tick.standing)
        assert self.order(CommandType.ACKNOWLEDGE) is None
        self.until(lambda tick: tick.phase == "ready")

    def arm(self):
        self.until(lambda tick: not tick.refusals)
        assert self.order(CommandType.BEGIN_ARM) is None
        self.wait(HOLD_S)
        assert self.order(CommandType.ARM) is None
        self.until(lambda tick: tick.beam == "waiting")

    def close_session(self, reason=None):
        deadline_s = self._clock.now_s() + WITHIN_S
        while refused := self.order(CommandType.CLOSE_SESSION, reason=reason):
            assert self._clock.now_s() < deadline_s, refused
            self.wait(0.1)
        return self.answer(self.link.end_session(self.link.latest().session_id))


def say(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main():
    kiosk = StandInKiosk(sys.argv[1], StandInRecord(*sys.argv[3:]))
    kiosk.connect()
    if kiosk.link.hello.session is None:
        kiosk.prepare()
        assert kiosk.open(Path(sys.argv[2])) is None
    else:
        kiosk.go_on()
    kiosk.arm()
    say("armed")
    kiosk.until(lambda tick: tick is not None and tick.finished, within_s=600.0)
    say(msgspec.json.encode(kiosk.close_session().summary).decode())


if __name__ == "__main__":
    main()
