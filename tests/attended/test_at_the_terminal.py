"""What a person or a broken terminal does, judged by the world's true light: it stays or becomes dark."""

import os
import signal
import subprocess
import sys
import tempfile
from itertools import count
from pathlib import Path

import pytest

from benchmarks.rigs.cart_configs import warm_config_file
from tests.attended.pty_bench import OnTerminal
from tests.control.control_bench import running_control
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


@pytest.fixture(scope="module")
def cart(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cart")
    with (
        tempfile.TemporaryDirectory(prefix="tosca-test-") as runtime,
        running_control(warm_config_file(folder), Path(runtime)) as control,
    ):
        yield Cart(folder, control)


@pytest.fixture
def at(cart):
    terminal = OnTerminal(cart.command)
    if terminal.until_said("Enter resets it", "reading of the meter:") == "Enter resets it":
        terminal.strike(b"\r")
        terminal.until_said("reading of the meter:")
    yield terminal
    terminal.close()
    cart.judge.release()


@pytest.fixture
def ready(at):
    """Somebody who is asked to hold the key; a reading was typed and mended before."""
    at.strike(b"1.50\x7f5\r")
    at.until_said("typed 1.55")
    at.until_said("hold the space bar")
    return at


@pytest.fixture
def armed(ready):
    ready.hold()
    ready.until_said("armed waiting")
    ready.let_go()
    return ready


@pytest.fixture
def lit(armed, cart):
    armed.wait(2.0)  # a pedal that is pressed sooner after arming is an old foot
    cart.judge.press_until_light()
    return armed


def stays_dark(cart, at, seconds=2.5):
    """Press the pedal; say whether no light came."""
    before_j = cart.judge.ask()["true_energy_j"]
    cart.judge.set("pedal.pressed", True)
    at.wait(seconds)
    return cart.judge.ask()["true_energy_j"] == before_j


ENDS = {
    "a key": (lambda at: at.strike(b"x"), "stopped: a key"),
    "Ctrl-Z": (lambda at: at.strike(b"\x1a"), "stopped: a key"),
    "SIGTERM": (lambda at: at.process.send_signal(signal.SIGTERM), "stopped: a signal"),
    "SIGTSTP": (lambda at: at.process.send_signal(signal.SIGTSTP), "stopped: a signal"),
    "space again": (lambda at: at.strike(b" "), "ready dark"),
}


@pytest.mark.parametrize("how", ENDS)
def test_what_a_person_does_ends_the_light(cart, lit, how):
    act, said = ENDS[how]
    assert cart.judge.light_off_after_s(lambda: act(lit)) <= DARK_WITHIN_S
    lit.until_said(said)
    assert stays_dark(cart, lit, 0.5), "though the pedal is still held"
    if said.startswith("stopped"):
        assert lit.ended() == 0
        assert cart.why_it_ended().startswith("screen: STOP")
    else:
        lit.strike(b"q")
        assert lit.ended() == 0


def test_a_terminal_that_hangs_up_ends_the_light_and_the_session(cart, lit):
    assert cart.judge.light_off_after_s(lit.hang_up) <= DARK_WITHIN_S
    lit.ended()
    assert cart.why_it_ended().startswith("screen: STOP")


def test_a_process_that_stands_still_ends_the_light_by_its_silence(cart, lit):
    dark_s = cart.judge.light_off_after_s(lambda: lit.process.send_signal(signal.SIGSTOP))
    assert dark_s <= DARK_WITHIN_S
    lit.process.send_signal(signal.SIGCONT)
    lit.strike(b"q")
    assert lit.ended() == 0
    assert cart.why_it_ended().startswith("kiosk_lost")


def test_what_is_no_hold_arms_nothing(cart, at):
    """Spaces that are typed, a key that is let go too early, a hold that froze and thawed."""
    at.hold()
    at.wait(1.7)
    assert stays_dark(cart, at, 0.3)
    at.let_go()
    at.strike(b"1\r")
    at.until_said("hold the space bar")
    cart.judge.release()
    at.wait(1.0)
    at.hold()
    at.wait(1.2)
    at.let_go()
    assert stays_dark(cart, at)
    cart.judge.release()
    at.hold()
    at.wait(0.8)
    at.process.send_signal(signal.SIGSTOP)
    at.wait(1.0)
    at.let_go()
    at.process.send_signal(signal.SIGCONT)
    assert stays_dark(cart, at)
    assert "armed" not in at.said
    at.strike(b"q")
    assert at.ended() == 0


def test_the_end_of_input_is_stop_where_keys_are_text(cart, at):
    at.strike(b"12\x04")
    at.until_said("stopped: a key")
    assert at.ended() == 0
    assert cart.why_it_ended().startswith("screen: STOP"), at.said


def test_a_screen_that_takes_no_more_keeps_no_key_from_being_stop(cart, lit):
    lit.stall()
    lit.wait(0.3)
    assert cart.judge.light_off_after_s(lambda: lit.strike(b"x")) <= DARK_WITHIN_S
    assert lit.ended() == 0
    assert cart.why_it_ended().startswith("screen: STOP")


@pytest.mark.parametrize("given", ["nothing", "a pipe", "another terminal"])
def test_without_an_interactive_terminal_there_is_no_light(cart, given):
    ours, theirs = os.openpty()
    stdin = {"nothing": subprocess.DEVNULL, "a pipe": subprocess.PIPE, "another terminal": theirs}[given]
    done = subprocess.run(
        cart.command,
        stdin=stdin if given != "a pipe" else None,
        input=b"  " if given == "a pipe" else None,
        capture_output=True,
        timeout=60,
        check=False,
    )
    os.close(ours)
    os.close(theirs)
    assert (done.returncode, done.stderr[:20]) == (1, b"refused: light is ma")


def test_a_link_that_is_taken_and_a_control_that_does_not_run_are_named(cart, ready):
    other = OnTerminal(cart.command)
    other.until_said("another kiosk is connected")
    assert other.ended() == 1
    assert "tosca-kiosk run --without-kiosk" in other.said
    other.close()
    ready.strike(b"q")
    assert ready.ended() == 0
    command = cart.command
    command[3] += "-none"
    alone = OnTerminal(command)
    alone.until_said("no control runs")
    assert alone.ended() == 1
    alone.close()
