"""The supervisor: it starts kiosk and camera again, control when asked, and leaves no process behind."""

import json
import logging
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from tests.waiting import until
from tosca_kiosk.attended.reaching import NotReachedError, reached, socket_of
from tosca_kiosk.config import bundled
from tosca_kiosk.link.client import ControlLink
from tosca_kiosk.link.datagram import ALIVE, CAMERA_ALIVE, END_RUN, DatagramOutlet
from tosca_kiosk.machine.clock import RealClock
from tosca_kiosk.machine.runtime import CONTROL_SOCKET, SUPERVISOR_SOCKET, RuntimeDirError, runtime_dir
from tosca_kiosk.running import supervisor as supervisor_module
from tosca_kiosk.running.supervisor import Supervisor

WITHIN_S = 20.0

WAITING = "import signal; signal.pause()"
"""A process that does nothing until it is ended."""


WISHES_THE_END = """
import sys
from pathlib import Path
from tosca_kiosk.link.datagram import END_RUN, DatagramOutlet
DatagramOutlet(Path(sys.argv[1])).send(END_RUN)
print("wished", flush=True)
"""
"""A screen that somebody ends."""


def python(code, *arguments):
    return [sys.executable, "-c", code, *map(str, arguments)]


@pytest.fixture
def runtime():
    path = Path(tempfile.mkdtemp(prefix="tosca-test-"))
    yield path
    shutil.rmtree(path)


class Run:
    """A supervisor at work in a thread. pids: of every process that it has started, by name."""

    def __init__(self, control, kiosk, runtime, log_dir, camera=None):
        self._stop = False
        self._clock = RealClock()
        self.log_dir = log_dir
        self.code = None
        self.supervisor = Supervisor(control, kiosk, runtime, log_dir, self._clock, camera)
        self.wishes = DatagramOutlet(runtime / SUPERVISOR_SOCKET)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        self.code = self.supervisor.run(lambda: self._stop)

    def pid(self, name):
        return getattr(self.supervisor, f"_{name}").pid

    def log(self, name):
        path = self.log_dir / f"{name}.log"
        return path.read_text() if path.exists() else ""

    def pass_time(self, seconds):
        """Let the supervisor go round for a while."""
        ends_s = self._clock.now_s() + seconds
        self.until(lambda: self._clock.now_s() >= ends_s)

    def until(self, condition):
        deadline_s = self._clock.now_s() + WITHIN_S
        while not condition():
            assert self._clock.now_s() < deadline_s
            self._clock.sleep_until(self._clock.now_s() + 0.01)

    def ended(self):
        """Wait for the run's own end; return its exit code."""
        self._thread.join(WITHIN_S)
        assert not self._thread.is_alive()
        return self.code

    def stop(self):
        self._stop = True
        self._thread.join()
        self.wishes.close()


@pytest.fixture
def start(runtime, tmp_path):
    runs = []

    def start_run(control, kiosk, camera=None):
        runs.append(Run(control, kiosk, runtime, tmp_path / "log", camera))
        return runs[-1]

    yield start_run
    for run in runs:
        run.stop()


def exists(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.process
def test_the_operators_wish_ends_everything(start, runtime):
    run = start(python(WAITING), python(WISHES_THE_END, runtime / SUPERVISOR_SOCKET))
    assert run.ended() == 0
    assert run.pid("control") is None


@pytest.mark.process
def test_exit_code_0_without_a_wish_ends_nothing(start, monkeypatch, caplog):
    """A compositor exits with 0 whatever its screen did, and a signal ends a screen in order."""
    monkeypatch.setattr(supervisor_module, "PAUSES_S", (0.0,))
    run = start(python(WAITING), python("print('screen lost')"))
    run.wishes.send(ALIVE)
    run.until(lambda: run.log("kiosk").count("screen lost") > 6)
    assert run.code is None
    assert "kiosk: ended with exit code 0: screen lost" in caplog.text


@pytest.mark.process
def test_a_screen_that_never_draws_is_given_up_whatever_its_exit_code(start, monkeypatch):
    monkeypatch.setattr(supervisor_module, "PAUSES_S", (0.0,))
    run = start(python(WAITING), python("print('Cannot create XWayland server')"))
    assert run.ended() == 1
    assert run.log("kiosk").count("XWayland") == 5


@pytest.mark.process
def test_a_dead_kiosk_is_started_again_and_control_is_left_alone(start):
    run = start(python(WAITING), python(WAITING))
    run.until(lambda: run.pid("kiosk"))
    control, first = run.pid("control"), run.pid("kiosk")
    assert run.wishes.send(ALIVE)
    os.kill(first, signal.SIGKILL)
    run.until(lambda: run.pid("kiosk") not in (None, first))
    assert run.pid("control") == control


@pytest.mark.process
def test_a_kiosk_that_never_draws_a_frame_is_given_up(start, monkeypatch):
    monkeypatch.setattr(supervisor_module, "PAUSES_S", (0.0,))
    run = start(python(WAITING), python("raise SystemExit('no window could be opened')"))
    assert run.ended() == 1
    assert run.log("kiosk").count("no window could be opened") == 5


@pytest.mark.process
def test_why_a_process_ended_is_in_the_supervisors_own_log(start, monkeypatch, caplog):
    """Its own log is rolled over while it is started again and again."""
    monkeypatch.setattr(supervisor_module, "PAUSES_S", (0.0,))
    caplog.set_level(logging.INFO)
    says = "import sys; print('x' * 1000); sys.exit('no room for the frames')"
    run = start(python(WAITING), python(WAITING), python(says))
    run.until(lambda: run.log("camera").count("no room") > 2)
    assert "camera: ended with exit code 1: no room for the frames" in caplog.text


@pytest.mark.process
def test_a_kiosk_that_has_drawn_is_never_given_up(start, monkeypatch):
    monkeypatch.setattr(supervisor_module, "PAUSES_S", (0.0,))
    run = start(python(WAITING), python("import sys; sys.exit('fell over')"))
    run.wishes.send(ALIVE)
    run.until(lambda: run.log("kiosk").count("fell over") > 6)
    assert run.code is None


@pytest.mark.process
def test_the_pauses_grow(start, monkeypatch):
    monkeypatch.setattr(supervisor_module, "PAUSES_S", (0.0, 3600.0))
    run = start(python(WAITING), python("raise SystemExit('fell over')"))
    run.until(lambda: run.log("kiosk").count("fell over") == 2)
    run.until(lambda: run.pid("kiosk") is None)
    assert run.code is None


@pytest.mark.process
def test_a_kiosk_that_falls_silent_is_ended_even_when_it_is_stopped(start, monkeypatch):
    monkeypatch.setattr(supervisor_module, "FROZEN_AFTER_S", 0.3)
    run = start(python(WAITING), python(WAITING))
    run.until(lambda: run.pid("kiosk"))
    first = run.pid("kiosk")
    os.kill(first, signal.SIGSTOP)
    run.wishes.send(ALIVE)
    run.until(lambda: run.pid("kiosk") not in (None, first))
    assert not exists(first)


@pytest.mark.process
def test_a_kiosk_that_says_nothing_yet_may_take_its_time(start, monkeypatch):
    monkeypatch.setattr(supervisor_module, "FROZEN_AFTER_S", 0.0)
    run = start(python(WAITING), python(WAITING))
    run.until(lambda: run.pid("kiosk"))
    first = run.pid("kiosk")
    run.wishes.send({"wish": "something else"})
    run.until(lambda: not select.select([run.supervisor._wishes], (), (), 0.0)[0])
    assert run.pid("kiosk") == first


@pytest.mark.process
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "frozen"])
def test_a_lost_camera_is_started_again_and_the_others_are_left_alone(start, monkeypatch, number):
    monkeypatch.setattr(supervisor_module, "CAMERA_SILENT_AFTER_S", 0.5)
    run = start(python(WAITING), python(WAITING), python(WAITING))
    run.until(lambda: run.pid("camera") and run.pid("kiosk"))
    others, first = (run.pid("control"), run.pid("kiosk")), run.pid("camera")
    assert run.wishes.send(CAMERA_ALIVE)
    os.kill(first, number)
    run.until(lambda: run.pid("camera") not in (None, first))
    assert not exists(first)
    assert (run.pid("control"), run.pid("kiosk")) == others


@pytest.mark.process
def test_a_camera_that_gives_no_frame_is_tried_for_ever(start, monkeypatch):
    monkeypatch.setattr(supervisor_module, "PAUSES_S", (0.0,))
    run = start(python(WAITING), python(WAITING), python("import sys; sys.exit('no camera')"))
    run.until(lambda: run.log("camera").count("no camera") > 6)
    assert run.code is None


@pytest.mark.process
def test_a_camera_that_gives_frames_is_left_alone(start, monkeypatch):
    monkeypatch.setattr(supervisor_module, "CAMERA_SILENT_AFTER_S", 0.3)
    run = start(python(WAITING), python(WAITING), python(WAITING))
    run.until(lambda: run.pid("camera"))
    first = run.pid("camera")
    for _ in range(15):
        run.wishes.send(CAMERA_ALIVE)
        run.pass_time(0.05)
    assert run.pid("camera") == first


@pytest.mark.process
def test_control_is_started_again_only_when_the_kiosk_asks(start, runtime):
    run = start(python(WAITING), python(WAITING))
    run.until(lambda: run.pid("control"))
    first = run.pid("control")
    link = ControlLink(runtime / CONTROL_SOCKET)
    assert link.start_control(), "asking while it runs changes nothing"
    run.pass_time(0.5)
    os.kill(first, signal.SIGKILL)
    run.until(lambda: run.pid("control") is None)
    assert link.start_control()
    run.until(lambda: run.pid("control"))
    assert run.pid("control") != first
    link.close()


@pytest.mark.process
def test_a_child_that_heeds_no_request_to_end_is_killed(start, monkeypatch):
    monkeypatch.setattr(supervisor_module, "CONTROL_ENDS_WITHIN_S", 0.2)
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True)"
    run = start(python(f"{deaf}; signal.pause()"), python(WAITING))
    run.until(lambda: run.log("control") == "deaf\n")
    control = run.pid("control")
    run.stop()
    assert not exists(control)


@pytest.mark.process
def test_a_long_log_is_put_aside(start, tmp_path, runtime, monkeypatch):
    monkeypatch.setattr(supervisor_module, "MAX_LOG_BYTES", 10)
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "kiosk.log").write_text("x" * 11)
    run = start(python(WAITING), python(WISHES_THE_END, runtime / SUPERVISOR_SOCKET))
    assert run.ended() == 0
    assert (tmp_path / "log" / "kiosk.log").read_text() == "wished\n"
    assert (tmp_path / "log" / "kiosk.log.1").read_text() == "x" * 11


@pytest.fixture
def short_dir():
    """Yield a directory whose sockets fit: the tests' own may be too deep."""
    with tempfile.TemporaryDirectory(prefix="tosca-", dir="/tmp") as path:
        yield Path(path)


def test_the_runtime_directory_is_the_data_directorys_own_and_private(tmp_path, monkeypatch, short_dir):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short_dir))
    path = runtime_dir(tmp_path / "data")
    assert path == runtime_dir(tmp_path / "data")
    assert path != runtime_dir(tmp_path / "other")
    assert path.stat().st_mode & 0o777 == 0o700
    path.chmod(0o755)
    with pytest.raises(RuntimeDirError, match="not this user's alone"):
        runtime_dir(tmp_path / "data")


def test_a_runtime_directory_too_long_for_sockets_is_refused(tmp_path, monkeypatch):
    long = tmp_path / ("x" * 100)
    long.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(long))
    with pytest.raises(RuntimeDirError, match="too long for a socket"):
        runtime_dir(tmp_path / "data")


@pytest.mark.process
def test_without_a_kiosk_a_terminal_on_the_link_is_nobodys_child(start):
    run = start(python(WAITING), None, python(WAITING))
    run.until(lambda: run.pid("control") and run.pid("camera"))
    assert run.wishes.send(ALIVE)
    assert run.wishes.send(END_RUN)
    run.until(lambda: not select.select([run.supervisor._wishes], (), (), 0.0)[0])
    run.pass_time(0.3)
    assert run.code is None, "the run is ended where it was started"


@pytest.mark.process
def test_without_a_kiosk_the_run_ends_with_control(start):
    run = start(python("import sys; sys.exit('no port')"), None, python(WAITING))
    assert run.ended() == 1
    assert run.pid("camera") is None


@pytest.mark.process
def test_run_without_a_kiosk_has_a_control_that_a_terminal_can_reach(tmp_path, monkeypatch, short_dir):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short_dir))
    command = [sys.executable, "-m", "tosca_kiosk", "run", "--without-kiosk", "--data-dir", str(tmp_path)]
    refused = subprocess.run(
        [*command, "--windowed"], capture_output=True, text=True, timeout=60, check=False
    )
    assert (refused.returncode, "no screen for --windowed" in refused.stderr) == (1, True)
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            socket_path = socket_of(tmp_path)
            until(socket_path.exists, "control's socket")
            with reached(socket_path) as link:
                assert (link.hello.session, link.hello.calibration, link.hello.simulated) == (
                    None,
                    None,
                    True,
                )
            process.terminate()
            said = process.communicate(timeout=30)[1]
        finally:
            process.kill()
    assert process.returncode == 0
    assert "tosca-kiosk calibrate KIND" in said
    assert not (tmp_path / "log" / "kiosk.log").exists()
    with pytest.raises(NotReachedError, match="no control runs"), reached(socket_of(tmp_path)):
        pass


KIOSK_APP = """
import json, os, sys
from pathlib import Path
from tosca_kiosk.machine.clock import RealClock
from tosca_kiosk.link.client import ControlLink
from tosca_kiosk.link.datagram import END_RUN, DatagramOutlet
from tosca_kiosk.machine.runtime import CONTROL_SOCKET, SUPERVISOR_SOCKET
runtime = Path(sys.argv[1])
link, clock = ControlLink(runtime / CONTROL_SOCKET), RealClock()
while not (link.connect() and link.poll() and link.connected):
    assert clock.now_s() < 20.0, link.problem
    clock.sleep_until(clock.now_s() + 0.01)
link.alive()
print(json.dumps(link.hello.details), flush=True)
DatagramOutlet(runtime / SUPERVISOR_SOCKET).send(END_RUN)
"""


@pytest.mark.process
def test_control_and_a_kiosk_meet_under_a_supervisor(start, runtime, tmp_path):
    """The real control command; the kiosk says what it was told and ends."""
    control = [sys.executable, "-m", "tosca_kiosk", "control", "--config", str(bundled("simulated.yaml"))]
    control += ["--runtime", str(runtime), "--parent", str(os.getpid())]
    run = start(control, python(KIOSK_APP, runtime))
    assert run.ended() == 0
    details = json.loads(run.log("kiosk"))
    assert details["scheduling"] in ("fifo", "nice", "normal")
    assert sorted(details["devices"]) == ["board", "laser", "stage", "tec"]


def run_inside(compositor, data_dir):
    command = [sys.executable, "-m", "tosca_kiosk", "run", "--compositor", compositor]
    command += ["--data-dir", str(data_dir)]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)


@pytest.mark.process
def test_a_compositor_that_cannot_show_anything_ends_the_run_with_a_code_that_says_so(tmp_path):
    """However it ends itself: what it said last is told, for the service manager's log."""
    done = run_inside("sh -c 'echo Cannot create XWayland server; exit 0'", tmp_path)
    assert done.returncode == 1
    log = tmp_path / "log" / "kiosk.log"
    said = f"the screen could not be started; see {log}: Cannot create XWayland server\n"
    assert done.stderr.endswith(said)


@pytest.mark.process
def test_a_compositor_that_is_not_installed_is_named_before_anything_is_started(tmp_path):
    done = run_inside("no-such-compositor -s --", tmp_path)
    assert done.returncode == 1
    assert "no-such-compositor is not installed; the cart's packages stand in" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.process
def test_run_without_a_display_says_so_and_treats(tmp_path):
    hidden = {"DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"}
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    command = [sys.executable, "-m", "tosca_kiosk", "--data-dir", str(tmp_path), "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    assert "There is no display here" in done.stderr
    assert "LASER EMITTING" in done.stderr
    result = json.loads(done.stdout)
    assert (result["status"], result["origin"]) == ("completed", "sim")
    assert result["total_energy_joules"] == pytest.approx(result["planned_energy_joules"], rel=0.05)
