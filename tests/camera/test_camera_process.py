"""The camera process: each frame lies in memory with its time and number, and tells the supervisor alive."""

import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from simulators.camera.simulated import FRAME_S, SimulatedCamera
from simulators.camera.truth import OpticalState
from tosca_kiosk.camera.frame_memory import FrameReader
from tosca_kiosk.camera.process import CameraProcess
from tosca_kiosk.config import bundled
from tosca_kiosk.link.datagram import CAMERA_ALIVE
from tosca_kiosk.machine.clock import RealClock
from tosca_kiosk.machine.runtime import FRAMES_FILE, SUPERVISOR_SOCKET

WITHIN_S = 20.0


@pytest.fixture
def runtime():
    """Yield a directory whose sockets fit: the tests' own may be too deep."""
    with tempfile.TemporaryDirectory(prefix="tosca-test-") as path:
        yield Path(path)


def test_every_frame_is_published_with_its_origin_and_then_told(tmp_path):
    clock, told = RealClock(), []
    camera = SimulatedCamera(OpticalState)
    process = CameraProcess(camera, clock, tmp_path, lambda: told.append(True))
    reader = FrameReader(tmp_path / FRAMES_FILE)
    at_s = [frame * FRAME_S for frame in range(6)]
    assert [process.look(now_s) for now_s in at_s] == [False, True, True, True, True, True]
    assert len(told) == 5
    assert reader.look(clock.start_s + at_s[-1])
    assert reader.record.number == 4
    assert reader.record.simulated
    assert reader.record.taken_s == pytest.approx(clock.start_s + at_s[-1])
    assert reader.image().shape == (544, 728)
    process.run(lambda: True)
    reader.close()


@contextmanager
def camera_process(folder, *, parent=None, **options):
    """Run the command over a world that nobody simulates: it is dark there."""
    command = [sys.executable, "-m", "tosca_kiosk", "camera", "--config", str(bundled("simulated.yaml"))]
    command += ["--runtime", str(folder), "--parent", str(parent or os.getpid())]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **options) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.process
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_command_captures_tells_and_ends_in_order(runtime, number):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(str(runtime / SUPERVISOR_SOCKET))
        supervisor.settimeout(WITHIN_S)
        with camera_process(runtime) as process:
            for _ in range(3):
                assert json.loads(supervisor.recv(100)) == CAMERA_ALIVE
            clock = RealClock()
            reader = FrameReader(runtime / FRAMES_FILE)
            assert reader.look(clock.start_s + clock.now_s())
            assert reader.image().shape == (544, 728)
            process.send_signal(number)
            assert process.wait(WITHIN_S) == 0
        reader.close()


@pytest.mark.process
def test_the_command_refuses_a_cart_without_a_camera(runtime):
    text = bundled("simulated.yaml").read_text(encoding="utf-8")
    assert "camera: simulated" in text
    none = text.replace("camera: simulated", "camera: none")
    (runtime / "none.yaml").write_text(none, encoding="utf-8")
    command = [sys.executable, "-m", "tosca_kiosk", "camera", "--runtime", str(runtime)]
    done = subprocess.run(
        [*command, "--config", str(runtime / "none.yaml")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "camera: none; there is nothing to capture" in done.stderr


@pytest.mark.process
def test_without_room_for_its_frames_the_command_says_so_and_ends(runtime):
    with camera_process(runtime, preexec_fn=no_room) as process:
        _, said = process.communicate(timeout=WITHIN_S)
        assert process.returncode == 1
    assert "no shared memory of" in said
    assert str(runtime / FRAMES_FILE) in said
    assert "Traceback" not in said


def no_room():
    """Let nothing grow over a megabyte, as memory that is full would not."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))


def test_what_the_camera_says_of_content_is_in_the_frame(tmp_path):
    clock, state = RealClock(), OpticalState()
    camera = SimulatedCamera(lambda: state)
    process = CameraProcess(camera, clock, tmp_path, lambda: None)
    for frame in range(2):
        process.look(frame * FRAME_S)
    reader, seen = FrameReader(tmp_path / FRAMES_FILE), []
    for frame in range(2, 9):
        state = OpticalState(repeats=3 < frame < 6, dark=frame >= 7)
        now_s = clock.start_s + frame * FRAME_S
        process.look(frame * FRAME_S)
        if reader.look(now_s):
            age_frames = round((now_s - reader.newest_s(now_s)) / FRAME_S)
            seen.append((reader.record.number, reader.record.content, age_frames, reader.covered))
    assert seen == [
        (1, 1, 0, False),
        (2, 2, 0, False),
        (3, 2, 1, False),
        (4, 2, 2, False),
        (5, 3, 0, False),
        (6, 4, 0, True),
        (7, 4, 1, True),
    ]
    process.run(lambda: True)
    reader.close()


PARENT = """
import os, subprocess, sys
camera = subprocess.Popen([*sys.argv[1:], "--parent", str(os.getpid())])
print(camera.pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.process
def test_the_camera_process_ends_with_its_supervisor(runtime):
    with camera_process(runtime) as process:
        command = process.args[: process.args.index("--parent")]
    parent_command = [sys.executable, "-c", PARENT, *command]
    with subprocess.Popen(parent_command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        watched = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
    assert select.select([watched], (), (), WITHIN_S)[0], "the camera process outlived its supervisor"
    os.close(watched)
