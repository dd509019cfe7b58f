"""`check-cart --at-cart`: the running control is checked from a terminal; a session opens on what passed."""

import sys
from contextlib import contextmanager

import pytest

from benchmarks.rigs.cart_configs import warm_config_file
from benchmarks.rigs.standin_kiosk import StandInKiosk
from benchmarks.rigs.standin_record import TECHNICIAN
from tests.attended.pty_bench import OnTerminal
from tests.control.control_bench import running_control
from tests.side_by_side import SideBySide
from tosca_kiosk.machine.runtime import runtime_dir
from tosca_kiosk.storage import Database, calibration_sessions

pytestmark = pytest.mark.process


class Cart:
    """A control that runs for a data directory, and its record."""

    def __init__(self, folder, control):
        self.judge = control.judge
        self.control = control
        self.data_dir = control.record.data_dir
        self.folder = folder

    def checked(self):
        """Check it at a terminal: hold the key, press the pedal; return the exit code and what was said."""
        where = ["--config", str(self.control.record.config.source), "--data-dir", str(self.data_dir)]
        command = [sys.executable, "-m", "tosca_kiosk", "check-cart", "--tech", TECHNICIAN, "--at-cart"]
        at = OnTerminal([*command, *where])
        try:
            at.until_said("Hold the space bar")
            at.hold()
            at.until_said("armed waiting")
            at.let_go()
            at.wait(2.0)  # a pedal that is pressed sooner after arming is an old foot
            self.judge.press_until_light()
            code = at.ended()
            self.judge.release()
            return code, at.said
        finally:
            at.close()

    def opens(self):
        """Return why a session on nothing but that check is refused, None where it opens."""
        kiosk = StandInKiosk(self.control.socket_path, self.control.record)
        try:
            kiosk.connect()
            kiosk.until(lambda tick: tick.phase == "idle")
            session = self.folder / "session"
            session.mkdir()
            return kiosk.open(session)
        finally:
            kiosk.link.close()

    def kept(self):
        with Database.read_only(self.data_dir / "laser_control.db") as database:
            [row] = calibration_sessions.history(database)
            return row, {one.name for one in calibration_sessions.values(database, 1)}


@contextmanager
def bench(folder):
    config = warm_config_file(folder)
    with running_control(config, runtime_dir(folder / "data")) as control:
        yield (Cart(folder, control),)


beside = SideBySide(bench)


@beside.test
def test_a_session_opens_on_a_check_that_passed_and_on_no_other_test(cart):
    code, said = cart.checked()
    assert code == 0, said[-2000:]
    row, values = cart.kept()
    assert (row.kind, row.verdict, row.status) == ("morning_check", "passed", "completed")
    assert row.light_s == pytest.approx(1.0, abs=0.05)
    assert {"dark_level_v", "vibration_motor_mg", "stage_repeat_um", "power_off_percent"} <= values
    assert cart.opens() is None


@beside.test
def test_a_check_that_failed_refuses_the_session_with_its_reason(cart):
    cart.judge.set("photodiode.drift", 0.6)
    code, said = cart.checked()
    assert code == 1, said[-2000:]
    assert "light off what is calibrated -39" in said
    assert cart.kept()[0].verdict == "failed"
    refused = cart.opens()
    assert "No self-test of this cart counts. (The check of the cart failed: laser: light off" in refused
