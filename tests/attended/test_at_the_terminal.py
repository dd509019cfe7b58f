"""What a person or a broken terminal does, judged by the world's true light: it stays or becomes dark."""

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from benchmarks.rigs.cart_configs import warm_config_file
from tests.attended.pty_bench import OnTerminal
from tests.control.control_bench import running_control
from tests.side_by_side import SideBySide
from tosca_kiosk.domain.journal_lines import ChainReader
from tosca_kiosk.journal import JOURNAL_NAME

pytestmark = pytest.mark.process

DARK_WITHIN_S = 0.6
"""After the last sign of a person control waits 0.4 s; then the light takes a tick to end."""


class Cart:
    """A control process, and one terminal after the other before it."""

    def __init__(self, folder, control):
        self.control, self.judge = control, control.judge
        self._folder = folder
        self._numbers = count(1)
        self.session = folder

    @property
    def command(self):
        """Of an attendant with a new session."""
        number = next(self._numbers)
        self.session = self._folder / f"session_{number}"
        record = self.control.record
        program = [sys.executable, "-m", "tests.attended.working_hand", self.control.socket_path]
        return [*program, str(self.session), str(number), str(record.config.source), str(record.data_dir)]

    def why_it_ended(self):
        """What the session's journal says, which control has finished."""
        reader = ChainReader((self.session / JOURNAL_NAME).read_bytes())
        assert sum(1 for _ in reader.ticks_json()) > 0
        return reader.end.summary.abort_reason

    def stays_dark(self, at, seconds=2.5):
        """Press the pedal; say whether no light came."""
        before_j = self.judge.ask()["true_energy_j"]
        self.judge.set("pedal.pressed", True)
        at.wait(seconds)
        self.judge.release()
        return self.judge.ask()["true_energy_j"] == before_j


@contextmanager
def bench(folder):
    with (
        tempfile.TemporaryDirectory(prefix="tosca-test-") as runtime,
        running_control(warm_config_file(folder), Path(runtime)) as control,
    ):
        cart = Cart(folder, control)
        at = OnTerminal(cart.command)
        try:
            yield cart, at
        finally:
            at.close()


beside = SideBySide(bench)


def ready(at):
    """Type a reading, mend it, and be asked to hold the key."""
    at.until_said("reading of the meter:")
    at.strike(b"1.50\x7f5\r")
    at.until_said("typed 1.55")
    at.until_said("hold the space bar")


def give_light(cart, at):
    at.hold()
    at.until_said("armed waiting")
    at.let_go()
    at.wait(2.0)  # a pedal that is pressed sooner after arming is an old foot
    cart.judge.press_until_light()


def ends(cart, at, act, said):
    """Give light, do something that ends it, and go on in the same session."""
    at.forget()
    ready(at)
    give_light(cart, at)
    assert cart.judge.light_off_after_s(act) <= DARK_WITHIN_S
    at.until_said(said)
    at.until_said("Enter goes on")
    at.wait(0.5)
    assert cart.judge.ask()["true_power_w"] == 0.0, "though the pedal is still held"
    cart.judge.release()
    at.strike(b"\r")


@beside.test
def test_keys_and_signals_end_the_light(cart, at):
    ends(cart, at, lambda: at.strike(b"\x1a"), "stopped: a key")  # Ctrl-Z, which is a key like others here
    ends(cart, at, lambda: at.process.send_signal(signal.SIGTERM), "stopped: a signal")
    ends(cart, at, lambda: at.process.send_signal(signal.SIGTSTP), "stopped: a signal")
    at.forget()
    ready(at)
    give_light(cart, at)
    assert cart.judge.light_off_after_s(lambda: at.strike(b" ")) <= DARK_WITHIN_S
    at.strike(b"q")
    at.until_said("Enter goes on")
    at.strike(b"q\r")
    assert at.ended() == 0


@beside.test
def test_a_broken_terminal_ends_the_light_and_the_session(cart, at):
    ready(at)
    give_light(cart, at)
    dark_s = cart.judge.light_off_after_s(lambda: at.process.send_signal(signal.SIGSTOP))
    assert dark_s <= DARK_WITHIN_S, "by its silence"
    at.process.send_signal(signal.SIGCONT)
    at.strike(b"x")
    cart.judge.release()
    at.until_said("Enter goes on")
    at.strike(b"\r")
    at.forget()
    ready(at)
    give_light(cart, at)
    at.stall()
    at.wait(0.3)
    assert cart.judge.light_off_after_s(lambda: at.strike(b"x")) <= DARK_WITHIN_S, "though nothing is shown"
    at.go_on()
    cart.judge.release()
    at.until_said("Enter goes on")
    at.strike(b"\r")
    at.forget()
    ready(at)
    give_light(cart, at)
    assert cart.judge.light_off_after_s(at.hang_up) <= DARK_WITHIN_S
    at.ended()
    assert cart.why_it_ended().startswith("screen: STOP")


@beside.test
def test_what_is_no_hold_arms_nothing(cart, at):
    """Spaces that are typed, a key that is let go too early, a hold that froze and thawed."""
    at.until_said("reading of the meter:")
    at.hold()
    at.wait(1.7)
    assert cart.stays_dark(at, 0.3)
    at.let_go()
    at.strike(b"1\r")
    at.until_said("hold the space bar")
    at.wait(1.0)
    at.hold()
    at.wait(1.2)
    at.let_go()
    assert cart.stays_dark(at)
    at.hold()
    at.wait(0.8)
    at.process.send_signal(signal.SIGSTOP)
    at.wait(1.0)
    at.let_go()
    at.process.send_signal(signal.SIGCONT)
    assert cart.stays_dark(at)
    assert "armed" not in at.said
    at.strike(b"q")
    at.until_said("Enter goes on")
    at.strike(b"12\x04")  # the end of input, where keys are text
    assert at.ended() == 0
    assert cart.why_it_ended().startswith("screen: STOP")


def without_terminal(cart, **streams):
    done = subprocess.run(cart.command, stderr=subprocess.PIPE, text=True, timeout=60, check=False, **streams)
    assert done.returncode == 1
    return done.stderr


@beside.test
def test_who_has_no_terminal_no_control_or_not_the_link_is_refused_by_name(cart, at):
    at.until_said("reading of the meter:")
    other = OnTerminal(cart.command)
    other.until_said("another kiosk is connected")
    other.until_said("tosca-kiosk run --without-kiosk")
    assert other.ended() == 1
    other.close()
    at.strike(b"\x04")
    at.until_said("Enter goes on")
    at.strike(b"\x04")
    assert at.ended() == 0

    ours, theirs = os.openpty()
    for streams in ({"stdin": subprocess.DEVNULL}, {"input": "  "}, {"stdin": theirs}):
        assert "interactive terminal" in without_terminal(cart, **streams)
    os.close(ours)
    os.close(theirs)
    command = cart.command
    command[3] += "-none"
    alone = OnTerminal(command)
    alone.until_said("no control runs")
    assert alone.ended() == 1
    alone.close()
