"""One program at a time holds a data directory; the others wait a while and then name it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.storage.refusal import refused
from tosca_kiosk.storage import data_directory_lock

HOLDER = """
import sys
from pathlib import Path
from tosca_kiosk.storage import data_directory_lock
with data_directory_lock(Path(sys.argv[1]), monotonic_s=lambda: 0.0, wait=None):
    print("held", flush=True)
    sys.stdin.read()
"""


class JumpingClock:
    """Time passes only by waiting; `at` maps a time to what happens then."""

    def __init__(self, at=None):
        self.now_s = 0.0
        self.at = at or {}

    def wait(self, seconds):
        self.now_s += seconds
        for time_s in [time_s for time_s in self.at if time_s <= self.now_s]:
            self.at.pop(time_s)()


def hold(data_dir, clock, **options):
    return data_directory_lock(data_dir, monotonic_s=lambda: clock.now_s, wait=clock.wait, **options)


@pytest.fixture
def holder(tmp_path):
    """Another program that holds the directory until its input ends."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.stdin.close()


def test_a_free_directory_is_taken_at_once_and_made_if_missing(tmp_path):
    clock = JumpingClock()
    with hold(tmp_path / "new" / "data", clock):
        content = (tmp_path / "new" / "data" / "laser_control.lock").read_text()
    assert content.split()[0] == str(os.getpid())
    assert clock.now_s == 0.0
    assert (tmp_path / "new" / "data" / "laser_control.lock").read_text() == ""


@pytest.mark.process
def test_after_five_seconds_the_holder_is_named(tmp_path, holder):
    clock = JumpingClock()
    with refused(rf"{tmp_path}: in use by process {holder.pid} \(tosca-kiosk\); close it"):
        hold(tmp_path, clock).__enter__()
    assert 5.0 <= clock.now_s < 5.2


@pytest.mark.process
def test_the_wait_can_be_shorter(tmp_path, holder):
    clock = JumpingClock()
    with refused("in use by process"):
        hold(tmp_path, clock, timeout_s=0.0).__enter__()
    assert clock.now_s == 0.0


@pytest.mark.process
def test_a_holder_that_lets_go_in_time_is_followed(tmp_path, holder):
    def let_go():
        holder.stdin.close()
        holder.wait()

    clock = JumpingClock({2.0: let_go})
    with hold(tmp_path, clock):
        assert 2.0 <= clock.now_s < 2.2


@pytest.mark.process
def test_the_lock_of_a_killed_program_is_free(tmp_path, holder):
    holder.kill()
    holder.wait()
    with hold(tmp_path, JumpingClock(), timeout_s=0.0):
        pass


def test_the_same_program_cannot_hold_it_twice(tmp_path):
    with hold(tmp_path, JumpingClock()), refused(f"in use by process {os.getpid()}"):
        hold(tmp_path, JumpingClock(), timeout_s=0.0).__enter__()


@pytest.mark.parametrize(
    ("holder", "named"), [("a\udcff", r"a\?"), ("a\nb\x1b[2J", r"a b \[2J"), ("ä" * 5000, "ä{2000,}")]
)
def test_whatever_the_holders_name_is_it_is_one_line(tmp_path, holder, named):
    with (
        hold(tmp_path, JumpingClock(), holder=holder),
        refused(rf"in use by process {os.getpid()} \({named}.?\); close it"),
    ):
        hold(tmp_path, JumpingClock(), timeout_s=0.0).__enter__()


def test_an_error_inside_frees_it(tmp_path):
    def fail():
        with hold(tmp_path, JumpingClock()):
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with hold(tmp_path, JumpingClock(), timeout_s=0.0):
        pass


def test_a_place_that_cannot_be_used_is_reported(tmp_path):
    (tmp_path / "file").write_text("")
    with refused("the lock file cannot be made"):
        hold(tmp_path / "file", JumpingClock()).__enter__()
