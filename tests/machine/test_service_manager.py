"""The service manager hears that the run stands, lives and ends; the unit asks for what the code gives."""

import configparser
import os
import shlex
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tosca_kiosk.config import bundled
from tosca_kiosk.machine.clock import RealClock
from tosca_kiosk.machine.realtime import FIFO_PRIORITY
from tosca_kiosk.machine.service_manager import ALIVE_EVERY_S, ServiceManager
from tosca_kiosk.running import supervisor
from tosca_kiosk.running.supervisor import Supervisor

UNIT = bundled("systemd/tosca-kiosk.service")


@pytest.fixture
def manager_socket(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(20.0)
        yield listening


@pytest.fixture
def manager(manager_socket):
    manager = ServiceManager({"NOTIFY_SOCKET": manager_socket.getsockname()})
    yield manager
    manager.close()


def heard(listening):
    """Return every message that has come."""
    messages = []
    listening.setblocking(False)
    while True:
        try:
            messages.append(listening.recv(100).decode())
        except BlockingIOError:
            return messages


def test_life_is_told_once_a_second(manager, manager_socket):
    for tenth in range(31):
        manager.alive(100.0 + tenth / 10)
    assert heard(manager_socket) == ["WATCHDOG=1"] * 4


def test_an_abstract_socket_is_found():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        name = f"tosca-test-{os.getpid()}"
        listening.bind("\0" + name)
        manager = ServiceManager({"NOTIFY_SOCKET": "@" + name})
        manager.ready()
        manager.close()
        assert heard(listening) == ["READY=1"]


def test_nothing_happens_where_nobody_asks():
    before = len([*Path("/proc/self/fd").iterdir()])
    manager = ServiceManager({})
    manager.ready()
    manager.alive(1.0)
    assert len([*Path("/proc/self/fd").iterdir()]) == before, "nor is there a socket"
    manager.close()


def test_a_manager_that_does_not_read_holds_up_nobody(manager, manager_socket):
    for second in range(2000):
        manager.alive(float(second))
    assert 0 < len(heard(manager_socket)) < 2000


def test_a_manager_that_has_gone_harms_nobody(manager, manager_socket):
    Path(manager_socket.getsockname()).unlink()
    manager.ready()


@pytest.mark.process
def test_the_supervisor_tells_ready_then_life_then_the_end(manager, manager_socket, tmp_path):
    waiting = [sys.executable, "-c", "import signal; signal.pause()"]
    run = Supervisor(waiting, waiting, tmp_path, tmp_path / "log", RealClock(), manager=manager)
    stop = threading.Event()
    thread = threading.Thread(target=run.run, args=(stop.is_set,))
    thread.start()
    first = [manager_socket.recv(100) for _ in range(2)]
    stop.set()
    thread.join()
    assert first == [b"READY=1", b"WATCHDOG=1"]
    assert heard(manager_socket)[-1] == "STOPPING=1"


# --- the unit -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def unit():
    """The unit's sections; a key given twice keeps its last value."""
    parser = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parser.optionxform = str
    parser.read(UNIT)
    return parser


def test_control_may_take_the_class_it_asks_for(unit):
    service = unit["Service"]
    assert int(service["LimitRTPRIO"]) >= FIFO_PRIORITY
    assert service["LimitMEMLOCK"] == "infinity"
    assert int(service["LimitNICE"]) == -20


def test_the_watchdog_waits_for_several_signs_of_life(unit):
    service = unit["Service"]
    assert service["Type"] == "notify"
    assert service["NotifyAccess"] == "main"
    assert float(service["WatchdogSec"]) >= 5 * (ALIVE_EVERY_S + supervisor.LOOK_EVERY_S)


def test_stopping_gives_every_process_the_time_it_may_take(unit):
    service = unit["Service"]
    longest_s = sum(
        (supervisor.KIOSK_ENDS_WITHIN_S, supervisor.CAMERA_ENDS_WITHIN_S, supervisor.CONTROL_ENDS_WITHIN_S)
    )
    assert float(service["TimeoutStopSec"]) > longest_s
    assert service["KillMode"] == "control-group"
    assert service["Restart"] == "on-failure"


@pytest.mark.process
def test_what_it_starts_is_a_command_of_ours(unit):
    program, *words = shlex.split(unit["Service"]["ExecStart"])
    assert program.endswith("/tosca-kiosk"), "the main process, whose exit code is the unit's"
    assert words[0] == "run"
    command = [sys.executable, "-m", "tosca_kiosk", *words, "--help"]
    assert "Usage" in subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_every_program_that_it_needs_comes_with_a_package(unit):
    """Cage of Debian 12 draws nothing without Xwayland, and depends on it by no word."""
    words = shlex.split(unit["Service"]["ExecStart"])
    compositor = shlex.split(words[words.index("--compositor") + 1])
    packages = bundled("debian/packages-cart.txt").read_text(encoding="utf-8").split()
    assert compositor[0] == "/usr/bin/cage"
    assert {"cage", "xwayland", "libpam-systemd"} <= set(packages)


def test_what_would_close_a_device_or_lose_a_journal_stays_open(unit):
    service = unit["Service"]
    closing = ("RestrictRealtime", "MemoryDenyWriteExecute", "RemoveIPC", "ProtectHome", "PrivateDevices")
    assert [name for name in (*closing, "DevicePolicy", "ProtectClock") if name in service] == []


MOST_EXPOSED = 5.0
"""Of what `systemd-analyze security` counts, up to 10."""


@pytest.mark.process
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_it_is_open_no_further_than_it_must_be():
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSED * 10:.0f}", str(UNIT)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-200:]


@pytest.mark.process
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_systemd_finds_nothing_wrong_with_it(tmp_path):
    """Verified with a program that is there, for cage and the installation are the cart's."""
    lines = UNIT.read_text().splitlines()
    lines = [f"ExecStart={shutil.which('true')}" if line.startswith("ExecStart=") else line for line in lines]
    lines = [line for line in lines if not line.startswith("Documentation=")]
    copy = tmp_path / UNIT.name
    copy.write_text("\n".join(lines) + "\n")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(copy)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
